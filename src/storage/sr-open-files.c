/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The files read last, kept open.
 *
 * A restore reads many small ranges of one pack. On a network folder each open is a round trip or
 * more, so the last few packs stay open. There are so few that a walk along an array finds one
 * faster than a hash table; the one used last stands first. */

#include "config.h"

#include "sr-open-files.h"

#include <unistd.h>

struct _SrOpenFiles
{
  GMutex mutex;
  GPtrArray *files; /* (owned) (element-type SrOpenFile) (locked by mutex): used last first */
  guint limit; /* files */
};

static void
close_file (gpointer data)
{
  SrOpenFile *file = data;

  close (file->fd);
}

/**
 * sr_open_file_release:
 * @file: (transfer full): a file of sr_open_files_lookup() or _add()
 *
 * Gives it back; the last user closes it.
 */
void
sr_open_file_release (SrOpenFile *file)
{
  g_atomic_rc_box_release_full (file, close_file);
}

/**
 * sr_open_files_new:
 * @limit: how many stay open, at least 1
 *
 * Returns: (transfer full): an empty set
 */
SrOpenFiles *
sr_open_files_new (guint limit)
{
  SrOpenFiles *self = g_new0 (SrOpenFiles, 1);

  g_assert (limit > 0);

  g_mutex_init (&self->mutex);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) sr_open_file_release);
  self->limit = limit;
  return self;
}

/**
 * sr_open_files_free:
 * @self: (transfer full): a set that nobody uses any more
 */
void
sr_open_files_free (SrOpenFiles *self)
{
  g_ptr_array_unref (self->files);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
find_locked (SrOpenFiles *self, const SrId *id, guint *out_index)
{
  for (guint i = 0; i < self->files->len; i++)
    if (sr_id_equal (&((SrOpenFile *) self->files->pdata[i])->id, id))
      {
        *out_index = i;
        return TRUE;
      }
  return FALSE;
}

/**
 * sr_open_files_lookup:
 * @self: the set
 * @id: the file's id
 *
 * Returns: (transfer full) (nullable): the file, or %NULL where it has to be opened first
 */
SrOpenFile *
sr_open_files_lookup (SrOpenFiles *self, const SrId *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  SrOpenFile *file;
  guint i;

  if (!find_locked (self, id, &i))
    return NULL;
  file = g_ptr_array_steal_index (self->files, i);
  g_ptr_array_insert (self->files, 0, file);
  return g_atomic_rc_box_acquire (file);
}

/**
 * sr_open_files_add:
 * @self: the set
 * @id: the file's id
 * @fd: the file, open for reading; taken
 *
 * Puts a file first, and lets go of the one that was used longest ago where there are too many.
 * When another thread has opened the same file meanwhile, both are good.
 *
 * Returns: (transfer full): the file
 */
SrOpenFile *
sr_open_files_add (SrOpenFiles *self, const SrId *id, int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  SrOpenFile *file = g_atomic_rc_box_new0 (SrOpenFile);

  file->id = *id;
  file->fd = fd;
  if (self->files->len == self->limit)
    g_ptr_array_remove_index (self->files, self->limit - 1);
  g_ptr_array_insert (self->files, 0, file);
  return g_atomic_rc_box_acquire (file);
}

/**
 * sr_open_files_forget:
 * @self: the set
 * @id: the id of a file that is being removed
 *
 * Closes it as soon as nobody reads from it.
 */
void
sr_open_files_forget (SrOpenFiles *self, const SrId *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  guint i;

  while (find_locked (self, id, &i))
    g_ptr_array_remove_index (self->files, i);
}
