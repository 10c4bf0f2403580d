/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What every kind of storage has in common.
 *
 * The verbs are few and simple, so that a folder, a server and a test can all be a storage. The
 * blocking ones are the real ones: they are called from the worker threads of a job, which have
 * nothing else to do. Whoever owns a main context takes the _async forms, which run the same verbs
 * on a thread of GTask's pool. */

#include "config.h"

#include "sr-storage.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

/* A first read of this many bytes gets all of a snapshot, key or small index at once, which is one
 * round trip on a server instead of two. */
#define LOAD_FIRST_SIZE (256 * 1024)

G_DEFINE_ABSTRACT_TYPE (SrStorage, sr_storage, G_TYPE_OBJECT)

static void
sr_storage_class_init (SrStorageClass *klass)
{
}

static void
sr_storage_init (SrStorage *self)
{
}

/**
 * sr_file_kind_get_folder:
 * @kind: a kind of file
 *
 * Returns: (transfer none): where files of @kind are (repository-format, section 1), as "keys" or
 *   "data"; for the config its whole name
 */
const char *
sr_file_kind_get_folder (SrFileKind kind)
{
  switch (kind)
    {
    case SR_FILE_CONFIG:
      return "config";
    case SR_FILE_KEY:
      return "keys";
    case SR_FILE_PACK:
      return "data";
    case SR_FILE_INDEX:
      return "index";
    case SR_FILE_SNAPSHOT:
      return "snapshots";
    case SR_FILE_LOCK:
      return "locks";
    default:
      g_assert_not_reached ();
    }
}

/**
 * sr_file_name_to_string:
 * @name: a file's name
 *
 * Returns: (transfer full): it as text, as "config" or "data/ab12…" with all 64 digits: for
 *   messages, and the path of the file in the REST protocol
 */
char *
sr_file_name_to_string (const SrFileName *name)
{
  char hex[SR_ID_HEX_SIZE];

  if (name->kind == SR_FILE_CONFIG)
    return g_strdup (sr_file_kind_get_folder (name->kind));
  sr_id_to_hex (&name->id, hex);
  return g_strconcat (sr_file_kind_get_folder (name->kind), "/", hex, NULL);
}

static gboolean
is_file_name (const SrFileName *name)
{
  return name != NULL && (guint) name->kind < SR_N_FILE_KINDS;
}

/**
 * sr_storage_dup_location:
 * @self: a storage
 *
 * Returns: (transfer full): where it is, without passwords: for messages, and for restic's -r
 */
char *
sr_storage_dup_location (SrStorage *self)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), NULL);

  return SR_STORAGE_GET_CLASS (self)->dup_location (self);
}

/**
 * sr_storage_create:
 * @self: a storage
 * @cancellable: (nullable): looked at between the folders
 * @error: return location
 *
 * Makes what an empty repository needs before its first file. Does no harm where that is there, and
 * does not look whether a repository is: ask for the config first. Blocks.
 *
 * Returns: whether all is there now
 */
gboolean
sr_storage_create (SrStorage *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return SR_STORAGE_GET_CLASS (self)->create (self, cancellable, error);
}

/**
 * sr_storage_has:
 * @self: a storage
 * @name: a file's name
 * @out_present: (out) (optional): whether it is there
 * @out_size: (out) (optional): its bytes, 0 where it is not there
 * @cancellable: (nullable): ends a wait
 * @error: return location
 *
 * A storage that is itself not there (a drive that was unplugged) has no config; about any other
 * file that is an error. Blocks.
 *
 * Returns: whether the question could be answered
 */
gboolean
sr_storage_has (SrStorage *self,
                const SrFileName *name,
                gboolean *out_present,
                guint64 *out_size,
                GCancellable *cancellable,
                GError **error)
{
  gboolean present = FALSE;
  guint64 size = 0;

  g_return_val_if_fail (SR_IS_STORAGE (self), FALSE);
  g_assert (is_file_name (name));

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!SR_STORAGE_GET_CLASS (self)->has (self, name, &present, &size, cancellable, error))
    return FALSE;

  if (out_present != NULL)
    *out_present = present;
  if (out_size != NULL)
    *out_size = present ? size : 0;
  return TRUE;
}

/**
 * sr_storage_read:
 * @self: a storage
 * @name: a file's name
 * @offset: bytes from its start
 * @buffer: (out caller-allocates) (array length=length): where they go
 * @length: bytes wanted
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * Fails with %SR_ERROR_NOT_FOUND where there is no such file. The bytes are as they are stored:
 * callers compare them with the id or the tag. Blocks.
 *
 * Returns: bytes read, fewer than @length only where the file ends; -1 on failure
 */
gssize
sr_storage_read (SrStorage *self,
                 const SrFileName *name,
                 guint64 offset,
                 guint8 *buffer,
                 gsize length,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (SR_IS_STORAGE (self), -1);
  g_assert (is_file_name (name));
  g_assert (buffer != NULL || length == 0);
  g_assert (length <= G_MAXSSIZE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (offset > G_MAXINT64 - (guint64) length)
    {
      text = g_strdup_printf ("%" G_GUINT64_FORMAT, offset);
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT, _ ("No file is so long that it has a byte %s"),
                   text);
      return -1;
    }
  return SR_STORAGE_GET_CLASS (self)->read (self, name, offset, buffer, length, cancellable, error);
}

static void
set_too_long (SrStorage *self, const SrFileName *name, gsize limit, GError **error)
{
  g_autofree char *text = sr_file_name_to_string (name);
  g_autofree char *location = sr_storage_dup_location (self);

  g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
               _ ("The file %s in %s is longer than the %zu bytes that this program accepts"), text,
               location, limit);
}

/* Reads on behind the @n_first bytes that are in @buffer, to the end of a file that is not short. */
static guint8 *
load_rest (SrStorage *self,
           const SrFileName *name,
           guint8 *buffer,
           gsize n_first,
           gsize limit,
           gsize *out_length,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree guint8 *taken = buffer;
  g_autofree char *text = sr_file_name_to_string (name);
  guint64 size;
  gssize n;

  if (!sr_storage_has (self, name, NULL, &size, cancellable, error))
    return NULL;
  if (size > limit)
    {
      set_too_long (self, name, limit, error);
      return NULL;
    }
  if (size > n_first)
    {
      taken = g_realloc (taken, (gsize) size);
      n = sr_storage_read (self, name, n_first, taken + n_first, (gsize) size - n_first,
                           cancellable, error);
      if (n < 0)
        return NULL;
      n_first += (gsize) n;
    }
  if (n_first != size)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_STORAGE,
                   _ ("The file %s ended after %zu of %zu bytes; try again"), text, n_first,
                   (gsize) size);
      return NULL;
    }
  *out_length = n_first;
  return g_steal_pointer (&taken);
}

/**
 * sr_storage_load:
 * @self: a storage
 * @name: a file's name
 * @limit: bytes that the caller accepts
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * Reads a whole file. Fails with %SR_ERROR_LIMIT where it is longer than @limit, before it has
 * taken more memory than that, otherwise as sr_storage_read(). Blocks.
 *
 * Returns: (transfer full): its bytes, or %NULL
 */
GBytes *
sr_storage_load (SrStorage *self,
                 const SrFileName *name,
                 gsize limit,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree guint8 *buffer = NULL;
  gsize wanted = MIN (limit, LOAD_FIRST_SIZE - 1) + 1;
  gsize length;
  gssize n;

  g_return_val_if_fail (SR_IS_STORAGE (self), NULL);
  g_assert (is_file_name (name));

  buffer = g_malloc (wanted);
  n = sr_storage_read (self, name, 0, buffer, wanted, cancellable, error);
  if (n < 0)
    return NULL;

  length = (gsize) n;
  if (length > limit)
    {
      set_too_long (self, name, limit, error);
      return NULL;
    }
  if (length == wanted)
    {
      buffer = load_rest (self, name, g_steal_pointer (&buffer), length, limit, &length,
                          cancellable, error);
      if (buffer == NULL)
        return NULL;
    }
  else
    {
      buffer = g_realloc (buffer, MAX (length, 1));
    }
  return g_bytes_new_take (g_steal_pointer (&buffer), length);
}

/**
 * sr_storage_create_spool:
 * @self: a storage
 * @size_hint: as in sr_spool_new_for_fd()
 * @error: return location
 *
 * Makes a spool where a file is built so that sr_storage_write() to this storage is cheapest.
 *
 * Returns: (transfer full): an empty spool
 */
SrSpool *
sr_storage_create_spool (SrStorage *self, guint64 size_hint, GError **error)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), NULL);

  return SR_STORAGE_GET_CLASS (self)->create_spool (self, size_hint, error);
}

/**
 * sr_storage_write:
 * @self: a storage
 * @name: the file's name; but for the config, its id is the SHA-256 of @spool
 * @spool: the content, complete
 * @cancellable: (nullable): looked at between pieces; a cancelled write leaves nothing behind
 * @error: return location
 *
 * When it returns, the file is there after a power cut too. Never overwrites: where the name is
 * taken it fails with %SR_ERROR_ALREADY_EXISTS, except that a file with an id and the same size is
 * taken for the same file, and done. So a write whose outcome is unknown can be repeated. Also
 * %SR_ERROR_NO_SPACE and %SR_ERROR_PERMISSION. Blocks.
 *
 * Returns: whether the file is there
 */
gboolean
sr_storage_write (SrStorage *self,
                  const SrFileName *name,
                  SrSpool *spool,
                  GCancellable *cancellable,
                  GError **error)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), FALSE);
  g_assert (is_file_name (name));
  g_assert (SR_IS_SPOOL (spool) && sr_spool_is_complete (spool));
  g_assert (name->kind == SR_FILE_CONFIG || sr_id_equal (&name->id, sr_spool_get_sha256 (spool)));

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return SR_STORAGE_GET_CLASS (self)->write (self, name, spool, cancellable, error);
}

/**
 * sr_storage_list:
 * @self: a storage
 * @kind: a kind of file, but not the config
 * @cancellable: (nullable): looked at now and then
 * @error: return location
 *
 * Names that are not an id are left out. A storage that has nothing of @kind gives an empty array;
 * one that is itself not there (a drive that was unplugged, a folder in which nothing was created)
 * fails with %SR_ERROR_NOT_FOUND, or all files would seem to be lost. Blocks.
 *
 * Returns: (transfer full) (element-type SrFileInfo): the files, in any order
 */
GArray *
sr_storage_list (SrStorage *self, SrFileKind kind, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), NULL);
  g_assert (kind > SR_FILE_CONFIG && (guint) kind < SR_N_FILE_KINDS);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return SR_STORAGE_GET_CLASS (self)->list (self, kind, cancellable, error);
}

/**
 * sr_storage_remove:
 * @self: a storage
 * @name: a file's name
 * @cancellable: (nullable): ends a wait
 * @error: return location
 *
 * Fine where the file is gone already. Blocks.
 *
 * Returns: whether the file is gone
 */
gboolean
sr_storage_remove (SrStorage *self,
                   const SrFileName *name,
                   GCancellable *cancellable,
                   GError **error)
{
  g_return_val_if_fail (SR_IS_STORAGE (self), FALSE);
  g_assert (is_file_name (name));

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return SR_STORAGE_GET_CLASS (self)->remove (self, name, cancellable, error);
}

/* What an operation on the pool works with. */
typedef struct
{
  SrFileName name; /* for list: only its kind */
  gsize limit; /* for load */
  SrSpool *spool; /* (owned) (nullable): for write */
  gboolean present; /* result of has */
  guint64 size; /* result of has */
} Call;

static void
call_free (Call *call)
{
  g_clear_object (&call->spool);
  g_free (call);
}

/* @name is NULL where a verb has none. The task waits for its thread even when it is cancelled, so
 * that the verb has really ended when the callback runs. */
static Call *
start_call (SrStorage *self,
            const SrFileName *name,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data,
            gpointer tag,
            GTask **out_task)
{
  Call *call = g_new0 (Call, 1);

  if (name != NULL)
    call->name = *name;
  *out_task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (*out_task, tag);
  g_task_set_task_data (*out_task, call, (GDestroyNotify) call_free);
  return call;
}

static void
return_done (GTask *task, gboolean done, GError *error)
{
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
create_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean done = sr_storage_create (source, cancellable, &error);

  return_done (task, done, error);
}

/**
 * sr_storage_create_async:
 * @self: a storage
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): called in the main context that was the thread's default here, as with
 *   all _async forms
 * @user_data: data for @callback
 *
 * sr_storage_create() on another thread.
 */
void
sr_storage_create_async (SrStorage *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SR_IS_STORAGE (self));

  start_call (self, NULL, cancellable, callback, user_data, sr_storage_create_async, &task);
  g_task_run_in_thread (task, create_in_thread);
}

/**
 * sr_storage_create_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location
 *
 * Returns: as sr_storage_create()
 */
gboolean
sr_storage_create_finish (SrStorage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
has_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  gboolean done =
      sr_storage_has (source, &call->name, &call->present, &call->size, cancellable, &error);

  return_done (task, done, error);
}

/**
 * sr_storage_has_async:
 * @self: a storage
 * @name: a file's name; copied
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): as in sr_storage_create_async()
 * @user_data: data for @callback
 *
 * sr_storage_has() on another thread.
 */
void
sr_storage_has_async (SrStorage *self,
                      const SrFileName *name,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SR_IS_STORAGE (self));
  g_assert (is_file_name (name));

  start_call (self, name, cancellable, callback, user_data, sr_storage_has_async, &task);
  g_task_run_in_thread (task, has_in_thread);
}

/**
 * sr_storage_has_finish:
 * @self: a storage
 * @result: what the callback got
 * @out_present: (out) (optional): as in sr_storage_has()
 * @out_size: (out) (optional): as in sr_storage_has()
 * @error: return location
 *
 * Returns: as sr_storage_has()
 */
gboolean
sr_storage_has_finish (SrStorage *self,
                       GAsyncResult *result,
                       gboolean *out_present,
                       guint64 *out_size,
                       GError **error)
{
  Call *call;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  call = g_task_get_task_data (G_TASK (result));
  if (out_present != NULL)
    *out_present = call->present;
  if (out_size != NULL)
    *out_size = call->size;
  return TRUE;
}

static void
load_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  GBytes *bytes = sr_storage_load (source, &call->name, call->limit, cancellable, &error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/**
 * sr_storage_load_async:
 * @self: a storage
 * @name: a file's name; copied
 * @limit: as in sr_storage_load()
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): as in sr_storage_create_async()
 * @user_data: data for @callback
 *
 * sr_storage_load() on another thread.
 */
void
sr_storage_load_async (SrStorage *self,
                       const SrFileName *name,
                       gsize limit,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Call *call;

  g_return_if_fail (SR_IS_STORAGE (self));
  g_assert (is_file_name (name));

  call = start_call (self, name, cancellable, callback, user_data, sr_storage_load_async, &task);
  call->limit = limit;
  g_task_run_in_thread (task, load_in_thread);
}

/**
 * sr_storage_load_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location
 *
 * Returns: (transfer full): as sr_storage_load()
 */
GBytes *
sr_storage_load_finish (SrStorage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  gboolean done = sr_storage_write (source, &call->name, call->spool, cancellable, &error);

  return_done (task, done, error);
}

/**
 * sr_storage_write_async:
 * @self: a storage
 * @name: as in sr_storage_write(); copied
 * @spool: as in sr_storage_write(); left alone by the caller until the operation ends
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): as in sr_storage_create_async()
 * @user_data: data for @callback
 *
 * sr_storage_write() on another thread.
 */
void
sr_storage_write_async (SrStorage *self,
                        const SrFileName *name,
                        SrSpool *spool,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Call *call;

  g_return_if_fail (SR_IS_STORAGE (self));
  g_assert (is_file_name (name));
  g_assert (SR_IS_SPOOL (spool));

  call = start_call (self, name, cancellable, callback, user_data, sr_storage_write_async, &task);
  call->spool = g_object_ref (spool);
  g_task_run_in_thread (task, write_in_thread);
}

/**
 * sr_storage_write_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location
 *
 * Returns: as sr_storage_write()
 */
gboolean
sr_storage_write_finish (SrStorage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
list_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  GArray *files = sr_storage_list (source, call->name.kind, cancellable, &error);

  if (files != NULL)
    g_task_return_pointer (task, files, (GDestroyNotify) g_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * sr_storage_list_async:
 * @self: a storage
 * @kind: as in sr_storage_list()
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): as in sr_storage_create_async()
 * @user_data: data for @callback
 *
 * sr_storage_list() on another thread.
 */
void
sr_storage_list_async (SrStorage *self,
                       SrFileKind kind,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Call *call;

  g_return_if_fail (SR_IS_STORAGE (self));

  call = start_call (self, NULL, cancellable, callback, user_data, sr_storage_list_async, &task);
  call->name.kind = kind;
  g_task_run_in_thread (task, list_in_thread);
}

/**
 * sr_storage_list_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location
 *
 * Returns: (transfer full) (element-type SrFileInfo): as sr_storage_list()
 */
GArray *
sr_storage_list_finish (SrStorage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
remove_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  gboolean done = sr_storage_remove (source, &call->name, cancellable, &error);

  return_done (task, done, error);
}

/**
 * sr_storage_remove_async:
 * @self: a storage
 * @name: a file's name; copied
 * @cancellable: (nullable): ends the operation
 * @callback: (scope async): as in sr_storage_create_async()
 * @user_data: data for @callback
 *
 * sr_storage_remove() on another thread.
 */
void
sr_storage_remove_async (SrStorage *self,
                         const SrFileName *name,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SR_IS_STORAGE (self));
  g_assert (is_file_name (name));

  start_call (self, name, cancellable, callback, user_data, sr_storage_remove_async, &task);
  g_task_run_in_thread (task, remove_in_thread);
}

/**
 * sr_storage_remove_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location
 *
 * Returns: as sr_storage_remove()
 */
gboolean
sr_storage_remove_finish (SrStorage *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
