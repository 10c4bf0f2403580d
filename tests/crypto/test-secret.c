/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Secrets: what they hold, and that their memory is what it promises to be. */

#include "config.h"

#include "crypto/sr-secret.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static void
test_data (void)
{
  char text[] = "correct horse";
  gsize length;
  g_autoptr (SrSecret) secret = sr_secret_new (text, strlen (text));
  const char *data;

  memset (text, 'x', sizeof text - 1);
  data = (const char *) sr_secret_get_data (secret, &length);
  g_assert_cmpstr (data, ==, "correct horse"); /* its own copy, and with a NUL behind it */
  g_assert_cmpuint (length, ==, 13);
}

/* Lengths around pages and the alignment. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0, 1, 15, 16, 17, 64, 4095, 4096, 4097, 70000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      guint8 *data;
      g_autoptr (SrSecret) secret = sr_secret_new_uninitialized (lengths[i], &data);

      memset (data, 0xa5, lengths[i]);
      g_assert_cmpuint (sr_secret_get_length (secret), ==, lengths[i]);
      g_assert_true (sr_secret_get_data (secret, NULL) == data);
      g_assert_cmpuint (data[lengths[i]], ==, 0);
      g_assert_cmpuint (GPOINTER_TO_SIZE (data) % 16, ==, 0);
    }
}

static void
test_equal (void)
{
  g_autoptr (SrSecret) one = sr_secret_new ("abc", 3);
  g_autoptr (SrSecret) same = sr_secret_new ("abc", 3);
  g_autoptr (SrSecret) longer = sr_secret_new ("abcd", 4);
  g_autoptr (SrSecret) other = sr_secret_new ("abd", 3);
  g_autoptr (SrSecret) empty = sr_secret_new (NULL, 0);

  g_assert_true (sr_secret_equal (one, same));
  g_assert_false (sr_secret_equal (one, longer));
  g_assert_false (sr_secret_equal (one, other));
  g_assert_false (sr_secret_equal (one, empty));
  g_assert_true (sr_secret_equal (empty, empty));
}

/* The VmFlags of the mapping that holds @address, from /proc/self/smaps. */
static char *
find_flags (const void *address)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean inside = FALSE;

  g_assert_true (g_file_get_contents ("/proc/self/smaps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      gsize start, end;

      if (sscanf (lines[i], "%zx-%zx ", &start, &end) == 2)
        inside = start <= GPOINTER_TO_SIZE (address) && GPOINTER_TO_SIZE (address) < end;
      else if (inside && g_str_has_prefix (lines[i], "VmFlags:"))
        return g_strdup (lines[i]);
    }
  return NULL;
}

static void
test_not_dumped (void)
{
  g_autoptr (SrSecret) secret = sr_secret_new ("abc", 3);
  g_autofree char *flags = find_flags (sr_secret_get_data (secret, NULL));

  g_assert_nonnull (flags);
  g_assert_nonnull (strstr (flags, " dd")); /* “do not include area into core dump” */
}

static void
test_unmapped_when_freed (void)
{
  SrSecret *secret = sr_secret_new ("abc", 3);
  const guint8 *data = sr_secret_get_data (secret, NULL);
  g_autofree char *flags = NULL;

  sr_secret_unref (sr_secret_ref (secret));
  g_assert_cmpmem (data, 3, "abc", 3); /* one reference is left */

  sr_secret_unref (secret);
  flags = find_flags (data);
  g_assert_null (flags);
}

/* Reading past the end ends the process instead of showing what lies there. */
static void
test_guarded (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (SrSecret) secret = sr_secret_new ("0123456789abcde", 15);
      const volatile guint8 *data = sr_secret_get_data (secret, NULL);

      signal (SIGSEGV, SIG_DFL); /* without the sanitizer's own report */
      g_print ("%d", data[16]);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/secret/data", test_data);
  g_test_add_func ("/secret/lengths", test_lengths);
  g_test_add_func ("/secret/equal", test_equal);
  g_test_add_func ("/secret/not-dumped", test_not_dumped);
  g_test_add_func ("/secret/unmapped-when-freed", test_unmapped_when_freed);
  g_test_add_func ("/secret/guarded", test_guarded);

  return g_test_run ();
}
