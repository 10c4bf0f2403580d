/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "engine/sr-problem.h"
#include "engine/sr-progress.h"

G_BEGIN_DECLS

/* One run of an operation, with progress and a result. Belongs to one main context: the thread-default one at
 * sr_job_run_async(); properties notify there, the callback comes there. Runs once.
 *
 * Properties (read-only, notified at most 8 times a second): "phase" (SrPhase), "files-done", "files-total", "bytes-done",
 * "bytes-total", "new-bytes", "stored-bytes" (uint64), "rate" (double, bytes per second), "time-left" (int64, seconds, -1:
 * not known), "current-path" (string, nullable), "n-problems" (uint64). */
#define SR_TYPE_JOB (sr_job_get_type ())
G_DECLARE_DERIVABLE_TYPE (SrJob, sr_job, SR, JOB, GObject)

struct _SrJobClass
{
  GObjectClass parent_class;

  /* On a thread of its own; obeys @cancellable at every step. TRUE: done, perhaps with problems. */
  gboolean (*run) (SrJob *self, GCancellable *cancellable, GError **error);
};

/* @callback is called when the work has ended, never earlier: cancelled jobs have released their locks by then.
 * Fails with SR_ERROR_INCOMPLETE when all was done but for the problems. */
void sr_job_run_async (SrJob *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean sr_job_run_finish (SrJob *self, GAsyncResult *result, GError **error);

GListModel *sr_job_get_problems (
    SrJob *self); /* (element-type SrProblem): lent; to be read when the job is over */

/* For subclasses, from the job's threads. */
SrProgress *sr_job_get_progress (SrJob *self);
void sr_job_add_problem (SrJob *self, const char *path, const GError *problem);
guint64 sr_job_get_n_problems (SrJob *self);

G_END_DECLS
