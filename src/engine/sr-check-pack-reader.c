/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads a pack in one go and checks all of it: the hash of the whole file is its name, each blob opens and fits its
 * id, and the table at the end says the same as the index (FORMAT.md, "Packs").
 *
 * One blob at a time is in memory, as it was stored and in the clear: two buffers, of 8 MiB at most
 * with the chunks of any writer (only trees of huge folders are larger). Bytes are read in the order of
 * their offsets, so that they can be hashed on the way and a disk does not seek. */

#include "config.h"

#include "sr-check-pack-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-blob-reader.h"
#include "repository/sr-pack-table.h"

#define PIECE_SIZE (1024 * 1024) /* bytes between two looks at the cancellable */
#define KEPT_BUFFER_SIZE (9 * 1024 * 1024)
#define BLOB_LIMIT (1024u * 1024 * 1024) /* bytes, as for the blob reader */
#define LENGTH_FIELD_SIZE 4

struct _SrCheckPackReader
{
  SrCheckPacks *packs; /* lent */
  SrStorage *storage; /* lent from the repository */
  SrProgress *progress; /* lent */
  GCancellable *cancellable; /* lent */
  SrBlobReader *blob_reader; /* (owned) */
  SrCipher *cipher; /* (owned) */
  SrHash *hash; /* (owned): of the pack, up to position */
  SrBuffer buffer; /* a sealed blob, or the table */
  GArray *blobs; /* (owned) (element-type SrBlob): of the pack, as the index says */

  SrCheckPack *pack; /* being read */
  guint64 position; /* bytes of it that were hashed */
};

/**
 * sr_check_pack_reader_new:
 * @packs: outlives the reader
 * @repository: outlives the reader
 * @progress: gets the bytes that are read
 * @cancellable: (nullable): looked at for each MiB
 *
 * Returns: (transfer full): a reader
 */
SrCheckPackReader *
sr_check_pack_reader_new (SrCheckPacks *packs,
                          SrRepository *repository,
                          SrProgress *progress,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (SrBlobReader) blob_reader = sr_blob_reader_new (repository, error);
  SrCipher *cipher;
  SrCheckPackReader *self;

  if (blob_reader == NULL ||
      (cipher = sr_cipher_new (sr_repository_get_key (repository), error)) == NULL)
    return NULL;

  self = g_new0 (SrCheckPackReader, 1);
  self->packs = packs;
  self->storage = sr_repository_get_storage (repository);
  self->progress = progress;
  self->cancellable = cancellable;
  self->blob_reader = g_steal_pointer (&blob_reader);
  self->cipher = cipher;
  self->hash = sr_hash_new ();
  self->blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  return self;
}

/**
 * sr_check_pack_reader_free:
 * @self: (transfer full) (nullable): a reader
 */
void
sr_check_pack_reader_free (SrCheckPackReader *self)
{
  if (self == NULL)
    return;
  sr_blob_reader_free (self->blob_reader);
  sr_cipher_free (self->cipher);
  sr_hash_free (self->hash);
  sr_buffer_clear (&self->buffer);
  g_array_unref (self->blobs);
  g_free (self);
}

static void
add_damage (SrCheckPackReader *self, const char *what)
{
  sr_check_packs_add_damage (self->packs, &self->pack->id, what);
}

/* Reads into the buffer. Bytes that follow those before are hashed; others were already, or never will be.
 * @out_complete: FALSE: the pack ends before. */
static gboolean
read_bytes (SrCheckPackReader *self,
            guint64 offset,
            gsize length,
            gboolean *out_complete,
            GError **error)
{
  SrFileName name = { SR_FILE_PACK, self->pack->id };
  gsize done = 0;

  sr_buffer_shrink (&self->buffer, MAX (KEPT_BUFFER_SIZE, length));
  sr_buffer_reserve (&self->buffer, length);
  *out_complete = TRUE;
  while (done < length && *out_complete)
    {
      gsize wanted = MIN (length - done, PIECE_SIZE);
      gssize n_read = sr_storage_read (self->storage, &name, offset + done,
                                       self->buffer.data + done, wanted, self->cancellable, error);

      if (n_read < 0 || g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      if (offset + done == self->position)
        {
          sr_hash_update (self->hash, self->buffer.data + done, (gsize) n_read);
          self->position += (guint64) n_read;
        }
      done += (gsize) n_read;
      *out_complete = (gsize) n_read == wanted;
      sr_progress_add_bytes (self->progress, (guint64) n_read);
      sr_progress_add_stored (self->progress, 0, (guint64) n_read);
    }
  return TRUE;
}

/* Hashes what is between two blobs, or behind the last one. */
static gboolean
read_up_to (SrCheckPackReader *self, guint64 offset, GError **error)
{
  gboolean complete = TRUE;

  while (self->position < offset && complete)
    if (!read_bytes (self, self->position, MIN (offset - self->position, PIECE_SIZE), &complete,
                     error))
      return FALSE;
  return TRUE;
}

static void
note_bad (SrCheckPackReader *self, const SrBlob *blob, const char *what)
{
  if (self->pack->bad_offsets == NULL)
    self->pack->bad_offsets = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_array_append_val (self->pack->bad_offsets, blob->offset);
  add_damage (self, what);
}

static gboolean
check_blob (SrCheckPackReader *self, const SrBlob *blob, GError **error)
{
  SrBlobPlace place = { self->pack->id, *blob };
  g_autoptr (GError) failure = NULL;
  const guint8 *data;
  gboolean complete;
  gsize length;

  if (blob->length > BLOB_LIMIT || (guint64) blob->offset + blob->length > self->pack->size)
    {
      note_bad (self, blob, _ ("The pack ends before the last of its blobs"));
      return TRUE;
    }
  if (blob->offset < self->position)
    add_damage (self, _ ("The index says that blobs overlap"));
  if (!read_up_to (self, blob->offset, error) ||
      !read_bytes (self, blob->offset, blob->length, &complete, error))
    return FALSE;

  if (!complete)
    note_bad (self, blob, _ ("The pack ends before the last of its blobs"));
  else if (!sr_blob_reader_decode (self->blob_reader, &place, self->buffer.data, &data, &length,
                                   &failure))
    note_bad (self, blob, _ ("Blobs in it are damaged"));
  return TRUE;
}

/* Whether table and index agree on every blob. */
static gboolean
is_as_indexed (GArray *table, GArray *blobs)
{
  if (table->len != blobs->len)
    return FALSE;
  for (guint i = 0; i < blobs->len; i++)
    {
      const SrBlob *found = &g_array_index (table, SrBlob, i);
      const SrBlob *known = &g_array_index (blobs, SrBlob, i);

      if (found->offset != known->offset || found->length != known->length ||
          found->uncompressed_length != known->uncompressed_length || found->type != known->type ||
          !sr_id_equal (&found->id, &known->id))
        return FALSE;
    }
  return TRUE;
}

/* The buffer holds all that is behind the last blob: the sealed table and its length. */
static void
examine_table (SrCheckPackReader *self, gsize length)
{
  g_autoptr (GArray) table = NULL;
  gsize sealed = length - LENGTH_FIELD_SIZE;
  guint32 field;

  memcpy (&field, self->buffer.data + sealed, sizeof field);
  if (GUINT32_FROM_LE (field) != sealed ||
      !sr_cipher_open (self->cipher, self->buffer.data, sealed,
                       self->buffer.data + SR_CIPHER_NONCE_SIZE, NULL))
    {
      add_damage (self, _ ("Its table is damaged, or not where the index lets it begin"));
      return;
    }
  table = sr_pack_table_decode (self->buffer.data + SR_CIPHER_NONCE_SIZE,
                                sealed - SR_CIPHER_OVERHEAD, self->pack->size, NULL);
  if (table == NULL || !is_as_indexed (table, self->blobs))
    add_damage (self, _ ("Its table and the index do not say the same about its blobs"));
}

static gboolean
check_table (SrCheckPackReader *self, GError **error)
{
  guint64 length = self->pack->size > self->position ? self->pack->size - self->position : 0;
  gboolean complete = FALSE;

  if (length < LENGTH_FIELD_SIZE + SR_CIPHER_OVERHEAD ||
      length > SR_PACK_TABLE_LIMIT + LENGTH_FIELD_SIZE)
    {
      add_damage (self, _ ("Its table is damaged, or not where the index lets it begin"));
      return read_up_to (self, self->pack->size, error);
    }
  if (!read_bytes (self, self->position, (gsize) length, &complete, error))
    return FALSE;
  if (complete)
    examine_table (self, (gsize) length);
  else
    add_damage (self, _ ("The pack ends before its table does"));
  return TRUE;
}

static void
check_hash (SrCheckPackReader *self)
{
  SrId actual;

  sr_hash_finish (self->hash, &actual);
  if (sr_id_equal (&actual, &self->pack->id))
    return;
  if (sr_check_packs_lookup (self->packs, &actual) != NULL)
    {
      char hex[SR_ID_HEX_SIZE];
      g_autofree char *what = NULL;

      sr_id_to_hex (&actual, hex);
      what = g_strdup_printf (_ ("It holds the content of the pack data/%s"), hex);
      add_damage (self, what);
      return;
    }
  add_damage (self, _ ("Its content does not fit its name"));
}

/**
 * sr_check_pack_reader_read:
 * @self: a reader
 * @pack: a pack that is not missing
 * @error: (out) (optional): cancelled, or an error of the storage
 *
 * Reads the pack; notes bad blobs in it, and what is wrong in the report.
 */
gboolean
sr_check_pack_reader_read (SrCheckPackReader *self, SrCheckPack *pack, GError **error)
{
  self->pack = pack;
  self->position = 0;
  sr_hash_reset (self->hash);
  sr_check_packs_get_blobs (self->packs, pack, self->blobs);

  for (guint i = 0; i < self->blobs->len; i++)
    if (!check_blob (self, &g_array_index (self->blobs, SrBlob, i), error))
      return FALSE;
  if (!check_table (self, error))
    return FALSE;
  check_hash (self);
  return TRUE;
}
