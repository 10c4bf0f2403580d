/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A repository that was opened: what all operations on it share.
 *
 * It is a handle. What is done with a repository are types of their own, on top of the few things
 * here: opening and making one, its unpacked files, and finding its snapshots. */

#include "config.h"

#include "sr-repository.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "repository/sr-index-loader.h"
#include "repository/sr-key-file.h"
#include "repository/sr-unpacked.h"

/* restic gives up after as many. Each try costs a key derivation. */
#define MAX_KEY_FILES 20

struct _SrRepository
{
  GObject parent_instance;
  SrStorage *storage; /* (owned) */
  SrSecret *key; /* (owned): the master key */
  SrId key_id;
  SrConfig config;
  SrChunker *chunker; /* (owned) */
  SrIndex *index; /* (owned) */

  GMutex mutex;
  SrCipher *cipher; /* (owned) (locked by mutex): for unpacked files */
  SrCompressor *compressor; /* (owned) (locked by mutex) */
};

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
static gboolean
set_up (SrRepository *self, GError **error)
{
  self->chunker = sr_chunker_new (self->config.polynomial);
  self->compressor = sr_compressor_new_for_json ();
  return self->cipher != NULL || (self->cipher = sr_cipher_new (self->key, error)) != NULL;
}

static gboolean
is_empty_kind (SrStorage *storage,
               SrFileKind kind,
               gboolean *out_empty,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GArray) files = sr_storage_list (storage, kind, cancellable, &local_error);

  *out_empty = files == NULL || files->len == 0;
  if (files == NULL && !g_error_matches (local_error, SR_ERROR, SR_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return TRUE; /* where not even the place is there, it will be made */
}

/* A second key or config in a repository that is there would lock its owner out. */
static gboolean
refuse_existing (SrStorage *storage, GCancellable *cancellable, GError **error)
{
  SrFileName config = { SR_FILE_CONFIG };
  gboolean has_config, no_keys, no_snapshots;
  g_autofree char *location = NULL;

  if (!sr_storage_has (storage, &config, &has_config, NULL, cancellable, error) ||
      !is_empty_kind (storage, SR_FILE_KEY, &no_keys, cancellable, error) ||
      !is_empty_kind (storage, SR_FILE_SNAPSHOT, &no_snapshots, cancellable, error))
    return FALSE;

  if (!has_config && no_keys && no_snapshots)
    return TRUE;

  location = sr_storage_dup_location (storage);
  if (has_config)
    g_set_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS,
                 "There is a repository at %s already; use it, or choose an empty place", location);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS,
                 "There is a repository at %s that has lost its file “config”; put that back from "
                 "another copy of the repository, or choose an empty place",
                 location);
  return FALSE;
}

static gboolean
write_file (SrStorage *storage,
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

static gboolean
write_config (SrRepository *self, GCancellable *cancellable, GError **error)
{
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_auto (SrBuffer) message = SR_BUFFER_INIT;

  sr_config_encode (&self->config, &json);
  sr_buffer_reserve (&message, json.length + SR_CIPHER_OVERHEAD);
  message.length = json.length + SR_CIPHER_OVERHEAD;
  return sr_cipher_seal (self->cipher, json.data, json.length, message.data, error) &&
         write_file (self->storage, SR_FILE_CONFIG, &message, NULL, cancellable, error);
}

/* A key without a config would be in the way of the next attempt. It stays where the config may have been
 * written nevertheless. */
static void
take_back_key (SrRepository *self)
{
  SrFileName config = { SR_FILE_CONFIG };
  SrFileName key = { SR_FILE_KEY, self->key_id };
  gboolean has_config;

  if (sr_storage_has (self->storage, &config, &has_config, NULL, NULL, NULL) && !has_config)
    sr_storage_remove (self->storage, &key, NULL, NULL);
}

/**
 * sr_repository_create:
 * @storage: an empty place
 * @password: what opens the repository from now on
 * @parameters: (nullable): costs of scrypt; NULL: %SR_SCRYPT_DEFAULT
 * @cancellable: (nullable): looked at between the steps
 *
 * Makes a repository of version 2 with new keys and a new polynomial. The config comes last: until it is
 * there, nobody takes the place for a repository. Blocks, among other things for the key derivation.
 *
 * Returns: (transfer full): the repository, opened; NULL: %SR_ERROR_ALREADY_EXISTS, or as the storage says
 */
SrRepository *
sr_repository_create (SrStorage *storage,
                      SrSecret *password,
                      const SrScryptParameters *parameters,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (SrRepository) self = g_object_new (SR_TYPE_REPOSITORY, NULL);
  SrScryptParameters costs = parameters != NULL ? *parameters : SR_SCRYPT_DEFAULT;
  g_auto (SrBuffer) key_file = SR_BUFFER_INIT;

  self->storage = g_object_ref (storage);
  if (!refuse_existing (storage, cancellable, error))
    return NULL;

  self->key = sr_key_new_random (error);
  if (self->key == NULL || !sr_config_generate (&self->config, error) || !set_up (self, error) ||
      !sr_key_file_create (self->key, password, &costs, g_get_user_name (), g_get_host_name (),
                           &key_file, cancellable, error))
    return NULL;

  if (!sr_storage_create (storage, cancellable, error))
    return NULL;
  if (write_file (storage, SR_FILE_KEY, &key_file, &self->key_id, cancellable, error) &&
      write_config (self, cancellable, error))
    return g_steal_pointer (&self);
  take_back_key (self);
  return NULL;
}

/* Loads a file that is named after its bytes, and checks that. */
static GBytes *
load_named (SrStorage *storage,
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
               "The file %s is damaged: its content does not fit its name", text);
  return NULL;
}

/* Tries one key file. FALSE without @error: the password is not for this one. */
static gboolean
try_key_file (SrRepository *self,
              const SrFileName *name,
              SrSecret *password,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GBytes) bytes =
      load_named (self->storage, name, SR_KEY_FILE_SIZE_LIMIT, cancellable, error);
  g_autoptr (SrKeyFile) file = NULL;
  g_autoptr (GError) local_error = NULL;
  gconstpointer json;
  gsize length;

  if (bytes == NULL)
    return FALSE;

  json = g_bytes_get_data (bytes, &length);
  file = sr_key_file_decode (json, length, error);
  if (file == NULL)
    {
      g_autofree char *text = sr_file_name_to_string (name);

      g_prefix_error (error, "The key file %s cannot be used: ", text);
      return FALSE;
    }

  self->key = sr_key_file_unlock (file, password, cancellable, &local_error);
  self->key_id = name->id;
  if (local_error != NULL && !g_error_matches (local_error, SR_ERROR, SR_ERROR_WRONG_PASSWORD))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return self->key != NULL;
}

/* Which of the two is it, the password or the file? Nobody can tell. */
static void
add_doubt (GError **damage, const char *location)
{
  g_autoptr (GError) cause = g_steal_pointer (damage);

  if (g_error_matches (cause, SR_ERROR, SR_ERROR_DAMAGED))
    g_set_error (damage, SR_ERROR, SR_ERROR_DAMAGED,
                 "The password opens no key of the repository at %s, but not all of them can be "
                 "read: %s; check the password, and put that file back from another copy of the "
                 "repository",
                 location, cause->message);
  else
    *damage = g_steal_pointer (&cause);
}

/* A damaged key file does not stop the search: another one may be the user's. */
static gboolean
unlock (SrRepository *self, SrSecret *password, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_KEY, cancellable, error);
  g_autoptr (GError) damage = NULL;
  g_autofree char *location = sr_storage_dup_location (self->storage);

  if (files == NULL)
    return FALSE;

  for (guint i = 0; i < MIN (files->len, MAX_KEY_FILES); i++)
    {
      SrFileName name = { SR_FILE_KEY, g_array_index (files, SrFileInfo, i).id };
      g_autoptr (GError) local_error = NULL;

      if (try_key_file (self, &name, password, cancellable, &local_error))
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (local_error != NULL && damage == NULL)
        damage = g_steal_pointer (&local_error);
    }

  if (damage != NULL)
    {
      add_doubt (&damage, location);
      g_propagate_error (error, g_steal_pointer (&damage));
    }
  else if (files->len == 0)
    g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                 "All key files of the repository at %s are missing; without a copy of one of them "
                 "nobody can open it",
                 location);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD,
                 "The password opens no key of the repository at %s; check it and type it again",
                 location);
  return FALSE;
}

static void
add_config_remedy (SrRepository *self, GError **error, GError *cause)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *location = sr_storage_dup_location (self->storage);
  const char *remedy = "";

  if (g_error_matches (cause, SR_ERROR, SR_ERROR_DAMAGED))
    remedy = "; put it back from another copy of the repository";
  g_set_error (error, cause->domain, cause->code,
               "The file “config” of the repository at %s cannot be used: %s%s", location,
               cause->message, remedy);
}

static gboolean
read_config (SrRepository *self, GBytes *bytes, GError **error)
{
  GError *local_error = NULL;
  gsize length = g_bytes_get_size (bytes);
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
  guint8 *plain = message + SR_CIPHER_NONCE_SIZE;

  self->cipher = sr_cipher_new (self->key, error);
  if (self->cipher == NULL)
    return FALSE;

  if (length > 0)
    memcpy (message, g_bytes_get_data (bytes, NULL), length);
  if (sr_cipher_open (self->cipher, message, length, plain, &local_error) &&
      sr_config_decode (&self->config, (const char *) plain, length - SR_CIPHER_OVERHEAD,
                        &local_error))
    return TRUE;

  add_config_remedy (self, error, local_error);
  return FALSE;
}

/* Says that there is no config, and so no repository, or a broken one. */
static void
set_no_config (SrStorage *storage, GCancellable *cancellable, GError **error)
{
  g_autofree char *location = sr_storage_dup_location (storage);
  gboolean no_keys;

  if (is_empty_kind (storage, SR_FILE_KEY, &no_keys, cancellable, NULL) && !no_keys)
    g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                 "The file “config” of the repository at %s is missing; put it back from another "
                 "copy of the repository",
                 location);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY,
                 "There is no repository at %s; check the place, or make a new repository there "
                 "first",
                 location);
}

static GBytes *
load_config (SrStorage *storage, GCancellable *cancellable, GError **error)
{
  SrFileName name = { SR_FILE_CONFIG };
  GError *local_error = NULL;
  GBytes *bytes = sr_storage_load (storage, &name, SR_CONFIG_SIZE_LIMIT, cancellable, &local_error);

  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_NOT_FOUND))
    {
      g_clear_error (&local_error);
      set_no_config (storage, cancellable, &local_error);
    }
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  return bytes;
}

/**
 * sr_repository_open:
 * @storage: where a repository of version 1 or 2 is
 * @password: of any of its key files
 * @cancellable: (nullable): looked at between the steps
 *
 * Opens a repository; its index is loaded apart, by sr_repository_load_index(). Blocks, among other
 * things for the key derivation.
 *
 * Returns: (transfer full): the repository; NULL: %SR_ERROR_NOT_A_REPOSITORY,
 *   %SR_ERROR_WRONG_PASSWORD, %SR_ERROR_UNSUPPORTED, %SR_ERROR_DAMAGED, or as the storage says
 */
SrRepository *
sr_repository_open (SrStorage *storage,
                    SrSecret *password,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (SrRepository) self = g_object_new (SR_TYPE_REPOSITORY, NULL);
  g_autoptr (GBytes) config = load_config (storage, cancellable, error);

  self->storage = g_object_ref (storage);
  if (config == NULL || !unlock (self, password, cancellable, error) ||
      !read_config (self, config, error) || !set_up (self, error))
    return NULL;
  return g_steal_pointer (&self);
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
  return set_up (handle, error) ? g_steal_pointer (&handle) : NULL;
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

/* Either notes what is damaged and goes on, or stops there. Anything else always stops. */
static gboolean
pass_over (GError *failure, GPtrArray *problems, GError **error)
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
          !pass_over (g_steal_pointer (&local_error), problems, error))
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
      load_named (self->storage, name, SR_UNPACKED_LIMIT, cancellable, error);
  GBytes *json;

  if (bytes == NULL)
    return NULL;

  json = decode_unpacked (self, bytes, error);
  if (json == NULL)
    {
      g_autofree char *text = sr_file_name_to_string (name);

      g_prefix_error (error, "The file %s is damaged: ", text);
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
  return sealed && write_file (self->storage, kind, &message, out_id, cancellable, error);
}

/**
 * sr_repository_load_snapshot:
 * @self: a repository
 * @id: of the snapshot
 * @cancellable: (nullable): ends the transfer
 *
 * Returns: (transfer full): the snapshot; NULL: as sr_repository_load_unpacked()
 */
SrSnapshot *
sr_repository_load_snapshot (SrRepository *self,
                             const SrId *id,
                             GCancellable *cancellable,
                             GError **error)
{
  SrFileName name = { SR_FILE_SNAPSHOT, *id };
  g_autoptr (GBytes) json = sr_repository_load_unpacked (self, &name, cancellable, error);
  SrSnapshot *snapshot;

  if (json == NULL)
    return NULL;

  snapshot =
      sr_snapshot_new_from_json (g_bytes_get_data (json, NULL), g_bytes_get_size (json), id, error);
  if (snapshot == NULL)
    {
      g_autofree char *text = sr_file_name_to_string (&name);

      g_prefix_error (error, "The file %s is damaged: ", text);
    }
  return snapshot;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  SrSnapshot *left = *(SrSnapshot *const *) a;
  SrSnapshot *right = *(SrSnapshot *const *) b;
  int order = sr_time_compare (sr_snapshot_get_time (left), sr_snapshot_get_time (right));

  if (order != 0)
    return order;
  return sr_id_compare (sr_snapshot_get_id (left), sr_snapshot_get_id (right));
}

/**
 * sr_repository_list_snapshots:
 * @self: a repository
 * @problems: (nullable) (element-type GError): as for sr_repository_load_index()
 * @cancellable: (nullable): looked at between snapshots
 *
 * Returns: (transfer full) (element-type SrSnapshot): all snapshots, oldest first
 */
GPtrArray *
sr_repository_list_snapshots (SrRepository *self,
                              GPtrArray *problems,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_SNAPSHOT, cancellable, error);
  g_autoptr (GPtrArray) snapshots = g_ptr_array_new_with_free_func (g_object_unref);

  if (files == NULL)
    return NULL;

  for (guint i = 0; i < files->len; i++)
    {
      const SrId *id = &g_array_index (files, SrFileInfo, i).id;
      g_autoptr (GError) local_error = NULL;
      SrSnapshot *snapshot = sr_repository_load_snapshot (self, id, cancellable, &local_error);

      if (snapshot != NULL)
        g_ptr_array_add (snapshots, snapshot);
      else if (!pass_over (g_steal_pointer (&local_error), problems, error))
        return NULL;
    }
  g_ptr_array_sort (snapshots, compare_times);
  return g_steal_pointer (&snapshots);
}

/* A damaged snapshot beside it is no reason to refuse the newest good one. */
static SrSnapshot *
find_latest (SrRepository *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr (GPtrArray) snapshots =
      sr_repository_list_snapshots (self, problems, cancellable, error);

  if (snapshots == NULL)
    return NULL;
  if (snapshots->len > 0)
    return g_object_ref (g_ptr_array_index (snapshots, snapshots->len - 1));

  if (problems->len > 0)
    g_propagate_error (error, g_error_copy (g_ptr_array_index (problems, 0)));
  else
    g_set_error_literal (error, SR_ERROR, SR_ERROR_NOT_FOUND,
                         "The repository has no snapshot yet; back something up first");
  return NULL;
}

static gboolean
has_prefix (const SrId *id, const char *prefix)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (id, hex);
  return g_ascii_strncasecmp (hex, prefix, strlen (prefix)) == 0;
}

/**
 * sr_repository_find_id:
 * @self: a repository
 * @kind: snapshots, keys, …
 * @name: an id, or as many of its first digits as make it unique
 * @out_id: (out): the whole id
 * @cancellable: (nullable): ends the listing
 *
 * Fails with %SR_ERROR_NOT_FOUND, %SR_ERROR_AMBIGUOUS, or as the storage says.
 */
gboolean
sr_repository_find_id (SrRepository *self,
                       SrFileKind kind,
                       const char *name,
                       SrId *out_id,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, kind, cancellable, error);
  guint n_found = 0;

  if (files == NULL)
    return FALSE;

  for (guint i = 0; i < files->len && *name != '\0'; i++)
    if (has_prefix (&g_array_index (files, SrFileInfo, i).id, name))
      {
        *out_id = g_array_index (files, SrFileInfo, i).id;
        n_found++;
      }

  if (n_found == 0)
    g_set_error (
        error, SR_ERROR, SR_ERROR_NOT_FOUND,
        "Nothing in “%s” has an id that begins with “%s”; list them to see which there are",
        sr_file_kind_get_folder (kind), name);
  else if (n_found > 1)
    g_set_error (error, SR_ERROR, SR_ERROR_AMBIGUOUS,
                 "%u files in “%s” have an id that begins with “%s”; type more of it", n_found,
                 sr_file_kind_get_folder (kind), name);
  return n_found == 1;
}

/**
 * sr_repository_find_snapshot:
 * @self: a repository
 * @name: "latest" for the one with the greatest time, an id, or its first digits
 * @cancellable: (nullable): looked at between snapshots
 *
 * Returns: (transfer full): the snapshot; NULL: %SR_ERROR_NOT_FOUND, %SR_ERROR_AMBIGUOUS, …
 */
SrSnapshot *
sr_repository_find_snapshot (SrRepository *self,
                             const char *name,
                             GCancellable *cancellable,
                             GError **error)
{
  SrId id;

  if (strcmp (name, "latest") == 0)
    return find_latest (self, cancellable, error);
  if (!sr_repository_find_id (self, SR_FILE_SNAPSHOT, name, &id, cancellable, error))
    return NULL;
  return sr_repository_load_snapshot (self, &id, cancellable, error);
}
