/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Reads index files into a repository's index. Belongs to one thread. */
typedef struct _SrIndexLoader SrIndexLoader;

SrIndexLoader *sr_index_loader_new (SrRepository *repository, GError **error);
void sr_index_loader_free (SrIndexLoader *self);
gboolean sr_index_loader_load (SrIndexLoader *self,
                               const SrId *id,
                               GCancellable *cancellable,
                               GError **error);
/* What the last file that was loaded lists. */
guint sr_index_loader_get_n_packs (SrIndexLoader *self);
const SrId *sr_index_loader_get_pack (SrIndexLoader *self, guint pack, gsize *out_n_blobs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrIndexLoader, sr_index_loader_free)

G_END_DECLS
