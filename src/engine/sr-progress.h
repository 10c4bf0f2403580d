/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The nicks stand in the output of strongroomctl --json: add some, never change one. */
typedef enum
{
  SR_PHASE_WAITING, /* not begun */
  SR_PHASE_OPENING, /* keys, index, lock */
  SR_PHASE_WORKING, /* the files themselves */
  SR_PHASE_FINISHING, /* last index files, snapshot, folders' attributes */
  SR_PHASE_DONE,
} SrPhase;

#define SR_TYPE_PHASE (sr_phase_get_type ())
GType sr_phase_get_type (void);

/* What a job has done so far, counted by its threads and shown by properties of the job. */
typedef struct
{
  SrPhase phase;
  guint64 files_done; /* files looked at, unchanged ones too; check: packs and snapshots */
  guint64 files_total; /* 0: not known yet */
  guint64 bytes_done; /* bytes of these files, in the clear; check: as stored */
  guint64 bytes_total; /* 0: not known yet */
  guint64 new_bytes; /* backup: bytes of blobs that the repository did not have, in the clear */
  guint64
      stored_bytes; /* backup: the same as stored; restore and check: bytes read from the storage */
  guint64 n_problems;
} SrProgressValues;

typedef struct _SrProgress SrProgress;

SrProgress *sr_progress_new (void (*changed) (gpointer user_data), gpointer user_data);
void sr_progress_free (SrProgress *self);
void sr_progress_set_clock (SrProgress *self, gint64 (*clock) (void)); /* for tests; before use */
/* For the job's threads, at any rate; @changed is called from them at most 8 times a second, and at each new phase. */
void sr_progress_set_phase (SrProgress *self, SrPhase phase);
void sr_progress_set_totals (SrProgress *self, guint64 files, guint64 bytes);
void sr_progress_add_files (SrProgress *self, guint64 n_files);
void sr_progress_add_bytes (SrProgress *self, guint64 n_bytes);
void sr_progress_add_stored (SrProgress *self, guint64 new_bytes, guint64 stored_bytes);
void sr_progress_add_problem (SrProgress *self);
void sr_progress_set_path (SrProgress *self, const char *path);
/* For the job's owner. */
void sr_progress_get (SrProgress *self, SrProgressValues *out_values);
char *sr_progress_dup_path (SrProgress *self); /* (nullable) */
double sr_progress_get_rate (SrProgress *self); /* bytes per second, of the last seconds */
gint64 sr_progress_get_time_left (SrProgress *self); /* seconds; -1: not known */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrProgress, sr_progress_free)

G_END_DECLS
