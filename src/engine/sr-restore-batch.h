/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-file.h"

G_BEGIN_DECLS

/* A chunk of a file, and where to get it. */
typedef struct
{
  SrBlobPlace place;
  SrRestoreFile *file; /* NULL: it is done already */
  guint64 offset; /* in the file, bytes */
} SrRestorePiece;

/* A file of a batch, or as much of it as is in the batch. */
typedef struct
{
  SrRestoreFile *file; /* (owned) */
  guint first_piece;
  guint n_pieces;
} SrRestorePart;

/* Consecutive files, or a section of a large one: what a worker restores in one go. */
typedef struct
{
  GArray *pieces; /* (owned) (element-type SrRestorePiece) */
  GArray *parts; /* (owned) (element-type SrRestorePart) */
  guint64 weight; /* bytes of the chunks, and of what is kept in memory for the files */
} SrRestoreBatch;

SrRestoreBatch *sr_restore_batch_new (void);
void sr_restore_batch_free (SrRestoreBatch *self);
gboolean sr_restore_batch_is_empty (SrRestoreBatch *self);
gboolean sr_restore_batch_is_full (SrRestoreBatch *self);
gboolean sr_restore_batch_fits (SrRestoreBatch *self, SrRestoreFile *file);
gboolean sr_restore_batch_add (SrRestoreBatch *self,
                               SrRestoreFile *file,
                               gboolean whole,
                               guint64 *chunk,
                               guint64 *offset);

void sr_restore_batch_add_name (SrRestoreBatch *self, SrRestoreFile *file); /* without chunks */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrRestoreBatch, sr_restore_batch_free)

G_END_DECLS
