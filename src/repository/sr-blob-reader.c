/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opens blobs one at a time: look up, read, check the tag, decompress, check the id.
 *
 * Contexts and buffers are kept between blobs, since most blobs are small and making contexts would
 * cost more than opening them. Trees are decompressed and hashed as they are parsed: the listing of
 * a folder of a hundred thousand files never lies in memory as JSON. */

#include "config.h"

#include "sr-blob-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-compressor.h"

/* A blob of ours has at most 8 MiB; a tree may have 4 GiB, the format's own limit, but is stored compressed. */
#define BLOB_LIMIT (1024u * 1024 * 1024)
/* What a buffer keeps when a blob of unusual size has passed. */
#define KEPT_BUFFER_SIZE (9 * 1024 * 1024)

struct _SrBlobReader
{
  SrRepository *repository; /* (owned) */
  SrCipher *cipher; /* (owned) */
  SrCompressor *compressor; /* (owned) */
  SrHash *hash; /* (owned) */
  SrBuffer message; /* a sealed blob as it was read, opened in place */
  SrBuffer plain; /* the same decompressed */

  /* The tree that is being read as a stream. */
  SrBlobPlace tree;
  gsize tree_position; /* bytes handed out so far */
  GCancellable *cancellable; /* (owned) (nullable) */
};

/**
 * sr_blob_reader_new:
 * @repository: a repository whose index was loaded; kept
 *
 * Returns: (transfer full): a reader for one thread at a time
 */
SrBlobReader *
sr_blob_reader_new (SrRepository *repository, GError **error)
{
  SrCipher *cipher = sr_cipher_new (sr_repository_get_key (repository), error);
  SrBlobReader *self;

  if (cipher == NULL)
    return NULL;

  self = g_new0 (SrBlobReader, 1);
  self->repository = g_object_ref (repository);
  self->cipher = cipher;
  self->compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  self->hash = sr_hash_new ();
  return self;
}

void
sr_blob_reader_free (SrBlobReader *self)
{
  if (self == NULL)
    return;

  g_clear_object (&self->cancellable);
  sr_buffer_clear (&self->message);
  sr_buffer_clear (&self->plain);
  sr_hash_free (self->hash);
  sr_compressor_free (self->compressor);
  sr_cipher_free (self->cipher);
  g_object_unref (self->repository);
  g_free (self);
}

static void
set_damaged (const SrBlobPlace *place, const char *what, GError **error)
{
  char blob[SR_ID_HEX_SIZE], pack[SR_ID_HEX_SIZE];

  sr_id_to_hex (&place->blob.id, blob);
  sr_id_to_hex (&place->pack, pack);
  g_clear_error (error);
  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
               _ ("The blob %.10s in the pack data/%s is damaged: %s"), blob, pack, what);
}

/* Of what is to be in memory at once. */
static gboolean
check_size (const SrBlobPlace *place, gsize size, GError **error)
{
  char blob[SR_ID_HEX_SIZE];

  if (size <= BLOB_LIMIT)
    return TRUE;

  sr_id_to_hex (&place->blob.id, blob);
  g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
               _ ("The blob %.10s is larger than 1 GiB, more than this program opens"), blob);
  return FALSE;
}

/* Opens the message where it lies. */
static gboolean
open_message (SrBlobReader *self, const SrBlobPlace *place, guint8 *message, GError **error)
{
  if (sr_cipher_open (self->cipher, message, place->blob.length, message + SR_CIPHER_NONCE_SIZE,
                      NULL))
    return TRUE;

  set_damaged (place, _ ("its tag is wrong"), error);
  return FALSE;
}

/**
 * sr_blob_reader_decode:
 * @self: a reader
 * @place: where the index says that the blob is
 * @message: (array): the sealed blob, of the length that @place says; overwritten
 * @out_data: (out): the plaintext, lent until the next call or, where it was stored raw, from @message
 * @out_length: (out): its length in bytes
 *
 * Opens a blob that was read as part of a larger range. Fails with %SR_ERROR_DAMAGED when tag, frame,
 * length or id is wrong.
 */
gboolean
sr_blob_reader_decode (SrBlobReader *self,
                       const SrBlobPlace *place,
                       guint8 *message,
                       const guint8 **out_data,
                       gsize *out_length,
                       GError **error)
{
  const SrBlob *blob = &place->blob;
  SrId id;

  if (!check_size (place, place->blob.length, error) ||
      !check_size (place, sr_blob_get_plain_length (&place->blob), error) ||
      !open_message (self, place, message, error))
    return FALSE;

  *out_data = message + SR_CIPHER_NONCE_SIZE;
  *out_length = blob->length - SR_CIPHER_OVERHEAD;
  if (blob->uncompressed_length != 0)
    {
      sr_buffer_shrink (&self->plain, MAX (KEPT_BUFFER_SIZE, blob->uncompressed_length));
      if (!sr_compressor_decompress (self->compressor, *out_data, *out_length,
                                     blob->uncompressed_length, &self->plain, NULL) ||
          self->plain.length != blob->uncompressed_length)
        {
          set_damaged (place, _ ("it cannot be decompressed"), error);
          return FALSE;
        }
      *out_data = self->plain.data;
      *out_length = self->plain.length;
    }

  sr_hash_digest (self->hash, *out_data, *out_length, &id);
  if (sr_id_equal (&id, &blob->id))
    return TRUE;

  set_damaged (place, _ ("its content does not fit its id"), error);
  return FALSE;
}

/* Blames the pack, unless it is the whole repository that is away, as on a drive that was disconnected: then what
 * the storage said is left as it is. */
static void
explain_missing_pack (SrStorage *storage,
                      const SrBlobPlace *place,
                      GCancellable *cancellable,
                      GError **error)
{
  static const SrFileName config = { .kind = SR_FILE_CONFIG };
  GError *local_error = NULL;
  char blob[SR_ID_HEX_SIZE], pack[SR_ID_HEX_SIZE];
  gboolean is_there = FALSE;

  if (!sr_storage_has (storage, &config, &is_there, NULL, cancellable, &local_error))
    {
      g_clear_error (error);
      g_propagate_error (error, local_error);
    }
  if (!is_there)
    return;

  sr_id_to_hex (&place->blob.id, blob);
  sr_id_to_hex (&place->pack, pack);
  g_clear_error (error);
  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
               _ ("The blob %.10s cannot be read, because its pack data/%s is missing; check the "
                  "repository, and look for that file in another copy of it"),
               blob, pack);
}

/* Reads the sealed blob into the message buffer. */
static gboolean
read_message (SrBlobReader *self,
              const SrBlobPlace *place,
              GCancellable *cancellable,
              GError **error)
{
  SrStorage *storage = sr_repository_get_storage (self->repository);
  SrFileName name = { SR_FILE_PACK, place->pack };
  GError *local_error = NULL;
  gssize n_read;

  if (!check_size (place, place->blob.length, error))
    return FALSE;

  sr_buffer_shrink (&self->message, MAX (KEPT_BUFFER_SIZE, place->blob.length));
  sr_buffer_reserve (&self->message, place->blob.length);
  n_read = sr_storage_read (storage, &name, place->blob.offset, self->message.data,
                            place->blob.length, cancellable, &local_error);
  if (n_read == (gssize) place->blob.length)
    return TRUE;

  if (n_read >= 0)
    set_damaged (place, _ ("the pack is too short"), &local_error);
  else if (g_error_matches (local_error, SR_ERROR, SR_ERROR_NOT_FOUND))
    explain_missing_pack (storage, place, cancellable, &local_error);
  g_propagate_error (error, local_error);
  return FALSE;
}

static void
set_unknown (SrBlobType type, const SrId *id, GError **error)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (id, hex);
  g_set_error (
      error, SR_ERROR, SR_ERROR_NOT_FOUND,
      type == SR_BLOB_TREE
          ? _ ("The tree blob %.10s is in no index file of the repository; check the repository")
          : _ ("The data blob %.10s is in no index file of the repository; check the repository"),
      hex);
}

/* Whether another copy of the blob may do better. */
static gboolean
may_try_next_copy (const GError *failure)
{
  return failure->domain == SR_ERROR &&
         (failure->code == SR_ERROR_DAMAGED || failure->code == SR_ERROR_NOT_FOUND);
}

typedef gboolean (*CopyFunc) (SrBlobReader *self,
                              const SrBlobPlace *place,
                              GCancellable *cancellable,
                              gpointer user_data,
                              GError **error);

/* Calls @func for each copy of a blob until one is good; else the error is that of the first. */
static gboolean
try_copies (SrBlobReader *self,
            SrBlobType type,
            const SrId *id,
            CopyFunc func,
            gpointer user_data,
            GCancellable *cancellable,
            GError **error)
{
  SrIndex *index = sr_repository_get_index (self->repository);
  g_autoptr (GError) first_error = NULL;
  SrBlobPlace place;

  for (guint copy = 0; sr_index_lookup (index, type, id, copy, &place); copy++)
    {
      g_autoptr (GError) local_error = NULL;

      if (func (self, &place, cancellable, user_data, &local_error))
        return TRUE;
      if (!may_try_next_copy (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (first_error == NULL)
        first_error = g_steal_pointer (&local_error);
    }

  if (first_error != NULL)
    g_propagate_error (error, g_steal_pointer (&first_error));
  else
    set_unknown (type, id, error);
  return FALSE;
}

typedef struct
{
  const guint8 *data;
  gsize length;
} Plain;

static gboolean
load_copy (SrBlobReader *self,
           const SrBlobPlace *place,
           GCancellable *cancellable,
           gpointer user_data,
           GError **error)
{
  Plain *plain = user_data;

  return read_message (self, place, cancellable, error) &&
         sr_blob_reader_decode (self, place, self->message.data, &plain->data, &plain->length,
                                error);
}

/**
 * sr_blob_reader_load:
 * @self: a reader
 * @type: type of the blob
 * @id: its id
 * @out_data: (out): the plaintext, lent until the next call
 * @out_length: (out): its length in bytes
 * @cancellable: (nullable): ends the transfer
 *
 * Reads one blob. When the copy that the index names first is damaged or gone, the next one serves.
 * Fails with %SR_ERROR_NOT_FOUND (no index file names it, or the repository is away), %SR_ERROR_DAMAGED (it
 * is not what it should be, or its pack is missing), %SR_ERROR_LIMIT, or as the storage says.
 */
gboolean
sr_blob_reader_load (SrBlobReader *self,
                     SrBlobType type,
                     const SrId *id,
                     const guint8 **out_data,
                     gsize *out_length,
                     GCancellable *cancellable,
                     GError **error)
{
  Plain plain = { NULL, 0 };

  if (!try_copies (self, type, id, load_copy, &plain, cancellable, error))
    return FALSE;

  *out_data = plain.data;
  *out_length = plain.length;
  return TRUE;
}

static gboolean
open_tree_copy (SrBlobReader *self,
                const SrBlobPlace *place,
                GCancellable *cancellable,
                gpointer user_data,
                GError **error)
{
  if (!read_message (self, place, cancellable, error) ||
      !open_message (self, place, self->message.data, error))
    return FALSE;

  self->tree = *place;
  return TRUE;
}

/* The next piece of the tree's JSON, hashed on the way; the id is checked when all of it has passed. */
static gssize
fill_tree (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  SrBlobReader *self = user_data;
  const SrBlob *blob = &self->tree.blob;
  gsize plain_length = sr_blob_get_plain_length (blob);
  gssize n_read;
  SrId id;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return -1;

  n_read = (gssize) MIN (size, plain_length - self->tree_position);
  if (blob->uncompressed_length == 0)
    memcpy (buffer, self->message.data + SR_CIPHER_NONCE_SIZE + self->tree_position,
            (gsize) n_read);
  else
    n_read = sr_compressor_read (self->compressor, buffer, size, NULL);

  if (n_read < 0 || (gsize) n_read > plain_length - self->tree_position)
    {
      set_damaged (&self->tree, _ ("it cannot be decompressed"), error);
      return -1;
    }
  sr_hash_update (self->hash, buffer, (gsize) n_read);
  self->tree_position += (gsize) n_read;
  if (n_read > 0)
    return n_read;

  sr_hash_finish (self->hash, &id);
  if (sr_id_equal (&id, &blob->id))
    return 0;
  set_damaged (&self->tree, _ ("its content does not fit its id"), error);
  return -1;
}

/**
 * sr_blob_reader_open_tree:
 * @self: a reader
 * @tree: id of a tree
 * @cancellable: (nullable): looked at between pieces of 64 KiB
 *
 * Opens a tree to be read node by node. No other call of @self may come before the tree reader has been
 * freed. The tag has been checked; the id is checked when the last node has been read, so what was
 * made of the nodes counts only once sr_tree_reader_next() has returned NULL without an error.
 *
 * Returns: (transfer full): the tree; NULL: as sr_blob_reader_load()
 */
SrTreeReader *
sr_blob_reader_open_tree (SrBlobReader *self,
                          const SrId *tree,
                          GCancellable *cancellable,
                          GError **error)
{
  if (!try_copies (self, SR_BLOB_TREE, tree, open_tree_copy, NULL, cancellable, error))
    return NULL;

  g_set_object (&self->cancellable, cancellable);
  self->tree_position = 0;
  sr_hash_reset (self->hash);
  if (self->tree.blob.uncompressed_length != 0)
    sr_compressor_read_begin (self->compressor, self->message.data + SR_CIPHER_NONCE_SIZE,
                              self->tree.blob.length - SR_CIPHER_OVERHEAD);
  return sr_tree_reader_new (sr_json_reader_new (fill_tree, self));
}
