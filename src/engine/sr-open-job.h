/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Opens a repository (key derivation takes a while), or makes a new one. */
#define SR_TYPE_OPEN_JOB (sr_open_job_get_type ())
G_DECLARE_FINAL_TYPE (SrOpenJob, sr_open_job, SR, OPEN_JOB, SrJob)

SrOpenJob *sr_open_job_new (SrStorage *storage, SrSecret *password);
SrOpenJob *sr_open_job_new_to_create (SrStorage *storage, SrSecret *password);
SrRepository *sr_open_job_get_repository (SrOpenJob *self); /* (nullable): once it is done */

G_END_DECLS
