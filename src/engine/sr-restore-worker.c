/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A stage of the restore on a thread of its own: reads the chunks of a batch, opens them and writes them.
 *
 * The chunks are taken in the order in which they lie in the packs, neighbours are read together, and each is read and
 * opened once, also when several files of the batch have it. A chunk that is damaged is tried again from wherever else
 * the repository has it. */

#include "config.h"

#include "sr-restore-worker.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "engine/sr-restore-existing.h"
#include "repository/sr-blob-reader.h"

/* One read from a storage: at most this, unless a single chunk is longer. */
#define RANGE_LIMIT (4 * 1024 * 1024)
/* Bytes between two chunks that are read and thrown away rather than beginning a new read. */
#define GAP_LIMIT (64 * 1024)
/* Chunks have at most 8 MiB; longer ones, as foreign programs may make, are read by the blob reader. */
#define LONG_CHUNK (9 * 1024 * 1024)

typedef struct
{
  SrRestoreRun *run;
  SrBlobReader *reader; /* (owned) */
  SrRestoreComparer comparer;
  SrBuffer buffer; /* what was read of a pack */
} Worker;

/* Marks the chunks that an interrupted restore has written already. */
static void
keep_chunks (Worker *self, SrRestoreBatch *batch, const SrRestorePart *part)
{
  for (guint i = 0; i < part->n_pieces; i++)
    {
      SrRestorePiece *piece = &g_array_index (batch->pieces, SrRestorePiece, part->first_piece + i);

      if (sr_restore_run_is_over (self->run))
        return;
      if (sr_restore_file_has_chunk (part->file, &self->comparer, piece->offset,
                                     sr_blob_get_plain_length (&piece->place.blob),
                                     &piece->place.blob.id))
        piece->file = NULL;
    }
}

static void
prepare_part (Worker *self, SrRestoreBatch *batch, const SrRestorePart *part)
{
  SrRestoreFile *file = part->file;

  if (!file->looked)
    sr_restore_look (file, &self->comparer);
  if (sr_restore_file_is_over (file))
    return;

  if (file->node->type != SR_NODE_FILE)
    sr_restore_make_special (file);
  else if (file->n_chunks == 0)
    sr_restore_file_complete (file);
  else if (!sr_restore_folder_is_fresh (file->folder) && sr_restore_file_find_temporary (file))
    keep_chunks (self, batch, part);
}

static int
compare_pieces (gconstpointer data, gconstpointer other_data)
{
  const SrRestorePiece *piece = data, *other = other_data;
  int order = sr_id_compare (&piece->place.pack, &other->place.pack);

  if (order != 0)
    return order;
  return piece->place.blob.offset < other->place.blob.offset   ? -1
         : piece->place.blob.offset > other->place.blob.offset ? 1
                                                               : 0;
}

/* Leaves only what is to be read, sorted. */
static void
sort_pieces (GArray *pieces)
{
  guint n_kept = 0;

  for (guint i = 0; i < pieces->len; i++)
    {
      SrRestorePiece *piece = &g_array_index (pieces, SrRestorePiece, i);

      if (piece->file != NULL && !sr_restore_file_is_over (piece->file))
        g_array_index (pieces, SrRestorePiece, n_kept++) = *piece;
    }
  g_array_set_size (pieces, n_kept);
  g_array_sort (pieces, compare_pieces);
}

static gboolean
is_same_place (const SrRestorePiece *piece, const SrRestorePiece *other)
{
  return piece->place.blob.offset == other->place.blob.offset &&
         sr_id_equal (&piece->place.pack, &other->place.pack);
}

/* How many pieces from @pieces on are read together; @out_length: bytes from the first one's offset. */
static guint
find_range (const SrRestorePiece *pieces, guint n_pieces, gsize *out_length)
{
  const SrBlobPlace *first = &pieces[0].place;
  guint64 end = (guint64) first->blob.offset + first->blob.length;
  guint n = 1;

  for (; n < n_pieces; n++)
    {
      const SrBlobPlace *next = &pieces[n].place;
      guint64 next_end = (guint64) next->blob.offset + next->blob.length;

      if (!sr_id_equal (&next->pack, &first->pack) || next->blob.offset > end + GAP_LIMIT ||
          MAX (end, next_end) - first->blob.offset > RANGE_LIMIT)
        break;
      end = MAX (end, next_end);
    }
  while (n < n_pieces && is_same_place (&pieces[n - 1], &pieces[n]))
    n++;
  *out_length = (gsize) (end - first->blob.offset);
  return n;
}

/* Bytes that were read into the buffer; fewer than @length when the pack is damaged or gone, which the chunks show. */
static gsize
read_range (Worker *self, const SrBlobPlace *first, gsize length)
{
  SrStorage *storage = sr_repository_get_storage (self->run->repository);
  const SrFileName name = { SR_FILE_PACK, first->pack };
  gssize n_read;

  if (length > LONG_CHUNK)
    return 0;
  sr_buffer_shrink (&self->buffer, MAX (RANGE_LIMIT, length));
  sr_buffer_reserve (&self->buffer, MAX (RANGE_LIMIT, length));
  n_read = sr_storage_read (storage, &name, first->blob.offset, self->buffer.data, length,
                            self->run->cancellable, NULL);
  if (n_read <= 0)
    return 0;
  sr_progress_add_stored (self->run->progress, 0, (guint64) n_read);
  return (gsize) n_read;
}

/* The plaintext of a chunk, from the range that was read or else from wherever it can be had. */
static gboolean
open_chunk (Worker *self,
            const SrBlobPlace *place,
            gsize position,
            gsize n_read,
            const guint8 **out_data,
            gsize *out_length,
            GError **error)
{
  if (position + place->blob.length <= n_read &&
      sr_blob_reader_decode (self->reader, place, self->buffer.data + position, out_data,
                             out_length, NULL))
    return TRUE;

  return sr_blob_reader_load (self->reader, SR_BLOB_DATA, &place->blob.id, out_data, out_length,
                              self->run->cancellable, error);
}

static gboolean
is_wanted (const SrRestorePiece *pieces, guint n_pieces)
{
  for (guint i = 0; i < n_pieces; i++)
    if (!sr_restore_file_is_over (pieces[i].file))
      return TRUE;
  return FALSE;
}

/* Says of all files that want it that a chunk cannot be had. */
static void
fail_pieces (Worker *self, const SrRestorePiece *pieces, guint n_pieces, const GError *error)
{
  g_autoptr (GError) problem = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      sr_restore_run_fail (self->run, g_error_copy (error));
      return;
    }
  /* Whatever the storage says concerns what is stored there, and does not end the restore. */
  problem = g_error_new (SR_ERROR,
                         g_error_matches (error, SR_ERROR, SR_ERROR_PERMISSION) ||
                                 g_error_matches (error, SR_ERROR, SR_ERROR_NO_SPACE)
                             ? SR_ERROR_STORAGE
                             : error->code,
                         _ ("The file was not restored: %s"), error->message);
  for (guint i = 0; i < n_pieces; i++)
    sr_restore_file_fail (pieces[i].file, problem);
}

/* @pieces: all of one chunk. @n_read: bytes in the buffer, of which @position is where the chunk begins. */
static void
restore_chunk (Worker *self,
               const SrRestorePiece *pieces,
               guint n_pieces,
               gsize position,
               gsize n_read)
{
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize length;

  if (!is_wanted (pieces, n_pieces))
    return;
  if (!open_chunk (self, &pieces[0].place, position, n_read, &data, &length, &error))
    {
      fail_pieces (self, pieces, n_pieces, error);
      return;
    }
  for (guint i = 0; i < n_pieces; i++)
    sr_restore_file_write_chunk (pieces[i].file, pieces[i].offset, data, length);
}

static void
restore_range (Worker *self, const SrRestorePiece *pieces, guint n_pieces, gsize length)
{
  const SrBlobPlace *first = &pieces[0].place;
  gsize n_read = read_range (self, first, length);

  for (guint i = 0, n; i < n_pieces; i += n)
    {
      for (n = 1; i + n < n_pieces && is_same_place (&pieces[i], &pieces[i + n]); n++)
        ;
      if (sr_restore_run_is_over (self->run))
        return;
      restore_chunk (self, &pieces[i], n, pieces[i].place.blob.offset - first->blob.offset, n_read);
    }
}

static void
restore_pieces (Worker *self, GArray *pieces)
{
  sort_pieces (pieces);
  for (guint i = 0, n; i < pieces->len; i += n)
    {
      const SrRestorePiece *range = &g_array_index (pieces, SrRestorePiece, i);
      gsize length;

      if (sr_restore_run_is_over (self->run))
        return;
      n = find_range (range, pieces->len - i, &length);
      restore_range (self, range, n, length);
    }
}

/* A further name of a file, that could not be linked to the first, becomes a file of its own. */
static void
restore_copy (Worker *self, SrRestoreFile *file)
{
  g_autoptr (SrRestoreBatch) batch = NULL;
  g_autoptr (GError) error = NULL;
  guint64 chunk = 0, offset = 0;

  if (!sr_restore_file_measure (file, &error))
    {
      sr_restore_file_fail (file, error);
      return;
    }
  batch = sr_restore_batch_new ();
  sr_restore_batch_add (batch, file, TRUE, &chunk, &offset);
  prepare_part (self, batch, &g_array_index (batch->parts, SrRestorePart, 0));
  restore_pieces (self, batch->pieces);
}

static gboolean
is_further_name (const SrRestoreFile *file)
{
  return file->link != NULL && !file->first_name;
}

static void
show_path (Worker *self, const SrRestoreFile *file)
{
  g_autofree char *path = sr_restore_folder_dup_path (file->folder, file->node->name);

  sr_progress_set_path (self->run->progress, path);
}

static void
restore_batch (Worker *self, SrRestoreBatch *batch)
{
  const SrRestorePart *parts = (const SrRestorePart *) (gpointer) batch->parts->data;
  guint n_parts = batch->parts->len;

  show_path (self, parts[0].file);
  for (guint i = 0; i < n_parts && !sr_restore_run_is_over (self->run); i++)
    if (!is_further_name (parts[i].file))
      prepare_part (self, batch, &parts[i]);

  restore_pieces (self, batch->pieces);

  /* Last, as they may wait for what other workers do (sr-restore-links.c says why that ends). */
  for (guint i = 0; i < n_parts && !sr_restore_run_is_over (self->run); i++)
    if (is_further_name (parts[i].file) && !sr_restore_link (parts[i].file) &&
        !sr_restore_run_is_over (self->run))
      restore_copy (self, parts[i].file);
}

/**
 * sr_restore_worker:
 * @user_data: a #SrRestoreRun
 *
 * Restores the batches of the run's queue until it is closed and empty, or the run is over.
 */
gpointer
sr_restore_worker (gpointer user_data)
{
  SrRestoreRun *run = user_data;
  Worker self = { .run = run };
  GError *error = NULL;
  SrRestoreBatch *batch;

  self.reader = sr_blob_reader_new (run->repository, &error);
  if (self.reader == NULL)
    {
      sr_restore_run_fail (run, error);
      return NULL;
    }
  sr_restore_comparer_init (&self.comparer);
  while ((batch = sr_bounded_queue_pop (run->queue)) != NULL)
    {
      restore_batch (&self, batch);
      sr_restore_batch_free (batch);
    }
  sr_restore_comparer_clear (&self.comparer);
  sr_buffer_clear (&self.buffer);
  sr_blob_reader_free (self.reader);
  return NULL;
}
