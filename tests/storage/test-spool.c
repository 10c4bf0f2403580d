/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests that a spool gives back what was appended, however it was cut, and the right hash. */

#include "config.h"

#include "storage/sr-spool.h"

#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-mount.h"

static const struct
{
  const char *name;
  gsize total; /* bytes */
  gsize piece; /* bytes per append */
  guint64 size_hint;
} cases[] = {
  { "empty", 0, 1, 0 },
  { "one-byte", 1, 1, 0 },
  { "small-pieces", 700001, 100, 700001 },
  { "hint-far-too-small", 700001, 1000, 1 },
  { "hint-far-too-large", 5000, 1000, G_MAXUINT64 },
  { "pieces-of-the-buffer", 1024 * 1024, 256 * 1024, 0 },
  { "pieces-above-the-buffer", 1024 * 1024, 256 * 1024 + 1, 0 },
  { "write-back-while-appending", 13 * 1024 * 1024, 5 * 1024 * 1024 + 7, 0 },
};

static guint8 *
make_data (gsize length)
{
  guint8 *data = g_malloc (MAX (length, 1));
  guint32 state = 1;

  for (gsize i = 0; i < length; i++)
    {
      state = state * 1664525 + 1013904223;
      data[i] = (guint8) (state >> 24);
    }
  return data;
}

static void
append_all (SrSpool *spool, const guint8 *data, gsize total, gsize piece)
{
  g_autoptr (GError) error = NULL;

  for (gsize done = 0; done < total; done += piece)
    {
      sr_spool_append (spool, data + done, MIN (piece, total - done), NULL, &error);
      g_assert_no_error (error);
    }
}

/* Reads all of it with one byte more than there is, and some from the middle. */
static void
assert_content (SrSpool *spool, const guint8 *data, gsize total)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *buffer = g_malloc (total + 1);
  gssize n = sr_spool_read (spool, 0, buffer, total + 1, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (buffer, (gsize) n, data, total);

  n = sr_spool_read (spool, total / 2, buffer, total / 4, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, (gsize) n, data + total / 2, total / 4);

  g_assert_cmpint (sr_spool_read (spool, total, buffer, 1, NULL, &error), ==, 0);
  g_assert_cmpint (sr_spool_read (spool, G_MAXINT64, buffer, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

static void
test_append (gconstpointer user_data)
{
  guint row = GPOINTER_TO_UINT (user_data);
  char *folder = sr_test_make_folder ();
  g_autofree guint8 *data = make_data (cases[row].total);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = sr_spool_new_in_folder (folder, cases[row].size_hint, &error);
  SrId expected;
  SrId sha256;

  g_assert_no_error (error);
  append_all (spool, data, cases[row].total, cases[row].piece);
  g_assert_cmpuint (sr_spool_get_length (spool), ==, cases[row].total);
  g_assert_false (sr_spool_is_complete (spool));
  assert_content (spool, data, cases[row].total);

  sr_spool_complete (spool, &sha256);
  sr_spool_complete (spool, NULL);
  sr_hash_data (data, cases[row].total, &expected);
  g_assert_cmpmem (sha256.bytes, SR_ID_SIZE, expected.bytes, SR_ID_SIZE);
  g_assert_true (sr_id_equal (sr_spool_get_sha256 (spool), &expected));
  g_assert_true (sr_spool_is_complete (spool));
  assert_content (spool, data, cases[row].total);

  /* Nothing shows in the folder, neither now nor later. */
  g_assert_cmpint (rmdir (folder), ==, 0);
  g_free (folder);
}

static void
test_bytes (void)
{
  g_autofree guint8 *data = make_data (1000);
  g_autoptr (GBytes) bytes = g_bytes_new (data, 1000);
  g_autoptr (SrSpool) spool = sr_spool_new_for_bytes (bytes);
  SrId expected;

  sr_hash_data (data, 1000, &expected);
  g_assert_true (sr_spool_is_complete (spool));
  g_assert_cmpint (sr_spool_get_fd (spool), ==, -1);
  g_assert_cmpuint (sr_spool_get_length (spool), ==, 1000);
  g_assert_true (sr_id_equal (sr_spool_get_sha256 (spool), &expected));
  assert_content (spool, data, 1000);
}

static void
test_missing_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sr_spool_new_in_folder ("/nonexistent/folder", 0, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder"));
}

static void
test_cancelled_append_can_be_repeated (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree guint8 *data = make_data (1000000);
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrSpool) spool = sr_spool_new_in_folder (folder, 0, &error);
  SrId expected;
  SrId sha256;

  g_assert_no_error (error);
  append_all (spool, data, 1000, 1000);
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_spool_append (spool, data + 1000, 999000, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (sr_spool_get_length (spool), ==, 1000);

  append_all (spool, data + 1000, 999000, 999000);
  sr_spool_complete (spool, &sha256);
  sr_hash_data (data, 1000000, &expected);
  g_assert_true (sr_id_equal (&sha256, &expected));
  assert_content (spool, data, 1000000);
  sr_test_remove_folder (folder);
}

/* A full disk names the folder; and what did not fit is no part of the file. */
static void
test_full_disk (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree guint8 *data = make_data (1024 * 1024);

  if (sr_test_mount (folder, "size=512k"))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SrSpool) spool = sr_spool_new_in_folder (folder, 0, &error);

      g_assert_no_error (error);
      append_all (spool, data, 1000, 1000);
      g_assert_false (sr_spool_append (spool, data, 1024 * 1024, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, folder));

      append_all (spool, data + 1000, 300000, 300000);
      sr_spool_complete (spool, NULL);
      assert_content (spool, data, 301000);
      g_assert_cmpint (lseek (sr_spool_get_fd (spool), 0, SEEK_END), ==, 301000);
      g_clear_object (&spool);
      sr_test_unmount (folder);
    }
  sr_test_remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/spool/append/", cases[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_append);
    }
  g_test_add_func ("/spool/bytes", test_bytes);
  g_test_add_func ("/spool/missing-folder", test_missing_folder);
  g_test_add_func ("/spool/cancelled-append-can-be-repeated",
                   test_cancelled_append_can_be_repeated);
  g_test_add_func ("/spool/full-disk", test_full_disk);
  return g_test_run ();
}
