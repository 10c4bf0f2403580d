/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Backups to storages that fail, stall and fill up: whatever happens, the repository stays as good as it was, and the
 * next backup makes up for it, also one through the same handle. */

#include "config.h"

#include "engine/sr-backup-job.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-mount.h"
#include "tests/support/sr-test-repository.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANCEL_LIMIT (10 * G_TIME_SPAN_SECOND)
#else
#define CANCEL_LIMIT (2 * G_TIME_SPAN_SECOND)
#endif

static guint
count_files (SrTestBackup *self, SrFileKind kind)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->place);
  g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = sr_storage_list (storage, kind, NULL, &error);

  g_assert_no_error (error);
  return files->len;
}

/* What another program finds on disk: all snapshots, and an index without damage. */
static void
assert_sound (SrTestBackup *self, guint n_snapshots)
{
  g_autoptr (SrRepository) repository = sr_test_open_repository (self->place, SR_TEST_PASSWORD);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) snapshots = sr_repository_list_snapshots (repository, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (snapshots->len, ==, n_snapshots);
  sr_repository_load_index (repository, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Puts the repository back to where it was. */
static void
remove_new_files (SrTestBackup *self, GHashTable *old_files)
{
  static const SrFileKind kinds[] = { SR_FILE_LOCK, SR_FILE_SNAPSHOT, SR_FILE_INDEX, SR_FILE_PACK };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GArray) files = sr_storage_list (self->storage, kinds[i], NULL, NULL);

      for (guint j = 0; j < files->len; j++)
        {
          SrFileName name = { kinds[i], g_array_index (files, SrFileInfo, j).id };

          if (!g_hash_table_contains (old_files, &name.id))
            g_assert_true (sr_storage_remove (self->storage, &name, NULL, NULL));
        }
    }
}

static GHashTable *
list_all_files (SrTestBackup *self)
{
  GHashTable *ids = g_hash_table_new_full (sr_id_hash, sr_id_equal, g_free, NULL);

  for (SrFileKind kind = SR_FILE_KEY; kind < SR_N_FILE_KINDS; kind++)
    {
      g_autoptr (GArray) files = sr_storage_list (self->storage, kind, NULL, NULL);

      for (guint i = 0; i < files->len; i++)
        g_hash_table_add (ids, g_memdup2 (&g_array_index (files, SrFileInfo, i).id, sizeof (SrId)));
    }
  return ids;
}

static const struct
{
  const char *name;
  SrFaultEffect effect;
  SrVerbs verbs;
  SrError code;
} faults[] = {
  { "any-call", SR_FAULT_ERROR, 0, SR_ERROR_STORAGE },
  { "writes-not-allowed", SR_FAULT_ERROR, SR_VERB_WRITE, SR_ERROR_PERMISSION },
  { "no-space", SR_FAULT_ERROR, SR_VERB_WRITE | SR_VERB_CREATE_SPOOL, SR_ERROR_NO_SPACE },
  { "answers-lost", SR_FAULT_ANSWER_LOST, SR_VERB_WRITE | SR_VERB_REMOVE, SR_ERROR_STORAGE },
  { "power-cuts", SR_FAULT_POWER_CUT, SR_VERB_WRITE, SR_ERROR_STORAGE },
};

/* One run whose nth call fails, and another one after it. FALSE: there are not so many calls. */
static gboolean
fail_nth_call (SrTestBackup *self, guint row, guint n)
{
  SrFaultStorage *storage = SR_FAULT_STORAGE (self->storage);
  SrFault fault = { faults[row].effect, faults[row].verbs, 0, n, 1, 0, faults[row].code, NULL };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (SrSnapshot) next = NULL;
  g_autoptr (GError) error = NULL;
  gboolean was_hit;

  sr_fault_storage_forget_calls (storage);
  sr_fault_storage_plan (storage, &fault);
  if (!sr_test_backup_run (self, job, &error))
    g_assert_error (error, SR_ERROR, (int) faults[row].code);
  was_hit = sr_fault_storage_count_calls (storage, faults[row].verbs, 0) >= n;
  sr_fault_storage_clear (storage);

  /* The answer to the writing of the snapshot may be lost: then it is there nevertheless. */
  if (faults[row].effect != SR_FAULT_ANSWER_LOST)
    assert_sound (self, error == NULL ? 2 : 1);
  else
    assert_sound (self, count_files (self, SR_FILE_SNAPSHOT));
  if (faults[row].verbs != 0 || n % 4 == 0)
    {
      next = sr_test_backup_store (self);
      sr_test_backup_assert_restorable (self, next);
    }
  return was_hit;
}

/* Fails the first call, then, in another run, the second, and so on. */
static void
test_each_call (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = NULL;
  g_autoptr (GHashTable) old_files = NULL;
  gboolean was_hit = TRUE;

  sr_test_backup_write (self, "old", "content");
  first = sr_test_backup_store (self);
  old_files = list_all_files (self);
  sr_test_backup_write (self, "folder/new", "more content");
  for (guint n = 1; was_hit; n++)
    {
      was_hit = fail_nth_call (self, GPOINTER_TO_UINT (data), n);
      remove_new_files (self, old_files);
    }
}

static void
test_order (SrTestBackup *self, gconstpointer data)
{
  SrFaultStorage *storage = SR_FAULT_STORAGE (self->storage);
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write_random (self, "large", 40 * 1024 * 1024);
  sr_test_backup_write (self, "folder/small", "content");
  snapshot = sr_test_backup_store (self);
  g_assert_cmpuint (
      sr_fault_storage_count_calls (storage, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_PACK)), >=, 3);
  g_assert_true (sr_fault_storage_is_ordered (storage, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_LOCK),
                                              SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_PACK)));
  g_assert_true (sr_fault_storage_is_ordered (storage, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_PACK),
                                              SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_INDEX)));
  g_assert_true (sr_fault_storage_is_ordered (storage, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_INDEX),
                                              SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_SNAPSHOT)));
  g_assert_true (sr_fault_storage_is_ordered (storage, SR_VERB_WRITE,
                                              SR_KIND_BIT (SR_FILE_SNAPSHOT), SR_VERB_REMOVE,
                                              SR_KIND_BIT (SR_FILE_LOCK)));
  /* Who lists snapshots first finds all that they need in the index. */
  g_assert_true (sr_fault_storage_is_ordered (storage, SR_VERB_LIST, SR_KIND_BIT (SR_FILE_SNAPSHOT),
                                              SR_VERB_LIST, SR_KIND_BIT (SR_FILE_INDEX)));
}

/* What one run has put into index files the next one does not store again, though the first has failed. */
static void
test_interrupted_work_is_kept (SrTestBackup *self, gconstpointer data)
{
  SrFaultStorage *storage = SR_FAULT_STORAGE (self->storage);
  SrFault fault = { .effect = SR_FAULT_ERROR,
                    .verbs = SR_VERB_WRITE,
                    .kinds = SR_KIND_BIT (SR_FILE_SNAPSHOT),
                    .code = SR_ERROR_STORAGE,
                    .message = "The cable is out" };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_backup_write_random (self, "file", 1000000);
  sr_fault_storage_plan (storage, &fault);
  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_cmpstr (error->message, ==, "The cable is out");
  g_assert_null (sr_backup_job_get_snapshot (job));
  g_assert_cmpuint (count_files (self, SR_FILE_LOCK), ==, 0);

  sr_fault_storage_clear (storage);
  snapshot = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->data_blobs, ==, 0);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_full_disk (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *place = g_build_filename (self->folder, "small", NULL);
  g_autoptr (SrRepository) repository = NULL;
  g_autoptr (GFile) root = g_file_new_for_path (self->source);
  g_autoptr (SrBackupJob) job = NULL, again = NULL;
  g_autoptr (GPtrArray) snapshots = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (mkdir (place, 0700));
  if (!sr_test_mount (place, "size=2m"))
    return;

  repository = sr_test_create_repository (place);
  sr_test_backup_write_random (self, "large", 6 * 1024 * 1024);
  job = sr_backup_job_new (repository, &root, 1);
  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  g_clear_error (&error);
  snapshots = sr_repository_list_snapshots (repository, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (snapshots->len, ==, 0);

  g_assert_no_errno (mount ("none", place, NULL, MS_REMOUNT, "size=64m"));
  again = sr_backup_job_new (repository, &root, 1);
  sr_test_assert_run_job (again);
  g_clear_object (&repository);
  g_clear_object (&job);
  g_clear_object (&again);
  sr_test_unmount (place);
}

typedef struct
{
  SrFaultStorage *storage;
  GCancellable *cancellable;
  gint64 cancelled; /* monotonic time */
} Canceller;

static gpointer
cancel_thread (gpointer user_data)
{
  Canceller *self = user_data;

  sr_fault_storage_wait_for_stall (self->storage, 1);
  self->cancelled = g_get_monotonic_time ();
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

static const struct
{
  const char *name;
  SrVerbs verb;
  SrFileKind kind;
} stalls[] = {
  { "list-locks", SR_VERB_LIST, SR_FILE_LOCK },
  { "write-lock", SR_VERB_WRITE, SR_FILE_LOCK },
  { "list-snapshots", SR_VERB_LIST, SR_FILE_SNAPSHOT },
  { "read-snapshot", SR_VERB_READ, SR_FILE_SNAPSHOT },
  { "list-index", SR_VERB_LIST, SR_FILE_INDEX },
  { "read-index", SR_VERB_READ, SR_FILE_INDEX },
  { "read-parent-tree", SR_VERB_READ, SR_FILE_PACK },
  { "write-pack", SR_VERB_WRITE, SR_FILE_PACK },
  { "write-index", SR_VERB_WRITE, SR_FILE_INDEX },
  { "write-snapshot", SR_VERB_WRITE, SR_FILE_SNAPSHOT },
};

static void
test_cancel_while_stalled (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrFault fault = { .effect = SR_FAULT_STALL,
                    .verbs = stalls[row].verb,
                    .kinds = SR_KIND_BIT (stalls[row].kind),
                    .count = 1 };
  g_autoptr (SrSnapshot) first = NULL, last = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Canceller canceller = { SR_FAULT_STORAGE (self->storage), cancellable, 0 };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  sr_test_backup_write (self, "old", "content");
  first = sr_test_backup_store (self);
  sr_test_backup_write_random (self, "new", 18 * 1024 * 1024);
  sr_fault_storage_plan (canceller.storage, &fault);
  thread = g_thread_new ("cancel", cancel_thread, &canceller);
  g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
  g_assert_cmpint (g_get_monotonic_time () - canceller.cancelled, <, CANCEL_LIMIT);
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (sr_backup_job_get_snapshot (job));

  sr_fault_storage_clear (canceller.storage);
  g_assert_cmpuint (count_files (self, SR_FILE_LOCK), ==, 0);
  assert_sound (self, 1);
  last = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, last);
}

typedef struct
{
  GCancellable *cancellable;
  SrPhase phase; /* at which it is cancelled */
} PhaseCanceller;

static void
on_phase (SrJob *job, GParamSpec *pspec, PhaseCanceller *canceller)
{
  SrPhase phase;

  g_object_get (job, "phase", &phase, NULL);
  if (phase >= canceller->phase)
    g_cancellable_cancel (canceller->cancellable);
}

static void
test_cancel_from_callback (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PhaseCanceller canceller = { cancellable, GPOINTER_TO_INT (data) };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (SrSnapshot) last = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_backup_write_random (self, "file", 20 * 1024 * 1024);
  g_signal_connect (job, "notify::phase", G_CALLBACK (on_phase), &canceller);
  /* When it was done already, it has done it. */
  if (!sr_test_run_job (SR_JOB (job), cancellable, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_sound (self, error == NULL ? 1 : 0);
  g_assert_cmpuint (count_files (self, SR_FILE_LOCK), ==, 0);
  last = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, last);
}

static void
test_cancelled_before (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_sound (self, 0);
}

static void
add (const char *path, void (*func) (SrTestBackup *self, gconstpointer data), guint row)
{
  g_test_add (path, SrTestBackup, GUINT_TO_POINTER (row), sr_test_backup_set_up, func,
              sr_test_backup_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-faults/each-call/", faults[i].name, NULL);

      add (path, test_each_call, i);
    }
  for (guint i = 0; i < G_N_ELEMENTS (stalls); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-faults/cancel/", stalls[i].name, NULL);

      add (path, test_cancel_while_stalled, i);
    }
  add ("/backup-faults/cancel/opening", test_cancel_from_callback, SR_PHASE_OPENING);
  add ("/backup-faults/cancel/working", test_cancel_from_callback, SR_PHASE_WORKING);
  add ("/backup-faults/cancel/finishing", test_cancel_from_callback, SR_PHASE_FINISHING);
  add ("/backup-faults/cancel/before", test_cancelled_before, 0);
  add ("/backup-faults/order", test_order, 0);
  add ("/backup-faults/interrupted-work-is-kept", test_interrupted_work_is_kept, 0);
  add ("/backup-faults/full-disk", test_full_disk, 0);
  return g_test_run ();
}
