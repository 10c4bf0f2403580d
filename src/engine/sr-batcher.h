/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-context.h"

G_BEGIN_DECLS

/* Fills batches with what one thread produces and hands them to the sealers. Belongs to that thread. */
typedef struct _SrBatcher SrBatcher;

SrBatcher *sr_batcher_new (SrBackupContext *context, gboolean pooled);
void sr_batcher_free (SrBatcher *self);
SrBatch *sr_batcher_get_batch (SrBatcher *self, gsize room);
SrBatch *sr_batcher_move_on (SrBatcher *self, const guint8 *rest, gsize length);
void sr_batcher_put (SrBatcher *self,
                     SrBlobType type,
                     const SrId *id,
                     const guint8 *data,
                     gsize length);
void sr_batcher_flush_if_due (SrBatcher *self);
void sr_batcher_flush (SrBatcher *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBatcher, sr_batcher_free)

G_END_DECLS
