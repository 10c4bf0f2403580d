/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Lists snapshots. A damaged one is a problem of the job that names its file; the others are listed all the same. */

#include "config.h"

#include "sr-snapshots-job.h"

#include "base/sr-error.h"

struct _SrSnapshotsJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  char *name; /* (owned) (nullable): NULL for all */
  GListStore *snapshots; /* (owned): filled in the owner's context */
};

G_DEFINE_FINAL_TYPE (SrSnapshotsJob, sr_snapshots_job, SR_TYPE_JOB)

static void
sr_snapshots_job_finalize (GObject *object)
{
  SrSnapshotsJob *self = SR_SNAPSHOTS_JOB (object);

  g_object_unref (self->repository);
  g_free (self->name);
  g_object_unref (self->snapshots);
  G_OBJECT_CLASS (sr_snapshots_job_parent_class)->finalize (object);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  SrSnapshot *left = *(SrSnapshot *const *) a;
  SrSnapshot *right = *(SrSnapshot *const *) b;
  int order = sr_time_compare (sr_snapshot_get_time (left), sr_snapshot_get_time (right));

  if (order != 0)
    return order;
  return sr_id_compare (sr_snapshot_get_id (left), sr_snapshot_get_id (right));
}

static void
show_snapshots (SrJob *job, gpointer user_data)
{
  GPtrArray *snapshots = user_data;

  g_list_store_splice (SR_SNAPSHOTS_JOB (job)->snapshots, 0, 0, snapshots->pdata, snapshots->len);
}

/* A snapshot that cannot be read is passed over, but not a storage that cannot be reached. */
static gboolean
load_one (SrSnapshotsJob *self,
          const SrId *id,
          GPtrArray *snapshots,
          GCancellable *cancellable,
          GError **error)
{
  SrFileName name = { SR_FILE_SNAPSHOT, *id };
  g_autoptr (GError) local_error = NULL;
  SrSnapshot *snapshot =
      sr_repository_load_snapshot (self->repository, id, cancellable, &local_error);

  sr_progress_add_files (sr_job_get_progress (SR_JOB (self)), 1);
  if (snapshot != NULL)
    {
      g_ptr_array_add (snapshots, snapshot);
      return TRUE;
    }
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_DAMAGED) ||
      g_error_matches (local_error, SR_ERROR, SR_ERROR_LIMIT))
    {
      g_autofree char *path = sr_file_name_to_string (&name);

      sr_job_add_problem (SR_JOB (self), path, local_error);
      return TRUE;
    }
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_NOT_FOUND))
    return TRUE; /* removed since it was listed */
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
load_all (SrSnapshotsJob *self, GPtrArray *snapshots, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (sr_repository_get_storage (self->repository),
                                              SR_FILE_SNAPSHOT, cancellable, error);

  if (files == NULL)
    return FALSE;

  sr_progress_set_totals (sr_job_get_progress (SR_JOB (self)), files->len, 0);
  for (guint i = 0; i < files->len; i++)
    if (!load_one (self, &g_array_index (files, SrFileInfo, i).id, snapshots, cancellable, error))
      return FALSE;
  g_ptr_array_sort (snapshots, compare_times);
  return TRUE;
}

static gboolean
sr_snapshots_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrSnapshotsJob *self = SR_SNAPSHOTS_JOB (job);
  g_autoptr (GPtrArray) snapshots = g_ptr_array_new_with_free_func (g_object_unref);

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_WORKING);
  if (self->name == NULL)
    {
      if (!load_all (self, snapshots, cancellable, error))
        return FALSE;
    }
  else
    {
      SrSnapshot *snapshot =
          sr_repository_find_snapshot (self->repository, self->name, cancellable, error);

      if (snapshot == NULL)
        return FALSE;
      g_ptr_array_add (snapshots, snapshot);
    }
  return sr_job_call_owner (job, show_snapshots, snapshots, cancellable, error);
}

static void
sr_snapshots_job_class_init (SrSnapshotsJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_snapshots_job_finalize;
  SR_JOB_CLASS (class)->run = sr_snapshots_job_run;
}

static void
sr_snapshots_job_init (SrSnapshotsJob *self)
{
  self->snapshots = g_list_store_new (SR_TYPE_SNAPSHOT);
}

/**
 * sr_snapshots_job_new:
 * @repository: a repository
 * @name: (nullable): NULL for all snapshots; or one by "latest", its id, or the first digits of it
 *
 * With a @name that fits none or several the job fails with %SR_ERROR_NOT_FOUND or %SR_ERROR_AMBIGUOUS.
 *
 * Returns: (transfer full): a job that lists them
 */
SrSnapshotsJob *
sr_snapshots_job_new (SrRepository *repository, const char *name)
{
  SrSnapshotsJob *self = g_object_new (SR_TYPE_SNAPSHOTS_JOB, NULL);

  self->repository = g_object_ref (repository);
  self->name = g_strdup (name);
  return self;
}

/**
 * sr_snapshots_job_get_snapshots:
 * @self: a job
 *
 * Returns: (transfer none) (element-type SrSnapshot): the snapshots, oldest first; empty until they are all known
 */
GListModel *
sr_snapshots_job_get_snapshots (SrSnapshotsJob *self)
{
  return G_LIST_MODEL (self->snapshots);
}
