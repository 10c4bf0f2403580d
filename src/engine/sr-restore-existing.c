/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Compares what is there with what shall be there, and makes what has no content: symbolic links, pipes, devices, and
 * further names of a file.
 *
 * In a folder that this restore has made there is nothing to compare with, and not even a call is spent on that. */

#include "config.h"

#include "sr-restore-existing.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-restore-conflict.h"
#include "engine/sr-restore-error.h"

/* The content of a regular file, chunk by chunk. */
static gboolean
has_content (SrRestoreFile *file, SrRestoreComparer *comparer, int fd)
{
  SrIndex *index = sr_repository_get_index (file->run->repository);
  const SrNode *node = file->node;
  guint64 offset = 0;

  for (guint64 i = 0; i < node->n_content; i++)
    {
      SrBlobPlace place;
      gsize length;

      if (sr_restore_run_is_over (file->run) ||
          !sr_index_lookup (index, SR_BLOB_DATA, &node->content[i], 0, &place))
        return FALSE;
      length = sr_blob_get_plain_length (&place.blob);
      if (!sr_restore_comparer_has_id (comparer, fd, offset, length, &node->content[i]))
        return FALSE;
      offset += length;
    }
  return offset == file->size;
}

static gboolean
is_same_file (SrRestoreFile *file,
              SrRestoreComparer *comparer,
              int folder_fd,
              const struct stat *status)
{
  gboolean same;
  int fd;

  if (!S_ISREG (status->st_mode) || (guint64) status->st_size != file->size)
    return FALSE;
  fd = openat (folder_fd, file->node->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  same = has_content (file, comparer, fd);
  close (fd);
  return same;
}

static gboolean
is_same_symlink (const SrNode *node, int folder_fd, const struct stat *status)
{
  g_autofree char *target = NULL;
  gsize length = strlen (node->link_target != NULL ? node->link_target : "");
  ssize_t n_read;

  if (!S_ISLNK (status->st_mode))
    return FALSE;
  target = g_malloc (length + 1);
  n_read = readlinkat (folder_fd, node->name, target, length + 1);
  return n_read == (ssize_t) length && memcmp (target, node->link_target, length) == 0;
}

static gboolean
is_same (SrRestoreFile *file, SrRestoreComparer *comparer, int folder_fd, const struct stat *status)
{
  const SrNode *node = file->node;

  switch ((SrNodeType) node->type)
    {
    case SR_NODE_FILE:
      return is_same_file (file, comparer, folder_fd, status);
    case SR_NODE_SYMLINK:
      return is_same_symlink (node, folder_fd, status);
    case SR_NODE_FIFO:
      return S_ISFIFO (status->st_mode);
    case SR_NODE_BLOCK_DEVICE:
      return S_ISBLK (status->st_mode) && status->st_rdev == (dev_t) node->device;
    case SR_NODE_CHARACTER_DEVICE:
      return S_ISCHR (status->st_mode) && status->st_rdev == (dev_t) node->device;
    case SR_NODE_FOLDER:
    case SR_NODE_SOCKET:
    case SR_NODE_UNKNOWN:
    default:
      return FALSE;
    }
}

/* It has the content already; whether it shall have the other attributes as well is for the policy to say. */
static void
keep_unchanged (SrRestoreFile *file, int folder_fd, const struct stat *status)
{
  SrConflictPolicy policy = file->run->policy;
  const SrNode *node = file->node;
  g_autoptr (GError) error = NULL;
  SrMetadataState state;

  if (policy == SR_CONFLICT_OVERWRITE ||
      (policy == SR_CONFLICT_KEEP_NEWER && sr_restore_is_older (status, node)))
    {
      sr_metadata_state_from_stat (&state, status, TRUE);
      if (!sr_metadata_apply_at (folder_fd, node->name, node, &state, &error))
        sr_restore_run_report (file->run, file->folder, node->name, error);
    }
  sr_restore_run_count_unchanged (file->run);
  sr_progress_add_bytes (file->run->progress, node->size);
  sr_restore_file_end (file, node->name);
}

/* Acts on what is there under the name of the file. */
static void
act_on_existing (SrRestoreFile *file, int folder_fd, const struct stat *status, gboolean same)
{
  switch (sr_restore_decide (file->run->policy, file->node, status, same, &file->place))
    {
    case SR_RESTORE_UNCHANGED:
      keep_unchanged (file, folder_fd, status);
      break;
    case SR_RESTORE_SKIP:
      sr_restore_run_count_skipped (file->run);
      sr_progress_add_bytes (file->run->progress, file->node->size);
      sr_restore_file_end (file, NULL);
      break;
    case SR_RESTORE_GO_ON:
    default:
      break;
    }
}

static void
look_in_folder (SrRestoreFile *file, SrRestoreComparer *comparer, int folder_fd)
{
  g_autoptr (GError) error = NULL;
  struct stat status;

  if (fstatat (folder_fd, file->node->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    {
      gboolean same = is_same (file, comparer, folder_fd, &status);

      if (!sr_restore_run_is_over (file->run))
        act_on_existing (file, folder_fd, &status, same);
    }
  else if (errno != ENOENT)
    {
      sr_restore_set_error (&error, errno, _ ("Could not look at “%s”"), file->node->name);
      sr_restore_file_fail (file, error);
    }
}

/**
 * sr_restore_look:
 * @file: a file of which nothing is done yet, not a further name of one
 * @comparer: the thread's comparer
 *
 * Looks for what is there under its name, and decides where the file goes. Afterwards sr_restore_file_is_over() when
 * that has settled it: it is the same already, or the policy keeps what is there.
 */
void
sr_restore_look (SrRestoreFile *file, SrRestoreComparer *comparer)
{
  g_autoptr (GError) error = NULL;
  int folder_fd;

  file->looked = TRUE;
  if (sr_restore_folder_is_fresh (file->folder))
    return;

  folder_fd = sr_restore_folder_pin (file->folder, &error);
  if (folder_fd < 0)
    {
      sr_restore_file_fail (file, error);
      return;
    }
  look_in_folder (file, comparer, folder_fd);
  sr_restore_folder_unpin (file->folder);
}

/* Moves what was made under @made to its place, or reports. */
static void
place_made (SrRestoreFile *file, int folder_fd, const char *made)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  if (file->place == SR_RESTORE_PLACE_FREE)
    {
      sr_restore_file_end (file, made); /* it was made there */
    }
  else if (sr_restore_put_in_place (folder_fd, made, file->node->name, file->place,
                                    file->run->stamp, &name, &error))
    {
      sr_restore_file_end (file, name);
    }
  else
    {
      unlinkat (folder_fd, made, 0);
      sr_restore_file_fail (file, error);
    }
}

/* Where to make it: under its name at once where that is free, since nothing is ever half made here. */
static const char *
get_name_to_make (SrRestoreFile *file, int folder_fd)
{
  const char *temporary;

  if (file->place == SR_RESTORE_PLACE_FREE)
    return file->node->name;
  temporary = sr_restore_file_get_temporary (file);
  unlinkat (folder_fd, temporary, 0); /* of an interrupted restore */
  return temporary;
}

static int
make_node (const SrNode *node, int folder_fd, const char *name)
{
  switch ((SrNodeType) node->type)
    {
    case SR_NODE_SYMLINK:
      return symlinkat (node->link_target != NULL ? node->link_target : "", folder_fd, name);
    case SR_NODE_FIFO:
      return mkfifoat (folder_fd, name, 0600);
    case SR_NODE_BLOCK_DEVICE:
      return mknodat (folder_fd, name, S_IFBLK | 0600, (dev_t) node->device);
    case SR_NODE_CHARACTER_DEVICE:
      return mknodat (folder_fd, name, S_IFCHR | 0600, (dev_t) node->device);
    case SR_NODE_FILE:
    case SR_NODE_FOLDER:
    case SR_NODE_SOCKET:
    case SR_NODE_UNKNOWN:
    default:
      errno = EINVAL;
      return -1;
    }
}

static void
set_make_error (GError **error, const SrNode *node)
{
  gboolean device = node->type == SR_NODE_BLOCK_DEVICE || node->type == SR_NODE_CHARACTER_DEVICE;

  if (device && errno == EPERM)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("The device “%s” was not made: only root can do that, outside of containers"),
                 node->name);
  else if (errno == EEXIST)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("Something else with the name “%s” appeared during the restore; it was kept"),
                 node->name);
  else
    sr_restore_set_error (error, errno, _ ("Could not make “%s”"), node->name);
}

static void
make_special_in (SrRestoreFile *file, int folder_fd)
{
  const char *name = get_name_to_make (file, folder_fd);
  g_autoptr (GError) error = NULL;
  SrMetadataState state;
  struct stat status;

  if (make_node (file->node, folder_fd, name) != 0 ||
      fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    {
      set_make_error (&error, file->node);
      sr_restore_file_fail (file, error);
      return;
    }
  sr_metadata_state_from_stat (&state, &status, !sr_restore_folder_is_fresh (file->folder));
  if (!sr_metadata_apply_at (folder_fd, name, file->node, &state, &error))
    sr_restore_run_report (file->run, file->folder, file->node->name, error);
  place_made (file, folder_fd, name);
}

/**
 * sr_restore_make_special:
 * @file: a symbolic link, pipe or device; sr_restore_look() has left it to be restored
 *
 * Makes it, with its metadata. What goes wrong is reported.
 */
void
sr_restore_make_special (SrRestoreFile *file)
{
  g_autoptr (GError) error = NULL;
  int folder_fd = sr_restore_folder_pin (file->folder, &error);

  if (folder_fd < 0)
    {
      sr_restore_file_fail (file, error);
      return;
    }
  make_special_in (file, folder_fd);
  sr_restore_folder_unpin (file->folder);
}

/* Whether the name in question is linked to the first one already. */
static gboolean
is_linked (const struct stat *status, int first_fd, const char *first_name)
{
  struct stat first;

  return fstatat (first_fd, first_name, &first, AT_SYMLINK_NOFOLLOW) == 0 &&
         first.st_dev == status->st_dev && first.st_ino == status->st_ino;
}

static gboolean
link_in (SrRestoreFile *file, int first_fd, const char *first_name, int folder_fd)
{
  const char *made;
  struct stat status;

  if (!sr_restore_folder_is_fresh (file->folder) &&
      fstatat (folder_fd, file->node->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    {
      act_on_existing (file, folder_fd, &status, is_linked (&status, first_fd, first_name));
      if (sr_restore_file_is_over (file))
        return TRUE;
    }

  made = get_name_to_make (file, folder_fd);
  if (linkat (first_fd, first_name, folder_fd, made, 0) != 0)
    return FALSE;
  sr_progress_add_bytes (file->run->progress, file->node->size);
  place_made (file, folder_fd, made);
  return TRUE;
}

/**
 * sr_restore_link:
 * @file: a further name of a file
 *
 * Waits for the first name, and links this one to it.
 *
 * Returns: FALSE when that cannot be (too many links, another file system, the first name was not restored): then the
 *   file is to be restored as one of its own
 */
gboolean
sr_restore_link (SrRestoreFile *file)
{
  SrRestoreFolder *first_folder;
  const char *first_name;
  gboolean linked = FALSE;
  int first_fd, folder_fd;

  if (!sr_restore_links_wait (file->run->links, file->link, &first_folder, &first_name))
    return FALSE;

  first_fd = sr_restore_folder_pin (first_folder, NULL);
  folder_fd = sr_restore_folder_pin (file->folder, NULL);
  if (first_fd >= 0 && folder_fd >= 0)
    linked = link_in (file, first_fd, first_name, folder_fd);
  if (folder_fd >= 0)
    sr_restore_folder_unpin (file->folder);
  if (first_fd >= 0)
    sr_restore_folder_unpin (first_folder);
  return linked;
}
