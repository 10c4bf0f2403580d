/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"
#include "repository/sr-tree.h"

G_BEGIN_DECLS

/* Opens blobs: with contexts and buffers of its own, so each thread has one. */
typedef struct _SrBlobReader SrBlobReader;

SrBlobReader *sr_blob_reader_new (SrRepository *repository, GError **error);
void sr_blob_reader_free (SrBlobReader *self);
/* Looks it up, reads, opens, decompresses and checks it; @out_data is lent until the next call. A damaged copy is
 * passed over when the index names another one. SR_ERROR_NOT_FOUND, SR_ERROR_DAMAGED (names pack and blob). */
gboolean sr_blob_reader_load (SrBlobReader *self,
                              SrBlobType type,
                              const SrId *id,
                              const guint8 **out_data,
                              gsize *out_length,
                              GCancellable *cancellable,
                              GError **error);
/* Opens a sealed blob that was read as part of a larger range. @message is overwritten; @out_data is lent until the next call. */
gboolean sr_blob_reader_decode (SrBlobReader *self,
                                const SrBlobPlace *place,
                                guint8 *message,
                                const guint8 **out_data,
                                gsize *out_length,
                                GError **error);
/* A tree as a stream; one at a time for each reader, no other call until it is freed. Its id is checked when its end is read. */
SrTreeReader *sr_blob_reader_open_tree (SrBlobReader *self,
                                        const SrId *tree,
                                        GCancellable *cancellable,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBlobReader, sr_blob_reader_free)

G_END_DECLS
