/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <stdatomic.h>

#include "engine/sr-backup-rules.h"
#include "engine/sr-batch.h"
#include "engine/sr-folder.h"
#include "engine/sr-job.h"
#include "engine/sr-pack-set.h"
#include "engine/sr-stop.h"
#include "repository/sr-compressor.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Numbers of a backup, counted by all its threads. */
typedef struct
{
  _Atomic guint64 files_new;
  _Atomic guint64 files_changed;
  _Atomic guint64 files_unmodified;
  _Atomic guint64 folders_new;
  _Atomic guint64 folders_changed;
  _Atomic guint64 folders_unmodified;
  _Atomic guint64 data_blobs;
  _Atomic guint64 tree_blobs;
  _Atomic guint64 data_added; /* bytes in the clear */
  _Atomic guint64 data_added_packed; /* bytes as stored */
  _Atomic guint64 total_bytes; /* of all files */
} SrBackupCounters;

/* What the stages of one backup share. Made by the job, which outlives its stages. */
typedef struct
{
  SrJob *job; /* lent */
  SrProgress *progress; /* lent */
  SrRepository *repository; /* lent */
  SrBackupRules *rules; /* lent */
  SrCompression compression;
  gboolean force_rescan;

  SrStop *stop; /* (owned) */
  SrBoundedQueue *groups; /* (owned) of SrFileGroup: scanner → readers */
  SrBoundedQueue *batches; /* (owned) of SrBatch: readers → sealers */
  SrBoundedQueue *pool; /* (owned) of empty SrBatch: sealers → readers */
  SrPackSet *packs; /* (owned) */
  SrFolderSet folders; /* that are being backed up */
  SrBackupCounters counters;
  SrId root_tree; /* once the stages have ended without a stop */
} SrBackupContext;

/* Files of one folder, to be read by one reader. */
typedef struct
{
  SrFolder *folder; /* used, see sr_folder_use() */
  guint n_files;
  struct
  {
    guint slot; /* node in the folder */
    gboolean existed; /* it stands in the parent snapshot as well, but was different */
  } files[64];
} SrFileGroup;

SrBackupContext *sr_backup_context_new (SrJob *job,
                                        SrRepository *repository,
                                        SrBackupRules *rules,
                                        GCancellable *cancellable);
void sr_backup_context_free (SrBackupContext *self);
void sr_backup_context_report (SrBackupContext *self,
                               SrFolder *folder,
                               const char *name,
                               GError *problem);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBackupContext, sr_backup_context_free)

G_END_DECLS
