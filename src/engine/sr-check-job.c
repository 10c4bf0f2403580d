/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Checks that a repository is whole, in the order in which one thing tells about the next:
 *
 *   keys → index files → packs as they are listed → packs as they are read → snapshots and their trees
 *
 * so that at the end it is known which of the user's files need what is damaged (sr-check-report.h). All of it
 * under an exclusive lock, and with an index of its own: one that was loaded before would call packs missing
 * that somebody has pruned since. */

#include "config.h"

#include "sr-check-job.h"

#include <glib/gi18n-lib.h>

#include "crypto/sr-hash.h"
#include "engine/sr-check-data.h"
#include "engine/sr-check-trees.h"
#include "repository/sr-key-file.h"
#include "repository/sr-lock.h"

#define KEY_FILE_LIMIT (64 * 1024) /* bytes */
#define KEY_REMEDY \
  N_ ("To mend it, remove the file (its password opens nothing any more), and add a key " \
      "with that password again")

struct _SrCheckJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  gboolean read_data;
  char **hints; /* (owned) (nullable): set by the thread at its end */
};

G_DEFINE_FINAL_TYPE (SrCheckJob, sr_check_job, SR_TYPE_JOB)

static void
sr_check_job_finalize (GObject *object)
{
  SrCheckJob *self = SR_CHECK_JOB (object);

  g_object_unref (self->repository);
  g_strfreev (self->hints);
  G_OBJECT_CLASS (sr_check_job_parent_class)->finalize (object);
}

/* NULL: it is as it should be; else what is wrong. */
static const char *
examine_key_file (GBytes *bytes, const SrId *id, GError **failure)
{
  g_autoptr (SrKeyFile) file = NULL;
  gconstpointer data;
  gsize length;
  SrId actual;

  data = g_bytes_get_data (bytes, &length);
  sr_hash_data (data, length, &actual);
  if (!sr_id_equal (&actual, id))
    return _ ("The key file's content does not fit its name");
  file = sr_key_file_decode (data, length, failure);
  return file == NULL ? (*failure)->message : NULL;
}

/* A key file that cannot be parsed can keep stock restic from opening the repository at all. */
static gboolean
check_keys (SrCheckJob *self, SrCheckReport *report, GCancellable *cancellable, GError **error)
{
  SrStorage *storage = sr_repository_get_storage (self->repository);
  g_autoptr (GArray) files = sr_storage_list (storage, SR_FILE_KEY, cancellable, error);

  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_KEY, g_array_index (files, SrFileInfo, i).id };
      g_autoptr (GError) failure = NULL;
      g_autoptr (GBytes) bytes =
          sr_storage_load (storage, &name, KEY_FILE_LIMIT, cancellable, &failure);
      const char *what;

      if (bytes != NULL)
        what = examine_key_file (bytes, &name.id, &failure);
      else if (sr_check_report_pass_over (report, failure, error))
        what = failure->message;
      else
        return FALSE;
      if (what != NULL)
        sr_check_report_add (report, &name, KEY_REMEDY, what);
    }
  return TRUE;
}

static gboolean
check_all (SrCheckJob *self, SrCheckReport *report, GCancellable *cancellable, GError **error)
{
  SrProgress *progress = sr_job_get_progress (SR_JOB (self));
  g_autoptr (SrRepository) handle = sr_repository_new_handle (self->repository, error);
  g_autoptr (SrCheckPacks) packs = NULL;

  if (handle == NULL || !check_keys (self, report, cancellable, error))
    return FALSE;

  packs = sr_check_packs_new (handle, report);
  if (!sr_check_packs_load_index (packs, cancellable, error) ||
      !sr_check_packs_compare (packs, cancellable, error))
    return FALSE;

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  return sr_check_data (packs, self->read_data, handle, report, progress, cancellable, error) &&
         sr_check_trees (packs, handle, report, progress, cancellable, error);
}

/* Backups on a drive that can only be read are checked as well. @out_lock: NULL: there is none. */
static gboolean
acquire_lock (SrCheckJob *self, SrLock **out_lock, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  *out_lock = sr_lock_acquire (self->repository, TRUE, cancellable, &local_error);
  if (*out_lock != NULL || g_error_matches (local_error, SR_ERROR, SR_ERROR_PERMISSION))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
sr_check_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrCheckJob *self = SR_CHECK_JOB (job);
  g_autoptr (SrCheckReport) report = sr_check_report_new ();
  g_autoptr (SrLock) lock = NULL;

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_OPENING);
  if (!acquire_lock (self, &lock, cancellable, error))
    return FALSE;

  /* If others could take the lock for stale, what they did looks like damage. */
  if (!check_all (self, report, cancellable, error) ||
      (lock != NULL && !sr_lock_check (lock, cancellable, error)))
    return FALSE;

  sr_check_report_publish (report, job);
  self->hints = sr_check_report_dup_hints (report);
  return TRUE;
}

static void
sr_check_job_class_init (SrCheckJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_check_job_finalize;
  SR_JOB_CLASS (class)->run = sr_check_job_run;
}

static void
sr_check_job_init (SrCheckJob *self)
{
}

/**
 * sr_check_job_new:
 * @repository: a repository; its index need not be loaded, and is not used
 *
 * Each damage is a problem of the job: its path is the repository file, and its message says what is wrong, which files
 * of which snapshots cannot be restored because of it (each in the newest snapshot that has it), and what to do. So a
 * job that found damage ends with %SR_ERROR_INCOMPLETE. It fails with %SR_ERROR_REPOSITORY_LOCKED while others use the
 * repository, and goes without a lock where it may not write one.
 *
 * Its progress counts the bytes that were read of packs, and as files packs and then snapshots.
 *
 * Returns: (transfer full): a job that checks all but the content of packs
 */
SrCheckJob *
sr_check_job_new (SrRepository *repository)
{
  SrCheckJob *self = g_object_new (SR_TYPE_CHECK_JOB, NULL);

  self->repository = g_object_ref (repository);
  return self;
}

/**
 * sr_check_job_set_read_data:
 * @self: a job that has not begun
 * @read_data: whether to read every byte of every pack that is in use; else only packs of a wrong size are read
 */
void
sr_check_job_set_read_data (SrCheckJob *self, gboolean read_data)
{
  self->read_data = read_data;
}

/**
 * sr_check_job_get_hints:
 * @self: a job
 *
 * Returns: (transfer none) (array zero-terminated=1) (nullable): what is unusual but no damage: packs in no index file,
 *   or in several, mixed packs; NULL until the job is over, and when it failed
 */
const char *const *
sr_check_job_get_hints (SrCheckJob *self)
{
  return sr_job_is_over (SR_JOB (self)) ? (const char *const *) self->hints : NULL;
}
