/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The queues between the stages of a backup, and their limits.
 *
 * What bounds the memory of a backup: the pool of large batches (each the longest chunk there may be), one buffer of
 * that size in each sealer, and the index. Everything else is small or on disk. */

#include "config.h"

#include "sr-backup-context.h"

#include "repository/sr-chunker.h"

/* Groups of files wait here; each keeps its folder open. */
#define MAX_WAITING_GROUPS 64
/* Bytes on their way to the sealers. A batch that is larger passes when fewer wait. */
#define MAX_WAITING_BYTES (4 * 1024 * 1024)
/* A reader holds one, or two when it moves the rest of a file over; so more than one for each must be there. */
#define POOL_SIZE 5

/**
 * sr_backup_context_new:
 * @job: the backup; lent, as all that follows
 * @repository: where it goes
 * @rules: what it leaves out
 * @cancellable: (nullable): of the job's owner
 *
 * Returns: (transfer full): queues without stages
 */
SrBackupContext *
sr_backup_context_new (SrJob *job,
                       SrRepository *repository,
                       SrBackupRules *rules,
                       GCancellable *cancellable)
{
  SrBackupContext *self = g_new0 (SrBackupContext, 1);

  self->job = job;
  self->progress = sr_job_get_progress (job);
  self->repository = repository;
  self->rules = rules;
  sr_folder_set_init (&self->folders);
  self->stop = sr_stop_new (cancellable);
  self->groups = sr_bounded_queue_new (MAX_WAITING_GROUPS, g_free);
  self->batches = sr_bounded_queue_new (MAX_WAITING_BYTES, (GDestroyNotify) sr_batch_free);
  self->pool = sr_bounded_queue_new (G_MAXSIZE, (GDestroyNotify) sr_batch_free);
  for (guint i = 0; i < POOL_SIZE; i++)
    sr_bounded_queue_push (self->pool, sr_batch_new_pooled (SR_CHUNK_MAX_SIZE, self->pool), 0);
  sr_stop_watch_queue (self->stop, self->groups);
  sr_stop_watch_queue (self->stop, self->batches);
  sr_stop_watch_queue (self->stop, self->pool);
  self->packs = sr_pack_set_new (repository, self->stop);
  return self;
}

/**
 * sr_backup_context_free:
 * @self: (transfer full) (nullable): a context whose stages have ended
 */
void
sr_backup_context_free (SrBackupContext *self)
{
  if (self == NULL)
    return;

  sr_pack_set_free (self->packs);
  sr_stop_free (self->stop);
  sr_bounded_queue_free (self->groups);
  sr_bounded_queue_free (self->batches);
  sr_bounded_queue_free (self->pool);
  sr_folder_set_clear (&self->folders);
  g_free (self);
}

/**
 * sr_backup_context_report:
 * @self: a context
 * @folder: where the file is
 * @name: (nullable): its name; NULL: the folder itself
 * @problem: (transfer full): what is wrong with it
 *
 * Notes a file that could not be backed up as it should; the backup goes on.
 */
void
sr_backup_context_report (SrBackupContext *self,
                          SrFolder *folder,
                          const char *name,
                          GError *problem)
{
  g_autoptr (GError) own_problem = problem;
  g_autofree char *path = sr_folder_build_path (folder, name);

  if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    sr_job_add_problem (self->job, path, own_problem);
}
