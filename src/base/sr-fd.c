/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads and writes that are whole or have failed.
 *
 * The system may transfer less than asked for, or be interrupted. Large transfers go in pieces, so
 * that a cancelled job does not wait for a slow disk to take the rest. */

#include "config.h"

#include "sr-fd.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/sr-error.h"

#define PIECE (1024 * 1024) /* bytes between two looks at the cancellable */
#define AT_POSITION G_MAXUINT64 /* as offset: where the file descriptor stands */

static gssize
read_whole (int fd,
            guint8 *buffer,
            gsize length,
            guint64 offset,
            const char *what,
            GCancellable *cancellable,
            GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gsize piece = MIN (length - done, PIECE);
      gssize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return -1;

      if (offset == AT_POSITION)
        n = read (fd, buffer + done, piece);
      else
        n = pread (fd, buffer + done, piece, (off_t) (offset + done));

      if (n == 0)
        break;
      if (n > 0)
        done += (gsize) n;
      else if (errno != EINTR)
        {
          sr_set_error_from_errno (error, errno, _ ("Could not read %s"), what);
          return -1;
        }
    }

  return (gssize) done;
}

/* Offsets beyond off_t are refused here: the system's answer to negative ones is EINVAL, which says
 * nothing to anybody. */
static gboolean
check_range (guint64 offset, gsize length, const char *what, GError **error)
{
  g_autofree char *text = NULL;

  if (length <= G_MAXINT64 && offset <= G_MAXINT64 - (guint64) length)
    return TRUE;

  text = g_strdup_printf ("%" G_GUINT64_FORMAT, offset);
  sr_set_error_from_errno (error, EOVERFLOW, _ ("Could not reach byte %s of %s"), text, what);
  return FALSE;
}

/**
 * sr_fd_pread:
 * @fd: a file descriptor open for reading, that can seek; its position stays
 * @buffer: (out caller-allocates) (array length=length): where the bytes go
 * @length: bytes wanted
 * @offset: where in the file they begin
 * @what: the file's name for messages
 * @cancellable: (nullable): looked at before each piece
 * @error: what failed
 *
 * Blocks until all is read or the file ends.
 *
 * Returns: bytes read, less than @length only at the end of the file; -1 with @error set
 */
gssize
sr_fd_pread (int fd,
             guint8 *buffer,
             gsize length,
             guint64 offset,
             const char *what,
             GCancellable *cancellable,
             GError **error)
{
  if (!check_range (offset, length, what, error))
    return -1;

  return read_whole (fd, buffer, length, offset, what, cancellable, error);
}

/**
 * sr_fd_read:
 * @fd: a file descriptor open for reading; a pipe will do
 * @buffer: (out caller-allocates) (array length=length): where the bytes go
 * @length: bytes wanted
 * @what: the file's name for messages
 * @cancellable: (nullable): looked at before each piece
 * @error: what failed
 *
 * As sr_fd_pread(), from where @fd stands; moves it forward.
 *
 * Returns: bytes read, less than @length only at the end of the file; -1 with @error set
 */
gssize
sr_fd_read (int fd,
            guint8 *buffer,
            gsize length,
            const char *what,
            GCancellable *cancellable,
            GError **error)
{
  return read_whole (fd, buffer, length, AT_POSITION, what, cancellable, error);
}

/**
 * sr_fd_pwrite:
 * @fd: a file descriptor open for writing, that can seek; its position stays
 * @data: (array length=length): what to write
 * @length: bytes of @data
 * @offset: where in the file they go
 * @what: the file's name for messages
 * @cancellable: (nullable): looked at before each piece
 * @error: what failed
 *
 * Blocks until the system has taken all bytes; they are not synced. After a failure any part of
 * them may be in the file.
 *
 * Returns: FALSE with @error set
 */
gboolean
sr_fd_pwrite (int fd,
              const guint8 *data,
              gsize length,
              guint64 offset,
              const char *what,
              GCancellable *cancellable,
              GError **error)
{
  gsize done = 0;

  if (!check_range (offset, length, what, error))
    return FALSE;

  while (done < length)
    {
      gsize piece = MIN (length - done, PIECE);
      gssize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;

      n = pwrite (fd, data + done, piece, (off_t) (offset + done));
      if (n > 0)
        done += (gsize) n;
      else if (n == 0 || errno != EINTR)
        {
          sr_set_error_from_errno (error, n == 0 ? EIO : errno, _ ("Could not write %s"), what);
          return FALSE;
        }
    }

  return TRUE;
}
