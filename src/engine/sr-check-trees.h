/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-check-packs.h"

G_BEGIN_DECLS

/* Walks the trees of all snapshots, and finds out which files need what is damaged. */
gboolean sr_check_trees (SrCheckPacks *packs,
                         SrRepository *repository,
                         SrCheckReport *report,
                         SrProgress *progress,
                         GCancellable *cancellable,
                         GError **error);

G_END_DECLS
