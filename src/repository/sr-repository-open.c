/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How a repository is opened, and how one is made.
 *
 * The config says whether there is a repository at all, the key files who may open it: the password is tried on
 * one after the other. One that is made gets its config last, so that nothing half-made is taken for one. */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "repository/sr-key-file.h"
#include "repository/sr-repository-private.h"

/* restic gives up after as many. Each try costs a key derivation. */
#define MAX_KEY_FILES 20

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
                 _ ("There is a repository at %s already; use it, or choose an empty place"),
                 location);
  else
    g_set_error (
        error, SR_ERROR, SR_ERROR_ALREADY_EXISTS,
        _ ("There is a repository at %s that has lost its file “config”; put that back from "
           "another copy of the repository, or choose an empty place"),
        location);
  return FALSE;
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
         sr_repository_write_file (self->storage, SR_FILE_CONFIG, &message, NULL, cancellable,
                                   error);
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
  if (self->key == NULL || !sr_config_generate (&self->config, error) ||
      !sr_repository_set_up (self, error) ||
      !sr_key_file_create (self->key, password, &costs, g_get_user_name (), g_get_host_name (),
                           &key_file, cancellable, error))
    return NULL;

  if (!sr_storage_create (storage, cancellable, error))
    return NULL;
  if (sr_repository_write_file (storage, SR_FILE_KEY, &key_file, &self->key_id, cancellable,
                                error) &&
      write_config (self, cancellable, error))
    return g_steal_pointer (&self);
  take_back_key (self);
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
      sr_repository_load_named (self->storage, name, SR_KEY_FILE_SIZE_LIMIT, cancellable, error);
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

      sr_prefix_error (error, _ ("The key file %s cannot be used"), text);
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
                 _ ("The password opens no key of the repository at %s, but not all of them can be "
                    "read: %s; check the password, and put that file back from another copy of the "
                    "repository"),
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
    g_set_error (
        error, SR_ERROR, SR_ERROR_DAMAGED,
        _ ("All key files of the repository at %s are missing; without a copy of one of them "
           "nobody can open it"),
        location);
  else
    g_set_error (
        error, SR_ERROR, SR_ERROR_WRONG_PASSWORD,
        _ ("The password opens no key of the repository at %s; check it and type it again"),
        location);
  return FALSE;
}

static void
add_config_remedy (SrRepository *self, GError **error, GError *cause)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *location = sr_storage_dup_location (self->storage);

  if (g_error_matches (cause, SR_ERROR, SR_ERROR_DAMAGED))
    g_set_error (error, cause->domain, cause->code,
                 _ ("The file “config” of the repository at %s cannot be used: %s; put it back "
                    "from another copy of the repository"),
                 location, cause->message);
  else
    g_set_error (error, cause->domain, cause->code,
                 _ ("The file “config” of the repository at %s cannot be used: %s"), location,
                 cause->message);
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
    g_set_error (
        error, SR_ERROR, SR_ERROR_DAMAGED,
        _ ("The file “config” of the repository at %s is missing; put it back from another "
           "copy of the repository"),
        location);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY,
                 _ ("There is no repository at %s; check the place, or make a new repository there "
                    "first"),
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
      !read_config (self, config, error) || !sr_repository_set_up (self, error))
    return NULL;
  return g_steal_pointer (&self);
}
