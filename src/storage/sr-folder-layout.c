/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where the files of a repository are below its top folder: the layout of restic's local backend
 * (repository-format, section 1).
 *
 * A drive that is not connected leaves an empty mount point, or nothing, where the repository was.
 * So only sr_folder_layout_create() makes the top folder; other folders are made, or count as empty
 * while they are missing, only beside a config or in data/. All the rest is an error, or every file
 * would seem to be lost and the next backup would go to the wrong disk. */

#include "config.h"

#include "sr-folder-layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "storage/sr-folder-file.h"

#define N_PACK_FOLDERS 256
#define MAX_FILES (16 * 1024 * 1024) /* of one kind: 640 MB in memory */
#define LOOK_INTERVAL 256 /* names listed between two looks at the cancellable */

/**
 * sr_folder_layout_dup_folder:
 * @top: the repository's top folder
 * @name: a file's name
 *
 * Returns: (transfer full): the folder that has the file
 */
char *
sr_folder_layout_dup_folder (const char *top, const SrFileName *name)
{
  char first_digits[3];

  if (name->kind == SR_FILE_CONFIG)
    return g_strdup (top);
  if (name->kind != SR_FILE_PACK)
    return g_build_filename (top, sr_file_kind_get_folder (name->kind), NULL);
  g_snprintf (first_digits, sizeof first_digits, "%02x", name->id.bytes[0]);
  return g_build_filename (top, sr_file_kind_get_folder (name->kind), first_digits, NULL);
}

/**
 * sr_folder_layout_get_base:
 * @name: a file's name
 * @base: (out): its name in its folder
 */
void
sr_folder_layout_get_base (const SrFileName *name, char base[SR_ID_HEX_SIZE])
{
  if (name->kind == SR_FILE_CONFIG)
    g_strlcpy (base, sr_file_kind_get_folder (name->kind), SR_ID_HEX_SIZE);
  else
    sr_id_to_hex (&name->id, base);
}

/**
 * sr_folder_layout_dup_path:
 * @top: the repository's top folder
 * @name: a file's name
 *
 * Returns: (transfer full): the path of the file
 */
char *
sr_folder_layout_dup_path (const char *top, const SrFileName *name)
{
  g_autofree char *folder = sr_folder_layout_dup_folder (top, name);
  char base[SR_ID_HEX_SIZE];

  sr_folder_layout_get_base (name, base);
  return g_build_filename (folder, base, NULL);
}

/**
 * sr_folder_layout_check:
 * @top: the repository's top folder
 * @error: return location
 *
 * Returns: whether @top is there, so that a file which is not in it is really missing
 */
gboolean
sr_folder_layout_check (const char *top, GError **error)
{
  int fd = sr_folder_open (top, error);

  if (fd < 0)
    return FALSE;
  close (fd);
  return TRUE;
}

/* Whether an empty mount point, where a drive was, can be ruled out. It fails as where not even that
 * is left, with SR_ERROR_NOT_FOUND: who makes a repository there takes both for an empty place. */
static gboolean
check_repository (const char *top, GError **error)
{
  static const SrFileName config = { .kind = SR_FILE_CONFIG };
  g_autofree char *path = sr_folder_layout_dup_path (top, &config);

  if (!sr_folder_layout_check (top, error))
    return FALSE;
  if (access (path, F_OK) == 0)
    return TRUE;
  if (errno != ENOENT)
    sr_folder_set_error (error, errno, top, _ ("Could not look in the folder “%s”"), top);
  else
    g_set_error (
        error, SR_ERROR, SR_ERROR_NOT_FOUND,
        _ ("There is no repository in the folder “%s”; if it is on a drive, check that the "
           "drive is connected"),
        top);
  return FALSE;
}

/**
 * sr_folder_layout_is_for_group:
 * @top: the repository's top folder
 *
 * Returns: whether the group shares the repository; restic's rule is that it can read the config
 */
gboolean
sr_folder_layout_is_for_group (const char *top)
{
  static const SrFileName config = { .kind = SR_FILE_CONFIG };
  g_autofree char *path = sr_folder_layout_dup_path (top, &config);
  struct stat status;

  return stat (path, &status) == 0 && (status.st_mode & S_IRGRP) != 0;
}

/**
 * sr_folder_layout_sync:
 * @folder: its path
 * @error: return location
 *
 * sr_folder_sync() on a folder that is not open.
 *
 * Returns: whether it was done
 */
gboolean
sr_folder_layout_sync (const char *folder, GError **error)
{
  int fd = sr_folder_open (folder, error);
  gboolean done;

  if (fd < 0)
    return FALSE;
  done = sr_folder_sync (fd, folder, error);
  close (fd);
  return done;
}

/* One folder, in one that is there. Its name is not synced yet. */
static gboolean
make_folder (const char *path, gboolean for_group, GError **error)
{
  g_autofree char *parent = NULL;
  struct stat status;

  if (mkdir (path, for_group ? 0770 : 0700) != 0)
    {
      if (errno == EEXIST)
        return TRUE;
      parent = g_path_get_dirname (path);
      sr_folder_set_error (error, errno, parent, _ ("Could not make a folder in the folder “%s”"),
                           parent);
      return FALSE;
    }
  /* The umask may have taken the group's bits, and the parent may hand down its group by a bit. */
  if (for_group && stat (path, &status) == 0 &&
      chmod (path, (status.st_mode & S_ISGID) | 0770) != 0)
    g_debug ("Could not give “%s” to its group: %s", path, g_strerror (errno));
  return TRUE;
}

static gboolean
make_synced_folder (const char *path, gboolean for_group, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return make_folder (path, for_group, error) && sr_folder_layout_sync (parent, error);
}

/* The top folder and what is missing above it. */
static gboolean
make_top (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  struct stat status;

  if (stat (path, &status) == 0 || errno != ENOENT)
    return TRUE;
  return make_top (parent, error) && make_synced_folder (path, FALSE, error);
}

/**
 * sr_folder_layout_create:
 * @top: the repository's top folder, there or not
 * @cancellable: (nullable): looked at between the folders
 * @error: return location
 *
 * Makes @top, what is missing above it, and the folders in it. The 256 folders of packs are made
 * when each gets its first pack. Made here, as restic does, they cost 100 ms on a fast disk; later
 * each costs a pack a sync more, which is a few ms in the second that a pack takes to fill.
 *
 * Returns: whether all is there now
 */
gboolean
sr_folder_layout_create (const char *top, GCancellable *cancellable, GError **error)
{
  gboolean for_group;

  if (!make_top (top, error) || !sr_folder_layout_check (top, error))
    return FALSE;

  for_group = sr_folder_layout_is_for_group (top);
  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    {
      g_autofree char *path = g_build_filename (top, sr_file_kind_get_folder (kind), NULL);

      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !make_folder (path, for_group, error))
        return FALSE;
    }
  return sr_folder_layout_sync (top, error);
}

/**
 * sr_folder_layout_make_missing:
 * @top: the repository's top folder
 * @name: a file whose folder is missing
 * @error: return location
 *
 * Makes the folder of packs that begin with the same digits, where data/ is there; or any folder
 * that version control or an object store has dropped because it was empty.
 *
 * Returns: whether the folder is there now
 */
gboolean
sr_folder_layout_make_missing (const char *top, const SrFileName *name, GError **error)
{
  g_autofree char *folder = sr_folder_layout_dup_folder (top, name);
  g_autofree char *parent = g_path_get_dirname (folder);
  gboolean for_group = sr_folder_layout_is_for_group (top);

  if (name->kind != SR_FILE_PACK || access (parent, F_OK) != 0)
    {
      if (!check_repository (top, error))
        return FALSE;
      if (name->kind == SR_FILE_PACK && !make_synced_folder (parent, for_group, error))
        return FALSE;
    }
  return make_synced_folder (folder, for_group, error);
}

/* Adds what @entry is, when it is a file with an id. FALSE: it could not be looked at. */
static gboolean
list_entry (DIR *entries, const struct dirent *entry, GArray *files)
{
  SrFileInfo info;
  struct stat status;

  if (!sr_id_from_hex (&info.id, entry->d_name, -1))
    return TRUE;
  if (fstatat (dirfd (entries), entry->d_name, &status, 0) != 0)
    return errno == ENOENT; /* removed meanwhile, by another program */
  if (!S_ISREG (status.st_mode))
    return TRUE;
  info.size = (guint64) status.st_size;
  g_array_append_val (files, info);
  return TRUE;
}

static gboolean
list_entries (DIR *entries,
              const char *folder,
              GArray *files,
              GCancellable *cancellable,
              GError **error)
{
  const struct dirent *entry;
  guint n_until_look = LOOK_INTERVAL;

  for (errno = 0; (entry = readdir (entries)) != NULL; errno = 0)
    {
      if (--n_until_look == 0)
        {
          n_until_look = LOOK_INTERVAL;
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            return FALSE;
        }
      if (!list_entry (entries, entry, files))
        break;
      if (files->len > MAX_FILES)
        {
          g_set_error (
              error, SR_ERROR, SR_ERROR_LIMIT,
              _ ("There are more than %d files in the folder “%s”, which is more than this "
                 "program accepts"),
              MAX_FILES, folder);
          return FALSE;
        }
    }
  if (errno == 0)
    return TRUE;
  sr_folder_set_error (error, errno, folder, _ ("Could not list the files in the folder “%s”"),
                       folder);
  return FALSE;
}

/* Adds the files in a folder; @fd is taken. */
static gboolean
list_folder (int fd, const char *folder, GArray *files, GCancellable *cancellable, GError **error)
{
  DIR *entries = fdopendir (fd);
  gboolean done;

  if (entries == NULL)
    {
      sr_folder_set_error (error, errno, folder, _ ("Could not list the files in the folder “%s”"),
                           folder);
      close (fd);
      return FALSE;
    }
  done = list_entries (entries, folder, files, cancellable, error);
  closedir (entries);
  return done;
}

/* A pack in the folder of other digits would not be found by its name, so it does not count. */
static void
drop_misplaced (GArray *files, guint first, guint8 first_byte)
{
  for (guint i = files->len; i > first; i--)
    if (g_array_index (files, SrFileInfo, i - 1).id.bytes[0] != first_byte)
      g_array_remove_index_fast (files, i - 1);
}

/* Adds the packs that begin with @first_byte. */
static gboolean
list_pack_folder (int data_fd,
                  const char *data,
                  guint8 first_byte,
                  GArray *files,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autofree char *folder = NULL;
  char digits[3];
  guint first = files->len;
  int fd;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_snprintf (digits, sizeof digits, "%02x", first_byte);
  folder = g_build_filename (data, digits, NULL);
  fd = openat (data_fd, digits, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      if (errno == ENOENT)
        return TRUE;
      sr_folder_set_error (error, errno, folder, _ ("Could not list the files in the folder “%s”"),
                           folder);
      return FALSE;
    }
  if (!list_folder (fd, folder, files, cancellable, error))
    return FALSE;
  drop_misplaced (files, first, first_byte);
  return TRUE;
}

/* From one descriptor: so a drive that goes meanwhile gives an error and not a short list. Takes
 * @data_fd. */
static gboolean
list_packs (int data_fd, const char *data, GArray *files, GCancellable *cancellable, GError **error)
{
  gboolean done = TRUE;

  for (guint i = 0; i < N_PACK_FOLDERS && done; i++)
    done = list_pack_folder (data_fd, data, (guint8) i, files, cancellable, error);
  close (data_fd);
  return done;
}

/**
 * sr_folder_layout_list:
 * @top: the repository's top folder
 * @kind: a kind of file, but not the config
 * @cancellable: (nullable): looked at now and then
 * @error: return location
 *
 * Returns: (transfer full) (element-type SrFileInfo): the files whose name is an id and leads to
 *   them, in any order; %NULL on failure
 */
GArray *
sr_folder_layout_list (const char *top, SrFileKind kind, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (SrFileInfo));
  g_autofree char *folder = g_build_filename (top, sr_file_kind_get_folder (kind), NULL);
  g_autoptr (GError) failure = NULL;
  int fd = sr_folder_open (folder, &failure);
  gboolean done;

  if (fd < 0)
    {
      if (errno == ENOENT)
        return check_repository (top, error) ? g_steal_pointer (&files) : NULL;
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (kind == SR_FILE_PACK)
    done = list_packs (fd, folder, files, cancellable, error);
  else
    done = list_folder (fd, folder, files, cancellable, error);
  return done ? g_steal_pointer (&files) : NULL;
}
