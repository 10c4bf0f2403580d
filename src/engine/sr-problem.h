/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One file that a job could not do, and why; the job went on. Immutable. */
#define SR_TYPE_PROBLEM (sr_problem_get_type ())
G_DECLARE_FINAL_TYPE (SrProblem, sr_problem, SR, PROBLEM, GObject)

SrProblem *sr_problem_new (const char *path, const GError *error);
const char *sr_problem_get_path (SrProblem *self);
const GError *sr_problem_get_error (SrProblem *self);

G_END_DECLS
