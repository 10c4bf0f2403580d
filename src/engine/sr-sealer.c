/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Seals chunks on a thread of its own: zstd, AES, tag, and into a pack.
 *
 * A chunk that zstd hardly makes smaller is stored as it is: a photo or a video is then decrypted on
 * restore, and no more. Trees are always compressed, because restic's prune rewrites packs with trees that are
 * not (FORMAT.md, "Pack files"). */

#include "config.h"

#include "sr-sealer.h"

#include <zstd.h>

#include "crypto/sr-cipher.h"

#define LEAST_GAIN 64 /* a 64th of a chunk must be saved to make compressing worth it */

typedef struct
{
  SrBackupContext *context; /* lent */
  gboolean version_1; /* of the format, which knows no compression */
  SrCipher *cipher; /* (owned) */
  SrCompressor *data_compressor; /* (owned) */
  SrCompressor *tree_compressor; /* (owned) */
  SrBuffer message; /* the blob being sealed */
  SrPackWriter *packs[SR_N_BLOB_TYPES]; /* (owned) (nullable): taken for the batch being sealed */
} Sealer;

static gboolean
sealer_init (Sealer *self, SrBackupContext *context, GError **error)
{
  self->context = context;
  self->version_1 = sr_repository_get_config (context->repository)->version < 2;
  self->data_compressor = sr_compressor_new (context->compression);
  self->tree_compressor = sr_compressor_new_for_json ();
  self->cipher = sr_cipher_new (sr_repository_get_key (context->repository), error);
  sr_buffer_reserve (&self->message, ZSTD_COMPRESSBOUND (SR_CHUNK_MAX_SIZE) + SR_CIPHER_OVERHEAD);
  return self->cipher != NULL;
}

static void
sealer_clear (Sealer *self)
{
  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    g_clear_pointer (&self->packs[type], sr_pack_writer_free);
  g_clear_pointer (&self->cipher, sr_cipher_free);
  g_clear_pointer (&self->data_compressor, sr_compressor_free);
  g_clear_pointer (&self->tree_compressor, sr_compressor_free);
  sr_buffer_clear (&self->message);
}

/* Compresses into the message, behind the place of the nonce. 0: to be stored as it is. */
static gsize
compress (Sealer *self, const SrBatchChunk *chunk, const guint8 *data)
{
  guint8 *frame = self->message.data + SR_CIPHER_NONCE_SIZE;

  if (self->version_1)
    return 0;
  if (chunk->type == SR_BLOB_TREE)
    return sr_compressor_compress (self->tree_compressor, data, chunk->length, frame,
                                   ZSTD_COMPRESSBOUND (SR_CHUNK_MAX_SIZE));
  return sr_compressor_compress (self->data_compressor, data, chunk->length, frame,
                                 chunk->length - chunk->length / LEAST_GAIN - 1);
}

static void
count_blob (Sealer *self, const SrBatchChunk *chunk, gsize sealed_length)
{
  SrBackupCounters *counters = &self->context->counters;

  atomic_fetch_add (chunk->type == SR_BLOB_TREE ? &counters->tree_blobs : &counters->data_blobs, 1);
  atomic_fetch_add (&counters->data_added, chunk->length);
  atomic_fetch_add (&counters->data_added_packed, sealed_length);
  sr_progress_add_stored (self->context->progress, chunk->length, sealed_length);
}

/* Appends the message to a pack, which is given back when it is full. */
static gboolean
append (Sealer *self,
        const SrBatchChunk *chunk,
        gsize length,
        gsize uncompressed_length,
        GError **error)
{
  SrPackWriter **pack = &self->packs[chunk->type];

  if (*pack == NULL)
    *pack = sr_pack_set_take (self->context->packs, chunk->type, error);
  if (*pack == NULL ||
      !sr_pack_writer_append (*pack, &chunk->id, self->message.data, length, uncompressed_length,
                              sr_stop_get_cancellable (self->context->stop), error))
    return FALSE;

  count_blob (self, chunk, length);
  return !sr_pack_writer_is_full (*pack) ||
         sr_pack_set_give (self->context->packs, g_steal_pointer (pack), error);
}

static gboolean
seal_chunk (Sealer *self, const SrBatchChunk *chunk, const guint8 *data, GError **error)
{
  gsize compressed = compress (self, chunk, data);
  gsize length = compressed != 0 ? compressed : chunk->length;
  const guint8 *plain = compressed != 0 ? self->message.data + SR_CIPHER_NONCE_SIZE : data;

  return sr_cipher_seal (self->cipher, plain, length, self->message.data, error) &&
         append (self, chunk, length + SR_CIPHER_OVERHEAD, compressed != 0 ? chunk->length : 0,
                 error);
}

static gboolean
seal_batch (Sealer *self, SrBatch *batch, GError **error)
{
  guint n_chunks;
  const SrBatchChunk *chunks = sr_batch_get_chunks (batch, &n_chunks);

  for (guint i = 0; i < n_chunks; i++)
    if (sr_stop_is_set (self->context->stop) ||
        !seal_chunk (self, &chunks[i], sr_batch_get_data (batch) + chunks[i].offset, error))
      return FALSE;

  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    if (self->packs[type] != NULL &&
        !sr_pack_set_give (self->context->packs, g_steal_pointer (&self->packs[type]), error))
      return FALSE;
  return TRUE;
}

/**
 * sr_sealer_thread:
 * @context: an #SrBackupContext
 *
 * Seals batches until there are no more.
 *
 * Returns: NULL
 */
gpointer
sr_sealer_thread (gpointer context)
{
  Sealer self = { 0 };
  GError *error = NULL;
  SrBatch *batch;

  if (sealer_init (&self, context, &error))
    while (error == NULL && (batch = sr_bounded_queue_pop (self.context->batches)) != NULL)
      {
        seal_batch (&self, batch, &error);
        sr_batch_recycle (batch);
      }

  if (error != NULL)
    sr_stop_fail (self.context->stop, error);
  sealer_clear (&self);
  return NULL;
}
