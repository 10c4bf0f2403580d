/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"

G_BEGIN_DECLS

gboolean sr_test_run_job (SrJob *job, GCancellable *cancellable, GError **error);
void sr_test_assert_run_job (gpointer job);
char *sr_test_describe_problems (SrJob *job);

G_END_DECLS
