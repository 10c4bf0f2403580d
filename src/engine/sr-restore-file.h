/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-hash.h"
#include "engine/sr-restore-run.h"

G_BEGIN_DECLS

#define SR_RESTORE_TEMPORARY_PREFIX ".strongroom-restore-" /* and 16 digits */
#define SR_RESTORE_TEMPORARY_SIZE (sizeof SR_RESTORE_TEMPORARY_PREFIX + 16)

/* What a thread needs to compare what is on the disk with ids. */
typedef struct
{
  SrHash *hash; /* (owned) */
  guint8 *buffer; /* (owned) (array length=SR_RESTORE_COMPARE_SIZE) */
} SrRestoreComparer;

#define SR_RESTORE_COMPARE_SIZE (128 * 1024)

/* Where the finished file goes. */
typedef enum
{
  SR_RESTORE_PLACE_FREE, /* nothing was there */
  SR_RESTORE_PLACE_REPLACE, /* what is there is replaced */
  SR_RESTORE_PLACE_BESIDE, /* under a new name beside it */
} SrRestorePlace;

/* A file, or anything else that is no folder, on its way to the disk. Reference-counted; any thread. */
typedef struct
{
  SrRestoreRun *run;
  SrNode *node; /* (owned) */
  SrRestoreFolder *folder; /* held */
  SrRestoreLink *link; /* (nullable): it has more names */
  gboolean first_name; /* of link */
  gboolean looked; /* sr_restore_look() was called: by one thread, before all else */
  SrRestorePlace place; /* set by that */
  guint64 n_chunks; /* of node->content that are to be written */
  guint64 size; /* bytes when it is done */
  gint n_references; /* (atomic) */

  GMutex mutex;
  int fd; /* (locked by mutex): -1 while closed */
  guint n_users; /* (locked by mutex): threads that write to fd */
  gboolean made; /* (locked by mutex): the temporary file is there */
  gboolean resumed; /* (locked by mutex): it was there before */
  gboolean counted; /* (locked by mutex): in the run's n_open_files */
  gboolean
      over; /* (locked by mutex): restored, failed, or kept as it is: nothing more is written */
  guint64 n_done; /* (locked by mutex): chunks that are in place */
  guint64 end; /* (locked by mutex): bytes up to the last that was written */
  char temporary[SR_RESTORE_TEMPORARY_SIZE]; /* (locked by mutex) */
} SrRestoreFile;

void sr_restore_comparer_init (SrRestoreComparer *self);
void sr_restore_comparer_clear (SrRestoreComparer *self);
gboolean sr_restore_comparer_has_id (SrRestoreComparer *self,
                                     int fd,
                                     guint64 offset,
                                     guint64 length,
                                     const SrId *id);

SrRestoreFile *sr_restore_file_new (SrRestoreRun *run, SrNode *node, SrRestoreFolder *folder);
SrRestoreFile *sr_restore_file_ref (SrRestoreFile *self);
void sr_restore_file_unref (SrRestoreFile *self);
gboolean sr_restore_file_is_over (SrRestoreFile *self);
gboolean sr_restore_file_measure (SrRestoreFile *self, GError **error);
const char *sr_restore_file_get_temporary (SrRestoreFile *self);
gboolean sr_restore_file_find_temporary (SrRestoreFile *self);
gboolean sr_restore_file_has_chunk (SrRestoreFile *self,
                                    SrRestoreComparer *comparer,
                                    guint64 offset,
                                    guint64 length,
                                    const SrId *id);
void sr_restore_file_write_chunk (SrRestoreFile *self,
                                  guint64 offset,
                                  const guint8 *data,
                                  gsize length);
void sr_restore_file_complete (SrRestoreFile *self);
void sr_restore_file_fail (SrRestoreFile *self, const GError *error);
void sr_restore_file_end (SrRestoreFile *self, const char *name);

G_END_DECLS
