/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A file on its way into a storage.
 *
 * Its name is the SHA-256 of its bytes, so it cannot be named before it is whole; and a server may
 * want it a second time. Small files (a snapshot, a key) stay in memory. A pack is tens of MiB
 * and there are several at once, so it goes to a file that has no name yet: nothing is left of it
 * after a crash. The pieces of a pack are often smaller than a page; they are gathered before they
 * are written, or the system calls would cost more than the copying. */

#include "config.h"

#include "sr-spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"
#include "crypto/sr-hash.h"
#include "storage/sr-folder-file.h"

#define GATHER_SIZE (256 * 1024) /* bytes */
#define SMALLEST_GATHER_SIZE 4096 /* bytes; for a hint that was too low */
#define WRITE_BACK_SIZE (4 * 1024 * 1024) /* bytes written before the disk is asked to start */

struct _SrSpool
{
  GObject parent_instance;

  GBytes *bytes; /* (owned) (nullable): the content, when in memory */
  int fd; /* (owned): -1 when in memory */
  char *folder; /* (owned) (nullable): where the file takes up space, for messages */
  guint8 *gathered; /* (owned) (nullable): what is not yet in the file */
  gsize gather_size; /* bytes allocated there, once it is */
  gsize n_gathered; /* bytes in use there */
  guint64 n_written; /* bytes in the file */
  guint64 n_started; /* bytes of them that the disk was asked to start on */
  SrHash *hash; /* (owned) (nullable): NULL when complete */
  SrId sha256; /* of a complete one */
};

G_DEFINE_FINAL_TYPE (SrSpool, sr_spool, G_TYPE_OBJECT)

static void
sr_spool_finalize (GObject *object)
{
  SrSpool *self = SR_SPOOL (object);

  g_clear_pointer (&self->bytes, g_bytes_unref);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->folder);
  g_free (self->gathered);
  g_clear_pointer (&self->hash, sr_hash_free);

  G_OBJECT_CLASS (sr_spool_parent_class)->finalize (object);
}

static void
sr_spool_class_init (SrSpoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sr_spool_finalize;
}

static void
sr_spool_init (SrSpool *self)
{
  self->fd = -1;
}

/**
 * sr_spool_new_for_bytes:
 * @bytes: the whole content; a reference is kept
 *
 * Returns: (transfer full): a spool in memory, complete at once
 */
SrSpool *
sr_spool_new_for_bytes (GBytes *bytes)
{
  SrSpool *self = g_object_new (SR_TYPE_SPOOL, NULL);
  gconstpointer data;
  gsize length;

  self->bytes = g_bytes_ref (bytes);
  data = g_bytes_get_data (bytes, &length);
  sr_hash_data (data, length, &self->sha256);
  return self;
}

/**
 * sr_spool_new_for_fd:
 * @fd: an empty file, open for reading and writing; taken, and closed with the spool
 * @folder: where the file takes up space, for messages
 * @size_hint: bytes that will be appended, or 0 where nobody knows; more or fewer do no harm
 *
 * Returns: (transfer full): a spool that appends to @fd
 */
SrSpool *
sr_spool_new_for_fd (int fd, const char *folder, guint64 size_hint)
{
  SrSpool *self = g_object_new (SR_TYPE_SPOOL, NULL);

  g_assert (fd >= 0);
  g_assert (folder != NULL);

  self->fd = fd;
  self->folder = g_strdup (folder);
  self->gather_size =
      size_hint == 0 ? GATHER_SIZE : CLAMP (size_hint, SMALLEST_GATHER_SIZE, GATHER_SIZE);
  self->hash = sr_hash_new ();
  return self;
}

static int
open_unlinked (const char *folder)
{
  char *path;
  int fd = sr_folder_file_new_named (folder, &path);

  if (fd >= 0)
    sr_folder_file_discard (path);
  return fd;
}

/**
 * sr_spool_new_in_folder:
 * @folder: a folder that is there
 * @size_hint: as in sr_spool_new_for_fd()
 * @error: return location
 *
 * Makes a file without a name in @folder; where the file system has none, the name is removed at
 * once. Errors name @folder: %SR_ERROR_NOT_FOUND, %SR_ERROR_PERMISSION, %SR_ERROR_NO_SPACE, …
 *
 * Returns: (transfer full): a spool that appends to that file
 */
SrSpool *
sr_spool_new_in_folder (const char *folder, guint64 size_hint, GError **error)
{
  int fd = sr_folder_file_new (folder);

  if (fd < 0 && errno == EOPNOTSUPP)
    fd = open_unlinked (folder);
  if (fd < 0)
    {
      sr_folder_set_error (error, errno, folder,
                           _ ("Could not make a temporary file in the folder “%s”"), folder);
      return NULL;
    }
  return sr_spool_new_for_fd (fd, folder, size_hint);
}

/* A disk is slow to take many MiB at once, as the fsync that ends a pack wants. So it starts while
 * the rest of the pack is still being made. Only a hint, hence no error. */
static void
start_write_back (SrSpool *self)
{
  if (self->n_written - self->n_started < WRITE_BACK_SIZE)
    return;
  sync_file_range (self->fd, (off64_t) self->n_started,
                   (off64_t) (self->n_written - self->n_started), SYNC_FILE_RANGE_WRITE);
  self->n_started = self->n_written;
}

/* Removes what a failed write may have put behind the content. Best effort: whoever stores the
 * file compares its length. */
static void
cut_off_remains (SrSpool *self)
{
  if (ftruncate (self->fd, (off_t) self->n_written) != 0)
    g_debug ("Could not cut off an unfinished write: %s", g_strerror (errno));
}

/* Either all of @data is in the file afterwards, or the spool is as it was. */
static gboolean
write_through (SrSpool *self,
               const guint8 *data,
               gsize length,
               GCancellable *cancellable,
               GError **error)
{
  if (!sr_folder_file_pwrite (self->fd, data, length, self->n_written, self->folder, cancellable,
                              error))
    {
      cut_off_remains (self);
      return FALSE;
    }
  self->n_written += length;
  start_write_back (self);
  return TRUE;
}

/**
 * sr_spool_flush:
 * @self: a spool
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * Hands what was gathered to the file, so that its descriptor shows the whole content. It is not
 * yet on the disk then. After a failure it can be tried again.
 *
 * Returns: whether the file has everything
 */
gboolean
sr_spool_flush (SrSpool *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), FALSE);

  if (self->n_gathered == 0)
    return TRUE;
  if (!write_through (self, self->gathered, self->n_gathered, cancellable, error))
    return FALSE;
  self->n_gathered = 0;
  if (self->hash == NULL)
    g_clear_pointer (&self->gathered, g_free);
  return TRUE;
}

/**
 * sr_spool_append:
 * @self: a spool that is not complete
 * @data: (array length=length): the next bytes
 * @length: number of bytes
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * Fails with %SR_ERROR_NO_SPACE where the folder is full, or with %SR_ERROR_STORAGE. After a
 * failure nothing of @data counts, so the call can be repeated.
 *
 * Returns: whether @data was taken
 */
gboolean
sr_spool_append (SrSpool *self,
                 const void *data,
                 gsize length,
                 GCancellable *cancellable,
                 GError **error)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), FALSE);
  g_assert (self->hash != NULL);

  if (length == 0)
    return TRUE;
  if (length > self->gather_size - self->n_gathered && !sr_spool_flush (self, cancellable, error))
    return FALSE;

  if (length < self->gather_size)
    {
      if (self->gathered == NULL)
        self->gathered = g_malloc (self->gather_size);
      memcpy (self->gathered + self->n_gathered, data, length);
      self->n_gathered += length;
    }
  else if (!write_through (self, data, length, cancellable, error))
    {
      return FALSE;
    }
  sr_hash_update (self->hash, data, length);
  return TRUE;
}

/**
 * sr_spool_get_length:
 * @self: a spool
 *
 * Returns: the bytes appended so far
 */
guint64
sr_spool_get_length (SrSpool *self)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), 0);

  return self->bytes != NULL ? g_bytes_get_size (self->bytes) : self->n_written + self->n_gathered;
}

/**
 * sr_spool_complete:
 * @self: a spool
 * @out_sha256: (out) (optional): the SHA-256 of all its bytes
 *
 * Ends the appending; fine when it has ended before. Does no I/O: the last bytes go to the file
 * when they are first needed there.
 */
void
sr_spool_complete (SrSpool *self, SrId *out_sha256)
{
  g_return_if_fail (SR_IS_SPOOL (self));

  if (self->hash != NULL)
    {
      sr_hash_finish (self->hash, &self->sha256);
      g_clear_pointer (&self->hash, sr_hash_free);
    }
  if (out_sha256 != NULL)
    *out_sha256 = self->sha256;
}

/**
 * sr_spool_is_complete:
 * @self: a spool
 *
 * Returns: whether the appending has ended
 */
gboolean
sr_spool_is_complete (SrSpool *self)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), FALSE);

  return self->hash == NULL;
}

/**
 * sr_spool_get_sha256:
 * @self: a complete spool
 *
 * Returns: (transfer none): the SHA-256 of all its bytes
 */
const SrId *
sr_spool_get_sha256 (SrSpool *self)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), NULL);
  g_assert (self->hash == NULL);

  return &self->sha256;
}

/**
 * sr_spool_get_fd:
 * @self: a spool
 *
 * Returns: the descriptor, lent; -1 when in memory. All is in it only after sr_spool_flush()
 */
int
sr_spool_get_fd (SrSpool *self)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), -1);

  return self->fd;
}

static gsize
read_bytes (SrSpool *self, guint64 offset, guint8 *buffer, gsize length)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->bytes, &size);
  gsize n;

  if (offset >= size)
    return 0;
  n = MIN (length, size - (gsize) offset);
  memcpy (buffer, data + offset, n);
  return n;
}

/**
 * sr_spool_read:
 * @self: a spool
 * @offset: bytes from the start
 * @buffer: (out caller-allocates) (array length=length): where they go
 * @length: bytes wanted
 * @cancellable: (nullable): looked at between pieces
 * @error: return location
 *
 * Returns: bytes read, fewer than @length only at the end; -1 on failure
 */
gssize
sr_spool_read (SrSpool *self,
               guint64 offset,
               guint8 *buffer,
               gsize length,
               GCancellable *cancellable,
               GError **error)
{
  g_return_val_if_fail (SR_IS_SPOOL (self), -1);
  g_assert (length <= G_MAXSSIZE);

  if (self->bytes != NULL)
    return (gssize) read_bytes (self, offset, buffer, length);
  if (!sr_spool_flush (self, cancellable, error))
    return -1;
  if (offset >= self->n_written || length == 0)
    return 0;
  return sr_fd_pread (self->fd, buffer, length, offset, self->folder, cancellable, error);
}
