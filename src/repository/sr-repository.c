/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A repository that was opened: what all operations on it share.
 *
 * It is a handle. What is done with a repository are types of their own, on top of the few things
 * here: its unpacked files and its index. Opening and making one is in sr-repository-open.c, finding its
 * snapshots in sr-repository-snapshots.c. */

#include "config.h"

#include "sr-repository.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "repository/sr-index-loader.h"
#include "repository/sr-repository-private.h"
#include "repository/sr-unpacked.h"

G_DEFINE_FINAL_TYPE (SrRepository, sr_repository, G_TYPE_OBJECT)

static void
sr_repository_finalize (GObject *object)
{
  SrRepository *self = SR_REPOSITORY (object);

  g_clear_object (&self->storage);
  g_clear_pointer (&self->key, sr_secret_unref);
  g_clear_pointer (&self->chunker, sr_chunker_free);
  g_clear_pointer (&self->index, sr_index_free);
  g_clear_pointer (&self->cipher, sr_cipher_free);
  g_clear_pointer (&self->compressor, sr_compressor_free);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (sr_repository_parent_class)->finalize (object);
}

static void
sr_repository_class_init (SrRepositoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sr_repository_finalize;
}

static void
sr_repository_init (SrRepository *self)
{
  g_mutex_init (&self->mutex);
  self->index = sr_index_new ();
}

/* Everything that follows from the master key and the config. */
gboolean
sr_repository_set_up (SrRepository *self, GError **error)
{
  self->chunker = sr_chunker_new (self->config.polynomial);
  self->compressor = sr_compressor_new_for_json ();
  return self->cipher != NULL || (self->cipher = sr_cipher_new (self->key, error)) != NULL;
}

/**
 * sr_repository_new_handle:
 * @self: a repository
 *
 * For operations that must not rely on what was in the index before (check), or that run long after it
 * was loaded.
 *
 * Returns: (transfer full): the same repository with an index of its own, which is empty; NULL only where making
 *   a cipher fails
 */
SrRepository *
sr_repository_new_handle (SrRepository *self, GError **error)
{
  g_autoptr (SrRepository) handle = g_object_new (SR_TYPE_REPOSITORY, NULL);

  handle->storage = g_object_ref (self->storage);
  handle->key = sr_secret_ref (self->key);
  handle->key_id = self->key_id;
  handle->config = self->config;
  return sr_repository_set_up (handle, error) ? g_steal_pointer (&handle) : NULL;
}

SrStorage *
sr_repository_get_storage (SrRepository *self)
{
  return self->storage;
}

/**
 * sr_repository_get_key:
 * @self: a repository
 *
 * Returns: (transfer none): the master key, for sr_cipher_new() and sr_key_file_create()
 */
SrSecret *
sr_repository_get_key (SrRepository *self)
{
  return self->key;
}

const SrId *
sr_repository_get_key_id (SrRepository *self)
{
  return &self->key_id;
}

const SrConfig *
sr_repository_get_config (SrRepository *self)
{
  return &self->config;
}

const SrChunker *
sr_repository_get_chunker (SrRepository *self)
{
  return self->chunker;
}

SrIndex *
sr_repository_get_index (SrRepository *self)
{
  return self->index;
}

/* Stores a new file under the SHA-256 of its bytes; the config has a name of its own. */
gboolean
sr_repository_write_file (SrStorage *storage,
                          SrFileKind kind,
                          const SrBuffer *content,
                          SrId *out_id,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (content->data, content->length);
  g_autoptr (SrSpool) spool = sr_spool_new_for_bytes (bytes);
  SrFileName name = { kind };

  if (kind != SR_FILE_CONFIG)
    name.id = *sr_spool_get_sha256 (spool);
  if (out_id != NULL)
    *out_id = name.id;
  return sr_storage_write (storage, &name, spool, cancellable, error);
}

/* Loads a file that is named after its bytes, and checks that. */
GBytes *
sr_repository_load_named (SrStorage *storage,
                          const SrFileName *name,
                          gsize limit,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GBytes) bytes = sr_storage_load (storage, name, limit, cancellable, error);
  g_autofree char *text = NULL;
  SrId id;

  if (bytes == NULL)
    return NULL;

  sr_hash_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &id);
  if (sr_id_equal (&id, &name->id))
    return g_steal_pointer (&bytes);

  text = sr_file_name_to_string (name);
  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
               _ ("The file %s is damaged: its content does not fit its name"), text);
  return NULL;
}

/* Either notes what is damaged and goes on, or stops there. Anything else always stops. Takes @failure. */
gboolean
sr_repository_pass_over (GError *failure, GPtrArray *problems, GError **error)
{
  if (problems == NULL || failure->domain != SR_ERROR ||
      (failure->code != SR_ERROR_DAMAGED && failure->code != SR_ERROR_LIMIT &&
       failure->code != SR_ERROR_UNSUPPORTED && failure->code != SR_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_ptr_array_add (problems, failure);
  return TRUE;
}

/**
 * sr_repository_load_index:
 * @self: a repository
 * @problems: (nullable) (element-type GError): gets an error for each damaged index file, which is
 *   then left out; NULL: the first one ends the loading
 * @cancellable: (nullable): looked at between index files and between their pieces
 *
 * Reads all index files into sr_repository_get_index(). Calling it again adds what is new.
 */
gboolean
sr_repository_load_index (SrRepository *self,
                          GPtrArray *problems,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_INDEX, cancellable, error);
  g_autoptr (SrIndexLoader) loader = NULL;

  if (files == NULL)
    return FALSE;

  loader = sr_index_loader_new (self, error);
  if (loader == NULL)
    return FALSE;

  for (guint i = 0; i < files->len; i++)
    {
      g_autoptr (GError) local_error = NULL;

      if (!sr_index_loader_load (loader, &g_array_index (files, SrFileInfo, i).id, cancellable,
                                 &local_error) &&
          !sr_repository_pass_over (g_steal_pointer (&local_error), problems, error))
        return FALSE;
    }
  return TRUE;
}

static GBytes *
decode_unpacked (SrRepository *self, GBytes *bytes, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gsize length = g_bytes_get_size (bytes);
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrUnpacked unpacked;

  if (length > 0)
    memcpy (message, g_bytes_get_data (bytes, NULL), length);
  if (!sr_unpacked_open (self->cipher, self->config.version, message, length, &unpacked, error))
    return NULL;

  if (!unpacked.compressed)
    return g_bytes_new (unpacked.data, unpacked.length);
  if (!sr_compressor_decompress (self->compressor, unpacked.data, unpacked.length,
                                 SR_UNPACKED_LIMIT, &json, error))
    return NULL;
  return g_bytes_new (json.data, json.length);
}

/**
 * sr_repository_load_unpacked:
 * @self: a repository
 * @name: of an index, snapshot or lock file
 * @cancellable: (nullable): ends the transfer
 *
 * Returns: (transfer full): the JSON in that file, which was checked against its name and tag; NULL:
 *   %SR_ERROR_DAMAGED or as the storage says
 */
GBytes *
sr_repository_load_unpacked (SrRepository *self,
                             const SrFileName *name,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GBytes) bytes =
      sr_repository_load_named (self->storage, name, SR_UNPACKED_LIMIT, cancellable, error);
  GBytes *json;

  if (bytes == NULL)
    return NULL;

  json = decode_unpacked (self, bytes, error);
  if (json == NULL)
    {
      g_autofree char *text = sr_file_name_to_string (name);

      sr_prefix_error (error, _ ("The file %s is damaged"), text);
    }
  return json;
}

/**
 * sr_repository_save_unpacked:
 * @self: a repository
 * @kind: index, snapshot or lock
 * @json: (array length=length): what goes in
 * @length: its length in bytes
 * @out_id: (out): the new file's name
 * @cancellable: (nullable): ends the transfer
 *
 * Stores a new file; durable when it returns.
 */
gboolean
sr_repository_save_unpacked (SrRepository *self,
                             SrFileKind kind,
                             const void *json,
                             gsize length,
                             SrId *out_id,
                             GCancellable *cancellable,
                             GError **error)
{
  g_auto (SrBuffer) message = SR_BUFFER_INIT;
  gboolean sealed;

  g_mutex_lock (&self->mutex);
  sealed = sr_unpacked_seal (self->cipher, self->compressor, self->config.version, json, length,
                             &message, error);
  g_mutex_unlock (&self->mutex);
  return sealed &&
         sr_repository_write_file (self->storage, kind, &message, out_id, cancellable, error);
}
