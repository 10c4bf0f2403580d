/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests how a file gets into a folder so that it lasts: in which order, on which file systems, and
 * what is left when that fails in between. */

#include "config.h"

#include "storage/sr-folder-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-sync-calls.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-storage.h"

typedef struct
{
  char *folder; /* (owned) */
  SrStorage *storage; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gboolean named_files)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = sr_test_make_folder ();
  fixture->storage = sr_test_open_folder (fixture->folder, named_files);
  sr_storage_create (fixture->storage, NULL, &error);
  g_assert_no_error (error);
  sr_sync_calls_start (fixture->folder);
}

static void
tear_down (Fixture *fixture)
{
  g_object_unref (fixture->storage);
  g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);
  sr_test_remove_folder (fixture->folder);
}

/* SHA-256 of "hello": 2cf2… */
static const struct
{
  const char *name;
  SrFileKind kind;
  gboolean named_files;
  gboolean in_memory; /* the spool */
  int linkat_code; /* errno with which the file system refuses */
  int renameat2_code;
  const char *calls;
} order_cases[] = {
  { "pack", SR_FILE_PACK, FALSE, FALSE, 0, 0,
    "fsync data; fdatasync file; linkat data/2c/2cf2; fsync data/2c; " },
  { "config", SR_FILE_CONFIG, FALSE, FALSE, 0, 0, "fdatasync file; linkat ./conf; fsync .; " },
  { "index-from-memory", SR_FILE_INDEX, FALSE, TRUE, 0, 0,
    "fdatasync file; linkat index/2cf2; fsync index; " },
  { "rename", SR_FILE_INDEX, TRUE, FALSE, 0, 0,
    "fdatasync file; renameat2 index/2cf2; fsync index; " },
  { "rename-from-memory", SR_FILE_INDEX, TRUE, TRUE, 0, 0,
    "fdatasync file; renameat2 index/2cf2; fsync index; " },
  { "link-where-rename-could-replace", SR_FILE_INDEX, TRUE, FALSE, 0, EINVAL,
    "fdatasync file; linkat index/2cf2; fsync index; " },
  { "plain-rename", SR_FILE_INDEX, TRUE, FALSE, EPERM, EINVAL,
    "fdatasync file; renameat index/2cf2; fsync index; " },
  { "no-proc", SR_FILE_INDEX, FALSE, FALSE, ENOENT, 0,
    "fdatasync file; fdatasync file; fdatasync file; renameat2 index/2cf2; fsync index; " },
};

static void
test_order (gconstpointer user_data)
{
  guint row = GPOINTER_TO_UINT (user_data);
  Fixture fixture;
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = NULL;
  g_autofree char *calls = NULL;
  SrFileName name;

  set_up (&fixture, order_cases[row].named_files);
  spool = sr_test_make_spool (order_cases[row].in_memory ? NULL : fixture.storage, "hello");
  name = sr_test_name_spool (order_cases[row].kind, spool);
  sr_sync_calls_fail (SR_SYNC_CALL_LINKAT, order_cases[row].linkat_code);
  sr_sync_calls_fail (SR_SYNC_CALL_RENAMEAT2, order_cases[row].renameat2_code);

  sr_storage_write (fixture.storage, &name, spool, NULL, &error);
  calls = sr_sync_calls_stop ();
  g_assert_no_error (error);
  g_assert_cmpstr (calls, ==, order_cases[row].calls);
  sr_test_assert_file (fixture.storage, &name, "hello");
  g_clear_object (&spool);
  tear_down (&fixture);
}

static void
test_remove_is_synced (void)
{
  Fixture fixture;
  g_autofree char *calls = NULL;
  SrFileName name;

  set_up (&fixture, FALSE);
  name = sr_test_write_file (fixture.storage, SR_FILE_LOCK, "hello");
  g_free (sr_sync_calls_stop ());

  sr_sync_calls_start (fixture.folder);
  g_assert_true (sr_storage_remove (fixture.storage, &name, NULL, NULL));
  calls = sr_sync_calls_stop ();
  g_assert_cmpstr (calls, ==, "fsync locks; ");
  tear_down (&fixture);
}

/* The file that another thread has just named may not be safe yet: whoever finds it syncs too. */
static void
test_file_that_is_there_is_synced (void)
{
  Fixture fixture;
  g_autoptr (SrSpool) spool = NULL;
  g_autofree char *calls = NULL;
  SrFileName name;

  set_up (&fixture, FALSE);
  spool = sr_test_make_spool (fixture.storage, "hello");
  name = sr_test_write_file (fixture.storage, SR_FILE_KEY, "hello");
  g_free (sr_sync_calls_stop ());

  sr_sync_calls_start (fixture.folder);
  g_assert_true (sr_storage_write (fixture.storage, &name, spool, NULL, NULL));
  calls = sr_sync_calls_stop ();
  g_assert_cmpstr (calls, ==, "fsync keys; ");
  g_clear_object (&spool);
  tear_down (&fixture);
}

/* After a failed fdatasync the next one may succeed although the data are lost. */
static void
test_failed_sync_is_not_repeated_on_the_same_file (void)
{
  Fixture fixture;
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = NULL;
  g_autofree char *calls = NULL;
  SrFileName name;
  struct stat status;

  set_up (&fixture, FALSE);
  spool = sr_test_make_spool (fixture.storage, "hello");
  name = sr_test_name_spool (SR_FILE_INDEX, spool);
  sr_sync_calls_fail (SR_SYNC_CALL_FDATASYNC, EIO);
  g_assert_false (sr_storage_write (fixture.storage, &name, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, fixture.folder));
  sr_sync_calls_fail (SR_SYNC_CALL_FDATASYNC, 0);
  sr_test_assert_file (fixture.storage, &name, NULL);

  g_clear_error (&error);
  sr_storage_write (fixture.storage, &name, spool, NULL, &error);
  g_assert_no_error (error);
  calls = sr_sync_calls_stop ();
  sr_test_assert_file (fixture.storage, &name, "hello");
  g_assert_cmpint (fstat (sr_spool_get_fd (spool), &status), ==, 0);
  g_assert_cmpuint (status.st_nlink, ==, 0); /* the spool's own file got no name */
  g_clear_object (&spool);
  tear_down (&fixture);
}

static const struct
{
  const char *name;
  int code; /* errno of fsync on a folder */
  gboolean done;
} folder_sync_cases[] = {
  { "cannot-be-asked", EINVAL, TRUE },
  { "broken", EIO, FALSE },
  { "full", ENOSPC, FALSE },
};

static void
test_folder_sync (gconstpointer user_data)
{
  guint row = GPOINTER_TO_UINT (user_data);
  Fixture fixture;
  g_autoptr (SrSpool) spool = NULL;
  SrFileName name;

  set_up (&fixture, FALSE);
  spool = sr_test_make_spool (fixture.storage, "hello");
  name = sr_test_name_spool (SR_FILE_INDEX, spool);
  sr_sync_calls_fail (SR_SYNC_CALL_FSYNC, folder_sync_cases[row].code);
  g_assert_cmpint (sr_storage_write (fixture.storage, &name, spool, NULL, NULL), ==,
                   folder_sync_cases[row].done);
  g_free (sr_sync_calls_stop ());

  /* Whether it failed or not, it may be tried again. */
  g_assert_true (sr_storage_write (fixture.storage, &name, spool, NULL, NULL));
  g_clear_object (&spool);
  tear_down (&fixture);
}

/* A copy is cancelled between its pieces, or fails in between; in both ways of making files. */
static void
test_unfinished_copy_leaves_nothing (gconstpointer user_data)
{
  gboolean cancels = GPOINTER_TO_UINT (user_data) & 1;
  gboolean named_files = (GPOINTER_TO_UINT (user_data) & 2) != 0;
  g_autofree char *content = g_strnfill (3 * 1024 * 1024, 'x');
  g_autoptr (SrSpool) spool = sr_test_make_spool (NULL, content);
  SrFileName name = sr_test_name_spool (SR_FILE_PACK, spool);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Fixture fixture;

  set_up (&fixture, named_files);
  if (cancels)
    sr_sync_calls_cancel_after (SR_SYNC_CALL_PWRITE, cancellable);
  else
    sr_sync_calls_fail (SR_SYNC_CALL_PWRITE, ENOSPC);

  g_assert_false (sr_storage_write (fixture.storage, &name, spool, cancellable, &error));
  if (cancels)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  g_free (sr_sync_calls_stop ());
  sr_test_assert_file (fixture.storage, &name, NULL);
  tear_down (&fixture);
}

static void
make_file (const char *folder, const char *name, time_t age)
{
  const struct timespec times[2] = {
    { .tv_sec = g_get_real_time () / G_USEC_PER_SEC - age },
    { .tv_sec = g_get_real_time () / G_USEC_PER_SEC - age },
  };
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static const struct
{
  const char *name;
  time_t age; /* seconds */
  gboolean stays;
} sweep_cases[] = {
  { "tmp-strongroom-0123456789abcdef", 25 * 3600, FALSE },
  { "tmp-strongroom-0123456789abcdee", 23 * 3600, TRUE },
  { "tmp-strongroom-0123456789abcded", -3600, TRUE },
  { "tmp-strongroom-0123456789abcde", 25 * 3600, TRUE },
  { "tmp-strongroom-0123456789abcdefa", 25 * 3600, TRUE },
  { "tmp-strongroom-notes-of-mine.txt", 25 * 3600, TRUE },
  { "tmp-0123456789abcdef", 25 * 3600, TRUE },
};

static void
test_sweep (void)
{
  char *folder = sr_test_make_folder ();

  for (guint i = 0; i < G_N_ELEMENTS (sweep_cases); i++)
    make_file (folder, sweep_cases[i].name, sweep_cases[i].age);
  sr_folder_file_sweep (folder, g_get_real_time ());
  for (guint i = 0; i < G_N_ELEMENTS (sweep_cases); i++)
    {
      g_autofree char *path = g_build_filename (folder, sweep_cases[i].name, NULL);

      g_test_message ("%s", sweep_cases[i].name);
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, sweep_cases[i].stays);
    }
  sr_folder_file_sweep ("/nonexistent", g_get_real_time ());
  sr_test_remove_folder (folder);
}

#define ADD_ROWS(group, cases, function) \
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) \
    { \
      g_autofree char *path = g_strconcat (group, cases[i].name, NULL); \
      g_test_add_data_func (path, GUINT_TO_POINTER (i), function); \
    }

int
main (int argc, char **argv)
{
  static const char *const copies[] = { "failed", "cancelled", "failed-named", "cancelled-named" };

  g_test_init (&argc, &argv, NULL);

  ADD_ROWS ("/folder-file/order/", order_cases, test_order);
  ADD_ROWS ("/folder-file/folder-sync/", folder_sync_cases, test_folder_sync);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    {
      g_autofree char *path = g_strconcat ("/folder-file/unfinished-copy/", copies[i], NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_unfinished_copy_leaves_nothing);
    }
  g_test_add_func ("/folder-file/remove-is-synced", test_remove_is_synced);
  g_test_add_func ("/folder-file/file-that-is-there-is-synced", test_file_that_is_there_is_synced);
  g_test_add_func ("/folder-file/failed-sync", test_failed_sync_is_not_repeated_on_the_same_file);
  g_test_add_func ("/folder-file/sweep", test_sweep);
  return g_test_run ();
}
