/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is left of a backup that was stopped: no snapshot, and nothing that the next one has to store again. */

#include "config.h"

#include "engine/sr-pack-set.h"

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-job.h"

#define LARGE_SIZE (40 * 1024 * 1024) /* bytes: two whole packs and a part of one */

typedef struct
{
  SrTestBackup *test; /* lent */
  GCancellable *cancellable; /* (owned) */
} Canceller;

static guint
count_stored (SrTestBackup *self, SrFileKind kind)
{
  g_autoptr (GArray) calls = sr_fault_storage_dup_calls (SR_FAULT_STORAGE (self->storage));
  guint n_stored = 0;

  for (guint i = 0; i < calls->len; i++)
    {
      const SrFaultCall *call = &g_array_index (calls, SrFaultCall, i);

      if (call->verb == SR_VERB_WRITE && call->has_kind && call->name.kind == kind && call->done)
        n_stored++;
    }
  return n_stored;
}

/* While the second pack is under way and the first one is there. */
static gpointer
cancel_meanwhile (gpointer user_data)
{
  Canceller *self = user_data;

  sr_fault_storage_wait_for_stall (SR_FAULT_STORAGE (self->test->storage), 1);
  while (count_stored (self->test, SR_FILE_PACK) == 0)
    g_thread_yield ();
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

static void
run_cancelled (SrTestBackup *self)
{
  SrFault stall = { SR_FAULT_STALL, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_PACK), 2 };
  Canceller canceller = { self, g_cancellable_new () };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &stall);
  thread = g_thread_new ("cancel", cancel_meanwhile, &canceller);
  g_assert_false (sr_test_run_job (SR_JOB (job), canceller.cancellable, &error));
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (sr_backup_job_get_snapshot (job));
  g_object_unref (canceller.cancellable);
}

static void
test_stored_packs_count (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write_random (self, "large", LARGE_SIZE);
  run_cancelled (self);
  g_assert_cmpuint (count_stored (self, SR_FILE_INDEX), ==, 1);
  g_assert_cmpuint (count_stored (self, SR_FILE_SNAPSHOT), ==, 0);

  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  snapshot = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->data_added, <,
                    LARGE_SIZE - 15 * 1024 * 1024);
  sr_test_backup_assert_restorable (self, snapshot);
}

/* A storage that hangs must not keep a cancelled backup from ending. */
static void
test_hanging_storage (SrTestBackup *self, gconstpointer data)
{
  SrFault stall = { SR_FAULT_STALL, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_INDEX) };
  gint64 start = g_get_monotonic_time ();

  sr_test_backup_write_random (self, "large", LARGE_SIZE);
  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &stall);
  run_cancelled (self);
  g_assert_cmpuint (count_stored (self, SR_FILE_INDEX), ==, 0);
  g_test_message ("%.1f s", (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
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
  add ("/backup-stopped/stored-packs-count", test_stored_packs_count);
  add ("/backup-stopped/hanging-storage", test_hanging_storage);
  return g_test_run ();
}
