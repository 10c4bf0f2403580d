/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The files and folders that a backup is of, merged into one tree.
 *
 * A snapshot holds the chain of folders from "/" to each of them (FORMAT.md, "Snapshots"). The chain
 * is of real folders: symbolic links on the way are resolved, because a restore in place would otherwise put a
 * folder where the link was. A link that is itself named is followed if it leads to a folder: who names it means what is
 * in it. */

#include "config.h"

#include "sr-backup-roots.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sr-error.h"

static SrBackupRoot *
new_root (const char *name)
{
  SrBackupRoot *self = g_new0 (SrBackupRoot, 1);

  self->name = g_strdup (name);
  self->children = g_ptr_array_new_with_free_func ((GDestroyNotify) sr_backup_root_free);
  return self;
}

/**
 * sr_backup_root_new:
 *
 * Returns: (transfer full): "/" with nothing selected in it
 */
SrBackupRoot *
sr_backup_root_new (void)
{
  return new_root ("/");
}

void
sr_backup_root_free (SrBackupRoot *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->children);
  g_free (self->name);
  g_free (self);
}

/**
 * sr_backup_root_find_child:
 * @self: a folder on the way
 * @name: of something in it
 *
 * Returns: (transfer none) (nullable): what is on the way or selected there
 */
const SrBackupRoot *
sr_backup_root_find_child (const SrBackupRoot *self, const char *name)
{
  for (guint i = 0; i < self->children->len; i++)
    {
      const SrBackupRoot *child = g_ptr_array_index (self->children, i);

      if (strcmp (child->name, name) == 0)
        return child;
    }
  return NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(SrBackupRoot *const *) a)->name, (*(SrBackupRoot *const *) b)->name);
}

static SrBackupRoot *
get_child (SrBackupRoot *self, const char *name)
{
  SrBackupRoot *child = (SrBackupRoot *) sr_backup_root_find_child (self, name);

  if (child == NULL)
    {
      child = new_root (name);
      g_ptr_array_add (self->children, child);
      g_ptr_array_sort (self->children, compare_names);
    }
  return child;
}

/* The path without links, except for a link to a file at its end. */
static char *
resolve (const char *path)
{
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;
  char *whole = realpath (path, NULL);
  struct stat status;
  char *real_folder, *joined;

  if (whole != NULL && stat (whole, &status) == 0 && S_ISDIR (status.st_mode))
    return whole;
  free (whole);

  if (lstat (path, &status) != 0)
    return NULL;
  folder = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  real_folder = realpath (folder, NULL);
  if (real_folder == NULL)
    return NULL;
  joined = g_build_filename (real_folder, name, NULL);
  free (real_folder);
  return joined;
}

/**
 * sr_backup_root_resolve:
 * @file: something to back up
 * @error: (out) (optional): %SR_ERROR_INVALID for a file without a local path, %SR_ERROR_SOURCE for one that is not
 *   there
 *
 * Blocks for a few stat calls.
 *
 * Returns: (transfer full) (type filename): its path with links resolved
 */
char *
sr_backup_root_resolve (GFile *file, GError **error)
{
  const char *given = g_file_peek_path (file);
  char *path;

  if (given == NULL)
    {
      g_autofree char *uri = g_file_get_uri (file);

      g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
                   _ ("%s is not on this computer's file systems; mount it first"), uri);
      return NULL;
    }

  path = resolve (given);
  if (path == NULL)
    g_set_error (error, SR_ERROR, SR_ERROR_SOURCE, _ ("%s cannot be backed up: %s"), given,
                 g_strerror (errno));
  return path;
}

/**
 * sr_backup_root_add:
 * @self: the root of all
 * @path: of sr_backup_root_resolve()
 *
 * Selects a file or folder. What is inside another selected folder changes nothing.
 */
void
sr_backup_root_add (SrBackupRoot *self, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);

  for (guint i = 0; names[i] != NULL; i++)
    if (*names[i] != '\0')
      self = get_child (self, names[i]);
  self->selected = TRUE;
}
