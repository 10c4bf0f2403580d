/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "model/sr-pattern-list.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* What to do where a file to restore is there already, and is not the same. The nicks stand on command lines. */
typedef enum
{
  SR_CONFLICT_OVERWRITE,
  SR_CONFLICT_KEEP_NEWER, /* overwrite only what is older than the file in the snapshot */
  SR_CONFLICT_KEEP_BOTH, /* the restored one gets a new name beside it */
  SR_CONFLICT_SKIP,
} SrConflictPolicy;

#define SR_TYPE_CONFLICT_POLICY (sr_conflict_policy_get_type ())
GType sr_conflict_policy_get_type (void);

/* Restores a snapshot, whole or in part. Set up before it runs. */
#define SR_TYPE_RESTORE_JOB (sr_restore_job_get_type ())
G_DECLARE_FINAL_TYPE (SrRestoreJob, sr_restore_job, SR, RESTORE_JOB, SrJob)

SrRestoreJob *sr_restore_job_new (SrRepository *repository,
                                  SrSnapshot *snapshot,
                                  GFile *target); /* "/": in place */
void sr_restore_job_set_include (SrRestoreJob *self, SrPatternList *patterns);
void sr_restore_job_set_exclude (SrRestoreJob *self, SrPatternList *patterns);
void sr_restore_job_set_conflict_policy (SrRestoreJob *self,
                                         SrConflictPolicy policy); /* default: overwrite */
guint64 sr_restore_job_get_n_skipped (SrRestoreJob *self); /* files kept because of the policy */
guint64 sr_restore_job_get_n_unchanged (
    SrRestoreJob *self); /* files that were there already, verified */
guint64 sr_restore_job_get_n_failed (SrRestoreJob *self);

G_END_DECLS
