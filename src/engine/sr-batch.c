/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A buffer with the chunks in it.
 *
 * Files are read straight into it, so their bytes are not copied again before they are sealed. The
 * large ones, which hold the longest chunk there may be, are few: they come from a pool, and waiting
 * for one of them is what keeps the memory of a backup bounded. They are mapped apart from the heap,
 * where blocks of this size would leave holes. */

#include "config.h"

#include "sr-batch.h"

#include <sys/mman.h>

struct _SrBatch
{
  guint8 *data; /* (owned) mapped */
  gsize capacity;
  gsize length; /* bytes in use */
  GArray *chunks; /* (owned) (element-type SrBatchChunk) */
  SrBoundedQueue *pool; /* (nullable) lent: where it goes back to */
};

/**
 * sr_batch_new:
 * @capacity: bytes
 *
 * Returns: (transfer full): an empty batch that is freed when it is recycled
 */
SrBatch *
sr_batch_new (gsize capacity)
{
  return sr_batch_new_pooled (capacity, NULL);
}

/**
 * sr_batch_new_pooled:
 * @capacity: bytes
 * @pool: (nullable): a queue of empty batches, to which it goes when recycled; outlives it
 *
 * Returns: (transfer full): an empty batch. Memory is taken as it is touched.
 */
SrBatch *
sr_batch_new_pooled (gsize capacity, SrBoundedQueue *pool)
{
  SrBatch *self = g_new0 (SrBatch, 1);

  self->data = mmap (NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (self->data == MAP_FAILED)
    g_error ("No memory for a buffer of %" G_GSIZE_FORMAT " bytes", capacity);
  self->capacity = capacity;
  self->pool = pool;
  self->chunks = g_array_new (FALSE, FALSE, sizeof (SrBatchChunk));
  return self;
}

void
sr_batch_free (SrBatch *self)
{
  if (self == NULL)
    return;

  munmap (self->data, self->capacity);
  g_array_unref (self->chunks);
  g_free (self);
}

/**
 * sr_batch_recycle:
 * @self: (transfer full): a batch that has been dealt with
 *
 * Empties it, and gives it back to its pool or frees it.
 */
void
sr_batch_recycle (SrBatch *self)
{
  self->length = 0;
  g_array_set_size (self->chunks, 0);
  if (self->pool != NULL)
    sr_bounded_queue_push (self->pool, self, 0);
  else
    sr_batch_free (self);
}

/**
 * sr_batch_get_room:
 * @self: a batch
 * @out_room: (out): bytes that are free
 *
 * Returns: (transfer none): where they are, behind those in use
 */
guint8 *
sr_batch_get_room (SrBatch *self, gsize *out_room)
{
  *out_room = self->capacity - self->length;
  return self->data + self->length;
}

/* Counts @length bytes that were put where sr_batch_get_room() says as used. */
void
sr_batch_take_room (SrBatch *self, gsize length)
{
  g_assert (length <= self->capacity - self->length);
  self->length += length;
}

/**
 * sr_batch_add_chunk:
 * @self: a batch
 * @type: data or tree
 * @id: SHA-256 of the chunk
 * @data: (array length=length): where in the batch it is
 * @length: its bytes
 */
void
sr_batch_add_chunk (SrBatch *self,
                    SrBlobType type,
                    const SrId *id,
                    const guint8 *data,
                    gsize length)
{
  SrBatchChunk chunk = { *id, (gsize) (data - self->data), length, type };

  g_array_append_val (self->chunks, chunk);
}

/**
 * sr_batch_truncate:
 * @self: a batch
 * @end: where in the batch the bytes begin that are not needed
 */
void
sr_batch_truncate (SrBatch *self, const guint8 *end)
{
  g_assert (end >= self->data && end <= self->data + self->length);
  self->length = (gsize) (end - self->data);
}

gsize
sr_batch_get_length (SrBatch *self)
{
  return self->length;
}

gsize
sr_batch_get_capacity (SrBatch *self)
{
  return self->capacity;
}

const guint8 *
sr_batch_get_data (SrBatch *self)
{
  return self->data;
}

const SrBatchChunk *
sr_batch_get_chunks (SrBatch *self, guint *out_n_chunks)
{
  *out_n_chunks = self->chunks->len;
  return (const SrBatchChunk *) (gpointer) self->chunks->data;
}
