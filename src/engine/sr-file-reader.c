/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads files on a thread of its own.
 *
 * A file goes straight into a batch, is cut there, and its chunks are hashed there; chunks that the
 * repository has are forgotten at once. Small files share a batch, a large one passes through several:
 * what is left of it when a batch is full, less than a chunk, moves to the next. */

#include "config.h"

#include "sr-file-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"
#include "crypto/sr-hash.h"
#include "engine/sr-node-source.h"
#include "engine/sr-tree-builder.h"

#define READ_SIZE (1024 * 1024) /* bytes between two looks at the cancellable */
/* Ticks are of 10 ms at most. A server whose clock is ahead must not hold us up for longer. */
#define TICK_WAIT_USEC G_TIME_SPAN_MILLISECOND
#define MAX_TICK_WAITS 20
#define MAX_KEPT_IDS 4096 /* of the list of a large file's chunks, when it has been read */

typedef struct
{
  SrBackupContext *context; /* lent */
  const SrChunker *chunker; /* lent */
  SrIndex *index; /* lent */
  SrNodeSource *source; /* (owned) */
  SrHash *hash; /* (owned) */
  SrBatcher *batcher; /* (owned) */
  SrTreeBuilder *builder; /* (owned) */
  GArray *content; /* (owned) (element-type SrId): chunks of the file being read */
  guint64 size; /* bytes of it so far */
} FileReader;

static void
file_reader_clear (FileReader *self)
{
  g_clear_pointer (&self->source, sr_node_source_free);
  g_clear_pointer (&self->hash, sr_hash_free);
  g_clear_pointer (&self->builder, sr_tree_builder_free);
  g_clear_pointer (&self->batcher, sr_batcher_free);
  g_clear_pointer (&self->content, g_array_unref);
}

static gboolean
file_reader_init (FileReader *self, SrBackupContext *context, GError **error)
{
  self->context = context;
  self->chunker = sr_repository_get_chunker (context->repository);
  self->index = sr_repository_get_index (context->repository);
  self->source = sr_node_source_new ();
  self->hash = sr_hash_new ();
  self->batcher = sr_batcher_new (context, TRUE);
  self->content = g_array_new (FALSE, FALSE, sizeof (SrId));
  self->builder = sr_tree_builder_new (context, self->batcher, error);
  return self->builder != NULL;
}

/* Notes a chunk; keeps its bytes in the batch only if they are to be stored. */
static void
take_chunk (FileReader *self, SrBatch *batch, const guint8 *data, gsize length, gboolean is_last)
{
  SrId id;

  sr_hash_digest (self->hash, data, length, &id);
  g_array_append_val (self->content, id);
  self->size += length;
  if (sr_index_reserve (self->index, SR_BLOB_DATA, &id))
    sr_batch_add_chunk (batch, SR_BLOB_DATA, &id, data, length);
  else if (is_last)
    sr_batch_truncate (batch, data);
}

/* Cuts what is there. Leaves in @data and @length the beginning of a chunk whose end is not there yet. */
static void
take_chunks (FileReader *self,
             SrBatch *batch,
             const guint8 **data,
             gsize *length,
             gsize *from,
             gboolean at_end)
{
  gsize cut;

  while (*length > 0 && (cut = sr_chunker_cut (self->chunker, *data, *length, *from, at_end)) > 0)
    {
      take_chunk (self, batch, *data, cut, cut == *length);
      *data += cut;
      *length -= cut;
      *from = 0;
    }
  *from = *length;
}

/* Reads up to @wanted bytes, fewer only at the end of the file. Where that comes as expected, @rest bytes on, one call of the
 * system tells: most files are read by a single one. */
static gssize
read_piece (FileReader *self,
            int fd,
            const char *name,
            guint8 *place,
            gsize wanted,
            guint64 rest,
            GError **error)
{
  gssize first = read (fd, place, wanted);
  gssize more;

  if (first >= 0 && ((gsize) first == wanted || (guint64) first == rest))
    return first;

  first = MAX (first, 0);
  more = sr_fd_read (fd, place + first, wanted - (gsize) first, name,
                     sr_stop_get_cancellable (self->context->stop), error);
  return more < 0 ? -1 : first + more;
}

static gboolean
read_content (FileReader *self, int fd, const char *name, guint64 expected, GError **error)
{
  GCancellable *cancellable = sr_stop_get_cancellable (self->context->stop);
  SrBatch *batch = sr_batcher_get_batch (self->batcher, MIN (expected + 1, SR_CHUNK_MAX_SIZE));
  const guint8 *data = NULL; /* where the current chunk begins */
  gsize length = 0, from = 0; /* its bytes so far, and those that were looked at */

  for (gboolean at_end = FALSE; !at_end;)
    {
      gsize room = 0, wanted;
      guint64 rest; /* bytes still expected */
      guint8 *place;
      gssize n_read;

      place = batch != NULL ? sr_batch_get_room (batch, &room) : NULL;
      if (batch != NULL && room == 0)
        {
          batch = sr_batcher_move_on (self->batcher, data, length);
          place = batch != NULL ? sr_batch_get_room (batch, &room) : NULL;
          data = batch != NULL ? sr_batch_get_data (batch) : NULL;
        }
      if (batch == NULL)
        return !g_cancellable_set_error_if_cancelled (cancellable, error);

      if (length == 0)
        data = place;
      rest = expected - MIN (expected, self->size + length);
      wanted = MIN (room, READ_SIZE);
      if (self->size + length <= expected)
        wanted = (gsize) MIN (wanted, rest + 1); /* the 1 shows that nothing follows */
      n_read = read_piece (self, fd, name, place, wanted, rest, error);
      if (n_read < 0)
        return FALSE;

      sr_batch_take_room (batch, (gsize) n_read);
      length += (gsize) n_read;
      at_end = (gsize) n_read < wanted;
      sr_progress_add_bytes (self->context->progress, (guint64) n_read);
      take_chunks (self, batch, &data, &length, &from, at_end);
    }
  return TRUE;
}

static gboolean
is_same_state (const struct stat *before, const struct stat *after)
{
  return before->st_size == after->st_size && before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
         before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
         before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
         before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

/* The node keeps the status from before, so that the next backup sees a change and reads it again. */
static void
report_if_changed (FileReader *self,
                   SrFolder *folder,
                   const SrNode *node,
                   int fd,
                   const struct stat *before)
{
  struct stat after;

  if (fstat (fd, &after) == 0 && is_same_state (before, &after) &&
      self->size == (guint64) before->st_size)
    return;

  sr_backup_context_report (
      self->context, folder, node->name,
      g_error_new_literal (SR_ERROR, SR_ERROR_SOURCE,
                           _ ("The file changed while it was read: its copy may mix old and new "
                              "parts, and is made again by the next backup")));
}

static void
fill_content (FileReader *self, SrNode *node)
{
  node->size = self->size;
  node->n_content = self->content->len;
  if (self->content->len > 0)
    node->content = g_memdup2 (self->content->data, self->content->len * sizeof (SrId));
  if (self->content->len > MAX_KEPT_IDS)
    {
      g_array_unref (self->content);
      self->content = g_array_new (FALSE, FALSE, sizeof (SrId));
    }
}

static int
open_file (SrFolder *folder, const char *name)
{
  int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int fd = openat (folder->fd, name, flags | O_NOATIME);

  /* Only the owner may read without leaving a trace. */
  return fd >= 0 || errno != EPERM ? fd : openat (folder->fd, name, flags);
}

static gboolean
is_of_present_tick (const struct timespec *time)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  if (time->tv_sec == now.tv_sec)
    return time->tv_nsec >= now.tv_nsec;
  return time->tv_sec == now.tv_sec + 1; /* more is no haste of a clock but a wrong time */
}

/* The kernel stamps changes with the time of its last tick, since Linux 6.13 only on some file systems. What is written
 * after the reading, but in the tick of the change before it, would never be seen: neither by looking at the file again,
 * nor by the next backup. So reading begins when that tick is over. */
static void
let_tick_pass (const struct stat *status)
{
  for (guint i = 0; i < MAX_TICK_WAITS && is_of_present_tick (&status->st_ctim); i++)
    g_usleep (TICK_WAIT_USEC);
}

static gboolean
read_open_file (FileReader *self, SrFolder *folder, SrNode *node, int fd, GError **error)
{
  GError *xattr_error = NULL;
  struct stat status;

  if (fstat (fd, &status) != 0)
    {
      sr_set_error_from_errno (error, errno, _ ("The file could not be examined"));
      return FALSE;
    }
  if (!S_ISREG (status.st_mode))
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_SOURCE,
                           _ ("The file was replaced by something else while it was backed up"));
      return FALSE;
    }

  let_tick_pass (&status);
  sr_node_source_set_status (self->source, node, &status);
  self->size = 0;
  g_array_set_size (self->content, 0);
  /* Attributes that cannot be read are no reason to do without the rest. */
  if (!sr_node_source_read_xattrs (self->source, node, folder->fd, fd, &xattr_error))
    sr_backup_context_report (self->context, folder, node->name, xattr_error);
  if (!read_content (self, fd, node->name, (guint64) status.st_size, error))
    return FALSE;

  report_if_changed (self, folder, node, fd, &status);
  fill_content (self, node);
  return TRUE;
}

static void
count_file (FileReader *self, gboolean existed)
{
  SrBackupCounters *counters = &self->context->counters;

  atomic_fetch_add (existed ? &counters->files_changed : &counters->files_new, 1);
  atomic_fetch_add (&counters->total_bytes, self->size);
  sr_progress_add_files (self->context->progress, 1);
}

/* A file that cannot be read is named in the result and left out of the tree. */
static void
read_file (FileReader *self, SrFolder *folder, guint slot, gboolean existed)
{
  SrNode *node = sr_folder_get_node (folder, slot);
  GError *error = NULL;
  int fd = open_file (folder, node->name);

  if (fd < 0)
    sr_set_error_from_errno (&error, errno, _ ("The file could not be opened"));
  else if (read_open_file (self, folder, node, fd, &error))
    count_file (self, existed);

  if (fd >= 0)
    close (fd);
  if (error != NULL)
    {
      sr_backup_context_report (self->context, folder, node->name, error);
      sr_folder_drop_node (folder, slot);
    }
  sr_batcher_flush_if_due (self->batcher);
}

static gboolean
read_group (FileReader *self, SrFileGroup *group, GError **error)
{
  SrFolder *folder = group->folder;
  g_autofree char *path = sr_folder_build_path (folder, NULL);

  sr_progress_set_path (self->context->progress, path);
  for (guint i = 0; i < group->n_files; i++)
    {
      if (sr_stop_is_set (self->context->stop))
        break;
      read_file (self, folder, group->files[i].slot, group->files[i].existed);
    }
  sr_folder_unuse (folder);
  return !sr_stop_is_set (self->context->stop) &&
         sr_tree_builder_fulfil (self->builder, folder, group->n_files, error);
}

/**
 * sr_file_reader_thread:
 * @context: an #SrBackupContext
 *
 * Reads groups of files until there are no more.
 *
 * Returns: NULL
 */
gpointer
sr_file_reader_thread (gpointer context)
{
  FileReader self = { 0 };
  GError *error = NULL;
  SrFileGroup *next;

  if (file_reader_init (&self, context, &error))
    while (error == NULL && (next = sr_bounded_queue_pop (self.context->groups)) != NULL)
      {
        g_autofree SrFileGroup *group = next;

        read_group (&self, group, &error);
      }

  if (error != NULL)
    sr_stop_fail (self.context->stop, error);
  else
    sr_batcher_flush (self.batcher);
  file_reader_clear (&self);
  return NULL;
}
