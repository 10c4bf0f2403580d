/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The examples of RFC 4648, section 10, all bytes, and texts that are no base64. */

#include "config.h"

#include "base/sr-base64.h"

#include <string.h>

static const struct
{
  const char *name;
  const char *text;
  const char *bytes; /* NULL: refused */
} cases[] = {
  { "empty", "", "" },
  { "one", "Zg==", "f" },
  { "two", "Zm8=", "fo" },
  { "three", "Zm9v", "foo" },
  { "six", "Zm9vYmFy", "foobar" },
  { "spare-bits", "Zh==", "f" },
  { "no-padding", "Zg", NULL },
  { "half-padding", "Zg=", NULL },
  { "too-much-padding", "Z===", NULL },
  { "padding-only", "====", NULL },
  { "padding-inside", "Zg==Zg==", NULL },
  { "padding-between", "Z=g=", NULL },
  { "line-end", "Zm9v\n", NULL },
  { "line-inside", "Zm9v\nYmF", NULL },
  { "space", "Zm 9v===", NULL },
  { "alphabet-of-addresses", "_-_-", NULL },
  { "not-ascii", "Zm\xc3\xa9", NULL },
};

static void
test_decode (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  gsize length = strlen (cases[row].text), n = 0;
  g_autofree char *text = g_memdup2 (cases[row].text, MAX (length, 1)); /* no NUL to lean on */
  g_autofree guint8 *bytes = g_malloc (length / 4 * 3 + 1);
  gboolean decoded = sr_base64_decode (text, length, bytes, &n);

  g_assert_cmpint (decoded, ==, cases[row].bytes != NULL);
  if (decoded)
    g_assert_cmpmem (bytes, n, cases[row].bytes, strlen (cases[row].bytes));
}

static void
test_all_bytes (void)
{
  guint8 bytes[256], decoded[258];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i * 89); /* each once */

  for (gsize length = 0; length <= sizeof bytes; length++)
    {
      g_autofree char *text = g_base64_encode (bytes, length);
      gsize n;

      g_assert_true (sr_base64_decode (text, strlen (text), decoded, &n));
      g_assert_cmpmem (decoded, n, bytes, length);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/base64/decode/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_decode);
    }
  g_test_add_func ("/base64/all-bytes", test_all_bytes);

  return g_test_run ();
}
