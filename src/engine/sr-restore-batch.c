/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What goes from the walker to a worker at a time.
 *
 * Many small files make one batch, so that neighbours in a pack are read together and threads seldom meet; a large
 * file makes many, so that several threads write it. */

#include "config.h"

#include "sr-restore-batch.h"

#include <string.h>

/* A pack has 16 MiB as a rule: a quarter of it in the clear is read in one go, and still leaves work for
 * all threads at the end. */
#define WEIGHT_LIMIT (4 * 1024 * 1024)
#define FILES_LIMIT 256

SrRestoreBatch *
sr_restore_batch_new (void)
{
  SrRestoreBatch *self = g_new0 (SrRestoreBatch, 1);

  self->pieces = g_array_new (FALSE, FALSE, sizeof (SrRestorePiece));
  self->parts = g_array_new (FALSE, FALSE, sizeof (SrRestorePart));
  return self;
}

void
sr_restore_batch_free (SrRestoreBatch *self)
{
  for (guint i = 0; i < self->parts->len; i++)
    sr_restore_file_unref (g_array_index (self->parts, SrRestorePart, i).file);
  g_array_unref (self->parts);
  g_array_unref (self->pieces);
  g_free (self);
}

gboolean
sr_restore_batch_is_empty (SrRestoreBatch *self)
{
  return self->parts->len == 0;
}

gboolean
sr_restore_batch_is_full (SrRestoreBatch *self)
{
  return self->weight >= WEIGHT_LIMIT || self->parts->len >= FILES_LIMIT;
}

/**
 * sr_restore_batch_fits:
 * @self: a batch
 * @file: a regular file
 *
 * Returns: whether all of the file may go into @self; otherwise it is one for batches of its own
 */
gboolean
sr_restore_batch_fits (SrRestoreBatch *self, SrRestoreFile *file)
{
  return file->n_chunks < 2 || file->size <= WEIGHT_LIMIT;
}

/* Attributes and ids in memory count too: a file may have many of them and hardly a byte. */
static guint64
node_weight (const SrNode *node)
{
  guint64 weight = sizeof (SrRestoreFile) + sizeof (SrNode);

  for (guint32 i = 0; i < node->n_xattrs; i++)
    weight += sizeof (SrXattr) + strlen (node->xattrs[i].name) + node->xattrs[i].length;
  return weight;
}

/**
 * sr_restore_batch_add:
 * @self: a batch
 * @file: a file that was measured
 * @whole: whether to add all chunks, however many
 * @chunk: (inout): the first chunk to add; then the first that was not
 * @offset: (inout): where in the file that is, bytes
 *
 * Adds chunks of a file until the batch is full.
 *
 * Returns: whether all are added
 */
gboolean
sr_restore_batch_add (SrRestoreBatch *self,
                      SrRestoreFile *file,
                      gboolean whole,
                      guint64 *chunk,
                      guint64 *offset)
{
  SrIndex *index = sr_repository_get_index (file->run->repository);
  SrRestorePart part = { sr_restore_file_ref (file), self->pieces->len, 0 };

  self->weight += node_weight (file->node);
  while (*chunk < file->n_chunks && (whole || self->weight < WEIGHT_LIMIT))
    {
      SrRestorePiece piece = { .file = file, .offset = *offset };
      gsize length;

      if (!sr_index_lookup (index, SR_BLOB_DATA, &file->node->content[*chunk], 0, &piece.place))
        g_assert_not_reached (); /* measured, and an index only grows */
      length = sr_blob_get_plain_length (&piece.place.blob);
      g_array_append_val (self->pieces, piece);
      self->weight += length + sizeof piece;
      *offset += length;
      (*chunk)++;
    }
  part.n_pieces = self->pieces->len - part.first_piece;
  g_array_append_val (self->parts, part);
  return *chunk == file->n_chunks;
}

/**
 * sr_restore_batch_add_name:
 * @self: a batch
 * @file: anything without chunks, or a further name of a file
 *
 * Adds a file of which nothing is to be read, as a rule.
 */
void
sr_restore_batch_add_name (SrRestoreBatch *self, SrRestoreFile *file)
{
  const SrRestorePart part = { sr_restore_file_ref (file), self->pieces->len, 0 };

  self->weight += node_weight (file->node) + file->n_chunks * sizeof (SrId);
  g_array_append_val (self->parts, part);
}
