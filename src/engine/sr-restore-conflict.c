/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What happens where a name is taken already.
 *
 * A finished file is moved to its name in one step, so at any moment the old or the new one is there, whole. Where
 * nothing was there, nothing is replaced either that has come in the meantime. A folder with something in it is never
 * removed for a file. */

#include "config.h"

#include "sr-restore-conflict.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-restore-error.h"

#define NAME_LIMIT 255 /* bytes of a file name on Linux */
#define EXTENSION_LIMIT 16 /* bytes; what is longer is part of the name */
#define TRIES_BESIDE 1000

/**
 * sr_restore_is_older:
 * @status: what is there
 * @node: what would be restored
 *
 * Returns: whether what is there was last changed before that in the snapshot; FALSE when that is not known
 */
gboolean
sr_restore_is_older (const struct stat *status, const SrNode *node)
{
  SrTime there;

  sr_time_from_timespec (&there, &status->st_mtim);
  return !sr_time_is_unset (&node->mtime) && sr_time_compare (&there, &node->mtime) < 0;
}

/**
 * sr_restore_decide:
 * @policy: what the user wants
 * @node: what would be restored
 * @status: what is there
 * @same: whether it has the same content already
 * @out_place: (out): where to restore it, if it is to be restored
 *
 * Returns: what to do
 */
SrRestoreDecision
sr_restore_decide (SrConflictPolicy policy,
                   const SrNode *node,
                   const struct stat *status,
                   gboolean same,
                   SrRestorePlace *out_place)
{
  *out_place = SR_RESTORE_PLACE_REPLACE;
  if (same)
    return SR_RESTORE_UNCHANGED;

  switch (policy)
    {
    case SR_CONFLICT_KEEP_NEWER:
      return sr_restore_is_older (status, node) ? SR_RESTORE_GO_ON : SR_RESTORE_SKIP;
    case SR_CONFLICT_KEEP_BOTH:
      *out_place = SR_RESTORE_PLACE_BESIDE;
      return SR_RESTORE_GO_ON;
    case SR_CONFLICT_SKIP:
      return SR_RESTORE_SKIP;
    case SR_CONFLICT_OVERWRITE:
    default:
      return SR_RESTORE_GO_ON;
    }
}

/* The length of @name without its extension. */
static gsize
stem_length (const char *name)
{
  const char *dot = strrchr (name, '.');

  if (dot == NULL || dot == name || strlen (dot) > EXTENSION_LIMIT)
    return strlen (name);
  return (gsize) (dot - name);
}

/**
 * sr_restore_name_beside:
 * @name: a name that is taken
 * @stamp: what tells the restored file from it, as " (restored 2026-11-22 14-05)"
 * @nth: 0 for the first try, then counted up while the result is taken too
 *
 * Puts the stamp before the extension, as in "letter (restored 2026-11-22 14-05).odt", then "… 14-05) 2.odt"; cuts the
 * name, between characters, where it would become longer than a name may be.
 *
 * Returns: (transfer full): a new name
 */
char *
sr_restore_name_beside (const char *name, const char *stamp, guint nth)
{
  gsize stem = stem_length (name);
  const char *extension = name + stem;
  char number[16] = "";
  gsize rest;

  if (nth > 0)
    g_snprintf (number, sizeof number, " %u", nth + 1);
  rest = strlen (stamp) + strlen (number) + strlen (extension);
  if (stem + rest > NAME_LIMIT)
    {
      stem = NAME_LIMIT - rest;
      while (stem > 1 && ((guint8) name[stem] & 0xc0) == 0x80)
        stem--;
    }
  return g_strdup_printf ("%.*s%s%s%s", (int) stem, name, stamp, number, extension);
}

/* Where renameat2() cannot refuse to replace (NFS), link() can. */
static int
rename_by_link (int folder_fd, const char *temporary, const char *name)
{
  struct stat status;

  if (linkat (folder_fd, temporary, folder_fd, name, 0) == 0)
    {
      unlinkat (folder_fd, temporary, 0);
      return 0;
    }
  if (errno == EEXIST)
    return -1;
  if (fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    {
      errno = EEXIST;
      return -1;
    }
  return renameat (folder_fd, temporary, folder_fd, name);
}

static int
rename_to_free (int folder_fd, const char *temporary, const char *name)
{
  if (renameat2 (folder_fd, temporary, folder_fd, name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    return -1;
  return rename_by_link (folder_fd, temporary, name);
}

static int
rename_over (int folder_fd, const char *temporary, const char *name)
{
  if (renameat (folder_fd, temporary, folder_fd, name) == 0)
    return 0;
  if (errno != EISDIR && errno != EEXIST && errno != ENOTEMPTY)
    return -1;
  if (unlinkat (folder_fd, name, AT_REMOVEDIR) != 0)
    return -1;
  return renameat (folder_fd, temporary, folder_fd, name);
}

static int
rename_beside (int folder_fd,
               const char *temporary,
               const char *name,
               const char *stamp,
               char **out_name)
{
  for (guint i = 0; i < TRIES_BESIDE; i++)
    {
      g_autofree char *beside = sr_restore_name_beside (name, stamp, i);

      if (rename_to_free (folder_fd, temporary, beside) == 0)
        {
          *out_name = g_steal_pointer (&beside);
          return 0;
        }
      if (errno != EEXIST)
        return -1;
    }
  return -1;
}

/**
 * sr_restore_put_in_place:
 * @folder_fd: the folder
 * @temporary: the name of the finished file
 * @name: the name that it shall have
 * @place: what to do when that is taken
 * @stamp: for sr_restore_name_beside()
 * @out_name: (out) (transfer full): the name that it has got
 * @error: %SR_ERROR_TARGET, …
 *
 * Moves a finished file to its name, in one step.
 */
gboolean
sr_restore_put_in_place (int folder_fd,
                         const char *temporary,
                         const char *name,
                         SrRestorePlace place,
                         const char *stamp,
                         char **out_name,
                         GError **error)
{
  int result;

  *out_name = NULL;
  if (place == SR_RESTORE_PLACE_FREE)
    result = rename_to_free (folder_fd, temporary, name);
  else if (place == SR_RESTORE_PLACE_REPLACE)
    result = rename_over (folder_fd, temporary, name);
  else
    result = rename_beside (folder_fd, temporary, name, stamp, out_name);

  if (result == 0)
    {
      if (*out_name == NULL)
        *out_name = g_strdup (name);
      return TRUE;
    }
  if (errno == ENOTEMPTY)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("A folder with files in it has the name “%s”; move it away and restore again"),
                 name);
  else if (errno == EEXIST && place == SR_RESTORE_PLACE_FREE)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("Something else with the name “%s” appeared during the restore; it was kept"),
                 name);
  else
    sr_restore_set_error (error, errno, _ ("Could not move the restored file to the name “%s”"),
                          name);
  return FALSE;
}
