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
 * not known), "current-path" (string, nullable), "n-problems" (uint64). They are of one moment, and change only in that
 * context. */
#define SR_TYPE_JOB (sr_job_get_type ())
G_DECLARE_DERIVABLE_TYPE (SrJob, sr_job, SR, JOB, GObject)

struct _SrJobClass
{
  GObjectClass parent_class;

  /* On a thread of its own; obeys @cancellable at every step, and ends with all threads that it began. TRUE: done,
   * perhaps with problems. */
  gboolean (*run) (SrJob *self, GCancellable *cancellable, GError **error);
};

void sr_job_run_async (SrJob *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean sr_job_run_finish (SrJob *self, GAsyncResult *result, GError **error);

GListModel *sr_job_get_problems (SrJob *self); /* (element-type SrProblem) */
gboolean sr_job_is_over (SrJob *self); /* the callback was called, or is about to be */

/* For subclasses, from the job's threads. */
SrProgress *sr_job_get_progress (SrJob *self);
void sr_job_add_problem (SrJob *self, const char *path, const GError *problem);
guint64 sr_job_get_n_problems (SrJob *self);
gboolean sr_job_call_owner (SrJob *self,
                            void (*func) (SrJob *self, gpointer user_data),
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error);

G_END_DECLS
