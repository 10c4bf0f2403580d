/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-run.h"

G_BEGIN_DECLS

gboolean sr_restore_walk (SrRestoreRun *run,
                          const SrId *tree,
                          SrRestoreFolder *target,
                          SrPatternList *include,
                          SrPatternList *exclude,
                          guint64 *out_files,
                          guint64 *out_bytes,
                          GError **error);

G_END_DECLS
