/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-context.h"
#include "engine/sr-batcher.h"

G_BEGIN_DECLS

/* Makes trees of folders whose nodes are all filled. Belongs to one thread. */
typedef struct _SrTreeBuilder SrTreeBuilder;

SrTreeBuilder *sr_tree_builder_new (SrBackupContext *context, SrBatcher *batcher, GError **error);
void sr_tree_builder_free (SrTreeBuilder *self);
gboolean sr_tree_builder_fulfil (SrTreeBuilder *self,
                                 SrFolder *folder,
                                 guint n_nodes,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrTreeBuilder, sr_tree_builder_free)

G_END_DECLS
