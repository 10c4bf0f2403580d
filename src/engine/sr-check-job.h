/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Checks that a repository is whole. Each damage is a problem whose path is the repository file, and whose message
 * names the files that need it, and what to do. */
#define SR_TYPE_CHECK_JOB (sr_check_job_get_type ())
G_DECLARE_FINAL_TYPE (SrCheckJob, sr_check_job, SR, CHECK_JOB, SrJob)

SrCheckJob *sr_check_job_new (SrRepository *repository);
void sr_check_job_set_read_data (SrCheckJob *self,
                                 gboolean read_data); /* reads every byte of every pack */
const char *const *sr_check_job_get_hints (SrCheckJob *self);

G_END_DECLS
