/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks ahead of a backup that no earlier one gives an idea of.
 *
 * The scanner is never far ahead of the readers, so how much is to come has to be found by a walk of its own, in
 * exchange for a time left that means something. The walk begins after some seconds: of a backup that is
 * over by then nobody asks how long it will take, and with small files the walk is a twentieth of the work. It is an
 * estimate: what it cannot look at is left to the scanner to complain about. */

#include "config.h"

#include "sr-backup-count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct _SrBackupCount
{
  SrBackupRules *rules; /* lent */
  SrProgress *progress; /* lent */
  SrStop *stop; /* lent */
  gint64 due; /* when the walk begins, in monotonic time */
  GMutex mutex;
  GCond cond; /* signalled when ended is set */
  gboolean ended; /* (locked by mutex): nobody wants to know any more */
  GThread *thread; /* (owned) */

  GPtrArray *folders; /* (owned) (element-type filename): still to be looked at; of the thread */
  guint64 n_files;
  guint64 n_bytes;
};

static gboolean
is_over (SrBackupCount *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->ended || sr_stop_is_set (self->stop);
}

static void
count_file (SrBackupCount *self, const struct stat *status)
{
  if (S_ISREG (status->st_mode))
    {
      self->n_files++;
      self->n_bytes += (guint64) status->st_size;
    }
}

static void
count_entry (SrBackupCount *self, int folder_fd, const char *folder, const char *name)
{
  g_autofree char *path = NULL;
  struct stat status;

  if (sr_backup_rules_has_patterns (self->rules))
    {
      path = g_build_filename (folder, name, NULL);
      if (!sr_backup_rules_take_path (self->rules, path))
        return;
    }
  if (fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0 ||
      !sr_backup_rules_take_status (self->rules, &status))
    return;

  count_file (self, &status);
  if (S_ISDIR (status.st_mode) && sr_backup_rules_enter (self->rules, &status))
    g_ptr_array_add (self->folders, path != NULL ? g_steal_pointer (&path)
                                                 : g_build_filename (folder, name, NULL));
}

static void
count_folder (SrBackupCount *self, const char *path)
{
  DIR *directory = opendir (path);
  struct dirent *entry;

  if (directory == NULL)
    return;

  if (!sr_backup_rules_is_cache (self->rules, dirfd (directory)))
    while (!is_over (self) && (entry = readdir (directory)) != NULL)
      if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
        count_entry (self, dirfd (directory), path, entry->d_name);
  closedir (directory);
}

static void
wait_until_it_is_worth_it (SrBackupCount *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->ended && g_cond_wait_until (&self->cond, &self->mutex, self->due))
    continue;
  g_mutex_unlock (&self->mutex);
}

static gpointer
count_thread (gpointer user_data)
{
  SrBackupCount *self = user_data;

  wait_until_it_is_worth_it (self);
  while (self->folders->len > 0 && !is_over (self))
    {
      g_autofree char *path = g_ptr_array_steal_index_fast (self->folders, self->folders->len - 1);

      count_folder (self, path);
    }
  if (!is_over (self))
    sr_progress_set_totals (self->progress, self->n_files, self->n_bytes);
  return NULL;
}

/* A folder that is named together with one that it is in is counted there. */
static gboolean
is_inside_another (const char *const *paths, const char *path)
{
  for (; *paths != NULL; paths++)
    {
      gsize length = strlen (*paths);

      if (length == 1 ? path[1] != '\0'
                      : strncmp (path, *paths, length) == 0 && path[length] == '/')
        return TRUE;
    }
  return FALSE;
}

/**
 * sr_backup_count_start:
 * @rules: what is left out; not changed as long as the count runs
 * @paths: (array zero-terminated=1): absolute paths of what is to be backed up
 * @delay_usec: how long it waits before it begins, see %SR_BACKUP_COUNT_DELAY_USEC
 * @progress: gets the totals when all is counted
 * @stop: of the operation; all of these outlive the count
 *
 * Returns: (transfer full): a count that is under way
 */
SrBackupCount *
sr_backup_count_start (SrBackupRules *rules,
                       const char *const *paths,
                       gint64 delay_usec,
                       SrProgress *progress,
                       SrStop *stop)
{
  SrBackupCount *self = g_new0 (SrBackupCount, 1);

  self->rules = rules;
  self->progress = progress;
  self->stop = stop;
  self->due = g_get_monotonic_time () + delay_usec;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->folders = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      struct stat status;

      if (is_inside_another (paths, paths[i]) || lstat (paths[i], &status) != 0)
        continue;
      count_file (self, &status);
      if (S_ISDIR (status.st_mode))
        g_ptr_array_add (self->folders, g_strdup (paths[i]));
    }
  self->thread = g_thread_new ("sr-count", count_thread, self);
  return self;
}

/**
 * sr_backup_count_end:
 * @self: (transfer full) (nullable): a count
 *
 * Ends it, whether it is done or not.
 */
void
sr_backup_count_end (SrBackupCount *self)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);

  g_ptr_array_unref (self->folders);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}
