/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-job.h"
#include "model/sr-pattern-list.h"
#include "repository/sr-compressor.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* Backs folders and files up into a new snapshot. Set up before it runs. */
#define SR_TYPE_BACKUP_JOB (sr_backup_job_get_type ())
G_DECLARE_FINAL_TYPE (SrBackupJob, sr_backup_job, SR, BACKUP_JOB, SrJob)

SrBackupJob *sr_backup_job_new (SrRepository *repository, GFile *const *roots, gsize n_roots);
void sr_backup_job_set_excludes (SrBackupJob *self,
                                 SrPatternList *patterns,
                                 const char *const *texts); /* texts go into the snapshot */
void sr_backup_job_set_exclude_caches (
    SrBackupJob *self,
    gboolean exclude_caches); /* folders with a valid CACHEDIR.TAG */
void sr_backup_job_set_max_file_size (SrBackupJob *self, guint64 max_file_size); /* bytes; 0: any */
void sr_backup_job_set_one_file_system (SrBackupJob *self, gboolean one_file_system);
void sr_backup_job_add_never (
    SrBackupJob *self,
    GFile *folder); /* left out without a word: our own repository, spool, state */
void sr_backup_job_set_compression (SrBackupJob *self, SrCompression compression);
void sr_backup_job_set_tags (SrBackupJob *self, const char *const *tags);
void sr_backup_job_set_hostname (SrBackupJob *self,
                                 const char *hostname); /* default: this computer's */
void sr_backup_job_set_force_rescan (SrBackupJob *self,
                                     gboolean force_rescan); /* reads unchanged files too */
SrSnapshot *sr_backup_job_get_snapshot (
    SrBackupJob *self); /* (nullable): once it is done, with its summary */

G_END_DECLS
