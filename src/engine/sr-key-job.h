/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

typedef struct
{
  SrId id;
  SrTime created;
  char *username;
  char *hostname;
  gboolean current; /* it opened the repository */
} SrKeyInfo;

/* Lists, adds, removes and changes the key files of a repository. */
#define SR_TYPE_KEY_JOB (sr_key_job_get_type ())
G_DECLARE_FINAL_TYPE (SrKeyJob, sr_key_job, SR, KEY_JOB, SrJob)

SrKeyJob *sr_key_job_new_list (SrRepository *repository);
SrKeyJob *sr_key_job_new_add (SrRepository *repository, SrSecret *password);
SrKeyJob *sr_key_job_new_remove (SrRepository *repository,
                                 const char *id); /* full or shortened; never the one in use */
SrKeyJob *sr_key_job_new_change (SrRepository *repository,
                                 SrSecret *password); /* adds, then removes the one in use */
const GPtrArray *sr_key_job_get_keys (
    SrKeyJob *self); /* (element-type SrKeyInfo): of list, once it is done */
const SrId *sr_key_job_get_new_id (SrKeyJob *self); /* of add and change, once it is done */

G_END_DECLS
