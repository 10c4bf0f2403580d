/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Restores of whole snapshots: what restic wrote comes back as it was; where there is no place, no right, no patience. */

#include "config.h"

#include "engine/sr-restore-job.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-manifest.h"
#include "tests/support/sr-test-repository.h"
#include "tests/support/sr-test-restore.h"

#define NOBODY 65534

typedef struct
{
  char *folder; /* (owned): of the repository */
  char *target; /* (owned): an empty folder */
  SrRepository *repository; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = sr_test_copy_golden_repository ();
  fixture->target = sr_test_make_folder ();
  fixture->repository = sr_test_open_repository (fixture->folder, SR_TEST_GOLDEN_PASSWORD);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->repository);
  sr_test_remove_folder (fixture->target);
  sr_test_remove_folder (fixture->folder);
}

static SrRestoreJob *
new_job (Fixture *fixture, guint snapshot)
{
  g_autoptr (GFile) target = g_file_new_for_path (fixture->target);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSnapshot) found = sr_repository_find_snapshot (
      fixture->repository, sr_test_manifest_get_id (snapshot), NULL, &error);

  g_assert_no_error (error);
  return sr_restore_job_new (fixture->repository, found, target);
}

static void
test_golden (Fixture *fixture, gconstpointer data)
{
  guint snapshot = GPOINTER_TO_UINT (data);
  g_autoptr (SrRestoreJob) job = new_job (fixture, snapshot);

  sr_test_assert_run_job (job);
  sr_test_manifest_compare (snapshot, fixture->target, geteuid () == 0);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (job), ==, 0);
}

/* The second restore finds everything there, and mends what differs. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SrRestoreJob) job = new_job (fixture, 0);
  g_autoptr (SrRestoreJob) again = new_job (fixture, 0);
  g_autoptr (SrRestoreJob) other = new_job (fixture, 1);
  guint64 files_done;

  sr_test_assert_run_job (job);
  sr_test_assert_run_job (again);
  sr_test_manifest_compare (0, fixture->target, geteuid () == 0);
  g_object_get (again, "files-done", &files_done, NULL);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (again), ==, files_done);

  sr_test_assert_run_job (other); /* files are replaced by folders and the other way round */
}

static int
let_nobody_read (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  if (chmod (path, dir != NULL ? 0755 : 0644) != 0)
    return -1;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      if (let_nobody_read (inner) != 0)
        return -1;
    }
  return 0;
}

/* Runs in a process of its own, which gives up its rights: no lock, no foreign owners, and no problem. */
static void
test_as_nobody (void)
{
  g_autoptr (SrRepository) repository = NULL;
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autoptr (GFile) target = g_file_new_for_path (g_getenv ("SR_TEST_TARGET"));
  g_autoptr (SrRestoreJob) job = NULL;

  g_assert_cmpint (setgid (NOBODY), ==, 0);
  g_assert_cmpint (setuid (NOBODY), ==, 0);
  repository = sr_test_open_repository (g_getenv ("SR_TEST_REPOSITORY"), SR_TEST_GOLDEN_PASSWORD);
  snapshot = sr_repository_find_snapshot (repository, sr_test_manifest_get_id (0), NULL, NULL);
  job = sr_restore_job_new (repository, snapshot, target);
  sr_test_assert_run_job (job);
}

/* By a user who can neither write into the repository nor give files away. */
static void
test_without_rights (void)
{
  char *folder;
  char *target;

  if (geteuid () != 0)
    {
      g_test_skip ("Only root can give up its rights");
      return;
    }
  folder = sr_test_copy_golden_repository ();
  target = sr_test_make_folder ();
  g_assert_cmpint (let_nobody_read (folder), ==, 0);
  g_assert_cmpint (chown (target, NOBODY, NOBODY), ==, 0);
  g_setenv ("SR_TEST_REPOSITORY", folder, TRUE);
  g_setenv ("SR_TEST_TARGET", target, TRUE);
  g_test_trap_subprocess ("/restore-job/subprocess/nobody", 0, 0);
  g_test_trap_assert_passed ();
  sr_test_manifest_compare (0, target, FALSE); /* as root: some nobody may read */
  sr_test_remove_folder (target);
  sr_test_remove_folder (folder);
}

/* A small file system that is there for this process alone. FALSE: not in this container. */
static gboolean
mount_small (const char *path, unsigned long flags)
{
  return unshare (CLONE_NEWNS) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("none", path, "tmpfs", flags, "size=1m") == 0;
}

/* In a process of its own: twice 600 KiB to a place for 1 MiB, full or read-only. */
static void
restore_to_small (unsigned long flags, int code)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *data = g_strnfill (600 * 1024, 'x');
  g_autofree char *large = sr_test_restore_file (restore, "large", data);
  g_autofree char *other = NULL;
  g_autofree char *nodes = NULL;
  g_autoptr (SrRestoreJob) job = NULL;
  g_autoptr (GError) error = NULL;

  memset (data, 'y', strlen (data));
  other = sr_test_restore_file (restore, "other", data);
  nodes = g_strdup_printf ("%s,%s", large, other);
  sr_test_restore_commit (restore, nodes);
  if (!mount_small (restore->target, flags))
    return;
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, code);
  g_assert_cmpint (umount2 (restore->target, MNT_DETACH), ==, 0);
}

static void
test_to_full (void)
{
  restore_to_small (0, SR_ERROR_NO_SPACE);
}

static void
test_to_read_only (void)
{
  restore_to_small (MS_RDONLY, SR_ERROR_PERMISSION);
}

static void
test_mount (gconstpointer data)
{
  if (geteuid () != 0)
    {
      g_test_skip ("Only root can mount");
      return;
    }
  g_test_trap_subprocess (data, 0, 0);
  g_test_trap_assert_passed ();
}

/* A storage that stalls at any call does not hold up a cancellation (but for the removal of the lock, which is not
 * to be left behind). */
static void
test_cancel (void)
{
  guint n_pack_reads = 0;

  /* Until it was the read of the file's pack, behind that of the tree. */
  for (guint n = 1; n_pack_reads < 2; n++)
    {
      const SrFault fault = { SR_FAULT_STALL, SR_VERB_READ | SR_VERB_LIST | SR_VERB_WRITE,
                              .first = n, .count = 1 };
      g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
      g_autofree char *node = sr_test_restore_file (restore, "f", "content");
      SrFaultStorage *storage = SR_FAULT_STORAGE (restore->storage);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      SrTestRestoreCancel cancel = { storage, cancellable };
      g_autoptr (SrRestoreJob) job = NULL;
      g_autoptr (GError) error = NULL;
      GThread *thread;

      sr_test_restore_commit (restore, node);
      job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
      sr_fault_storage_forget_calls (storage);
      sr_fault_storage_plan (storage, &fault);
      thread = g_thread_new ("canceller", sr_test_restore_cancel_when_stalled, &cancel);
      g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
      sr_test_restore_assert_absent (restore, "f");
      n_pack_reads =
          sr_fault_storage_count_calls (storage, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK));
    }
}

static void
test_cancelled_before (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "f", "content");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrRestoreJob) job = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_restore_commit (restore, node);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  sr_test_restore_assert_names (restore, "");
}

/* Targets that cannot be, and what is said of them. */
static void
check_target (GFile *target, int code)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "f", "content");
  g_autoptr (SrRestoreJob) job = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_restore_commit (restore, node);
  job = sr_restore_job_new (restore->repository, restore->snapshot, target);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, code);
}

static void
test_target_is_remote (void)
{
  g_autoptr (GFile) target = g_file_new_for_uri ("http://example.org/x");

  check_target (target, SR_ERROR_INVALID);
}

static void
test_target_is_a_file (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autoptr (GFile) target = g_file_new_for_path (path);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  check_target (target, SR_ERROR_NOT_FOUND);
  sr_test_remove_folder (folder);
}

/* With all folders that lead to it, for nobody else to read. */
static void
test_target_is_made (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "f", "content");
  g_autofree char *path = sr_test_restore_path (restore, "a/b/c");
  g_autofree char *file = g_build_filename (path, "f", NULL);
  g_autoptr (GFile) target = g_file_new_for_path (path);
  g_autoptr (SrRestoreJob) job = NULL;
  struct stat status;

  sr_test_restore_commit (restore, node);
  job = sr_restore_job_new (restore->repository, restore->snapshot, target);
  sr_test_assert_run_job (job);
  g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 077, ==, 0);
}

static void
test_root_tree_missing (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autoptr (SrRestoreJob) job = NULL;
  g_autoptr (GError) error = NULL;
  const SrId tree = { { 1, 2, 3 } };

  g_free (sr_test_restore_file (restore, "f", "content"));
  restore->snapshot = sr_test_store_snapshot (restore->repository, &tree);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

static void
test_progress (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *a = sr_test_restore_file (restore, "a", "12345");
  g_autofree char *b = sr_test_restore_file (restore, "b", "123");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", a, b);
  g_autoptr (SrRestoreJob) job = NULL;
  guint64 files_done, files_total, bytes_done, bytes_total, stored;

  sr_test_restore_commit (restore, nodes);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  sr_test_assert_run_job (job);
  g_object_get (job, "files-done", &files_done, "files-total", &files_total, "bytes-done",
                &bytes_done, "bytes-total", &bytes_total, "stored-bytes", &stored, NULL);
  g_assert_cmpuint (files_done, ==, 2);
  g_assert_cmpuint (files_total, ==, 2);
  g_assert_cmpuint (bytes_done, ==, 8);
  g_assert_cmpuint (bytes_total, ==, 8);
  g_assert_cmpuint (stored, >=, 8 + 2 * 32);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/restore-job/without-rights", test_without_rights);
  g_test_add_func ("/restore-job/subprocess/nobody", test_as_nobody);
  g_test_add_data_func ("/restore-job/full", "/restore-job/subprocess/full", test_mount);
  g_test_add_func ("/restore-job/subprocess/full", test_to_full);
  g_test_add_data_func ("/restore-job/read-only", "/restore-job/subprocess/read-only", test_mount);
  g_test_add_func ("/restore-job/subprocess/read-only", test_to_read_only);
  for (guint i = 0; i < SR_TEST_N_GOLDEN_SNAPSHOTS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-job/golden/%u", i + 1);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_golden, tear_down);
    }
  g_test_add ("/restore-job/again", Fixture, NULL, set_up, test_again, tear_down);
  g_test_add_func ("/restore-job/cancel", test_cancel);
  g_test_add_func ("/restore-job/cancelled-before", test_cancelled_before);
  g_test_add_func ("/restore-job/target-is-remote", test_target_is_remote);
  g_test_add_func ("/restore-job/target-is-a-file", test_target_is_a_file);
  g_test_add_func ("/restore-job/target-is-made", test_target_is_made);
  g_test_add_func ("/restore-job/root-tree-missing", test_root_tree_missing);
  g_test_add_func ("/restore-job/progress", test_progress);
  return g_test_run ();
}
