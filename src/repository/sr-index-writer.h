/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Makes index files of the packs that a run stores. Belongs to one thread at a time. */
typedef struct _SrIndexWriter SrIndexWriter;

SrIndexWriter *sr_index_writer_new (SrRepository *repository);
void sr_index_writer_free (SrIndexWriter *self);
gboolean sr_index_writer_add_pack (SrIndexWriter *self,
                                   const SrId *pack,
                                   const SrBlob *blobs,
                                   gsize n_blobs,
                                   GCancellable *cancellable,
                                   GError **error);
gboolean sr_index_writer_flush (SrIndexWriter *self, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrIndexWriter, sr_index_writer_free)

G_END_DECLS
