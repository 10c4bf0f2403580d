/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Builds one pack in a spool of the storage, so that memory holds blobs and never packs.
 *
 * The table of a pack stands at its end and the pack's name is the hash of all its bytes (FORMAT.md,
 * "Pack files"), so a pack is written once, front to back, and hashed on the way. */

#include "config.h"

#include "sr-pack-writer.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "repository/sr-pack-table.h"

/* So many entries of a table fit the format's limit of 16 MiB with room to spare, and the index
 * file that must take a pack whole stays within its usual 50,000. */
#define MAX_BLOBS 25000

struct _SrPackWriter
{
  SrRepository *repository; /* (owned) */
  SrBlobType type;
  SrSpool *spool; /* (owned) */
  GArray *blobs; /* (owned) (element-type SrBlob) */
  guint64 message_start; /* offset of the message that comes in pieces */
  SrId id; /* once the table was sealed */
};

/**
 * sr_pack_writer_new:
 * @repository: where the pack will be stored; kept
 * @type: of all its blobs
 *
 * Returns: (transfer full): an empty pack in a new spool; NULL: as the storage says
 */
SrPackWriter *
sr_pack_writer_new (SrRepository *repository, SrBlobType type, GError **error)
{
  SrStorage *storage = sr_repository_get_storage (repository);
  SrSpool *spool = sr_storage_create_spool (storage, SR_PACK_TARGET_SIZE, error);
  SrPackWriter *self;

  if (spool == NULL)
    return NULL;

  self = g_new0 (SrPackWriter, 1);
  self->repository = g_object_ref (repository);
  self->type = type;
  self->spool = spool;
  self->blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  return self;
}

void
sr_pack_writer_free (SrPackWriter *self)
{
  if (self == NULL)
    return;

  g_array_unref (self->blobs);
  g_object_unref (self->spool);
  g_object_unref (self->repository);
  g_free (self);
}

SrBlobType
sr_pack_writer_get_blob_type (SrPackWriter *self)
{
  return self->type;
}

/**
 * sr_pack_writer_append:
 * @self: a pack that is not full
 * @id: SHA-256 of the plaintext
 * @message: (array length=length): the sealed blob
 * @length: its length in bytes
 * @uncompressed_length: bytes of the plaintext; 0: @message is of the plaintext as it is
 * @cancellable: (nullable): ends the writing
 *
 * Fails as the storage's spool does, %SR_ERROR_NO_SPACE for one.
 */
gboolean
sr_pack_writer_append (SrPackWriter *self,
                       const SrId *id,
                       const guint8 *message,
                       gsize length,
                       gsize uncompressed_length,
                       GCancellable *cancellable,
                       GError **error)
{
  return sr_pack_writer_append_piece (self, message, length, cancellable, error) &&
         sr_pack_writer_end_pieces (self, id, uncompressed_length, error);
}

/**
 * sr_pack_writer_append_piece:
 * @self: a pack that is not full
 * @data: (array length=length): the next bytes of a sealed blob
 * @length: how many
 * @cancellable: (nullable): ends the writing
 *
 * Writes a blob that is sealed in pieces; sr_pack_writer_end_pieces() follows the last one.
 */
gboolean
sr_pack_writer_append_piece (SrPackWriter *self,
                             const guint8 *data,
                             gsize length,
                             GCancellable *cancellable,
                             GError **error)
{
  return sr_spool_append (self->spool, data, length, cancellable, error);
}

gboolean
sr_pack_writer_end_pieces (SrPackWriter *self,
                           const SrId *id,
                           gsize uncompressed_length,
                           GError **error)
{
  guint64 end = sr_spool_get_length (self->spool);
  SrBlob blob = { *id };

  if (end > G_MAXUINT32 || uncompressed_length > G_MAXUINT32)
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_LIMIT,
                           _ ("A blob has more than 4 GiB, the most that the format can hold"));
      return FALSE;
    }

  blob.offset = (guint32) self->message_start;
  blob.length = (guint32) (end - self->message_start);
  blob.uncompressed_length = (guint32) uncompressed_length;
  blob.type = self->type;
  g_array_append_val (self->blobs, blob);
  self->message_start = end;
  return TRUE;
}

gboolean
sr_pack_writer_is_full (SrPackWriter *self)
{
  return self->message_start >= SR_PACK_TARGET_SIZE || self->blobs->len >= MAX_BLOBS;
}

gsize
sr_pack_writer_get_n_blobs (SrPackWriter *self)
{
  return self->blobs->len;
}

/**
 * sr_pack_writer_seal_table:
 * @self: a pack with at least one blob
 * @cancellable: (nullable): ends the writing
 *
 * Puts the table behind the blobs. The pack is complete then and has its name.
 */
gboolean
sr_pack_writer_seal_table (SrPackWriter *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrCipher) cipher = sr_cipher_new (sr_repository_get_key (self->repository), error);
  const SrBlob *blobs = (const SrBlob *) self->blobs->data;
  g_auto (SrBuffer) table = SR_BUFFER_INIT;
  g_auto (SrBuffer) message = SR_BUFFER_INIT;
  guint32 length_le;

  g_assert (self->blobs->len > 0);
  if (cipher == NULL)
    return FALSE;

  sr_pack_table_encode (blobs, self->blobs->len, &table);
  sr_buffer_reserve (&message, table.length + SR_CIPHER_OVERHEAD);
  if (!sr_cipher_seal (cipher, table.data, table.length, message.data, error))
    return FALSE;

  message.length = table.length + SR_CIPHER_OVERHEAD;
  length_le = GUINT32_TO_LE ((guint32) message.length);
  sr_buffer_append (&message, &length_le, sizeof length_le);
  if (!sr_spool_append (self->spool, message.data, message.length, cancellable, error))
    return FALSE;

  sr_spool_complete (self->spool, &self->id);
  return TRUE;
}

/**
 * sr_pack_writer_store:
 * @self: a complete pack
 * @cancellable: (nullable): ends the transfer
 *
 * Puts the pack into the storage; durable when it returns. May be tried again after a failure.
 */
gboolean
sr_pack_writer_store (SrPackWriter *self, GCancellable *cancellable, GError **error)
{
  SrFileName name = { SR_FILE_PACK, self->id };

  return sr_storage_write (sr_repository_get_storage (self->repository), &name, self->spool,
                           cancellable, error);
}

const SrId *
sr_pack_writer_get_id (SrPackWriter *self)
{
  return &self->id;
}

const SrBlob *
sr_pack_writer_get_blobs (SrPackWriter *self)
{
  return (const SrBlob *) self->blobs->data;
}

guint64
sr_pack_writer_get_size (SrPackWriter *self)
{
  return sr_spool_get_length (self->spool);
}
