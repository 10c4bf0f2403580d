/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Keeps one batch open for a thread, and passes it on when it is worth it. */

#include "config.h"

#include "sr-batcher.h"

#include <string.h>

/* Where handing over has become cheap, while the bytes are still in the cache of the processor: batches of 1 MiB of small files
 * take a sixth more time of the sealers, who then wait for memory. */
#define FLUSH_SIZE (128 * 1024)
/* Of the scanner's batches, which hold nothing but trees of folders without files to read. */
#define SMALL_CAPACITY (256 * 1024)

struct _SrBatcher
{
  SrBackupContext *context; /* lent */
  gboolean pooled;
  SrBatch *batch; /* (owned) (nullable) */
};

/**
 * sr_batcher_new:
 * @context: of the backup; outlives the batcher
 * @pooled: whether it takes large batches from the pool, which waits, or makes small ones
 *
 * Returns: (transfer full): a batcher
 */
SrBatcher *
sr_batcher_new (SrBackupContext *context, gboolean pooled)
{
  SrBatcher *self = g_new0 (SrBatcher, 1);

  self->context = context;
  self->pooled = pooled;
  return self;
}

void
sr_batcher_free (SrBatcher *self)
{
  if (self == NULL)
    return;

  sr_batch_free (self->batch);
  g_free (self);
}

static void
hand_over (SrBatcher *self, SrBatch *batch)
{
  guint n_chunks;

  sr_batch_get_chunks (batch, &n_chunks);
  if (n_chunks == 0)
    sr_batch_recycle (batch);
  else
    sr_bounded_queue_push (self->context->batches, batch, sr_batch_get_length (batch));
}

/**
 * sr_batcher_flush:
 * @self: a batcher
 *
 * Hands over what is there. Waits while the sealers have enough to do.
 */
void
sr_batcher_flush (SrBatcher *self)
{
  if (self->batch != NULL)
    hand_over (self, g_steal_pointer (&self->batch));
}

void
sr_batcher_flush_if_due (SrBatcher *self)
{
  if (self->batch != NULL && sr_batch_get_length (self->batch) >= FLUSH_SIZE)
    sr_batcher_flush (self);
}

static SrBatch *
take_batch (SrBatcher *self, gsize room)
{
  if (self->pooled)
    return sr_bounded_queue_pop (self->context->pool);
  return sr_batch_new (MAX (room, SMALL_CAPACITY));
}

/**
 * sr_batcher_get_batch:
 * @self: a batcher
 * @room: bytes wanted, at most %SR_CHUNK_MAX_SIZE with pooled batches
 *
 * Returns: (transfer none): the open batch, which has so much room; NULL: the operation was stopped
 */
SrBatch *
sr_batcher_get_batch (SrBatcher *self, gsize room)
{
  gsize present = 0;

  if (self->batch != NULL)
    sr_batch_get_room (self->batch, &present);
  if (self->batch != NULL && present >= room)
    return self->batch;

  sr_batcher_flush (self);
  self->batch = take_batch (self, room);
  return self->batch;
}

/**
 * sr_batcher_move_on:
 * @self: a batcher
 * @rest: (array length=length): the last bytes of the open batch
 * @length: how many
 *
 * Opens another batch that begins with @rest, and hands the old one over without them.
 *
 * Returns: (transfer none): the new one; NULL: the operation was stopped
 */
SrBatch *
sr_batcher_move_on (SrBatcher *self, const guint8 *rest, gsize length)
{
  SrBatch *next = take_batch (self, length);
  gsize room;

  if (next == NULL)
    return NULL;

  memcpy (sr_batch_get_room (next, &room), rest, length);
  sr_batch_take_room (next, length);
  sr_batch_truncate (self->batch, rest);
  hand_over (self, self->batch);
  self->batch = next;
  return next;
}

/**
 * sr_batcher_put:
 * @self: a batcher
 * @type: data or tree
 * @id: SHA-256 of @data
 * @data: (array length=length): a blob to be stored; copied
 * @length: in bytes, at most %SR_CHUNK_MAX_SIZE
 *
 * Does nothing when the operation was stopped.
 */
void
sr_batcher_put (SrBatcher *self, SrBlobType type, const SrId *id, const guint8 *data, gsize length)
{
  SrBatch *batch = sr_batcher_get_batch (self, length);
  guint8 *place;
  gsize room;

  if (batch == NULL)
    return;

  place = sr_batch_get_room (batch, &room);
  memcpy (place, data, length);
  sr_batch_take_room (batch, length);
  sr_batch_add_chunk (batch, type, id, place, length);
  sr_batcher_flush_if_due (self);
}
