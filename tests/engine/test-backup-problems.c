/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that cannot be saved as they should: each is named with a reason, the others are saved, and the snapshot is
 * never shown as a complete one. */

#include "config.h"

#include "engine/sr-backup-job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

#define NOBODY 65534

/* Root may read everything. Readable again for the leak sanitizer, which change of user takes away. */
static void
set_up_as_nobody (SrTestBackup *self, gconstpointer data)
{
  if (geteuid () == 0)
    {
      g_assert_no_errno (setgroups (0, NULL));
      g_assert_no_errno (setgid (NOBODY));
      g_assert_no_errno (setuid (NOBODY));
      g_assert_no_errno (prctl (PR_SET_DUMPABLE, 1));
    }
  sr_test_backup_set_up (self, data);
}

static void
change_mode (SrTestBackup *self, const char *name, mode_t mode)
{
  g_autofree char *path = sr_test_backup_path (self, name);

  g_assert_no_errno (chmod (path, mode));
}

static void
test_unreadable (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "a", "content");
  sr_test_backup_write (self, "closed/file", "content");
  sr_test_backup_write (self, "secret\n", "content");
  sr_test_backup_write (self, "without-search/file", "content");
  sr_test_backup_write (self, "z/y", "content");
  change_mode (self, "closed", 0);
  change_mode (self, "secret\n", 0);
  change_mode (self, "without-search", 0600);
  snapshot = sr_test_backup_store_incomplete (self);
  change_mode (self, "closed", 0700);
  change_mode (self, "without-search", 0700);

  g_assert_nonnull (strstr (self->problems->str, "closed: The folder could not be opened: "));
  g_assert_nonnull (strstr (self->problems->str, "secret\n: The file could not be opened: "));
  g_assert_nonnull (
      strstr (self->problems->str, "without-search: The folder could not be opened: "));
  listed = sr_test_backup_list (self, snapshot);
  g_assert_cmpstr (listed, ==, "a\nz\nz/y\n");
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->total_files_processed, ==, 2);
}

static void
test_storage_without_right_to_write (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *locks = g_build_filename (self->place, "locks", NULL);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (chmod (locks, 0500));
  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
  g_assert_nonnull (strstr (error->message, self->place));
  g_assert_no_errno (chmod (locks, 0700));
}

static void
run_as_nobody (gconstpointer path)
{
  g_autofree char *inner = g_strconcat (path, "/subprocess", NULL);

  g_test_trap_subprocess (inner, 0, 0);
  g_test_trap_assert_passed ();
}

/* Runs a backup up to a stalled call, has something happen to the source, and lets the call go on. */
typedef struct
{
  SrTestBackup *backup;
  void (*happen) (SrTestBackup *self);
} Event;

static gpointer
event_thread (gpointer user_data)
{
  Event *event = user_data;
  SrFaultStorage *storage = SR_FAULT_STORAGE (event->backup->storage);

  sr_fault_storage_wait_for_stall (storage, 1);
  event->happen (event->backup);
  sr_fault_storage_clear (storage);
  return NULL;
}

static SrSnapshot *
store_while (SrTestBackup *self, const SrFault *stalled, void (*happen) (SrTestBackup *self))
{
  Event event = { self, happen };
  GThread *thread = g_thread_new ("event", event_thread, &event);
  SrSnapshot *snapshot;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), stalled);
  snapshot = sr_test_backup_store_incomplete (self);
  g_thread_join (thread);
  return snapshot;
}

static void
remove_listed (SrTestBackup *self)
{
  sr_test_backup_remove (self, "vanishing");
  sr_test_backup_remove (self, "vanishing-folder");
}

/* The folder's tree in the parent snapshot is asked for when the folder has been listed. */
static void
test_vanished_after_listing (SrTestBackup *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_STALL,
                    .verbs = SR_VERB_READ,
                    .kinds = SR_KIND_BIT (SR_FILE_PACK) };
  g_autoptr (SrSnapshot) first = NULL, second = NULL;
  g_autofree char *folder = sr_test_backup_path (self, "vanishing-folder");
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "staying", "content");
  first = sr_test_backup_store (self);
  sr_test_backup_write (self, "vanishing", "content");
  g_assert_no_errno (mkdir (folder, 0755));
  for (const char *c = self->source; *c != '\0'; c++)
    fault.first += *c == '/';
  fault.first++; /* one for "/", and one for each folder down to the source */
  second = store_while (self, &fault, remove_listed);
  g_assert_nonnull (strstr (self->problems->str, "vanishing: The file could not be examined: "));
  g_assert_nonnull (
      strstr (self->problems->str, "vanishing-folder: The file could not be examined: "));
  listed = sr_test_backup_list (self, second);
  g_assert_cmpstr (listed, ==, "staying\n");
}

static void
change_files (SrTestBackup *self)
{
  g_autofree char *growing = sr_test_backup_path (self, "growing");
  g_autofree char *shrinking = sr_test_backup_path (self, "other/shrinking");
  int fd = open (growing, O_WRONLY | O_APPEND | O_CLOEXEC);

  g_assert_cmpint (write (fd, "more", 4), ==, 4);
  g_assert_no_errno (close (fd));
  g_assert_no_errno (truncate (shrinking, 44 * 1024 * 1024));
  sr_test_backup_remove (self, "vanishing");
}

/* Without a spool nothing can be sealed, and the readers wait in the middle of large files. */
static void
test_changed_while_read (SrTestBackup *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_STALL, .verbs = SR_VERB_CREATE_SPOOL };
  g_autoptr (SrSnapshot) snapshot = NULL, next = NULL;
  g_autofree char *other = sr_test_backup_path (self, "other");
  g_autofree char *listed = NULL;

  g_assert_no_errno (mkdir (other, 0755));
  sr_test_backup_write_random (self, "growing", 45 * 1024 * 1024);
  sr_test_backup_write_random (self, "other/shrinking", 45 * 1024 * 1024);
  sr_test_backup_write (self, "staying", "content");
  sr_test_backup_write (self, "vanishing", "content");
  snapshot = store_while (self, &fault, change_files);
  g_assert_nonnull (strstr (self->problems->str, "growing: The file changed while it was read"));
  g_assert_nonnull (strstr (self->problems->str, "shrinking: The file changed while it was read"));
  g_assert_nonnull (strstr (self->problems->str, "vanishing: The file could not be "));
  listed = sr_test_backup_list (self, snapshot);
  g_assert_cmpstr (listed, ==, "growing\nother\nstaying\nother/shrinking\n");

  next = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (next)->files_changed, ==, 2);
  sr_test_backup_assert_restorable (self, next);
}

static void
test_missing_root (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *missing = sr_test_backup_path (self, "missing");
  g_autoptr (GFile) good = g_file_new_for_path (self->source);
  g_autoptr (GFile) bad = g_file_new_for_path (missing);
  g_autoptr (GFile) remote = g_file_new_for_uri ("nowhere://host/folder");
  GFile *roots[] = { bad, good, remote };
  g_autoptr (SrBackupJob) job = sr_backup_job_new (self->repository, roots, 3);
  g_autofree char *listed = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_backup_write (self, "file", "content");
  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_assert_true (g_str_has_prefix (self->problems->str, "missing: "));
  g_assert_nonnull (strstr (self->problems->str, "nowhere://host/folder: "));
  listed = sr_test_backup_list (self, sr_backup_job_get_snapshot (job));
  g_assert_cmpstr (listed, ==, "file\n");
}

static void
test_no_root (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *missing = sr_test_backup_path (self, "missing");
  g_autoptr (GFile) bad = g_file_new_for_path (missing);
  g_autoptr (SrBackupJob) job = sr_backup_job_new (self->repository, &bad, 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_SOURCE);
  g_assert_nonnull (strstr (error->message, missing));
  g_assert_null (sr_backup_job_get_snapshot (job));
}

/* What is wrong with the repository is named too, and does not keep new files from being saved. */
static void
test_damaged_index_and_snapshot (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *name = g_strnfill (64, 'a');
  g_autofree char *snapshot_path = g_build_filename (self->place, "snapshots", name, NULL);
  g_autofree char *index_path = g_build_filename (self->place, "index", name, NULL);
  g_autofree char *snapshot_name = g_strconcat ("snapshots/", name, NULL);
  g_autofree char *index_name = g_strconcat ("index/", name, NULL);
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write (self, "file", "content");
  g_assert_true (g_file_set_contents (snapshot_path, "", 0, NULL));
  g_assert_true (g_file_set_contents (index_path, "nonsense", -1, NULL));
  snapshot = sr_test_backup_store_incomplete (self);
  g_assert_nonnull (strstr (self->problems->str, snapshot_name));
  g_assert_nonnull (strstr (self->problems->str, index_name));
}

static void
add (const char *path, void (*func) (SrTestBackup *self, gconstpointer data))
{
  g_test_add (path, SrTestBackup, NULL, sr_test_backup_set_up, func, sr_test_backup_tear_down);
}

static void
add_as_nobody (const char *path, void (*func) (SrTestBackup *self, gconstpointer data))
{
  g_autofree char *inner = g_strconcat (path, "/subprocess", NULL);

  g_test_add (inner, SrTestBackup, NULL, set_up_as_nobody, func, sr_test_backup_tear_down);
  g_test_add_data_func (path, path, run_as_nobody);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_as_nobody ("/backup-problems/unreadable", test_unreadable);
  add_as_nobody ("/backup-problems/storage-without-right-to-write",
                 test_storage_without_right_to_write);
  add ("/backup-problems/vanished-after-listing", test_vanished_after_listing);
  add ("/backup-problems/changed-while-read", test_changed_while_read);
  add ("/backup-problems/missing-root", test_missing_root);
  add ("/backup-problems/no-root", test_no_root);
  add ("/backup-problems/damaged-index-and-snapshot", test_damaged_index_and_snapshot);
  return g_test_run ();
}
