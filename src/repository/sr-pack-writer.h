/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"

G_BEGIN_DECLS

#define SR_PACK_TARGET_SIZE \
  (16 * 1024 * 1024) /* bytes; a pack is closed by the blob that reaches it */

/* A pack under construction: sealed blobs, then the table. Belongs to one thread at a time. */
typedef struct _SrPackWriter SrPackWriter;

SrPackWriter *sr_pack_writer_new (SrRepository *repository, SrBlobType type, GError **error);
void sr_pack_writer_free (SrPackWriter *self);
SrBlobType sr_pack_writer_get_blob_type (SrPackWriter *self);
gboolean sr_pack_writer_append (SrPackWriter *self,
                                const SrId *id,
                                const guint8 *message,
                                gsize length,
                                gsize uncompressed_length,
                                GCancellable *cancellable,
                                GError **error);
/* The same for a message that comes in pieces. */
gboolean sr_pack_writer_append_piece (SrPackWriter *self,
                                      const guint8 *data,
                                      gsize length,
                                      GCancellable *cancellable,
                                      GError **error);
gboolean sr_pack_writer_end_pieces (SrPackWriter *self,
                                    const SrId *id,
                                    gsize uncompressed_length,
                                    GError **error);
gboolean sr_pack_writer_is_full (SrPackWriter *self);
gsize sr_pack_writer_get_n_blobs (SrPackWriter *self);
gboolean sr_pack_writer_seal_table (SrPackWriter *self, GCancellable *cancellable, GError **error);
gboolean sr_pack_writer_store (SrPackWriter *self, GCancellable *cancellable, GError **error);
const SrId *sr_pack_writer_get_id (SrPackWriter *self);
const SrBlob *sr_pack_writer_get_blobs (SrPackWriter *self);
guint64 sr_pack_writer_get_size (SrPackWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrPackWriter, sr_pack_writer_free)

G_END_DECLS
