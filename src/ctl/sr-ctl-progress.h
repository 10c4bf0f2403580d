/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "ctl/sr-ctl.h"

G_BEGIN_DECLS

/* Shows how far a job is: a line on a terminal, objects for programs, nothing elsewhere. */
void sr_ctl_progress_show (SrCtl *ctl, SrJob *job);
void sr_ctl_progress_hide (SrJob *job);

G_END_DECLS
