/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names as trees keep them: restic's vectors, every byte and character, and bad escapes. */

#include "config.h"

#include <string.h>

#include "base/sr-error.h"
#include "repository/sr-node.h"
#include "support/sr-test-json.h"

#define VECTORS "restic-v2/encoding-vectors.json"

static SrTestJson *vectors;

static void
check_both_ways (const char *name)
{
  g_autofree char *text = sr_node_quote_name (name);
  g_autoptr (GError) error = NULL;
  g_autofree char *read = sr_node_unquote_name (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (read, ==, name);
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
test_vector (gconstpointer data)
{
  const SrTestJson *vector = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *raw = NULL, *quoted = NULL, *text = NULL, *name = NULL;
  gsize raw_length, quoted_length;

  raw = (char *) sr_test_json_dup_base64 (sr_test_json_get (vector, "raw_base64"), &raw_length);
  quoted =
      (char *) sr_test_json_dup_base64 (sr_test_json_get (vector, "quoted_base64"), &quoted_length);
  raw = g_realloc (raw, raw_length + 1);
  raw[raw_length] = '\0';

  text = sr_node_quote_name (raw);
  g_assert_cmpmem (text, strlen (text), quoted, quoted_length);
  name = sr_node_unquote_name (quoted, quoted_length, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (name, strlen (name), raw, raw_length);
}

static void
test_every_byte (void)
{
  for (guint first = 1; first < 256; first++)
    for (guint second = 0; second < 256; second++)
      {
        const char name[] = { (char) first, (char) second, '\0' };

        check_both_ways (name);
      }
}

static void
test_every_character (void)
{
  for (gunichar character = 1; character < 0x110000; character += character < 0x10000 ? 1 : 61)
    if (g_unichar_validate (character))
      {
        char name[8] = { 0 };

        g_unichar_to_utf8 (character, name);
        check_both_ways (name);
      }
}

static const struct
{
  const char *name;
  const char *text;
  gsize length;
  const char *read; /* NULL: refused */
} cases[] = {
#define ROW(name, text, read) \
  { \
    name, text, sizeof text - 1, read \
  }
  ROW ("empty", "", ""),
  ROW ("octal", "\\101\\377\\001", "A\377\001"),
  ROW ("hex-capitals", "\\xC3\\xBC", "ü"),
  ROW ("unicode", "\\u0041\\U0001f600", "A😀"),
  ROW ("unescaped-zero-width-space", "\u200b", "\u200b"),
  ROW ("unescaped-tab", "a\tb", "a\tb"),
  ROW ("apostrophe", "it's", "it's"),
  ROW ("unknown-escape", "\\q", NULL),
  ROW ("apostrophe-escaped", "\\'", NULL),
  ROW ("quote", "a\"b", NULL),
  ROW ("newline", "a\nb", NULL),
  ROW ("backslash-at-end", "a\\", NULL),
  ROW ("hex-cut", "\\x4", NULL),
  ROW ("hex-without", "\\xg0", NULL),
  ROW ("octal-cut", "\\10", NULL),
  ROW ("octal-too-large", "\\400", NULL),
  ROW ("octal-eight", "\\181", NULL),
  ROW ("unicode-cut", "\\u123", NULL),
  ROW ("unicode-surrogate", "\\ud800", NULL),
  ROW ("unicode-long-surrogate", "\\U0000dfff", NULL),
  ROW ("unicode-too-large", "\\U00110000", NULL),
  ROW ("unicode-wraps", "\\Uffffffff", NULL),
  ROW ("escape-of-nul", "\\\0", NULL),
  ROW ("nul", "a\0b", NULL),
  ROW ("nul-hex", "a\\x00", NULL),
  ROW ("nul-octal", "\\000a", NULL),
  ROW ("nul-unicode", "\\u0000", NULL),
#undef ROW
};

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *exact = g_memdup2 (cases[row].text, cases[row].length); /* without a NUL */
  g_autoptr (GError) error = NULL;
  g_autofree char *name = sr_node_unquote_name (exact, cases[row].length, &error);

  g_assert_cmpstr (name, ==, cases[row].read);
  if (cases[row].read == NULL)
    g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

int
main (int argc, char **argv)
{
  const SrTestJson *names;
  int status;

  g_test_init (&argc, &argv, NULL);
  vectors = sr_test_json_load (VECTORS);
  names = sr_test_json_get (vectors, "names");
  for (guint i = 0; i < sr_test_json_length (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/node-name/vector/%u", i);

      g_test_add_data_func (path, sr_test_json_at (names, i), test_vector);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/node-name/unquote/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/node-name/every-byte", test_every_byte);
  g_test_add_func ("/node-name/every-character", test_every_character);
  status = g_test_run ();
  sr_test_json_free (vectors);
  return status;
}
