/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "ctl/sr-ctl-output.h"
#include "engine/sr-job.h"

G_BEGIN_DECLS

/* How the program ends. Scripts know the numbers: never change one. */
typedef enum
{
  SR_CTL_DONE = 0,
  SR_CTL_FAILED = 1,
  SR_CTL_USAGE = 2,
  SR_CTL_INCOMPLETE = 3, /* done, but for the files that were named */
  SR_CTL_CANCELLED = 130, /* as shells have it for Ctrl-C */
} SrCtlStatus;

int sr_ctl_error_get_status (const GError *error);
void sr_ctl_error_print (SrCtlOutput *err, const GError *error);
void sr_ctl_error_print_problems (SrCtlOutput *err, SrJob *job);

G_END_DECLS
