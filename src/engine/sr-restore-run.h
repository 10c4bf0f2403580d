/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-bounded-queue.h"
#include "engine/sr-restore-folder.h"
#include "engine/sr-restore-job.h"
#include "engine/sr-restore-links.h"

G_BEGIN_DECLS

/* What the threads of one restore share. Fields without a word on it are set before they begin, and then only read. */
typedef struct
{
  SrJob *job;
  SrRepository *repository;
  SrProgress *progress;
  GCancellable *cancellable; /* (nullable) */
  SrConflictPolicy policy;
  char *stamp; /* (owned): " (restored 2026-11-22 14-05)", for new names beside old ones */
  guint umask; /* permissions that new files do not get; 0777 when it is not known */
  guint32 uid; /* owner of new files */
  guint32 gid;
  SrRestoreFolders *folders; /* (owned) */
  SrRestoreLinks *links; /* (owned) */
  SrBoundedQueue *queue; /* (owned) (element-type SrRestoreBatch) */
  gint n_open_files; /* (atomic): of which chunks are still to come */

  GMutex mutex;
  GError *failure; /* (owned) (nullable) (locked by mutex): what has ended the restore */
  guint64 n_skipped; /* (locked by mutex) */
  guint64 n_unchanged; /* (locked by mutex) */
  guint64 n_failed; /* (locked by mutex): files */
  gint over; /* (atomic): whether failure is set */
} SrRestoreRun;

void sr_restore_run_init (SrRestoreRun *self,
                          SrJob *job,
                          SrRepository *repository,
                          GCancellable *cancellable);
void sr_restore_run_clear (SrRestoreRun *self);
gboolean sr_restore_run_is_over (SrRestoreRun *self); /* failed or cancelled: stop */
void sr_restore_run_fail (SrRestoreRun *self, GError *error); /* takes error */
void sr_restore_run_report_path (SrRestoreRun *self, const char *path, const GError *error);
void sr_restore_run_report (SrRestoreRun *self,
                            SrRestoreFolder *folder,
                            const char *name,
                            const GError *error);
void sr_restore_run_count_skipped (SrRestoreRun *self);
void sr_restore_run_count_unchanged (SrRestoreRun *self);
void sr_restore_run_count_failed (SrRestoreRun *self);

G_END_DECLS
