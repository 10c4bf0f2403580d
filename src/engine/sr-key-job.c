/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Lists, adds, removes and changes keys.
 *
 * Each key file holds the same master key, sealed with a password of its own (FORMAT.md, "Key files"). Losing the
 * last one that somebody has the password of is losing the repository. So a new key file is read back from the
 * storage and opened with the new password before an old one goes, and the one in use never goes first. */

#include "config.h"

#include "sr-key-job.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "repository/sr-key-file.h"
#include "repository/sr-lock.h"

#define KEY_FILE_LIMIT (64 * 1024) /* bytes; they have some hundreds */

typedef gboolean (*Operation) (SrKeyJob *self, GCancellable *cancellable, GError **error);

struct _SrKeyJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  Operation operation;
  SrSecret *password; /* (owned) (nullable): of add and change */
  char *name; /* (owned) (nullable): of remove, an id or its first digits */
  GPtrArray *keys; /* (owned) (element-type SrKeyInfo): made by the thread, lent when it is over */
  SrId new_id; /* as keys */
};

G_DEFINE_FINAL_TYPE (SrKeyJob, sr_key_job, SR_TYPE_JOB)

static void
key_info_free (gpointer data)
{
  SrKeyInfo *info = data;

  g_free (info->username);
  g_free (info->hostname);
  g_free (info);
}

static void
sr_key_job_finalize (GObject *object)
{
  SrKeyJob *self = SR_KEY_JOB (object);

  g_object_unref (self->repository);
  g_clear_pointer (&self->password, sr_secret_unref);
  g_free (self->name);
  g_ptr_array_unref (self->keys);
  G_OBJECT_CLASS (sr_key_job_parent_class)->finalize (object);
}

static void
sr_key_job_init (SrKeyJob *self)
{
  self->keys = g_ptr_array_new_with_free_func (key_info_free);
}

static GArray *
list_key_files (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  return sr_storage_list (sr_repository_get_storage (self->repository), SR_FILE_KEY, cancellable,
                          error);
}

/* Reads a key file and checks it against its name. */
static SrKeyFile *
load_key_file (SrKeyJob *self, const SrId *id, GCancellable *cancellable, GError **error)
{
  SrFileName name = { SR_FILE_KEY, *id };
  g_autoptr (GBytes) bytes = sr_storage_load (sr_repository_get_storage (self->repository), &name,
                                              KEY_FILE_LIMIT, cancellable, error);
  g_autofree char *text = sr_file_name_to_string (&name);
  gconstpointer data;
  SrKeyFile *file;
  gsize length;
  SrId actual;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &length);
  sr_hash_data (data, length, &actual);
  if (!sr_id_equal (&actual, id))
    {
      g_set_error (
          error, SR_ERROR, SR_ERROR_DAMAGED,
          _ ("The key file %s is damaged: its content is not what its name says; remove it, "
             "and add a key with its password again"),
          text);
      return NULL;
    }

  file = sr_key_file_decode (data, length, error);
  if (file == NULL)
    sr_prefix_error (error, _ ("The key file %s cannot be used"), text);
  return file;
}

static int
compare_created (gconstpointer a, gconstpointer b)
{
  const SrKeyInfo *left = *(const SrKeyInfo *const *) a;
  const SrKeyInfo *right = *(const SrKeyInfo *const *) b;
  int order = sr_time_compare (&left->created, &right->created);

  return order != 0 ? order : sr_id_compare (&left->id, &right->id);
}

static void
add_info (SrKeyJob *self, const SrId *id, SrKeyFile *file)
{
  SrKeyInfo *info = g_new0 (SrKeyInfo, 1);

  info->id = *id;
  info->created = *sr_key_file_get_created (file);
  info->username = g_strdup (sr_key_file_get_username (file));
  info->hostname = g_strdup (sr_key_file_get_hostname (file));
  info->current = sr_id_equal (id, sr_repository_get_key_id (self->repository));
  g_ptr_array_add (self->keys, info);
}

/* What cannot be read is a problem; the others are listed. */
static gboolean
list_keys (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = list_key_files (self, cancellable, error);

  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_KEY, g_array_index (files, SrFileInfo, i).id };
      g_autoptr (GError) problem = NULL;
      g_autoptr (SrKeyFile) file = load_key_file (self, &name.id, cancellable, &problem);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (file != NULL)
        {
          add_info (self, &name.id, file);
        }
      else
        {
          g_autofree char *path = sr_file_name_to_string (&name);

          sr_job_add_problem (SR_JOB (self), path, problem);
        }
    }
  g_ptr_array_sort (self->keys, compare_created);
  return TRUE;
}

/* Reads the new key file back and opens it. */
static gboolean
verify_key (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrKeyFile) file = load_key_file (self, &self->new_id, cancellable, error);
  g_autoptr (SrSecret) master = NULL;

  if (file == NULL)
    return FALSE;
  master = sr_key_file_unlock (file, self->password, cancellable, error);
  if (master == NULL)
    return FALSE;
  if (sr_secret_equal (master, sr_repository_get_key (self->repository)))
    return TRUE;
  g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED,
                       _ ("The storage gave another key file back than was stored; try again, and "
                          "check the storage"));
  return FALSE;
}

static gboolean
remove_key_file (SrKeyJob *self, const SrId *id, GCancellable *cancellable, GError **error)
{
  SrFileName name = { SR_FILE_KEY, *id };

  return sr_storage_remove (sr_repository_get_storage (self->repository), &name, cancellable,
                            error);
}

/* Writes a key file for the password, and takes it away again when it does not open. */
static gboolean
write_verified_key (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  SrScryptParameters costs = SR_SCRYPT_DEFAULT;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SrSpool) spool = NULL;
  SrFileName name = { SR_FILE_KEY };

  if (!sr_key_file_create (sr_repository_get_key (self->repository), self->password, &costs,
                           g_get_user_name (), g_get_host_name (), &json, cancellable, error))
    return FALSE;

  bytes = g_bytes_new (json.data, json.length);
  spool = sr_spool_new_for_bytes (bytes);
  name.id = *sr_spool_get_sha256 (spool);
  if (!sr_storage_write (sr_repository_get_storage (self->repository), &name, spool, cancellable,
                         error))
    return FALSE;

  self->new_id = name.id;
  if (verify_key (self, cancellable, error))
    return TRUE;
  remove_key_file (self, &name.id, NULL, NULL);
  return FALSE;
}

static gboolean
add_key (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, cancellable, error);

  return lock != NULL && write_verified_key (self, cancellable, error);
}

static gboolean
remove_key (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, TRUE, cancellable, error);
  g_autoptr (GArray) files = NULL;
  SrId id;

  if (lock == NULL ||
      !sr_repository_find_id (self->repository, SR_FILE_KEY, self->name, &id, cancellable, error))
    return FALSE;

  if (sr_id_equal (&id, sr_repository_get_key_id (self->repository)))
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_INVALID,
                           _ ("This key opened the repository just now and cannot be removed; open "
                              "it with another password first"));
      return FALSE;
    }
  files = list_key_files (self, cancellable, error);
  if (files == NULL)
    return FALSE;
  if (files->len < 2)
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_INVALID,
                           _ ("This is the last key: without it nobody could open the repository; "
                              "add another key first"));
      return FALSE;
    }
  return sr_lock_check (lock, cancellable, error) &&
         remove_key_file (self, &id, cancellable, error);
}

static gboolean
change_key (SrKeyJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, TRUE, cancellable, error);

  return lock != NULL && write_verified_key (self, cancellable, error) &&
         sr_lock_check (lock, cancellable, error) &&
         remove_key_file (self, sr_repository_get_key_id (self->repository), cancellable, error);
}

static gboolean
sr_key_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrKeyJob *self = SR_KEY_JOB (job);

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_WORKING);
  return self->operation (self, cancellable, error);
}

static void
sr_key_job_class_init (SrKeyJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_key_job_finalize;
  SR_JOB_CLASS (class)->run = sr_key_job_run;
}

static SrKeyJob *
key_job_new (SrRepository *repository, Operation operation)
{
  SrKeyJob *self = g_object_new (SR_TYPE_KEY_JOB, NULL);

  self->repository = g_object_ref (repository);
  self->operation = operation;
  return self;
}

/**
 * sr_key_job_new_list:
 * @repository: a repository
 *
 * Returns: (transfer full): a job that lists the keys; damaged key files are its problems
 */
SrKeyJob *
sr_key_job_new_list (SrRepository *repository)
{
  return key_job_new (repository, list_keys);
}

/**
 * sr_key_job_new_add:
 * @repository: a repository
 * @password: opens the repository as well from then on
 *
 * Returns: (transfer full): a job that adds a key, under a shared lock
 */
SrKeyJob *
sr_key_job_new_add (SrRepository *repository, SrSecret *password)
{
  SrKeyJob *self = key_job_new (repository, add_key);

  self->password = sr_secret_ref (password);
  return self;
}

/**
 * sr_key_job_new_remove:
 * @repository: a repository
 * @id: of a key, or its first digits
 *
 * The job fails with %SR_ERROR_INVALID for the key that opened @repository and for the last one, with
 * %SR_ERROR_NOT_FOUND or %SR_ERROR_AMBIGUOUS as to @id, and with %SR_ERROR_REPOSITORY_LOCKED while anyone
 * else uses the repository.
 *
 * Returns: (transfer full): a job that removes a key
 */
SrKeyJob *
sr_key_job_new_remove (SrRepository *repository, const char *id)
{
  SrKeyJob *self = key_job_new (repository, remove_key);

  self->name = g_strdup (id);
  return self;
}

/**
 * sr_key_job_new_change:
 * @repository: a repository
 * @password: takes the place of the one that opened @repository
 *
 * The old key is removed only when the new one was read back and opened; when removing it fails, both are there.
 * @repository stays usable, but has to be opened anew before its key is changed again.
 *
 * Returns: (transfer full): a job that changes the password in use
 */
SrKeyJob *
sr_key_job_new_change (SrRepository *repository, SrSecret *password)
{
  SrKeyJob *self = key_job_new (repository, change_key);

  self->password = sr_secret_ref (password);
  return self;
}

/**
 * sr_key_job_get_keys:
 * @self: a job that lists
 *
 * Returns: (transfer none) (element-type SrKeyInfo): the keys, oldest first; empty until the job is over
 */
const GPtrArray *
sr_key_job_get_keys (SrKeyJob *self)
{
  return self->keys;
}

/**
 * sr_key_job_get_new_id:
 * @self: a job that adds or changes, and is done
 *
 * Returns: (transfer none): the new key's id
 */
const SrId *
sr_key_job_get_new_id (SrKeyJob *self)
{
  return &self->new_id;
}
