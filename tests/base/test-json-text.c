/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-json-text.h"

/* Puts the text before a quote and padding, in memory of just that size, for the sanitizer. */
static guint8 *
dup_padded (const char *text, gsize length)
{
  guint8 *padded = g_malloc0 (length + 1 + SR_JSON_TEXT_PADDING);

  memcpy (padded, text, length);
  padded[length] = '"';
  return padded;
}

static void
test_scan (void)
{
  for (guint byte = 0; byte < 256; byte++)
    {
      gboolean stops = byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';

      for (gsize place = 0; place < 17; place++)
        {
          char text[17];
          g_autofree guint8 *padded = NULL;

          /* The neighbours in value, from which a borrow might spread. */
          for (gsize i = 0; i < sizeof text; i++)
            text[i] = " !#[]\x7f~"[i % 7];
          text[place] = (char) byte;
          padded = dup_padded (text, sizeof text);
          g_assert_cmpuint ((gsize) (sr_json_text_scan (padded) - padded), ==,
                            stops ? place : sizeof text);
        }
    }
}

static const struct
{
  const char *name;
  const char *text;
  const char *meaning; /* NULL: wrong */
  gsize wrong;
} escapes[] = {
  { "plain", "ab/\x7f", "ab/\x7f", 0 },
  { "letters", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 0 },
  { "hex", "\\u0041\\u00e9\\u20AC\\u20ac", "A\xc3\xa9\xe2\x82\xac\xe2\x82\xac", 0 },
  { "pair", "x\\ud83d\\ude00y", "x\xf0\x9f\x98\x80y", 0 },
  { "highest-pair", "\\udbff\\udfff", "\xf4\x8f\xbf\xbf", 0 },
  { "lone-high", "\\ud83dx", "\xef\xbf\xbdx", 0 },
  { "lone-high-at-end", "\\ud83d", "\xef\xbf\xbd", 0 },
  { "lone-low", "\\ude00x", "\xef\xbf\xbdx", 0 },
  { "high-and-other", "\\ud83d\\u0041",
    "\xef\xbf\xbd"
    "A",
    0 },
  { "high-high-low", "\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", 0 },
  { "high-and-letter", "\\ud83d\\n", "\xef\xbf\xbd\n", 0 },
  { "low-high", "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", 0 },
  { "utf8", "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80", 0 },
  { "not-utf8",
    "a\xff\xc3"
    "b",
    "a\xef\xbf\xbd\xef\xbf\xbd"
    "b",
    0 },
  { "surrogate-in-utf8", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0 },
  { "cut-utf8", "a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd", 0 },
  { "unknown-letter", "ab\\x41", NULL, 2 },
  { "capital-letter", "\\N", NULL, 0 },
  { "apostrophe", "\\'", NULL, 0 },
  { "short-hex", "a\\u123", NULL, 1 },
  { "not-hex", "\\u12g4", NULL, 0 },
  { "signed-hex", "\\u+123", NULL, 0 },
  { "control", "ab\n", NULL, 2 },
  { "wrong-second", "\\ud83d\\u12", NULL, 6 },
};

static void
test_unescape (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  gsize length = strlen (escapes[row].text);
  g_autofree guint8 *padded = dup_padded (escapes[row].text, length);
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  gsize wrong = 0;
  gboolean valid = sr_json_text_unescape (padded, length, &out, &wrong);

  g_assert_cmpint (valid, ==, escapes[row].meaning != NULL);
  if (valid)
    g_assert_cmpmem (out.data, out.length, escapes[row].meaning, strlen (escapes[row].meaning));
  else
    g_assert_cmpuint (wrong, ==, escapes[row].wrong);
}

static void
test_unescape_nul (void)
{
  g_autofree guint8 *padded = dup_padded ("a\\u0000b", 8);
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  gsize wrong;

  g_assert_true (sr_json_text_unescape (padded, 8, &out, &wrong));
  g_assert_cmpmem (out.data, out.length, "a\0b", 3);
}

static const struct
{
  const char *text;
  gboolean valid;
} numbers[] = {
  { "0", TRUE },        { "-0", TRUE },    { "10", TRUE },   { "18446744073709551616", TRUE },
  { "1.0", TRUE },      { "0.05", TRUE },  { "1e3", TRUE },  { "1E+3", TRUE },
  { "-1.5e-30", TRUE }, { "", FALSE },     { "-", FALSE },   { "+1", FALSE },
  { "01", FALSE },      { "-01", FALSE },  { "00", FALSE },  { ".5", FALSE },
  { "1.", FALSE },      { "1.e3", FALSE }, { "1e", FALSE },  { "1e+", FALSE },
  { "1e3.5", FALSE },   { "--1", FALSE },  { "1-1", FALSE }, { "1.2.3", FALSE },
  { "e3", FALSE },      { "0x1", FALSE },  { "1 ", FALSE },
};

static void
test_number (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *text = numbers[row].text;

  g_assert_cmpint (sr_json_text_is_number ((const guint8 *) text, strlen (text)), ==,
                   numbers[row].valid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-text/scan", test_scan);
  for (guint i = 0; i < G_N_ELEMENTS (escapes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-text/unescape/%s", escapes[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_unescape);
    }
  g_test_add_func ("/json-text/unescape-nul", test_unescape_nul);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-text/number/“%s”", numbers[i].text);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_number);
    }

  return g_test_run ();
}
