/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-batch.h"

G_BEGIN_DECLS

gpointer sr_restore_worker (gpointer user_data); /* the function of a thread: SrRestoreRun */

G_END_DECLS
