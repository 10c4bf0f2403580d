/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Restores a snapshot.
 *
 * The job's own thread walks the trees and makes the folders (sr-restore-walker.c); some workers read, open and write
 * (sr-restore-worker.c); a bounded queue of batches is between them, so memory stays small. The lock is a shared one,
 * and does without where the storage cannot be written: what is stored on a read-only medium is not
 * pruned meanwhile either. */

#include "config.h"

#include "sr-restore-job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-restore-error.h"
#include "engine/sr-restore-walker.h"
#include "engine/sr-restore-worker.h"
#include "repository/sr-lock.h"

/* Two keep two processors busy; more than four wait for the disk and cost memory. */
#define MIN_WORKERS 2
#define MAX_WORKERS 4

struct _SrRestoreJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  SrSnapshot *snapshot; /* (owned) */
  GFile *target; /* (owned) */
  SrPatternList *include; /* (owned) (nullable) */
  SrPatternList *exclude; /* (owned) (nullable) */
  SrConflictPolicy policy;
  guint64 n_skipped; /* written by the job's thread, read when the job is over */
  guint64 n_unchanged; /* likewise */
  guint64 n_failed; /* likewise */
};

/* The nicks stand on command lines and in settings: add some, never change one. */
G_DEFINE_ENUM_TYPE (SrConflictPolicy,
                    sr_conflict_policy,
                    G_DEFINE_ENUM_VALUE (SR_CONFLICT_OVERWRITE, "overwrite"),
                    G_DEFINE_ENUM_VALUE (SR_CONFLICT_KEEP_NEWER, "keep-newer"),
                    G_DEFINE_ENUM_VALUE (SR_CONFLICT_KEEP_BOTH, "keep-both"),
                    G_DEFINE_ENUM_VALUE (SR_CONFLICT_SKIP, "skip"))

G_DEFINE_FINAL_TYPE (SrRestoreJob, sr_restore_job, SR_TYPE_JOB)

static gboolean
ensure_private_folder (const char *path, gboolean *out_fresh, GError **error)
{
  *out_fresh = mkdir (path, 0700) == 0;
  if (*out_fresh || errno == EEXIST)
    return TRUE;
  if (errno == ENOENT)
    {
      g_autofree char *parent = g_path_get_dirname (path);

      if (g_mkdir_with_parents (parent, 0700) == 0 && mkdir (path, 0700) == 0)
        {
          *out_fresh = TRUE;
          return TRUE;
        }
    }
  sr_set_error_from_errno (error, errno, _ ("Could not make the folder %s to restore into"), path);
  return FALSE;
}

/* A folder whose parts may be written though it cannot be itself is normal in place, and nowhere else. */
static gboolean
check_writable (int fd, const char *path, GError **error)
{
  if (strcmp (path, "/") == 0 || faccessat (fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
    return TRUE;
  if (errno == EROFS)
    sr_set_error_from_errno (error, errno, _ ("Could not restore into %s"), path);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_PERMISSION,
                 _ ("You may not write into %s; restore into another folder, or as its owner"),
                 path);
  return FALSE;
}

/* Opens the target, which is made when it is not there. */
static int
open_target (SrRestoreJob *self, gboolean *out_fresh, GError **error)
{
  const char *path = g_file_peek_path (self->target);
  int fd;

  if (path == NULL)
    {
      g_autofree char *uri = g_file_get_uri (self->target);

      g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
                   _ ("%s is not a folder of this computer; name one to restore into"), uri);
      return -1;
    }
  if (!ensure_private_folder (path, out_fresh, error))
    return -1;

  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == EACCES)
    fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      sr_set_error_from_errno (error, errno, _ ("Could not open the folder %s to restore into"),
                               path);
      return -1;
    }
  if (check_writable (fd, path, error))
    return fd;
  close (fd);
  return -1;
}

static gboolean
load_index (SrRestoreJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);

  if (!sr_repository_load_index (self->repository, problems, cancellable, error))
    return FALSE;
  for (guint i = 0; i < problems->len; i++)
    sr_job_add_problem (SR_JOB (self), "index", g_ptr_array_index (problems, i));
  return TRUE;
}

/* @out_lock: NULL where the storage cannot be written. */
static gboolean
acquire_lock (SrRestoreJob *self, SrLock **out_lock, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  *out_lock = sr_lock_acquire (self->repository, FALSE, cancellable, &local_error);
  if (*out_lock != NULL || g_error_matches (local_error, SR_ERROR, SR_ERROR_PERMISSION))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* What a backup has counted, until the walk knows better. */
static void
show_expected_totals (SrRestoreJob *self)
{
  const SrSnapshotSummary *summary = sr_snapshot_get_summary (self->snapshot);

  if (summary != NULL && self->include == NULL && self->exclude == NULL)
    sr_progress_set_totals (sr_job_get_progress (SR_JOB (self)), summary->total_files_processed,
                            summary->total_bytes_processed);
}

static guint
start_workers (SrRestoreRun *run, GThread **workers)
{
  guint wanted = CLAMP (g_get_num_processors (), MIN_WORKERS, MAX_WORKERS);
  guint n = 0;

  for (; n < wanted; n++)
    {
      GError *error = NULL;

      workers[n] = g_thread_try_new ("restore", sr_restore_worker, run, &error);
      if (workers[n] == NULL)
        {
          sr_restore_run_fail (run, error);
          break;
        }
    }
  return n;
}

/* Takes @target. */
static void
walk_and_work (SrRestoreJob *self, SrRestoreRun *run, SrRestoreFolder *target)
{
  GThread *workers[MAX_WORKERS];
  guint n_workers = start_workers (run, workers);
  guint64 n_files, n_bytes;
  GError *error = NULL;

  if (!sr_restore_walk (run, sr_snapshot_get_tree (self->snapshot), target, self->include,
                        self->exclude, &n_files, &n_bytes, &error))
    sr_restore_run_fail (run, error);
  else if (!sr_restore_run_is_over (run))
    sr_progress_set_totals (run->progress, n_files, n_bytes);
  sr_bounded_queue_close (run->queue);
  for (guint i = 0; i < n_workers; i++)
    g_thread_join (workers[i]);
  sr_restore_folder_release (target);
}

static gboolean
restore_into (SrRestoreJob *self, int fd, gboolean fresh, GCancellable *cancellable, GError **error)
{
  SrRestoreRun run;
  gboolean done;

  sr_restore_run_init (&run, SR_JOB (self), self->repository, cancellable);
  run.policy = self->policy;
  walk_and_work (self, &run, sr_restore_folder_new_target (run.folders, fd, fresh));
  self->n_skipped = run.n_skipped;
  self->n_unchanged = run.n_unchanged;
  self->n_failed = run.n_failed;
  done = run.failure == NULL;
  if (!done)
    g_propagate_error (error, g_steal_pointer (&run.failure));
  sr_restore_run_clear (&run);
  return done;
}

static gboolean
sr_restore_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrRestoreJob *self = SR_RESTORE_JOB (job);
  SrProgress *progress = sr_job_get_progress (job);
  g_autoptr (SrLock) lock = NULL;
  gboolean fresh;
  int fd;

  sr_progress_set_phase (progress, SR_PHASE_OPENING);
  if (!acquire_lock (self, &lock, cancellable, error) || !load_index (self, cancellable, error))
    return FALSE;
  fd = open_target (self, &fresh, error);
  if (fd < 0)
    return FALSE;

  show_expected_totals (self);
  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  if (!restore_into (self, fd, fresh, cancellable, error))
    return FALSE;
  sr_progress_set_phase (progress, SR_PHASE_FINISHING);
  return TRUE;
}

static void
sr_restore_job_finalize (GObject *object)
{
  SrRestoreJob *self = SR_RESTORE_JOB (object);

  g_object_unref (self->repository);
  g_object_unref (self->snapshot);
  g_object_unref (self->target);
  g_clear_pointer (&self->include, sr_pattern_list_unref);
  g_clear_pointer (&self->exclude, sr_pattern_list_unref);
  G_OBJECT_CLASS (sr_restore_job_parent_class)->finalize (object);
}

static void
sr_restore_job_init (SrRestoreJob *self)
{
}

static void
sr_restore_job_class_init (SrRestoreJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_restore_job_finalize;
  SR_JOB_CLASS (class)->run = sr_restore_job_run;
}

/**
 * sr_restore_job_new:
 * @repository: an opened repository; its index is loaded by the job
 * @snapshot: what to restore
 * @target: a local folder, made when it is not there; "/" restores in place
 *
 * Restores files, folders, symbolic links, pipes, devices (as root) and hard links with their owners (as root),
 * permissions, times, attributes and access control lists, and holes; sockets are left out. The paths of
 * problems are those in the snapshot.
 *
 * Every chunk is verified. A file is written under a temporary name and gets its own when it is whole, so a
 * restore that was interrupted goes on where it was when it is run again. A file that is there with the same content
 * is not written again.
 *
 * The job fails with %SR_ERROR_NO_SPACE when the target is full, %SR_ERROR_PERMISSION when it may not be written,
 * %SR_ERROR_REPOSITORY_LOCKED, %SR_ERROR_NOT_FOUND and %SR_ERROR_DAMAGED when the snapshot's root is not to be had;
 * all else that cannot be restored is a problem of the result.
 *
 * Returns: (transfer full): a job that restores all, overwriting what differs
 */
SrRestoreJob *
sr_restore_job_new (SrRepository *repository, SrSnapshot *snapshot, GFile *target)
{
  SrRestoreJob *self = g_object_new (SR_TYPE_RESTORE_JOB, NULL);

  self->repository = g_object_ref (repository);
  self->snapshot = g_object_ref (snapshot);
  self->target = g_object_ref (target);
  return self;
}

/**
 * sr_restore_job_set_include:
 * @self: a job that does not run yet
 * @patterns: (nullable): patterns on the paths in the snapshot; NULL or empty: all
 *
 * Restores only what matches, and the folders that lead there. Nothing matches: the job does nothing, and "files-done"
 * is 0.
 */
void
sr_restore_job_set_include (SrRestoreJob *self, SrPatternList *patterns)
{
  g_clear_pointer (&self->include, sr_pattern_list_unref);
  if (patterns != NULL && !sr_pattern_list_is_empty (patterns))
    self->include = sr_pattern_list_ref (patterns);
}

/**
 * sr_restore_job_set_exclude:
 * @self: a job that does not run yet
 * @patterns: (nullable): patterns on the paths in the snapshot
 *
 * Leaves out what matches, and all that is below it, also when it is included.
 */
void
sr_restore_job_set_exclude (SrRestoreJob *self, SrPatternList *patterns)
{
  g_clear_pointer (&self->exclude, sr_pattern_list_unref);
  if (patterns != NULL && !sr_pattern_list_is_empty (patterns))
    self->exclude = sr_pattern_list_ref (patterns);
}

/**
 * sr_restore_job_set_conflict_policy:
 * @self: a job that does not run yet
 * @policy: what to do about files that are there and differ
 *
 * With %SR_CONFLICT_OVERWRITE a file, symbolic link or empty folder in the way is replaced by what the snapshot
 * has, and what is there with the same content gets the other attributes of the snapshot. With the others folders that
 * are there keep theirs, and where a file has the name of a folder, the folder is a problem of the result.
 * %SR_CONFLICT_KEEP_BOTH names the restored file as "letter (restored 2026-11-22 14-05).odt".
 */
void
sr_restore_job_set_conflict_policy (SrRestoreJob *self, SrConflictPolicy policy)
{
  self->policy = policy;
}

/**
 * sr_restore_job_get_n_skipped:
 * @self: a job that is over
 *
 * Returns: how many files were kept as they are because of the policy
 */
guint64
sr_restore_job_get_n_skipped (SrRestoreJob *self)
{
  return self->n_skipped;
}

/**
 * sr_restore_job_get_n_unchanged:
 * @self: a job that is over
 *
 * Returns: how many files were there already, with the same content
 */
guint64
sr_restore_job_get_n_unchanged (SrRestoreJob *self)
{
  return self->n_unchanged;
}

/**
 * sr_restore_job_get_n_failed:
 * @self: a job that is over
 *
 * Returns: how many files "files-done" counts that could not be restored
 */
guint64
sr_restore_job_get_n_failed (SrRestoreJob *self)
{
  return self->n_failed;
}
