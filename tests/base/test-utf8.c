/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-utf8.h"

#include <string.h>

static const struct
{
  const char *name;
  const char *text;
  gsize expected;
} cases[] = {
  { "empty", "", 0 },
  { "ascii", "ab", 1 },
  { "highest-ascii", "\x7f", 1 },
  { "two", "\xc3\xa9x", 2 },
  { "two-lowest", "\xc2\x80", 2 },
  { "two-overlong", "\xc1\xbf", 0 },
  { "two-cut", "\xc3", 0 },
  { "two-broken", "\xc3x", 0 },
  { "three", "\xe2\x80\xa8", 3 },
  { "three-overlong", "\xe0\x9f\xbf", 0 },
  { "three-lowest", "\xe0\xa0\x80", 3 },
  { "three-cut", "\xe2\x80", 0 },
  { "before-surrogates", "\xed\x9f\xbf", 3 },
  { "surrogate", "\xed\xa0\x80", 0 },
  { "last-surrogate", "\xed\xbf\xbf", 0 },
  { "behind-surrogates", "\xee\x80\x80", 3 },
  { "four", "\xf0\x9f\x98\x80", 4 },
  { "four-overlong", "\xf0\x8f\xbf\xbf", 0 },
  { "four-cut", "\xf0\x9f\x98", 0 },
  { "four-highest", "\xf4\x8f\xbf\xbf", 4 },
  { "four-too-high", "\xf4\x90\x80\x80", 0 },
  { "five", "\xf8\x88\x80\x80\x80", 0 },
  { "continuation", "\x80", 0 },
  { "never-used", "\xff", 0 },
};

static void
test_length (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *text = cases[row].text;

  g_assert_cmpuint (sr_utf8_character_length ((const guint8 *) text, strlen (text)), ==,
                    cases[row].expected);
}

static void
compare_with_glib (const guint8 text[4])
{
  gunichar character = g_utf8_get_char_validated ((const char *) text, 4);
  gsize expected = (gint32) character < 0 ? 0 : (gsize) g_unichar_to_utf8 (character, NULL);

  if (text[0] < 0x80)
    expected = 1; /* GLib takes NUL for the end */
  g_assert_cmpuint (sr_utf8_character_length (text, 4), ==, expected);
}

/* All first and second bytes, each with the bytes at the borders of the ranges behind them. */
static void
test_as_glib (void)
{
  static const guint8 borders[] = { 0x00, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };

  for (guint start = 0; start < 0x10000; start++)
    for (guint i = 0; i < G_N_ELEMENTS (borders); i++)
      for (guint j = 0; j < G_N_ELEMENTS (borders); j++)
        compare_with_glib (
            (const guint8[4]){ (guint8) (start >> 8), (guint8) start, borders[i], borders[j] });
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/utf8/length/%s", cases[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_length);
    }
  g_test_add_func ("/utf8/as-glib", test_as_glib);

  return g_test_run ();
}
