/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Holds a lock of the repository for as long as an operation takes.
 *
 * Storages offer no atomic test-and-set, so restic's protocol is optimistic (FORMAT.md, "Locks"): look
 * whether anybody is in the way, write the lock, let it settle, look again. A lock counts as stale after 30 minutes,
 * so a thread writes it anew every 5. Whoever runs "restic unlock" on this computer tests
 * holders with SIGHUP, which kills a process that does not ignore it: each program of ours does.
 *
 * A computer may sleep for hours with a lock. As long as its file stands nobody else has been alone with the
 * repository, however old it is; once somebody has removed it as stale, blobs that were counted on may have been pruned,
 * and writing a new one does not bring them back. So a lock whose file went without us is lost for good. */

#include "config.h"

#include "sr-lock.h"

#include <glib/gi18n-lib.h>
#include <time.h>

#include "base/sr-error.h"
#include "repository/sr-lock-file.h"

#define SETTLE_USEC (200 * G_TIME_SPAN_MILLISECOND)
#define RENEW_USEC (5 * G_TIME_SPAN_MINUTE)
#define RETRY_USEC (30 * G_TIME_SPAN_SECOND)
#define OVERDUE_SECONDS (22 * 60 + 30) /* restic's: well before others take it for stale */

struct _SrLock
{
  SrRepository *repository; /* (owned) */
  gboolean exclusive;
  GThread *thread; /* (owned) (nullable): renews */
  GCancellable *cancellable; /* (owned): ends a renewal that is under way */

  GMutex renewing; /* held by whoever renews; comes before mutex */
  GMutex mutex;
  GCond cond; /* signalled when released is set */
  gboolean released; /* (locked by mutex) */
  gboolean lost; /* (locked by mutex): somebody else has removed it */
  SrId id; /* (locked by renewing): the file that stands now */
  gint64 renewed; /* (locked by mutex): seconds of the clock that runs while the computer sleeps */
};

static gint64
get_boot_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

static void
remove_lock_file (SrLock *self, const SrId *id)
{
  SrFileName name = { SR_FILE_LOCK, *id };
  g_autoptr (GError) error = NULL;

  /* Without the cancellable: what was cancelled must not leave its lock behind. */
  if (!sr_storage_remove (sr_repository_get_storage (self->repository), &name, NULL, &error))
    g_info ("A lock stays behind until it is stale: %s", error->message);
}

/* A write that failed may have been done nevertheless, when only its answer was lost. */
static gboolean
write_lock_file (SrLock *self, SrId *out_id, GCancellable *cancellable, GError **error)
{
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrId id = { { 0 } };

  sr_lock_file_init_own (&file, self->exclusive);
  sr_lock_file_encode (&file, &json);
  if (!sr_repository_save_unpacked (self->repository, SR_FILE_LOCK, json.data, json.length, &id,
                                    cancellable, error))
    {
      remove_lock_file (self, &id);
      return FALSE;
    }
  *out_id = id;
  return TRUE;
}

static gboolean
decode_lock_file (SrLock *self,
                  const SrFileName *name,
                  SrLockFile *file,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GBytes) json =
      sr_repository_load_unpacked (self->repository, name, cancellable, error);
  g_autofree char *text = NULL;

  if (json == NULL)
    return FALSE;
  if (sr_lock_file_decode (file, g_bytes_get_data (json, NULL), g_bytes_get_size (json), error))
    return TRUE;

  text = sr_file_name_to_string (name);
  sr_prefix_error (error, _ ("The file %s is damaged"), text);
  return FALSE;
}

/* FALSE without @error: there is no such lock any more, or none that can be read. */
static gboolean
load_lock_file (SrLock *self,
                const SrFileName *name,
                SrLockFile *file,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (decode_lock_file (self, name, file, cancellable, &local_error))
    return TRUE;

  /* Gone since it was listed, or half written by a program that does not write atomically. A shared lock
   * can live with that; who wants to be alone has to know. */
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_NOT_FOUND) ||
      (!self->exclusive && g_error_matches (local_error, SR_ERROR, SR_ERROR_DAMAGED)))
    return FALSE;
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_DAMAGED))
    g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                 _ ("%s; nobody can tell whether it is in use: when it is not, remove that file"),
                 local_error->message);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
examine_lock (SrLock *self,
              const SrFileName *name,
              const SrLockFile *own,
              GCancellable *cancellable,
              GError **error)
{
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *holder = NULL;

  if (!load_lock_file (self, name, &file, cancellable, &local_error))
    {
      if (local_error == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (sr_lock_file_is_stale (&file, &own->time))
    {
      remove_lock_file (self, &name->id);
      return TRUE;
    }
  if (!sr_lock_file_conflicts (own, &file))
    return TRUE;

  holder = sr_lock_file_describe (&file);
  g_set_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED,
               _ ("The repository is in use by %s; try again when that has ended"), holder);
  return FALSE;
}

/* Looks at all locks but @own_id. */
static gboolean
look_around (SrLock *self, const SrId *own_id, GCancellable *cancellable, GError **error)
{
  SrStorage *storage = sr_repository_get_storage (self->repository);
  g_autoptr (GArray) files = sr_storage_list (storage, SR_FILE_LOCK, cancellable, error);
  g_auto (SrLockFile) own = SR_LOCK_FILE_INIT;

  if (files == NULL)
    return FALSE;

  sr_lock_file_init_own (&own, self->exclusive);
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_LOCK, g_array_index (files, SrFileInfo, i).id };

      if (own_id != NULL && sr_id_equal (own_id, &name.id))
        continue;
      if (!examine_lock (self, &name, &own, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Waits for others that looked at the same moment, unless cancelled. */
static gboolean
settle (GCancellable *cancellable, GError **error)
{
  GPollFD poll_fd;

  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &poll_fd))
    {
      g_poll (&poll_fd, 1, SETTLE_USEC / G_TIME_SPAN_MILLISECOND);
      g_cancellable_release_fd (cancellable);
    }
  else
    {
      g_poll (NULL, 0, SETTLE_USEC / G_TIME_SPAN_MILLISECOND);
    }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
is_there (SrLock *self,
          const SrId *id,
          gboolean *out_present,
          GCancellable *cancellable,
          GError **error)
{
  SrFileName name = { SR_FILE_LOCK, *id };

  return sr_storage_has (sr_repository_get_storage (self->repository), &name, out_present, NULL,
                         cancellable, error);
}

/* The new file first, so that at no moment there is none; then whether the old one still stood. Whoever has removed it
 * in between meets the new one when it looks again. */
static gboolean
renew (SrLock *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->renewing);
  SrId new_id, old_id = self->id;
  gboolean present;

  if (!write_lock_file (self, &new_id, cancellable, error))
    return FALSE;
  if (!is_there (self, &old_id, &present, cancellable, error))
    {
      remove_lock_file (self, &new_id);
      return FALSE;
    }

  self->id = new_id;
  g_mutex_lock (&self->mutex);
  self->renewed = get_boot_seconds ();
  self->lost = self->lost || !present;
  g_mutex_unlock (&self->mutex);
  remove_lock_file (self, &old_id);
  return TRUE;
}

static gint64
renew_and_plan (SrLock *self)
{
  g_autoptr (GError) error = NULL;

  if (renew (self, self->cancellable, &error))
    return g_get_monotonic_time () + RENEW_USEC;
  g_info ("The lock could not be renewed: %s", error->message);
  return g_get_monotonic_time () + RETRY_USEC;
}

static gpointer
renew_thread (gpointer user_data)
{
  SrLock *self = user_data;
  gint64 due = g_get_monotonic_time () + RENEW_USEC;

  g_mutex_lock (&self->mutex);
  while (!self->released)
    {
      if (g_cond_wait_until (&self->cond, &self->mutex, due))
        continue;

      g_mutex_unlock (&self->mutex);
      due = renew_and_plan (self);
      g_mutex_lock (&self->mutex);
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
free_lock (SrLock *self)
{
  g_object_unref (self->cancellable);
  g_object_unref (self->repository);
  g_mutex_clear (&self->renewing);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

/**
 * sr_lock_acquire:
 * @repository: what to lock
 * @exclusive: TRUE: nobody else may hold any lock (check, prune, removing a key); FALSE: others may hold
 *   shared ones (backup, restore)
 * @cancellable: (nullable): ends the waiting
 *
 * Blocks for two listings and 200 ms. Removes stale locks that it meets.
 *
 * Returns: (transfer full): the lock, renewed until it is released; NULL: %SR_ERROR_REPOSITORY_LOCKED
 *   names the holder; %SR_ERROR_PERMISSION: the storage cannot be written; or as the storage says
 */
SrLock *
sr_lock_acquire (SrRepository *repository,
                 gboolean exclusive,
                 GCancellable *cancellable,
                 GError **error)
{
  SrLock *self = g_new0 (SrLock, 1);

  self->repository = g_object_ref (repository);
  self->exclusive = exclusive;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->renewing);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);

  if (!look_around (self, NULL, cancellable, error) ||
      !write_lock_file (self, &self->id, cancellable, error))
    {
      free_lock (self);
      return NULL;
    }
  if (!settle (cancellable, error) || !look_around (self, &self->id, cancellable, error))
    {
      remove_lock_file (self, &self->id);
      free_lock (self);
      return NULL;
    }

  self->renewed = get_boot_seconds ();
  self->thread = g_thread_new ("sr-lock", renew_thread, self);
  return self;
}

/**
 * sr_lock_release:
 * @self: (transfer full) (nullable): a lock
 *
 * Removes the lock's file. Blocks; not ended by any cancellation.
 */
void
sr_lock_release (SrLock *self)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->mutex);
  self->released = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);

  remove_lock_file (self, &self->id);
  free_lock (self);
}

static gboolean
is_overdue (SrLock *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return get_boot_seconds () - self->renewed >= OVERDUE_SECONDS;
}

/**
 * sr_lock_check:
 * @self: a lock
 * @cancellable: (nullable): ends the asking
 *
 * To be asked before anything is committed: a computer that slept, or a storage that was away, may have kept the
 * lock from being renewed until others took it for stale. Blocks for one question to the storage.
 *
 * Returns: whether the lock has stood all the time; FALSE with %SR_ERROR_REPOSITORY_LOCKED when somebody has removed
 *   it, or as the storage says
 */
gboolean
sr_lock_check (SrLock *self, GCancellable *cancellable, GError **error)
{
  gboolean present, lost;

  if (is_overdue (self) && !renew (self, cancellable, error))
    return FALSE;

  g_mutex_lock (&self->renewing); /* the file keeps its name until the answer is there */
  if (!is_there (self, &self->id, &present, cancellable, error))
    {
      g_mutex_unlock (&self->renewing);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  lost = self->lost = self->lost || !present;
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->renewing);
  if (!lost)
    return TRUE;

  g_set_error_literal (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED,
                       _ ("The lock on the repository was removed by somebody else, who may have "
                          "changed the repository; start again"));
  return FALSE;
}
