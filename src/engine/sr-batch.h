/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

#include "base/sr-bounded-queue.h"
#include "repository/sr-blob.h"

G_BEGIN_DECLS

/* Chunks on their way from whoever read them to a sealer, many small ones together: a hand-over costs as
 * much as sealing a kilobyte. A batch has one owner at a time. */
typedef struct _SrBatch SrBatch;

typedef struct
{
  SrId id;
  gsize offset; /* in the batch */
  gsize length; /* bytes */
  SrBlobType type;
} SrBatchChunk;

SrBatch *sr_batch_new (gsize capacity);
SrBatch *sr_batch_new_pooled (gsize capacity, SrBoundedQueue *pool);
void sr_batch_free (SrBatch *self);
void sr_batch_recycle (SrBatch *self);

guint8 *sr_batch_get_room (SrBatch *self, gsize *out_room);
void sr_batch_take_room (SrBatch *self, gsize length);
void sr_batch_add_chunk (SrBatch *self,
                         SrBlobType type,
                         const SrId *id,
                         const guint8 *data,
                         gsize length);
void sr_batch_truncate (SrBatch *self, const guint8 *end);
gsize sr_batch_get_length (SrBatch *self);
gsize sr_batch_get_capacity (SrBatch *self);
const guint8 *sr_batch_get_data (SrBatch *self);
const SrBatchChunk *sr_batch_get_chunks (SrBatch *self, guint *out_n_chunks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBatch, sr_batch_free)

G_END_DECLS
