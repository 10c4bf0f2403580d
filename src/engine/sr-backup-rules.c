/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Decides what is left out of a backup, for the scanner and for the count of what is to be done.
 *
 * Folders that must never be in (the repository itself, our spool and state) are told by device and inode:
 * the same folder may be reached by several paths. */

#include "config.h"

#include "sr-backup-rules.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-fd.h"

/* https://bford.info/cachedir/ */
#define CACHE_TAG_SIGNATURE "Signature: 8a477f597d28d172789f06886806bc55"

typedef struct
{
  dev_t device;
  ino_t inode;
} FolderId;

struct _SrBackupRules
{
  SrPatternList *patterns; /* (owned) (nullable) */
  gboolean exclude_caches;
  guint64 max_file_size; /* bytes; 0: any */
  gboolean one_file_system;
  GArray *never; /* (element-type FolderId) */
  GArray *root_devices; /* (element-type dev_t) */
};

SrBackupRules *
sr_backup_rules_new (void)
{
  SrBackupRules *self = g_new0 (SrBackupRules, 1);

  self->never = g_array_new (FALSE, FALSE, sizeof (FolderId));
  self->root_devices = g_array_new (FALSE, FALSE, sizeof (dev_t));
  return self;
}

void
sr_backup_rules_free (SrBackupRules *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->patterns, sr_pattern_list_unref);
  g_array_unref (self->never);
  g_array_unref (self->root_devices);
  g_free (self);
}

void
sr_backup_rules_set_patterns (SrBackupRules *self, SrPatternList *patterns)
{
  g_clear_pointer (&self->patterns, sr_pattern_list_unref);
  if (patterns != NULL)
    self->patterns = sr_pattern_list_ref (patterns);
}

void
sr_backup_rules_set_exclude_caches (SrBackupRules *self, gboolean exclude_caches)
{
  self->exclude_caches = exclude_caches;
}

void
sr_backup_rules_set_max_file_size (SrBackupRules *self, guint64 max_file_size)
{
  self->max_file_size = max_file_size;
}

void
sr_backup_rules_set_one_file_system (SrBackupRules *self, gboolean one_file_system)
{
  self->one_file_system = one_file_system;
}

/**
 * sr_backup_rules_add_never:
 * @self: rules
 * @folder: path of a folder that is never backed up; one that does not exist is no matter
 *
 * Blocks for a stat call.
 */
void
sr_backup_rules_add_never (SrBackupRules *self, const char *folder)
{
  struct stat status;
  FolderId id;

  if (stat (folder, &status) != 0)
    return;

  id = (FolderId){ status.st_dev, status.st_ino };
  g_array_append_val (self->never, id);
}

/**
 * sr_backup_rules_add_root:
 * @self: rules
 * @path: one of the files and folders to back up, whose file system is in
 *
 * Blocks for a stat call.
 */
void
sr_backup_rules_add_root (SrBackupRules *self, const char *path)
{
  struct stat status;

  if (lstat (path, &status) == 0)
    g_array_append_val (self->root_devices, status.st_dev);
}

gboolean
sr_backup_rules_has_patterns (SrBackupRules *self)
{
  return self->patterns != NULL && !sr_pattern_list_is_empty (self->patterns);
}

gboolean
sr_backup_rules_take_path (SrBackupRules *self, const char *path)
{
  return !sr_backup_rules_has_patterns (self) ||
         !sr_pattern_list_matches (self->patterns, path, NULL);
}

static gboolean
is_never (SrBackupRules *self, const struct stat *status)
{
  for (guint i = 0; i < self->never->len; i++)
    {
      const FolderId *id = &g_array_index (self->never, FolderId, i);

      if (id->device == status->st_dev && id->inode == status->st_ino)
        return TRUE;
    }
  return FALSE;
}

/**
 * sr_backup_rules_take_root:
 * @self: rules
 * @path: absolute, of something that the user has named
 *
 * Blocks for a stat call for each folder on the way.
 *
 * Returns: whether it is neither one of the folders that are never backed up, nor inside one
 */
gboolean
sr_backup_rules_take_root (SrBackupRules *self, const char *path)
{
  g_autofree char *current = g_strdup (path);

  for (;;)
    {
      g_autofree char *folder = g_path_get_dirname (current);
      struct stat status;

      if (lstat (current, &status) == 0 && is_never (self, &status))
        return FALSE;
      if (strcmp (folder, current) == 0)
        return TRUE;
      g_free (current);
      current = g_steal_pointer (&folder);
    }
}

/**
 * sr_backup_rules_take_any_size:
 * @self: rules
 *
 * Returns: whether every regular file whose path is taken goes into the backup
 */
gboolean
sr_backup_rules_take_any_size (SrBackupRules *self)
{
  return self->max_file_size == 0;
}

/**
 * sr_backup_rules_take_status:
 * @self: rules
 * @status: of a file or folder whose path is taken
 *
 * Returns: whether it goes into the backup. Sockets do not: there is nothing in them.
 */
gboolean
sr_backup_rules_take_status (SrBackupRules *self, const struct stat *status)
{
  if (S_ISSOCK (status->st_mode))
    return FALSE;
  if (S_ISREG (status->st_mode))
    return self->max_file_size == 0 || (guint64) status->st_size <= self->max_file_size;
  return !S_ISDIR (status->st_mode) || !is_never (self, status);
}

/**
 * sr_backup_rules_enter:
 * @self: rules
 * @status: of a folder that goes into the backup
 *
 * Returns: whether what is in it goes in as well. Of a mount point on another file system only the empty
 *   folder does, where one file system is the rule.
 */
gboolean
sr_backup_rules_enter (SrBackupRules *self, const struct stat *status)
{
  if (!self->one_file_system)
    return TRUE;

  for (guint i = 0; i < self->root_devices->len; i++)
    if (g_array_index (self->root_devices, dev_t, i) == status->st_dev)
      return TRUE;
  return FALSE;
}

/**
 * sr_backup_rules_is_cache:
 * @self: rules
 * @folder_fd: an open folder
 *
 * Returns: whether caches are left out and the folder is tagged as one; then only the tag goes in
 */
gboolean
sr_backup_rules_is_cache (SrBackupRules *self, int folder_fd)
{
  guint8 start[sizeof CACHE_TAG_SIGNATURE - 1];
  gssize length;
  int fd;

  if (!self->exclude_caches)
    return FALSE;

  fd = openat (folder_fd, SR_CACHE_TAG_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return FALSE;

  length = sr_fd_read (fd, start, sizeof start, SR_CACHE_TAG_NAME, NULL, NULL);
  close (fd);
  return length == sizeof start && memcmp (start, CACHE_TAG_SIGNATURE, sizeof start) == 0;
}
