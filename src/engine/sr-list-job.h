/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "repository/sr-node.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* One file or folder of a snapshot, as listed. Immutable. */
#define SR_TYPE_ENTRY (sr_entry_get_type ())
G_DECLARE_FINAL_TYPE (SrEntry, sr_entry, SR, ENTRY, GObject)

const char *sr_entry_get_path (SrEntry *self); /* absolute, raw bytes */
const SrNode *sr_entry_get_node (SrEntry *self); /* without the ids of its content */

/* Lists what is in a snapshot at and below a path. Entries come in batches while it runs, by the signal
 * "entries" (GListModel of SrEntry, at most 1,000) in the job's main context. The job waits until each batch has been
 * taken, so a snapshot of any size passes in little memory. */
#define SR_TYPE_LIST_JOB (sr_list_job_get_type ())
G_DECLARE_FINAL_TYPE (SrListJob, sr_list_job, SR, LIST_JOB, SrJob)

SrListJob *sr_list_job_new (SrRepository *repository,
                            SrSnapshot *snapshot,
                            const char *path,
                            gboolean recursive);

G_END_DECLS
