/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Backups whose lock goes while they run, as it does when a computer sleeps and another one takes the lock for stale.
 * What the backup counted on may have been pruned, so there must be no snapshot. */

#include "config.h"

#include "repository/sr-lock.h"

#include <string.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-job.h"

static void
remove_locks (SrStorage *storage)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = sr_storage_list (storage, SR_FILE_LOCK, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 1);
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_LOCK, g_array_index (files, SrFileInfo, i).id };

      sr_storage_remove (storage, &name, NULL, &error);
      g_assert_no_error (error);
    }
}

/* While the index file is being written. */
static gpointer
remove_meanwhile (gpointer user_data)
{
  SrTestBackup *test = user_data;

  sr_fault_storage_wait_for_stall (SR_FAULT_STORAGE (test->storage), 1);
  remove_locks (test->storage);
  sr_fault_storage_release (SR_FAULT_STORAGE (test->storage));
  return NULL;
}

static void
test_removed_during_backup (SrTestBackup *self, gconstpointer data)
{
  SrFault stall = { SR_FAULT_STALL, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_INDEX), 1, 1 };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;
  guint n_written;
  GThread *thread;

  sr_test_backup_write (self, "file", "content");
  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &stall);
  thread = g_thread_new ("remove", remove_meanwhile, self);
  g_assert_false (sr_test_backup_run (self, job, &error));
  g_thread_join (thread);
  g_assert_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
  g_assert_nonnull (strstr (error->message, "start again"));
  g_assert_null (sr_backup_job_get_snapshot (job));
  n_written = sr_fault_storage_count_calls (SR_FAULT_STORAGE (self->storage), SR_VERB_WRITE,
                                            SR_KIND_BIT (SR_FILE_SNAPSHOT));
  g_assert_cmpuint (n_written, ==, 0);
}

static void
test_next_backup_works (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = NULL;

  test_removed_during_backup (self, data);
  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_check (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (sr_lock_check (lock, NULL, &error));
  g_assert_no_error (error);

  remove_locks (self->storage);
  g_assert_false (sr_lock_check (lock, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
}

static void
test_check_of_storage_that_is_away (SrTestBackup *self, gconstpointer data)
{
  SrFault away = { SR_FAULT_ERROR, SR_VERB_HAS, .code = SR_ERROR_STORAGE, .message = "gone" };
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, NULL, &error);

  g_assert_no_error (error);
  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &away);
  g_assert_false (sr_lock_check (lock, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_clear_error (&error);

  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  g_assert_true (sr_lock_check (lock, NULL, &error));
}

static void
add (const char *path, void (*test) (SrTestBackup *, gconstpointer))
{
  g_test_add (path, SrTestBackup, NULL, sr_test_backup_set_up, test, sr_test_backup_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/backup-lock/removed-during-backup", test_removed_during_backup);
  add ("/backup-lock/next-backup-works", test_next_backup_works);
  add ("/backup-lock/check", test_check);
  add ("/backup-lock/check-of-storage-that-is-away", test_check_of_storage_that_is_away);
  return g_test_run ();
}
