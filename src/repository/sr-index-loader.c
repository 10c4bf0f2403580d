/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads index files as streams.
 *
 * The JSON of an index of 50,000 blobs is 10 MB. It is never whole in memory: the sealed file is
 * opened where it lies, decompressed in pieces and parsed on the way. */

#include "config.h"

#include "sr-index-loader.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-compressor.h"
#include "repository/sr-index-file.h"
#include "repository/sr-unpacked.h"

#define INDEX_FILE_LIMIT (512u * 1024 * 1024) /* bytes, sealed */

struct _SrIndexLoader
{
  SrRepository *repository; /* lent */
  SrCipher *cipher; /* (owned) */
  SrCompressor *compressor; /* (owned) */
  GArray *packs; /* (owned) (element-type PendingPack): of the file being read */
  GArray *blobs; /* (owned) (element-type SrBlob): of all of them, one after the other */
  GCancellable *cancellable; /* lent during a load */
};

typedef struct
{
  SrId id;
  gsize n_blobs;
} PendingPack;

/**
 * sr_index_loader_new:
 * @repository: into whose index the loader reads; outlives it
 *
 * Returns: (transfer full): a loader
 */
SrIndexLoader *
sr_index_loader_new (SrRepository *repository, GError **error)
{
  SrCipher *cipher = sr_cipher_new (sr_repository_get_key (repository), error);
  SrIndexLoader *self;

  if (cipher == NULL)
    return NULL;

  self = g_new0 (SrIndexLoader, 1);
  self->repository = repository;
  self->cipher = cipher;
  self->compressor = sr_compressor_new_for_json ();
  self->packs = g_array_new (FALSE, FALSE, sizeof (PendingPack));
  self->blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  return self;
}

void
sr_index_loader_free (SrIndexLoader *self)
{
  if (self == NULL)
    return;

  sr_cipher_free (self->cipher);
  sr_compressor_free (self->compressor);
  g_array_unref (self->packs);
  g_array_unref (self->blobs);
  g_free (self);
}

static gssize
fill (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  SrIndexLoader *self = user_data;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return -1;
  return sr_compressor_read (self->compressor, buffer, size, error);
}

/* Kept apart until the file has been read to its end: one that breaks off adds nothing. */
static gboolean
on_pack (const SrId *pack, const SrBlob *blobs, gsize n_blobs, gpointer user_data, GError **error)
{
  SrIndexLoader *self = user_data;
  PendingPack pending = { *pack, n_blobs };
  SrConfig config = *sr_repository_get_config (self->repository);

  for (gsize i = 0; i < n_blobs && config.version < 2; i++)
    if (blobs[i].uncompressed_length != 0)
      {
        g_set_error_literal (
            error, SR_ERROR, SR_ERROR_DAMAGED,
            _ ("It has compressed blobs, which a repository of version 1 cannot have"));
        return FALSE;
      }

  g_array_append_val (self->packs, pending);
  if (n_blobs > 0)
    g_array_append_vals (self->blobs, blobs, n_blobs);
  return TRUE;
}

static gboolean
parse (SrIndexLoader *self, guint8 *message, gsize length, GError **error)
{
  g_autoptr (SrJsonReader) reader = NULL;
  SrUnpacked unpacked;

  if (!sr_unpacked_open (self->cipher, sr_repository_get_config (self->repository)->version,
                         message, length, &unpacked, error))
    return FALSE;

  if (unpacked.compressed)
    {
      sr_compressor_read_begin (self->compressor, unpacked.data, unpacked.length);
      reader = sr_json_reader_new (fill, self);
    }
  else
    {
      reader = sr_json_reader_new_for_data (unpacked.data, unpacked.length);
    }
  return sr_index_file_read (reader, on_pack, self, NULL, error);
}

static gboolean
add_packs (SrIndexLoader *self, GError **error)
{
  SrIndex *index = sr_repository_get_index (self->repository);
  gsize first = 0;

  for (guint i = 0; i < self->packs->len; i++)
    {
      const PendingPack *pack = &g_array_index (self->packs, PendingPack, i);

      if (!sr_index_add_pack (index, &pack->id, (const SrBlob *) self->blobs->data + first,
                              pack->n_blobs, error))
        return FALSE;
      first += pack->n_blobs;
    }
  return TRUE;
}

/**
 * sr_index_loader_load:
 * @self: a loader
 * @id: name of an index file
 * @cancellable: (nullable): looked at between pieces of 64 KiB
 *
 * Adds what the file lists, all or nothing. Fails with %SR_ERROR_DAMAGED, which names the file, or as
 * the storage says.
 */
gboolean
sr_index_loader_load (SrIndexLoader *self,
                      const SrId *id,
                      GCancellable *cancellable,
                      GError **error)
{
  SrFileName name = { SR_FILE_INDEX, *id };
  g_autoptr (GBytes) bytes = sr_storage_load (sr_repository_get_storage (self->repository), &name,
                                              INDEX_FILE_LIMIT, cancellable, error);
  g_autoptr (GError) local_error = NULL;
  g_autofree char *text = NULL;
  g_autofree guint8 *message = NULL;
  gsize length;
  SrId hash;

  if (bytes == NULL)
    return FALSE;

  message = g_bytes_unref_to_data (g_steal_pointer (&bytes), &length);
  sr_hash_data (message, length, &hash);
  g_array_set_size (self->packs, 0);
  g_array_set_size (self->blobs, 0);
  self->cancellable = cancellable;
  if (!sr_id_equal (&hash, id))
    g_set_error_literal (&local_error, SR_ERROR, SR_ERROR_DAMAGED,
                         _ ("its content does not fit its name"));
  else if (parse (self, message, length, &local_error))
    return add_packs (self, error);

  text = sr_file_name_to_string (&name);
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_DAMAGED))
    sr_prefix_error (&local_error, _ ("The index file %s is damaged"), text);
  else if (local_error->domain == SR_ERROR)
    sr_prefix_error (&local_error, _ ("The index file %s cannot be used"), text);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/**
 * sr_index_loader_get_n_packs:
 * @self: a loader
 *
 * Returns: number of entries in "packs" of the file that was loaded last
 */
guint
sr_index_loader_get_n_packs (SrIndexLoader *self)
{
  return self->packs->len;
}

/**
 * sr_index_loader_get_pack:
 * @self: a loader
 * @pack: number of an entry, below sr_index_loader_get_n_packs()
 * @out_n_blobs: (out): how many of the pack's blobs the entry lists
 *
 * Returns: (transfer none): the pack's id
 */
const SrId *
sr_index_loader_get_pack (SrIndexLoader *self, guint pack, gsize *out_n_blobs)
{
  const PendingPack *entry = &g_array_index (self->packs, PendingPack, pack);

  *out_n_blobs = entry->n_blobs;
  return &entry->id;
}
