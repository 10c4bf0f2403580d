/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Lists the snapshots of a repository, or finds one by name ("latest", an id, its first digits). */
#define SR_TYPE_SNAPSHOTS_JOB (sr_snapshots_job_get_type ())
G_DECLARE_FINAL_TYPE (SrSnapshotsJob, sr_snapshots_job, SR, SNAPSHOTS_JOB, SrJob)

SrSnapshotsJob *sr_snapshots_job_new (SrRepository *repository, const char *name); /* NULL: all */
GListModel *sr_snapshots_job_get_snapshots (
    SrSnapshotsJob *self); /* (element-type SrSnapshot), oldest first: once it is done */

G_END_DECLS
