/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes one file.
 *
 * Its chunks come in any order and from several threads. They go into a file of a temporary name in the same folder,
 * which gets its metadata and then its name when the last chunk is in place; so a file under its own name is always
 * whole. The temporary name follows from name and content: when a restore was interrupted, the next one finds the file,
 * and keeps what of it has the right hash.
 *
 * There may be hundreds of thousands of files, so each system call counts. What a new file is like (owner,
 * permissions) is learned from the first one in each folder; a file of one chunk costs open, write, utimens, close
 * and rename, and chown or chmod only where it differs from that. */

#include "config.h"

#include "sr-restore-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"
#include "engine/sr-restore-conflict.h"
#include "engine/sr-restore-error.h"
#include "engine/sr-restore-sparse.h"

/* Files of which some chunks are in place; beyond that they are closed between two chunks. */
#define OPEN_FILES_LIMIT 96

void
sr_restore_comparer_init (SrRestoreComparer *self)
{
  self->hash = sr_hash_new ();
  self->buffer = g_malloc (SR_RESTORE_COMPARE_SIZE);
}

void
sr_restore_comparer_clear (SrRestoreComparer *self)
{
  g_clear_pointer (&self->hash, sr_hash_free);
  g_clear_pointer (&self->buffer, g_free);
}

/**
 * sr_restore_comparer_has_id:
 * @self: the thread's comparer
 * @fd: a file
 * @offset: where in it, bytes
 * @length: how many bytes
 * @id: a SHA-256
 *
 * Returns: whether that part of the file is there and has that id
 */
gboolean
sr_restore_comparer_has_id (SrRestoreComparer *self,
                            int fd,
                            guint64 offset,
                            guint64 length,
                            const SrId *id)
{
  SrId there;

  sr_hash_reset (self->hash);
  while (length > 0)
    {
      gsize wanted = (gsize) MIN (length, SR_RESTORE_COMPARE_SIZE);
      gssize n_read = sr_fd_pread (fd, self->buffer, wanted, offset, "", NULL, NULL);

      if (n_read != (gssize) wanted)
        return FALSE;
      sr_hash_update (self->hash, self->buffer, wanted);
      offset += wanted;
      length -= wanted;
    }
  sr_hash_finish (self->hash, &there);
  return sr_id_equal (&there, id);
}

/**
 * sr_restore_file_new:
 * @run: the restore
 * @node: (transfer full): anything but a folder; its name must be safe
 * @folder: where it goes; held until the file is freed
 *
 * Returns: (transfer full): a file of which nothing is there yet
 */
SrRestoreFile *
sr_restore_file_new (SrRestoreRun *run, SrNode *node, SrRestoreFolder *folder)
{
  SrRestoreFile *self = g_new0 (SrRestoreFile, 1);

  self->run = run;
  self->node = node;
  self->folder = folder;
  self->size = node->size;
  self->n_chunks = node->n_content;
  self->n_references = 1;
  self->fd = -1;
  g_mutex_init (&self->mutex);
  sr_restore_folder_hold (folder);
  return self;
}

SrRestoreFile *
sr_restore_file_ref (SrRestoreFile *self)
{
  g_atomic_int_inc (&self->n_references);
  return self;
}

static int
close_locked (SrRestoreFile *self)
{
  int result = self->fd >= 0 ? close (self->fd) : 0;

  self->fd = -1;
  if (self->counted)
    g_atomic_int_add (&self->run->n_open_files, -1);
  self->counted = FALSE;
  return result;
}

/* What is left of a file that was not finished: nothing, or what an interrupted restore can go on with. */
static void
remove_temporary (SrRestoreFile *self)
{
  gboolean worth_keeping = g_atomic_int_get (&self->run->over) && self->n_done > 0;
  int folder_fd;

  if (!self->made || worth_keeping)
    return;
  folder_fd = sr_restore_folder_pin (self->folder, NULL);
  if (folder_fd < 0)
    return;
  unlinkat (folder_fd, self->temporary, 0);
  sr_restore_folder_unpin (self->folder);
}

void
sr_restore_file_unref (SrRestoreFile *self)
{
  if (!g_atomic_int_dec_and_test (&self->n_references))
    return;

  close_locked (self);
  remove_temporary (self);
  sr_restore_folder_release (self->folder);
  sr_node_free (self->node);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

gboolean
sr_restore_file_is_over (SrRestoreFile *self)
{
  gboolean over;

  g_mutex_lock (&self->mutex);
  over = self->over;
  g_mutex_unlock (&self->mutex);
  return over;
}

/* Ends the work on the file, once. @name: where it is now; NULL: it was not restored. */
static gboolean
end_file (SrRestoreFile *self, const char *name)
{
  gboolean ended;

  g_mutex_lock (&self->mutex);
  ended = !self->over;
  self->over = TRUE;
  g_mutex_unlock (&self->mutex);
  if (!ended)
    return FALSE;

  if (self->first_name)
    sr_restore_links_finish (self->run->links, self->link, name != NULL ? self->folder : NULL,
                             name);
  sr_progress_add_files (self->run->progress, 1);
  return TRUE;
}

/**
 * sr_restore_file_end:
 * @self: a file
 * @name: (nullable): the name in its folder under which it is now; NULL: it is kept from being restored
 *
 * Says that nothing more is to be done for the file.
 */
void
sr_restore_file_end (SrRestoreFile *self, const char *name)
{
  end_file (self, name);
}

/**
 * sr_restore_file_fail:
 * @self: a file
 * @error: why it cannot be restored; the first time counts
 *
 * Reports the file. What was written of it is removed with the last reference.
 */
void
sr_restore_file_fail (SrRestoreFile *self, const GError *error)
{
  if (!end_file (self, NULL))
    return;
  sr_restore_run_count_failed (self->run);
  sr_restore_run_report (self->run, self->folder, self->node->name, error);
}

/* The temporary name: a hash of name and content, of which the ids are hashes already. FNV-1a; no secret depends on it. */
static void
name_temporary (SrRestoreFile *self)
{
  const SrNode *node = self->node;
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (const char *byte = node->name; *byte != '\0'; byte++)
    hash = (hash ^ (guint8) *byte) * G_GUINT64_CONSTANT (0x100000001b3);
  for (guint64 i = 0; i < node->n_content; i++)
    for (guint j = 0; j < 8; j++)
      hash = (hash ^ node->content[i].bytes[j]) * G_GUINT64_CONSTANT (0x100000001b3);
  g_snprintf (self->temporary, sizeof self->temporary,
              SR_RESTORE_TEMPORARY_PREFIX "%016" G_GINT64_MODIFIER "x", hash);
}

/**
 * sr_restore_file_get_temporary:
 * @self: a file
 *
 * Returns: (transfer none): the name in its folder that it has until it is finished
 */
const char *
sr_restore_file_get_temporary (SrRestoreFile *self)
{
  if (self->temporary[0] == '\0')
    name_temporary (self);
  return self->temporary;
}

/* The permissions to make a file with: those that it shall have in the end, where until then nobody can read
 * more than in the end (its owner and group are still ours), and where it needs not be opened again. */
static guint
creation_mode (const SrNode *node)
{
  guint group = (node->permissions >> 3) & 7, others = node->permissions & 7;

  if (node->n_content > 1 || node->n_xattrs > 0 || node->permissions > 0777 ||
      (group & ~others) != 0)
    return 0600;
  return node->permissions;
}

/* A planted file of that name is not ours to write to, nor is one that has other names. */
static gboolean
is_ours (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && status.st_nlink == 1 &&
         status.st_uid == geteuid ();
}

static int
open_found (int folder_fd, const char *name)
{
  int fd = openat (folder_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd >= 0 && !is_ours (fd))
    {
      close (fd);
      fd = -1;
      errno = EEXIST;
    }
  return fd;
}

static int
open_temporary (SrRestoreFile *self, int folder_fd)
{
  const char *name = sr_restore_file_get_temporary (self);
  int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd;

  if (self->made)
    return open_found (folder_fd, name);

  fd = openat (folder_fd, name, flags, creation_mode (self->node));
  if (fd < 0 && errno == EEXIST)
    {
      fd = open_found (folder_fd, name);
      self->resumed = fd >= 0;
      if (fd < 0 && unlinkat (folder_fd, name, 0) == 0)
        fd = openat (folder_fd, name, flags, creation_mode (self->node));
    }
  self->made = fd >= 0;
  return fd;
}

/* With the mutex held. */
static gboolean
open_locked (SrRestoreFile *self, GError **error)
{
  int folder_fd;

  if (self->fd >= 0)
    return TRUE;
  folder_fd = sr_restore_folder_pin (self->folder, error);
  if (folder_fd < 0)
    return FALSE;
  self->fd = open_temporary (self, folder_fd);
  if (self->fd < 0)
    sr_restore_set_error (error, errno, _ ("Could not make the file “%s”"), self->node->name);
  sr_restore_folder_unpin (self->folder);
  return self->fd >= 0;
}

/**
 * sr_restore_file_find_temporary:
 * @self: a file
 *
 * Looks for what an interrupted restore has left of the file.
 *
 * Returns: whether there is something of which chunks may be kept
 */
gboolean
sr_restore_file_find_temporary (SrRestoreFile *self)
{
  int folder_fd = sr_restore_folder_pin (self->folder, NULL);

  if (folder_fd < 0)
    return FALSE;

  g_mutex_lock (&self->mutex);
  if (!self->made && !self->over)
    {
      self->fd = open_found (folder_fd, sr_restore_file_get_temporary (self));
      self->made = self->resumed = self->fd >= 0;
    }
  g_mutex_unlock (&self->mutex);
  sr_restore_folder_unpin (self->folder);
  return self->resumed;
}

/* Takes part in the writing: opens the file, which stays open as long. */
static gboolean
begin_use (SrRestoreFile *self)
{
  g_autoptr (GError) error = NULL;
  gboolean begun = FALSE;

  g_mutex_lock (&self->mutex);
  if (!self->over)
    {
      begun = open_locked (self, &error);
      if (begun)
        self->n_users++;
    }
  g_mutex_unlock (&self->mutex);
  if (error != NULL)
    sr_restore_file_fail (self, error);
  return begun;
}

/* @end: bytes up to the last that was written. The thread that was the last one finishes the file. */
static void
end_use (SrRestoreFile *self, gboolean done, guint64 end)
{
  gboolean complete;

  g_mutex_lock (&self->mutex);
  self->n_users--;
  self->end = MAX (self->end, end);
  self->n_done += done ? 1 : 0;
  complete = done && self->n_done == self->n_chunks && !self->over;
  if (!complete && self->n_users == 0)
    {
      if (self->over || g_atomic_int_get (&self->run->n_open_files) >= OPEN_FILES_LIMIT)
        {
          close_locked (self);
        }
      else if (!self->counted)
        {
          self->counted = TRUE;
          g_atomic_int_inc (&self->run->n_open_files);
        }
    }
  g_mutex_unlock (&self->mutex);
  if (complete)
    sr_restore_file_complete (self);
}

/**
 * sr_restore_file_has_chunk:
 * @self: a file of which sr_restore_file_find_temporary() has found something
 * @comparer: the thread's comparer
 * @offset: where the chunk is, bytes
 * @length: its length
 * @id: its id
 *
 * Returns: whether it is in place already; then it is not to be written
 */
gboolean
sr_restore_file_has_chunk (SrRestoreFile *self,
                           SrRestoreComparer *comparer,
                           guint64 offset,
                           guint64 length,
                           const SrId *id)
{
  gboolean there;

  if (!begin_use (self))
    return FALSE;
  there = sr_restore_comparer_has_id (comparer, self->fd, offset, length, id);
  if (there)
    sr_progress_add_bytes (self->run->progress, length);
  end_use (self, there, there ? offset + length : 0);
  return there;
}

/**
 * sr_restore_file_write_chunk:
 * @self: a file
 * @offset: where the chunk goes, bytes
 * @data: the chunk, verified
 * @length: its length in bytes
 *
 * Any thread. The last chunk finishes the file. What goes wrong is reported.
 */
void
sr_restore_file_write_chunk (SrRestoreFile *self, guint64 offset, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  guint64 end = 0;
  gboolean written;

  if (!begin_use (self))
    return;
  written = sr_restore_write_sparse (self->fd, offset, data, length, !self->resumed,
                                     self->node->name, &end, self->run->cancellable, &error);
  if (written)
    sr_progress_add_bytes (self->run->progress, length);
  else
    sr_restore_file_fail (self, error);
  end_use (self, written, end);
}

/* What a new file has, without asking for each: in most folders it is what the first one has had. */
static gboolean
get_state (SrRestoreFile *self, SrMetadataState *state)
{
  const SrRestoreRun *run = self->run;
  guint mode = creation_mode (self->node) & ~run->umask;
  struct stat status;

  if (!self->resumed && sr_restore_folder_get_trust (self->folder) == SR_RESTORE_TRUST_DEFAULTS)
    {
      *state = (SrMetadataState){ run->uid, run->gid, (guint16) mode, FALSE };
      return TRUE;
    }

  if (fstat (self->fd, &status) != 0)
    return FALSE;
  if (!self->resumed)
    {
      gboolean usual = status.st_uid == run->uid && status.st_gid == run->gid &&
                       (status.st_mode & 07777) == mode;

      sr_restore_folder_set_trust (self->folder,
                                   usual ? SR_RESTORE_TRUST_DEFAULTS : SR_RESTORE_TRUST_NOTHING);
    }
  sr_metadata_state_from_stat (state, &status,
                               self->resumed || sr_restore_folder_get_trust (self->folder) ==
                                                    SR_RESTORE_TRUST_NOTHING);
  return TRUE;
}

/* Size, metadata and name. With the mutex held; nobody else uses the file any more. */
static gboolean
finish_locked (SrRestoreFile *self, char **out_name, GError **error)
{
  g_autoptr (GError) metadata_error = NULL;
  const char *name = self->node->name;
  SrMetadataState state;
  int folder_fd;
  gboolean placed;

  if (!open_locked (self, error))
    return FALSE;
  if (((self->resumed || self->end != self->size) &&
       ftruncate (self->fd, (off_t) self->size) != 0) ||
      !get_state (self, &state))
    {
      sr_restore_set_error (error, errno, _ ("Could not give the file “%s” its size"), name);
      return FALSE;
    }
  if (!sr_metadata_apply (self->fd, self->node, &state, &metadata_error))
    sr_restore_run_report (self->run, self->folder, name, metadata_error);
  if (close_locked (self) != 0)
    {
      sr_restore_set_error (error, errno, _ ("Could not write “%s”"), name);
      return FALSE;
    }

  folder_fd = sr_restore_folder_pin (self->folder, error);
  if (folder_fd < 0)
    return FALSE;
  placed = sr_restore_put_in_place (folder_fd, self->temporary, name, self->place, self->run->stamp,
                                    out_name, error);
  sr_restore_folder_unpin (self->folder);
  self->made = !placed;
  return placed;
}

/**
 * sr_restore_file_complete:
 * @self: a regular file of which all chunks are in place
 *
 * Gives it its size, its metadata and its name.
 */
void
sr_restore_file_complete (SrRestoreFile *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  gboolean finished;

  g_mutex_lock (&self->mutex);
  finished = finish_locked (self, &name, &error);
  g_mutex_unlock (&self->mutex);
  if (finished)
    end_file (self, name);
  else
    sr_restore_file_fail (self, error);
}

/**
 * sr_restore_file_measure:
 * @self: a regular file
 * @error: %SR_ERROR_NOT_FOUND: a chunk of it is in no index file; %SR_ERROR_DAMAGED
 *
 * Adds up the lengths of the chunks: a file has at least this size, whatever its node says.
 */
gboolean
sr_restore_file_measure (SrRestoreFile *self, GError **error)
{
  SrIndex *index = sr_repository_get_index (self->run->repository);
  const SrNode *node = self->node;
  guint64 sum = 0;

  if (sr_node_has_null_content (node))
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("The snapshot does not say what is in the file “%s”"), node->name);
      return FALSE;
    }
  for (guint64 i = 0; i < node->n_content; i++)
    {
      SrBlobPlace place;

      if (!sr_index_lookup (index, SR_BLOB_DATA, &node->content[i], 0, &place))
        {
          char hex[SR_ID_HEX_SIZE];

          sr_id_to_hex (&node->content[i], hex);
          g_set_error (error, SR_ERROR, SR_ERROR_NOT_FOUND,
                       _ ("The chunk %.10s of the file “%s” is in no index file of the repository; "
                          "check the repository"),
                       hex, node->name);
          return FALSE;
        }
      sum += sr_blob_get_plain_length (&place.blob);
    }
  if (MAX (sum, node->size) > G_MAXINT64)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
                   _ ("The file “%s” is larger than any file can be here"), node->name);
      return FALSE;
    }
  self->size = MAX (sum, node->size);
  return TRUE;
}
