/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Single files: those that an interrupted restore has begun, with holes, of any size and age. */

#include "config.h"

#include "engine/sr-restore-file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-restore.h"

#define CHUNK_SIZE (600u * 1024)
#define N_CHUNKS 12u /* more than one batch */

/* A file of chunks "aaa…", "bbb…", …, each in a pack of its own. */
static void
commit_large (SrTestRestore *restore)
{
  g_autofree char *data = g_malloc (CHUNK_SIZE);
  g_autoptr (GString) content = g_string_new (NULL);
  g_autofree char *more = NULL;
  g_autofree char *node = NULL;

  for (guint i = 0; i < N_CHUNKS; i++)
    {
      g_autofree char *chunk = NULL;

      memset (data, 'a' + (int) i, CHUNK_SIZE);
      chunk = sr_test_restore_chunk (restore, data, CHUNK_SIZE);
      sr_test_restore_new_pack (restore);
      g_string_append_printf (content, "%s%s", i > 0 ? "," : "", chunk);
    }
  more = g_strdup_printf ("\"mode\":420,\"size\":%u,\"content\":[%s]", N_CHUNKS * CHUNK_SIZE,
                          content->str);
  node = sr_test_node ("large", "file", more);
  sr_test_restore_commit (restore, node);
}

static void
assert_large (SrTestRestore *restore)
{
  g_autofree char *path = sr_test_restore_path (restore, "large");
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpuint (length, ==, N_CHUNKS * CHUNK_SIZE);
  for (gsize i = 0; i < length; i++)
    if (content[i] != (char) ('a' + i / CHUNK_SIZE))
      g_error ("Byte %" G_GSIZE_FORMAT " is %d", i, content[i]);
  sr_test_restore_assert_names (restore, "large");
}

static guint
count_pack_reads (SrTestRestore *restore)
{
  return sr_fault_storage_count_calls (SR_FAULT_STORAGE (restore->storage), SR_VERB_READ,
                                       SR_KIND_BIT (SR_FILE_PACK));
}

/* Restores until the storage stalls at a chunk, and cancels then. */
static void
interrupt (SrTestRestore *restore, guint nth_read)
{
  const SrFault fault = { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK),
                          .first = nth_read };
  g_autoptr (SrRestoreJob) job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SrFaultStorage *storage = SR_FAULT_STORAGE (restore->storage);
  g_autoptr (GError) error = NULL;
  GThread *canceller;

  sr_fault_storage_plan (storage, &fault);
  canceller = g_thread_new ("canceller", sr_test_restore_cancel_when_stalled,
                            &(SrTestRestoreCancel){ storage, cancellable });
  g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (canceller);
  sr_fault_storage_clear (storage);
}

/* What was written before a cancellation is not read again. */
static void
test_resume (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *temporary = NULL;

  commit_large (restore);
  interrupt (restore, 9);
  temporary = sr_test_restore_find_temporary (restore);
  g_assert_nonnull (temporary);
  sr_test_restore_assert_absent (restore, "large");

  sr_fault_storage_forget_calls (SR_FAULT_STORAGE (restore->storage));
  sr_test_restore_all (restore);
  assert_large (restore);
  g_assert_cmpuint (count_pack_reads (restore), <=, 1 + N_CHUNKS - 6); /* two may have stalled */
}

/* Nothing of it is on the disk: nothing is left of it. */
static void
test_interrupted_early (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();

  commit_large (restore);
  interrupt (restore, 2);
  sr_test_restore_assert_names (restore, "");
}

/* What is left is garbage, or longer than the file. */
static void
test_resume_garbage (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *temporary = NULL;
  g_autofree char *garbage = g_strnfill ((N_CHUNKS + 1) * CHUNK_SIZE, '#');

  commit_large (restore);
  interrupt (restore, 9);
  temporary = sr_test_restore_find_temporary (restore);
  g_assert_true (g_file_set_contents (temporary, garbage, -1, NULL));
  sr_test_restore_all (restore);
  assert_large (restore);
}

/* Instead of it somebody planted a link, or another name of a file of theirs. */
static void
test_resume_planted (gconstpointer data)
{
  gboolean symbolic = GPOINTER_TO_INT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *temporary = NULL;
  g_autofree char *victim = g_build_filename (restore->folder, "victim", NULL);
  g_autofree char *content = NULL;

  commit_large (restore);
  interrupt (restore, 9);
  temporary = sr_test_restore_find_temporary (restore);
  g_assert_cmpint (unlink (temporary), ==, 0);
  g_assert_true (g_file_set_contents (victim, "mine", -1, NULL));
  g_assert_cmpint (symbolic ? symlink (victim, temporary) : link (victim, temporary), ==, 0);
  sr_test_restore_all (restore);
  assert_large (restore);
  g_assert_true (g_file_get_contents (victim, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "mine");
}

static void
test_large_unchanged (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autoptr (SrRestoreJob) again = NULL;

  commit_large (restore);
  sr_test_restore_all (restore);
  assert_large (restore);
  sr_fault_storage_forget_calls (SR_FAULT_STORAGE (restore->storage));
  again = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  sr_test_assert_run_job (again);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (again), ==, 1);
  g_assert_cmpuint (count_pack_reads (restore), ==, 1);
}

/* One byte in the middle of 8 MiB of zeros, which are 16 times the same chunk but for that. */
static void
test_holes (void)
{
  const gsize size = 512 * 1024;
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *data = g_malloc0 (size);
  g_autofree char *zeros = sr_test_restore_chunk (restore, data, (gssize) size);
  g_autofree char *one = NULL;
  g_autofree char *more = NULL;
  g_autofree char *node = NULL;
  g_autofree char *path = sr_test_restore_path (restore, "sparse");
  g_autoptr (GString) content = g_string_new (NULL);
  g_autofree char *found = NULL;
  struct stat status;

  data[size / 2] = 1;
  one = sr_test_restore_chunk (restore, data, (gssize) size);
  for (guint i = 0; i < 16; i++)
    g_string_append_printf (content, "%s%s", i > 0 ? "," : "", i == 8 ? one : zeros);
  more = g_strdup_printf ("\"mode\":420,\"size\":%" G_GSIZE_FORMAT ",\"content\":[%s]", 16 * size,
                          content->str);
  node = sr_test_node ("sparse", "file", more);
  sr_test_restore_commit (restore, node);
  sr_test_restore_all (restore);

  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, (off_t) (16 * size));
  g_assert_cmpint (status.st_blocks * 512, <=, 64 * 1024);
  g_assert_true (g_file_get_contents (path, &found, NULL, NULL));
  for (gsize i = 0; i < 16 * size; i++)
    g_assert_cmpint (found[i], ==, i == 8 * size + size / 2);
}

static const struct
{
  const char *name;
  const char *members;
  gint64 size;
} sizes[] = {
  { "empty", "\"content\":[]", 0 },
  { "larger-than-chunks", "\"size\":10,\"content\":[%s]", 10 },
  { "smaller-than-chunks", "\"size\":2,\"content\":[%s]", 4 },
  { "no-size", "\"content\":[%s]", 4 },
  { "twice-the-same", "\"size\":8,\"content\":[%s,%s]", 8 },
  { "only-a-size", "\"size\":100000,\"content\":[]", 100000 },
};

static void
test_sizes (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *chunk = sr_test_restore_chunk (restore, "four", 4);
  g_auto (GStrv) parts = g_strsplit (sizes[row].members, "%s", -1);
  g_autofree char *more = g_strjoinv (chunk, parts);
  g_autofree char *node = sr_test_node ("f", "file", more);
  g_autofree char *path = sr_test_restore_path (restore, "f");
  struct stat status;

  sr_test_restore_commit (restore, node);
  sr_test_restore_all (restore);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, sizes[row].size);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0); /* no member, no permissions */
}

static const struct
{
  const char *name;
  const char *mtime;
  gint64 seconds;
  long nanoseconds;
} times[] = {
  { "before-1970", "1969-12-31T23:59:58.25Z", -2, 250000000 },
  { "one-second-before-1970", "1969-12-31T23:59:59Z", -1, 0 },
  { "nanoseconds", "2020-01-02T03:04:05.123456789+05:30", 1577914445, 123456789 },
};

static void
test_times (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = g_strdup_printf (
      "{\"name\":\"f\",\"type\":\"file\",\"mtime\":\"%s\",\"content\":[]}", times[row].mtime);
  g_autofree char *path = sr_test_restore_path (restore, "f");
  struct stat status;

  sr_test_restore_commit (restore, node);
  sr_test_restore_all (restore);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, times[row].seconds);
  g_assert_cmpint (status.st_mtim.tv_nsec, ==, times[row].nanoseconds);
}

/* Without a time in the snapshot the file has that of now. */
static void
test_no_time (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *path = sr_test_restore_path (restore, "f");
  struct stat status;

  sr_test_restore_commit (restore, "{\"name\":\"f\",\"type\":\"file\",\"content\":[]}");
  sr_test_restore_all (restore);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec, >, SR_TEST_MTIME);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/restore-file/resume", test_resume);
  g_test_add_func ("/restore-file/interrupted-early", test_interrupted_early);
  g_test_add_func ("/restore-file/resume-garbage", test_resume_garbage);
  g_test_add_data_func ("/restore-file/resume-planted/symlink", GINT_TO_POINTER (TRUE),
                        test_resume_planted);
  g_test_add_data_func ("/restore-file/resume-planted/hard-link", GINT_TO_POINTER (FALSE),
                        test_resume_planted);
  g_test_add_func ("/restore-file/large-unchanged", test_large_unchanged);
  g_test_add_func ("/restore-file/holes", test_holes);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-file/sizes/%s", sizes[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_sizes);
    }
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-file/times/%s", times[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_times);
    }
  g_test_add_func ("/restore-file/no-time", test_no_time);
  return g_test_run ();
}
