/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Passwords in files, pipes and on standard input. */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "crypto/sr-secret.h"
#include "support/sr-test-files.h"

static const struct
{
  const char *name;
  const char *content;
  gssize length; /* -1: to the NUL */
  const char *password; /* NULL: refused with SR_ERROR_INVALID */
} cases[] = {
  { "plain", "secret", -1, "secret" },
  { "line-end", "secret\n", -1, "secret" },
  { "dos-line-end", "secret\r\n", -1, "secret" },
  { "white-space", " \t\v\f\n two words \n\n", -1, "two words" },
  { "inner-line-end", "two\nlines\n", -1, "two\nlines" },
  { "unicode-space", "\u00a0\u3000\u2003\u2028p\xc2\x85\u1680", -1, "p" },
  { "unicode-inside", "zweites Paßwort – ünïcode\n", -1, "zweites Paßwort – ünïcode" },
  { "zero-width-space-stays", "\u200bp", -1, "\u200bp" },
  { "bytes-that-are-no-utf-8", "\x80\xe2\x80 p\xe2\x80\n", -1, "\x80\xe2\x80 p\xe2\x80" },
  { "byte-order-mark", "\xef\xbb\xbf secret\n", -1, "secret" },
  { "utf-16-little-endian", "\xff\xfep\0\xe4\0\x3d\xd8\x00\xde\n\0", 12, "pä😀" },
  { "utf-16-big-endian", "\xfe\xff\0p\0\xe4\xd8\x3d\xde\0\0\n", 12, "pä😀" },
  { "utf-16-odd", "\xff\xfep", 3, NULL },
  { "utf-16-half-pair", "\xff\xfe\x3d\xd8", 4, NULL },
  { "utf-16-pair-swapped", "\xff\xfe\x00\xde\x3d\xd8", 6, NULL },
  { "utf-16-pair-broken", "\xff\xfe\x3d\xd8p\0", 6, NULL },
  { "empty", "", -1, NULL },
  { "white-space-only", " \n\u00a0\n", -1, NULL },
  { "byte-order-mark-only", "\xef\xbb\xbf\n", -1, NULL },
};

static char *
write_file (const char *folder, const char *content, gssize length)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, "password", NULL);

  g_file_set_contents (path, content, length, &error);
  g_assert_no_error (error);
  return path;
}

static void
test_file (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) password = NULL;
  char *folder = sr_test_make_folder ();
  g_autofree char *path = write_file (folder, cases[row].content, cases[row].length);

  password = sr_secret_read_password (path, NULL, &error);
  if (cases[row].password == NULL)
    {
      g_assert_null (password);
      g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
    }
  else
    {
      g_assert_no_error (error);
      g_assert_cmpstr ((const char *) sr_secret_get_data (password, NULL), ==, cases[row].password);
    }
  sr_test_remove_folder (folder);
}

/* 4096 bytes are read, one more is refused and not cut off. */
static void
test_limit (void)
{
  char *folder = sr_test_make_folder ();

  for (gsize length = 4096; length <= 4097; length++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strnfill (length, 'p');
      g_autofree char *path = write_file (folder, text, -1);
      g_autoptr (SrSecret) password = sr_secret_read_password (path, NULL, &error);

      if (length == 4096)
        g_assert_cmpuint (sr_secret_get_length (password), ==, length);
      else
        g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
    }
  sr_test_remove_folder (folder);
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = sr_test_make_folder ();
  g_autofree char *path = g_build_filename (folder, "missing", NULL);

  g_assert_null (sr_secret_read_password (path, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (sr_secret_read_password (folder, NULL, &error)); /* a folder */
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  sr_test_remove_folder (folder);
}

static void
test_descriptor_names (void)
{
  static const char *const names[] = { "fd:", "fd:x", "fd:-1", "fd:1x", "fd:99999999999999999999" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sr_secret_read_password (names[i], NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
    }
}

static void
test_descriptor (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) password = NULL;
  g_autofree char *where = NULL;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], "a b\nc\n", 6), ==, 6);
  close (ends[1]);
  where = g_strdup_printf ("fd:%d", ends[0]);
  password = sr_secret_read_password (where, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) sr_secret_get_data (password, NULL), ==, "a b\nc");
  g_assert_cmpint (fcntl (ends[0], F_GETFD), !=, -1); /* still open */
  close (ends[0]);
}

static gpointer
cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return NULL;
}

/* A pipe into which nobody writes is no trap. */
static void
test_cancel_waiting (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *where = NULL;
  GThread *thread;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  where = g_strdup_printf ("fd:%d", ends[0]);
  thread = g_thread_new ("cancel", cancel, cancellable);
  g_assert_null (sr_secret_read_password (where, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  close (ends[0]);
  close (ends[1]);
}

/* Of standard input one line is taken; what follows is there for the next reader. */
static void
test_standard_input (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) password = NULL;
  char rest[16] = "";
  int ends[2], kept = dup (STDIN_FILENO);

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], " one line \r\nmore", 16), ==, 16);
  close (ends[1]);
  g_assert_cmpint (dup2 (ends[0], STDIN_FILENO), ==, STDIN_FILENO);
  close (ends[0]);

  password = sr_secret_read_password ("-", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) sr_secret_get_data (password, NULL), ==, "one line");
  g_assert_cmpint (read (STDIN_FILENO, rest, sizeof rest - 1), ==, 4);
  g_assert_cmpstr (rest, ==, "more");

  if (kept >= 0)
    {
      dup2 (kept, STDIN_FILENO);
      close (kept);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/secret-password/file/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_file);
    }
  g_test_add_func ("/secret-password/limit", test_limit);
  g_test_add_func ("/secret-password/missing", test_missing);
  g_test_add_func ("/secret-password/descriptor-names", test_descriptor_names);
  g_test_add_func ("/secret-password/descriptor", test_descriptor);
  g_test_add_func ("/secret-password/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/secret-password/standard-input", test_standard_input);

  return g_test_run ();
}
