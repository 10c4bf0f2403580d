/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that get their name when they are whole, and what is said when a folder refuses.
 *
 * The best way is a file without a name (O_TMPFILE) that is linked into its place: a crash leaves
 * nothing behind, and link never replaces a file. FAT, exFAT and some network file systems have no
 * such files. There a file with a name of ours is renamed; it stands in the top folder, because
 * restic reads whatever is in keys/. Crashes leave such files behind, so old ones are removed. */

#include "config.h"

#include "sr-folder-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"

/* Nothing else is called so; a user's own tmp-something in the same folder is left alone. */
#define TEMPORARY_PREFIX "tmp-strongroom-"
#define N_TEMPORARY_DIGITS 16
#define MAX_TEMPORARY_AGE_USEC (24 * G_TIME_SPAN_HOUR)

/* The file that stands where @path needs a folder. */
static char *
find_plain_file (const char *path)
{
  g_autofree char *found = g_strdup (path);
  struct stat status;

  while (stat (found, &status) != 0 && errno == ENOTDIR)
    {
      char *parent = g_path_get_dirname (found);

      g_free (found);
      found = parent;
    }
  return g_steal_pointer (&found);
}

/**
 * sr_folder_set_error:
 * @error: (out) (optional): where the error goes
 * @code: a value of errno
 * @folder: the folder that refused
 * @format: what was tried there, as _("Could not write a file in the folder “%s”")
 *
 * Says in a sentence what is the matter with @folder and what helps.
 */
void
sr_folder_set_error (GError **error, int code, const char *folder, const char *format, ...)
{
  g_autofree char *what = NULL;
  g_autofree char *plain_file = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  switch (code)
    {
    case ENOSPC:
    case EDQUOT:
      g_set_error (
          error, SR_ERROR, SR_ERROR_NO_SPACE,
          _ ("No space is left in the folder “%s”; make room there, or choose another one"),
          folder);
      break;
    case EROFS:
      g_set_error (
          error, SR_ERROR, SR_ERROR_PERMISSION,
          _ ("%s, because its drive is read-only; make it writable, or choose another folder"),
          what);
      break;
    case EACCES:
    case EPERM:
      g_set_error (error, SR_ERROR, SR_ERROR_PERMISSION,
                   _ ("%s, because that is not allowed; ask its owner for permission, or choose "
                      "another folder"),
                   what);
      break;
    case ENOENT:
      g_set_error (error, SR_ERROR, SR_ERROR_NOT_FOUND,
                   _ ("The folder “%s” is not there; if it is on a drive, check that the drive is "
                      "connected"),
                   folder);
      break;
    case ENOTDIR:
      plain_file = find_plain_file (folder);
      g_set_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY,
                   _ ("“%s” is a file where a folder should be; choose another place"), plain_file);
      break;
    case EIO:
    case ENXIO:
    case ENODEV:
    case ENOTCONN:
    case ESTALE:
      g_set_error (error, SR_ERROR, SR_ERROR_STORAGE,
                   _ ("%s: %s; check that its drive is connected and sound, then try again"), what,
                   g_strerror (code));
      break;
    default:
      sr_set_error_from_errno (error, code, "%s", what);
    }
}

/**
 * sr_folder_open:
 * @folder: its path
 * @error: return location
 *
 * Returns: a descriptor of @folder, to be closed by the caller; -1 on failure, with errno kept
 */
int
sr_folder_open (const char *folder, GError **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int code = errno;

  if (fd < 0)
    sr_folder_set_error (error, code, folder, _ ("Could not look in the folder “%s”"), folder);
  errno = code;
  return fd;
}

/**
 * sr_folder_sync:
 * @fd: a descriptor of sr_folder_open()
 * @folder: its path, for messages
 * @error: return location
 *
 * Makes the names in a folder last through a power cut. Some file systems (SMB, many in user space)
 * cannot be asked for this, and do it by themselves or not at all.
 *
 * Returns: whether it was done, as far as it can be
 */
gboolean
sr_folder_sync (int fd, const char *folder, GError **error)
{
  if (fsync (fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)
    return TRUE;
  sr_folder_set_error (error, errno, folder, _ ("Could not save changes in the folder “%s”"),
                       folder);
  return FALSE;
}

/**
 * sr_folder_file_new:
 * @folder: where
 *
 * Returns: a file without a name, open for reading and writing; -1 with errno, EOPNOTSUPP where
 *   the file system has no such files
 */
int
sr_folder_file_new (const char *folder)
{
  int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    return fd;

  /* Kernels that do not know the flag open a folder for writing; others call it invalid. */
  if (errno == EISDIR || errno == EINVAL)
    errno = EOPNOTSUPP;
  return -1;
}

/**
 * sr_folder_file_new_named:
 * @folder: where
 * @out_path: (out) (transfer full): its path, for sr_folder_file_rename() or _discard()
 *
 * Returns: a file with a name of ours, open for reading and writing; -1 with errno
 */
int
sr_folder_file_new_named (const char *folder, char **out_path)
{
  *out_path = NULL;
  for (guint attempt = 0; attempt < 16; attempt++)
    {
      g_autofree char *name =
          g_strdup_printf (TEMPORARY_PREFIX "%08x%08x", g_random_int (), g_random_int ());
      g_autofree char *path = g_build_filename (folder, name, NULL);
      int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

      if (fd >= 0)
        *out_path = g_steal_pointer (&path);
      if (fd >= 0 || errno != EEXIST)
        return fd;
    }
  return -1;
}

/**
 * sr_folder_file_pwrite:
 * @fd: a file open for writing
 * @data: (array length=length): what to write
 * @length: bytes of @data
 * @offset: where in the file they go
 * @folder: where the file takes up space
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * sr_fd_pwrite() that says of a full disk which folder is full.
 *
 * Returns: whether the system took all of @data
 */
gboolean
sr_folder_file_pwrite (int fd,
                       const guint8 *data,
                       gsize length,
                       guint64 offset,
                       const char *folder,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (sr_fd_pwrite (fd, data, length, offset, folder, cancellable, &failure))
    return TRUE;
  if (g_error_matches (failure, SR_ERROR, SR_ERROR_NO_SPACE))
    sr_folder_set_error (error, ENOSPC, folder, _ ("Could not write a file in the folder “%s”"),
                         folder);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/**
 * sr_folder_file_discard:
 * @path: (transfer full): a file of sr_folder_file_new_named()
 *
 * Removes it.
 */
void
sr_folder_file_discard (char *path)
{
  if (g_unlink (path) != 0)
    g_debug ("Could not remove %s: %s", path, g_strerror (errno));
  g_free (path);
}

static gboolean
is_temporary_name (const char *name)
{
  gsize prefix_length = strlen (TEMPORARY_PREFIX);

  return g_str_has_prefix (name, TEMPORARY_PREFIX) &&
         strlen (name) == prefix_length + N_TEMPORARY_DIGITS &&
         strspn (name + prefix_length, "0123456789abcdef") == N_TEMPORARY_DIGITS;
}

/**
 * sr_folder_file_sweep:
 * @folder: where
 * @now_usec: the time of day, in microseconds since 1970
 *
 * Removes files of sr_folder_file_new_named() that a crash left behind more than a day ago. Younger
 * ones may be those of another program that is still writing. What cannot be removed stays.
 */
void
sr_folder_file_sweep (const char *folder, gint64 now_usec)
{
  DIR *entries = opendir (folder);
  struct dirent *entry;

  if (entries == NULL)
    return;
  while ((entry = readdir (entries)) != NULL)
    {
      struct stat status;

      if (is_temporary_name (entry->d_name) &&
          fstatat (dirfd (entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG (status.st_mode) &&
          now_usec / G_USEC_PER_SEC - status.st_mtim.tv_sec >
              MAX_TEMPORARY_AGE_USEC / G_USEC_PER_SEC)
        unlinkat (dirfd (entries), entry->d_name, 0);
    }
  closedir (entries);
}

/* What a system answers that cannot name a file in this way, but perhaps in another. */
static gboolean
is_impossible (int code)
{
  return code == EOPNOTSUPP || code == EINVAL || code == ENOSYS || code == ENOENT ||
         code == EXDEV || code == EPERM || code == EMLINK;
}

static SrPlaceResult
place_result (int code, const char *folder, GError **error)
{
  if (code == 0)
    return SR_PLACE_DONE;
  if (code == EEXIST)
    return SR_PLACE_TAKEN;
  if (is_impossible (code))
    return SR_PLACE_IMPOSSIBLE;
  sr_folder_set_error (error, code, folder, _ ("Could not write a file in the folder “%s”"),
                       folder);
  return SR_PLACE_FAILED;
}

/**
 * sr_folder_file_link:
 * @fd: a whole file of sr_folder_file_new(), synced
 * @folder_fd: the folder that gets it
 * @folder: its path, for messages
 * @name: the file's name there
 * @error: return location
 *
 * Gives @fd a name. Without /proc, or between file systems, it is %SR_PLACE_IMPOSSIBLE.
 *
 * Returns: what came of it
 */
SrPlaceResult
sr_folder_file_link (int fd, int folder_fd, const char *folder, const char *name, GError **error)
{
  char self_path[32];

  g_snprintf (self_path, sizeof self_path, "/proc/self/fd/%d", fd);
  if (linkat (AT_FDCWD, self_path, folder_fd, name, AT_SYMLINK_FOLLOW) == 0)
    return SR_PLACE_DONE;
  return place_result (errno, folder, error);
}

/* For file systems that can neither refuse to replace a file nor link one. Another program could
 * make @name in between; but for the config it then stored the same bytes, as @name is their hash. */
static int
rename_after_look (const char *path, int folder_fd, const char *name)
{
  struct stat status;

  if (fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return EEXIST;
  if (errno != ENOENT)
    return errno;
  return renameat (AT_FDCWD, path, folder_fd, name) == 0 ? 0 : errno;
}

/**
 * sr_folder_file_rename:
 * @path: a whole file of sr_folder_file_new_named(), synced; gone from there when this is done
 * @folder_fd: the folder that gets it
 * @folder: its path, for messages
 * @name: the file's name there
 * @error: return location
 *
 * Gives @path its lasting name, without replacing a file that has it.
 *
 * Returns: what came of it
 */
SrPlaceResult
sr_folder_file_rename (const char *path,
                       int folder_fd,
                       const char *folder,
                       const char *name,
                       GError **error)
{
  if (renameat2 (AT_FDCWD, path, folder_fd, name, RENAME_NOREPLACE) == 0)
    return SR_PLACE_DONE;
  if (!is_impossible (errno))
    return place_result (errno, folder, error);

  if (linkat (AT_FDCWD, path, folder_fd, name, 0) == 0)
    {
      g_unlink (path);
      return SR_PLACE_DONE;
    }
  if (!is_impossible (errno))
    return place_result (errno, folder, error);
  return place_result (rename_after_look (path, folder_fd, name), folder, error);
}
