/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-context.h"
#include "engine/sr-backup-roots.h"

G_BEGIN_DECLS

gboolean sr_scanner_run (SrBackupContext *context,
                         const SrBackupRoot *root,
                         const SrId *previous_tree,
                         GError **error);

G_END_DECLS
