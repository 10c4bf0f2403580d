/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the threads of a restore share, and how one of them ends it for all.
 *
 * A file that cannot be restored is a problem, and the rest goes on. A place that is full or read-only would make a
 * problem of every further file, so it ends the restore, as a cancellation does. */

#include "config.h"

#include "sr-restore-run.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-restore-batch.h"

/* Open folders, besides the few that are in use: enough for the way down to any usual folder. */
#define FOLDER_FD_LIMIT 192
#define BATCHES_WAITING 8
#define UMASK_UNKNOWN 0777

/* umask() can only be asked by changing it, which other threads would notice. */
static guint
read_umask (void)
{
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return UMASK_UNKNOWN;
  line = strstr (status, "\nUmask:\t");
  return line != NULL ? (guint) strtoul (line + strlen ("\nUmask:\t"), NULL, 8) : UMASK_UNKNOWN;
}

static void
batch_free (gpointer batch)
{
  sr_restore_batch_free (batch);
}

static void
on_folder_problem (SrRestoreFolder *folder, const GError *error, gpointer user_data)
{
  sr_restore_run_report (user_data, folder, NULL, error);
}

/**
 * sr_restore_run_init:
 * @self: (out): filled; the policy is that of overwriting
 * @job: the job that runs
 * @repository: where the files come from
 * @cancellable: (nullable): that of the run
 *
 * To be cleared by sr_restore_run_clear() when the threads have ended.
 */
void
sr_restore_run_init (SrRestoreRun *self,
                     SrJob *job,
                     SrRepository *repository,
                     GCancellable *cancellable)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  memset (self, 0, sizeof *self);
  self->job = job;
  self->repository = repository;
  self->progress = sr_job_get_progress (job);
  self->cancellable = cancellable;
  self->policy = SR_CONFLICT_OVERWRITE;
  self->stamp = g_date_time_format (now, " (restored %Y-%m-%d %H-%M)");
  self->umask = read_umask ();
  self->uid = geteuid ();
  self->gid = getegid ();
  self->folders = sr_restore_folders_new (FOLDER_FD_LIMIT, on_folder_problem, self);
  self->links = sr_restore_links_new ();
  self->queue = sr_bounded_queue_new (BATCHES_WAITING, batch_free);
  g_mutex_init (&self->mutex);
}

void
sr_restore_run_clear (SrRestoreRun *self)
{
  g_free (self->stamp);
  g_clear_pointer (&self->queue, sr_bounded_queue_free);
  g_clear_pointer (&self->links, sr_restore_links_free);
  g_clear_pointer (&self->folders, sr_restore_folders_free);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->mutex);
}

/**
 * sr_restore_run_is_over:
 * @self: a run
 *
 * Any thread, between any two steps. Notices a cancellation and lets the other threads know.
 *
 * Returns: whether the thread shall stop
 */
gboolean
sr_restore_run_is_over (SrRestoreRun *self)
{
  GError *error = NULL;

  if (g_atomic_int_get (&self->over))
    return TRUE;
  if (!g_cancellable_set_error_if_cancelled (self->cancellable, &error))
    return FALSE;
  sr_restore_run_fail (self, error);
  return TRUE;
}

/**
 * sr_restore_run_fail:
 * @self: a run
 * @error: (transfer full): why it cannot go on; the first one counts
 *
 * Ends the run: the queue is emptied, nobody waits any longer.
 */
void
sr_restore_run_fail (SrRestoreRun *self, GError *error)
{
  gboolean first;

  g_mutex_lock (&self->mutex);
  first = self->failure == NULL;
  if (first)
    self->failure = g_steal_pointer (&error);
  g_mutex_unlock (&self->mutex);
  g_clear_error (&error);
  if (!first)
    return;

  g_atomic_int_set (&self->over, TRUE);
  sr_restore_folders_abandon (self->folders);
  sr_restore_links_abandon (self->links);
  sr_bounded_queue_abort (self->queue);
}

/**
 * sr_restore_run_report_path:
 * @self: a run
 * @path: the path in the snapshot
 * @error: why it could not be restored, or not all of it
 *
 * A problem of the result; but the run ends when @error says that no other file will fare better:
 * %SR_ERROR_NO_SPACE, %SR_ERROR_PERMISSION (the target is read-only), %G_IO_ERROR_CANCELLED.
 */
void
sr_restore_run_report_path (SrRestoreRun *self, const char *path, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      sr_restore_run_fail (self, g_error_copy (error));
    }
  else if (g_error_matches (error, SR_ERROR, SR_ERROR_NO_SPACE) ||
           g_error_matches (error, SR_ERROR, SR_ERROR_PERMISSION))
    {
      GError *failure = g_error_copy (error);

      sr_prefix_error (&failure, _ ("Could not restore %s"), path);
      sr_restore_run_fail (self, failure);
    }
  else if (!g_atomic_int_get (&self->over))
    {
      sr_job_add_problem (self->job, path, error);
    }
}

/**
 * sr_restore_run_report:
 * @self: a run
 * @folder: the folder
 * @name: (nullable): the name in it; NULL: the folder itself
 * @error: why it could not be restored, or not all of it
 *
 * As sr_restore_run_report_path().
 */
void
sr_restore_run_report (SrRestoreRun *self,
                       SrRestoreFolder *folder,
                       const char *name,
                       const GError *error)
{
  g_autofree char *path = sr_restore_folder_dup_path (folder, name);

  sr_restore_run_report_path (self, path, error);
}

void
sr_restore_run_count_skipped (SrRestoreRun *self)
{
  g_mutex_lock (&self->mutex);
  self->n_skipped++;
  g_mutex_unlock (&self->mutex);
}

void
sr_restore_run_count_unchanged (SrRestoreRun *self)
{
  g_mutex_lock (&self->mutex);
  self->n_unchanged++;
  g_mutex_unlock (&self->mutex);
}

void
sr_restore_run_count_failed (SrRestoreRun *self)
{
  g_mutex_lock (&self->mutex);
  self->n_failed++;
  g_mutex_unlock (&self->mutex);
}
