/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening and making a repository, for owners that must not block: deriving a key from the password takes
 * half a second by intention, and a storage may be far away. */

#include "config.h"

#include "sr-open-job.h"

struct _SrOpenJob
{
  SrJob parent_instance;
  SrStorage *storage; /* (owned) */
  SrSecret *password; /* (owned) */
  gboolean create;
  SrRepository *repository; /* (owned) (nullable): set by the thread, lent when it is over */
};

G_DEFINE_FINAL_TYPE (SrOpenJob, sr_open_job, SR_TYPE_JOB)

static void
sr_open_job_finalize (GObject *object)
{
  SrOpenJob *self = SR_OPEN_JOB (object);

  g_object_unref (self->storage);
  sr_secret_unref (self->password);
  g_clear_object (&self->repository);
  G_OBJECT_CLASS (sr_open_job_parent_class)->finalize (object);
}

static gboolean
sr_open_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrOpenJob *self = SR_OPEN_JOB (job);

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_OPENING);
  if (self->create)
    self->repository =
        sr_repository_create (self->storage, self->password, NULL, cancellable, error);
  else
    self->repository = sr_repository_open (self->storage, self->password, cancellable, error);
  return self->repository != NULL;
}

static void
sr_open_job_class_init (SrOpenJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_open_job_finalize;
  SR_JOB_CLASS (class)->run = sr_open_job_run;
}

static void
sr_open_job_init (SrOpenJob *self)
{
}

/**
 * sr_open_job_new:
 * @storage: where a repository is
 * @password: of one of its keys
 *
 * The job fails as sr_repository_open() does: %SR_ERROR_WRONG_PASSWORD, %SR_ERROR_NOT_A_REPOSITORY, …
 *
 * Returns: (transfer full): a job that opens the repository; its index is loaded by the job that needs it
 */
SrOpenJob *
sr_open_job_new (SrStorage *storage, SrSecret *password)
{
  SrOpenJob *self = g_object_new (SR_TYPE_OPEN_JOB, NULL);

  self->storage = g_object_ref (storage);
  self->password = sr_secret_ref (password);
  return self;
}

/**
 * sr_open_job_new_to_create:
 * @storage: an empty place, or one that is not there yet
 * @password: of the first key
 *
 * The job fails with %SR_ERROR_ALREADY_EXISTS where there is a repository.
 *
 * Returns: (transfer full): a job that makes a repository and opens it
 */
SrOpenJob *
sr_open_job_new_to_create (SrStorage *storage, SrSecret *password)
{
  SrOpenJob *self = sr_open_job_new (storage, password);

  self->create = TRUE;
  return self;
}

/**
 * sr_open_job_get_repository:
 * @self: a job
 *
 * Returns: (transfer none) (nullable): the repository; NULL before the job is over, and when it failed
 */
SrRepository *
sr_open_job_get_repository (SrOpenJob *self)
{
  return sr_job_is_over (SR_JOB (self)) ? self->repository : NULL;
}
