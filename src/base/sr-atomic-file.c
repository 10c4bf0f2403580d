/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Small files that are always whole: settings, proofs, whatever is replaced in one go.
 *
 * g_file_set_contents_full() does nearly this, but leaves the folder unsynced, knows no
 * cancellation, and reading with GLib has no limit. */

#include "config.h"

#include "sr-atomic-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-buffer.h"
#include "base/sr-error.h"
#include "base/sr-fd.h"

#define READ_PIECE 65536 /* bytes */

/* Makes the names in a folder last. Some network and FUSE file systems cannot sync folders, which is
 * no reason to fail. */
static gboolean
sync_folder (const char *folder, GError **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int code = 0;

  if (fd < 0 || fsync (fd) != 0)
    code = errno;
  if (fd >= 0)
    close (fd);
  if (code == 0 || code == EINVAL || code == ENOTSUP)
    return TRUE;

  sr_set_error_from_errno (error, code, _ ("Could not sync the folder %s"), folder);
  return FALSE;
}

/* Closes fd in any case. */
static gboolean
write_and_sync (int fd,
                const void *data,
                gsize length,
                guint mode,
                const char *path,
                GCancellable *cancellable,
                GError **error)
{
  int code = 0;

  if (!sr_fd_pwrite (fd, data, length, 0, path, cancellable, error))
    {
      close (fd);
      return FALSE;
    }

  if (fchmod (fd, (mode_t) mode) != 0 || fsync (fd) != 0)
    code = errno;
  if (close (fd) != 0 && code == 0 && errno != EINTR) /* after EINTR it is closed on Linux */
    code = errno;
  if (code == 0)
    return TRUE;

  sr_set_error_from_errno (error, code, _ ("Could not write %s"), path);
  return FALSE;
}

/**
 * sr_atomic_file_write:
 * @path: the file; its folder is there. A symbolic link is replaced, not followed
 * @data: (array length=length) (nullable): the new content; NULL only if @length is 0
 * @length: bytes of @data
 * @mode: permissions, exactly these whatever the umask is
 * @cancellable: (nullable): has no effect once all is written
 * @error: a system error as sr_set_error_from_errno() sets it
 *
 * Replaces the file, or makes it. Blocks until the disk has it. After a failure, and after a crash
 * or power cut at any moment, the file is the old one or the new one.
 *
 * Returns: FALSE with @error set: the file is as it was, unless only the folder could not be synced
 */
gboolean
sr_atomic_file_write (const char *path,
                      const void *data,
                      gsize length,
                      guint mode,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  /* Not made of the file's name, which may be as long as a name can be. */
  g_autofree char *temporary = g_build_filename (folder, ".strongroom-XXXXXX", NULL);
  int fd;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  fd = mkostemp (temporary, O_CLOEXEC);
  if (fd < 0)
    {
      sr_set_error_from_errno (error, errno, _ ("Could not make a file in %s"), folder);
      return FALSE;
    }

  if (!write_and_sync (fd, data, length, mode, path, cancellable, error))
    {
      unlink (temporary);
      return FALSE;
    }

  if (rename (temporary, path) != 0)
    {
      sr_set_error_from_errno (error, errno, _ ("Could not replace %s"), path);
      unlink (temporary);
      return FALSE;
    }

  return sync_folder (folder, error);
}

/* Opens what is a regular file; a pipe in its place would block for ever. */
static int
open_regular (const char *path, GError **error)
{
  struct stat status;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

  if (fd < 0 || fstat (fd, &status) != 0)
    sr_set_error_from_errno (error, errno, _ ("Could not open %s"), path);
  else if (!S_ISREG (status.st_mode))
    g_set_error (error, SR_ERROR, SR_ERROR_INVALID, _ ("%s is not a file; move it away"), path);
  else
    return fd;

  if (fd >= 0)
    close (fd);
  return -1;
}

/**
 * sr_atomic_file_read:
 * @path: the file; symbolic links are followed
 * @limit: bytes that it may have
 * @cancellable: (nullable): ends the reading
 * @error: %SR_ERROR_NOT_FOUND: there is none; %SR_ERROR_LIMIT: it is larger; %SR_ERROR_INVALID: it
 *   is a folder, pipe or the like; or another system error
 *
 * Returns: (transfer full): the content; NULL with @error set
 */
GBytes *
sr_atomic_file_read (const char *path, gsize limit, GCancellable *cancellable, GError **error)
{
  g_auto (SrBuffer) content = SR_BUFFER_INIT;
  gssize n;
  gsize length;
  int fd;

  g_assert (limit < G_MAXSSIZE);
  fd = open_regular (path, error);
  if (fd < 0)
    return NULL;

  do
    {
      gsize piece = MIN (READ_PIECE, limit + 1 - content.length);

      sr_buffer_reserve (&content, content.length + piece);
      n = sr_fd_read (fd, content.data + content.length, piece, path, cancellable, error);
      content.length += (gsize) MAX (n, 0);
    }
  while (n > 0 && content.length <= limit);
  close (fd);

  if (n < 0)
    return NULL;
  if (content.length > limit)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
                   _ ("%s is larger than %zu bytes; it may be something else"), path, limit);
      return NULL;
    }

  length = content.length;
  return g_bytes_new_take (g_steal_pointer (&content.data), length);
}
