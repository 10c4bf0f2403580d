/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The folders that a restore writes into.
 *
 * Everything is done relative to descriptors of folders that were opened without following symbolic links, so a
 * link planted in the target leads nowhere. A folder's own metadata can only be applied when everything in it is done:
 * making a file changes the folder's times, and a folder of mode 0500 takes no files. So whoever has still
 * to make something in a folder holds it, its sub-folders among them, and the last one to let go applies them.
 *
 * Trees are as deep as they like (paths of 4,000 bytes have 2,000 levels) and descriptors are few, so only some are kept
 * open: the longest unused one is closed, and opened again when it is wanted, from the nearest ancestor that is open.
 * A folder opened again must be the same as before, by device and inode. */

#include "config.h"

#include "sr-restore-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-restore-error.h"

struct _SrRestoreFolders
{
  SrRestoreFolderReport report;
  gpointer user_data; /* for report */
  guint fd_limit;
  gboolean abandoned; /* (atomic) */

  GMutex mutex;
  GQueue
      idle; /* (locked by mutex): open and not pinned, longest unused first; the links are the folders' own */
  guint n_open; /* (locked by mutex) */
};

struct _SrRestoreFolder
{
  SrRestoreFolders *folders;
  SrRestoreFolder *parent; /* (owned) (nullable): NULL for the target */
  SrNode *node; /* (owned) (nullable): NULL for the target */
  gint n_references; /* (atomic) */
  gint n_holders; /* (atomic): together they have one reference */
  gint trust; /* (atomic): SrRestoreTrust */
  dev_t device;
  ino_t inode;
  gboolean fresh; /* made by this restore */
  gboolean apply; /* gets the metadata of its node */
  SrMetadataState state; /* what it had when it was opened */

  int fd; /* (locked by the folders' mutex): -1 while closed */
  gboolean by_path; /* (locked by the folders' mutex): fd is one of O_PATH: it may not be read */
  guint n_pins; /* (locked by the folders' mutex) */
  GList link; /* (locked by the folders' mutex): in idle when n_pins is 0 and fd is not -1 */
};

/**
 * sr_restore_folders_new:
 * @fd_limit: how many folders are kept open at once, those that are pinned not counted
 * @report: called when the metadata of a folder could not be applied, from any thread
 * @user_data: for @report
 *
 * Returns: (transfer full): the folders of one restore, to be freed after the last folder
 */
SrRestoreFolders *
sr_restore_folders_new (guint fd_limit, SrRestoreFolderReport report, gpointer user_data)
{
  SrRestoreFolders *self = g_new0 (SrRestoreFolders, 1);

  self->fd_limit = MAX (fd_limit, 2);
  self->report = report;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->idle);
  return self;
}

void
sr_restore_folders_free (SrRestoreFolders *self)
{
  if (self == NULL)
    return;
  g_assert (self->n_open == 0);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * sr_restore_folders_abandon:
 * @self: the folders of a restore that has failed or was cancelled
 *
 * Folders that are let go from now on stay as they are, private to their owner: not all is in them.
 */
void
sr_restore_folders_abandon (SrRestoreFolders *self)
{
  g_atomic_int_set (&self->abandoned, TRUE);
}

static SrRestoreFolder *
folder_new (SrRestoreFolders *folders, SrRestoreFolder *parent)
{
  SrRestoreFolder *self = g_new0 (SrRestoreFolder, 1);

  self->folders = folders;
  self->parent = parent != NULL ? sr_restore_folder_ref (parent) : NULL;
  self->n_references = 1;
  self->n_holders = 1;
  self->fd = -1;
  self->link.data = self;
  if (parent != NULL)
    sr_restore_folder_hold (parent);
  return self;
}

SrRestoreFolder *
sr_restore_folder_ref (SrRestoreFolder *self)
{
  g_atomic_int_inc (&self->n_references);
  return self;
}

/* With the mutex held. */
static void
close_locked (SrRestoreFolder *self)
{
  if (self->fd < 0)
    return;
  if (self->n_pins == 0)
    g_queue_unlink (&self->folders->idle, &self->link);
  close (self->fd);
  self->fd = -1;
  self->folders->n_open--;
}

void
sr_restore_folder_unref (SrRestoreFolder *self)
{
  while (self != NULL && g_atomic_int_dec_and_test (&self->n_references))
    {
      SrRestoreFolder *parent = self->parent;

      g_mutex_lock (&self->folders->mutex);
      close_locked (self);
      g_mutex_unlock (&self->folders->mutex);
      g_clear_pointer (&self->node, sr_node_free);
      g_free (self);
      self = parent; /* not by recursion: a hostile tree may be deep */
    }
}

/* With the mutex held: closes what was unused longest, but never what was used last. */
static void
close_idle_locked (SrRestoreFolders *folders)
{
  while (folders->n_open > folders->fd_limit && folders->idle.head != folders->idle.tail)
    close_locked (folders->idle.head->data);
}

/* With the mutex held. The descriptor is not pinned yet. */
static void
keep_open_locked (SrRestoreFolder *self, int fd, gboolean by_path)
{
  SrRestoreFolders *folders = self->folders;

  self->fd = fd;
  self->by_path = by_path;
  folders->n_open++;
  g_queue_push_tail_link (&folders->idle, &self->link);
  close_idle_locked (folders);
}

static int
open_folder (int parent_fd, const char *name, gboolean *out_by_path)
{
  int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (parent_fd, name, flags | O_RDONLY);

  *out_by_path = FALSE;
  if (fd < 0 && errno == EACCES)
    {
      fd = openat (parent_fd, name, flags | O_PATH);
      *out_by_path = TRUE;
    }
  return fd;
}

/* With the mutex held, and the parent open. */
static gboolean
open_again_locked (SrRestoreFolder *self, GError **error)
{
  struct stat status;
  gboolean by_path;
  int fd = open_folder (self->parent->fd, self->node->name, &by_path);

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      sr_restore_set_error (error, errno, _ ("Could not open the folder “%s” again"),
                            self->node->name);
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  if (status.st_dev != self->device || status.st_ino != self->inode)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                   _ ("The folder “%s” was replaced while it was being restored; restore it again"),
                   self->node->name);
      close (fd);
      return FALSE;
    }
  keep_open_locked (self, fd, by_path);
  return TRUE;
}

/* With the mutex held: opens the closed ones between the nearest ancestor that is open and this folder. */
static gboolean
open_chain_locked (SrRestoreFolder *self, GError **error)
{
  g_autoptr (GPtrArray) closed = g_ptr_array_new ();

  for (SrRestoreFolder *folder = self; folder->fd < 0; folder = folder->parent)
    g_ptr_array_add (closed, folder);
  for (guint i = closed->len; i > 0; i--)
    if (!open_again_locked (g_ptr_array_index (closed, i - 1), error))
      return FALSE;
  return TRUE;
}

/* With the mutex held. */
static int
pin_locked (SrRestoreFolder *self, GError **error)
{
  if (self->fd < 0 && !open_chain_locked (self, error))
    return -1;
  if (self->n_pins++ == 0)
    g_queue_unlink (&self->folders->idle, &self->link);
  return self->fd;
}

/**
 * sr_restore_folder_pin:
 * @self: a folder
 * @error: %SR_ERROR_TARGET when it is not there any more
 *
 * Any thread. A thread pins one folder or a folder and its parent at a time.
 *
 * Returns: a descriptor of the folder, perhaps one of O_PATH, that stays open until sr_restore_folder_unpin(); -1
 */
int
sr_restore_folder_pin (SrRestoreFolder *self, GError **error)
{
  int fd;

  g_mutex_lock (&self->folders->mutex);
  fd = pin_locked (self, error);
  g_mutex_unlock (&self->folders->mutex);
  return fd;
}

void
sr_restore_folder_unpin (SrRestoreFolder *self)
{
  SrRestoreFolders *folders = self->folders;

  g_mutex_lock (&folders->mutex);
  if (--self->n_pins == 0)
    {
      g_queue_push_tail_link (&folders->idle, &self->link);
      close_idle_locked (folders);
    }
  g_mutex_unlock (&folders->mutex);
}

/**
 * sr_restore_folder_new_target:
 * @folders: the folders of the restore
 * @fd: (transfer full): the folder into which the snapshot's root is restored
 * @fresh: whether it was made for this restore
 *
 * Returns: (transfer full): that folder; it is held, and gets no metadata
 */
SrRestoreFolder *
sr_restore_folder_new_target (SrRestoreFolders *folders, int fd, gboolean fresh)
{
  SrRestoreFolder *self = folder_new (folders, NULL);

  self->fresh = fresh;
  self->fd = fd;
  self->n_pins = 1; /* for good */
  g_mutex_lock (&folders->mutex);
  folders->n_open++;
  g_mutex_unlock (&folders->mutex);
  return self;
}

/* A file or symbolic link where a folder should be goes only when all is to be overwritten. */
static int
replace_by_folder (int parent_fd, const char *name, gboolean overwrite, gboolean *out_by_path)
{
  int fd = open_folder (parent_fd, name, out_by_path);

  if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
    return fd;
  if (!overwrite)
    {
      errno = ENOTDIR;
      return -1;
    }
  if (unlinkat (parent_fd, name, 0) != 0 || mkdirat (parent_fd, name, 0700) != 0)
    return -1;
  return open_folder (parent_fd, name, out_by_path);
}

/* Access control lists and a group that a new folder has from its parent would pass on to all that is made in it. */
static void
strip_inherited (int fd, struct stat *status)
{
  if (fgetxattr (fd, "system.posix_acl_default", NULL, 0) >= 0)
    {
      fremovexattr (fd, "system.posix_acl_default");
      fremovexattr (fd, "system.posix_acl_access");
      status->st_mode |= 07777; /* so that the permissions are set in any case */
    }
  if ((status->st_mode & 07777) != 0700 && fchmod (fd, 0700) == 0)
    status->st_mode = (status->st_mode & S_IFMT) | 0700;
}

/* A folder of ours that we may not write into, as one of mode 0500 that an interrupted restore has finished. */
static void
make_writable (int fd, gboolean by_path, struct stat *status)
{
  char path[64];

  if (geteuid () == 0 || status->st_uid != geteuid () || (status->st_mode & 0700) == 0700)
    return;
  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if ((by_path ? chmod (path, (status->st_mode & 07777) | 0700)
               : fchmod (fd, (status->st_mode & 07777) | 0700)) == 0)
    status->st_mode |= 0700;
}

/* Makes or opens the folder, and notes what it is. */
static gboolean
make_in (SrRestoreFolder *self, int parent_fd, gboolean overwrite, GError **error)
{
  const char *name = self->node->name;
  gboolean by_path = FALSE;
  struct stat status;
  int fd;

  self->fresh = mkdirat (parent_fd, name, 0700) == 0;
  if (!self->fresh && errno != EEXIST)
    {
      sr_restore_set_error (error, errno, _ ("Could not make the folder “%s”"), name);
      return FALSE;
    }
  fd = replace_by_folder (parent_fd, name, overwrite, &by_path);
  if (fd < 0 || fstat (fd, &status) != 0)
    {
      sr_restore_set_error (error, errno,
                            errno == ENOTDIR ? _ ("Something else has the name of the folder “%s”")
                                             : _ ("Could not open the folder “%s”"),
                            name);
      if (fd >= 0)
        close (fd);
      return FALSE;
    }

  if (self->fresh)
    strip_inherited (fd, &status);
  else if (overwrite)
    make_writable (fd, by_path, &status);
  self->apply = self->fresh || overwrite;
  self->device = status.st_dev;
  self->inode = status.st_ino;
  sr_metadata_state_from_stat (&self->state, &status, !self->fresh);
  g_mutex_lock (&self->folders->mutex);
  keep_open_locked (self, fd, by_path);
  g_mutex_unlock (&self->folders->mutex);
  return TRUE;
}

/**
 * sr_restore_folder_make:
 * @parent: where it goes
 * @node: (transfer full): what it is; its name must be safe
 * @overwrite: whether a file or symbolic link of that name is replaced, and a folder gets the metadata of @node
 * @error: %SR_ERROR_TARGET, %SR_ERROR_NO_SPACE, %SR_ERROR_PERMISSION (the file system is read-only)
 *
 * Makes a folder, or opens the one that is there. While it is held it belongs to us alone (mode 0700).
 *
 * Returns: (transfer full): the folder, which is held once and then holds its parent; to be given up by
 *   sr_restore_folder_release(), which takes the reference too
 */
SrRestoreFolder *
sr_restore_folder_make (SrRestoreFolder *parent, SrNode *node, gboolean overwrite, GError **error)
{
  SrRestoreFolder *self = folder_new (parent->folders, parent);
  int parent_fd = sr_restore_folder_pin (parent, error);
  gboolean made = FALSE;

  self->node = node;
  if (parent_fd >= 0)
    {
      made = make_in (self, parent_fd, overwrite, error);
      sr_restore_folder_unpin (parent);
    }
  if (made)
    return self;

  self->apply = FALSE;
  sr_restore_folder_release (self);
  return NULL;
}

void
sr_restore_folder_hold (SrRestoreFolder *self)
{
  g_atomic_int_inc (&self->n_holders);
}

static void
apply_metadata (SrRestoreFolder *self)
{
  g_autoptr (GError) error = NULL;
  int parent_fd = sr_restore_folder_pin (self->parent, &error);
  int fd = parent_fd >= 0 ? sr_restore_folder_pin (self, &error) : -1;

  if (fd >= 0)
    {
      if (self->by_path)
        sr_metadata_apply_at (parent_fd, self->node->name, self->node, &self->state, &error);
      else
        sr_metadata_apply (fd, self->node, &self->state, &error);
      sr_restore_folder_unpin (self);
    }
  if (parent_fd >= 0)
    sr_restore_folder_unpin (self->parent);
  if (error != NULL)
    self->folders->report (self, error, self->folders->user_data);
}

/**
 * sr_restore_folder_release:
 * @self: a folder that is held
 *
 * Ends one hold of any thread. With the last one the folder gets its metadata and lets go its parent.
 */
void
sr_restore_folder_release (SrRestoreFolder *self)
{
  while (self != NULL && g_atomic_int_dec_and_test (&self->n_holders))
    {
      SrRestoreFolder *parent = self->parent;

      if (self->apply && !g_atomic_int_get (&self->folders->abandoned))
        apply_metadata (self);

      g_mutex_lock (&self->folders->mutex);
      if (parent != NULL && self->n_pins == 0)
        close_locked (self); /* seldom wanted again */
      g_mutex_unlock (&self->folders->mutex);
      if (parent != NULL)
        sr_restore_folder_ref (parent);
      sr_restore_folder_unref (self);
      if (parent != NULL)
        sr_restore_folder_unref (parent); /* it is held by us, so it stays */
      self = parent;
    }
}

gboolean
sr_restore_folder_is_fresh (SrRestoreFolder *self)
{
  return self->fresh;
}

SrRestoreTrust
sr_restore_folder_get_trust (SrRestoreFolder *self)
{
  return (SrRestoreTrust) g_atomic_int_get (&self->trust);
}

void
sr_restore_folder_set_trust (SrRestoreFolder *self, SrRestoreTrust trust)
{
  g_atomic_int_set (&self->trust, trust);
}

/**
 * sr_restore_folder_dup_path:
 * @self: a folder
 * @name: (nullable): a name in it
 *
 * Returns: (transfer full): the absolute path in the snapshot, as bytes
 */
char *
sr_restore_folder_dup_path (SrRestoreFolder *self, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GString *path = g_string_new (NULL);

  for (SrRestoreFolder *folder = self; folder->parent != NULL; folder = folder->parent)
    g_ptr_array_add (names, folder->node->name);
  for (guint i = names->len; i > 0; i--)
    g_string_append_printf (path, "/%s", (const char *) g_ptr_array_index (names, i - 1));
  if (name != NULL)
    g_string_append_printf (path, "/%s", name);
  if (path->len == 0)
    g_string_append_c (path, '/');
  return g_string_free (path, FALSE);
}
