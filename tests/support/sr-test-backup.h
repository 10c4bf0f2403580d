/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-job.h"
#include "tests/support/sr-fault-storage.h"

G_BEGIN_DECLS

/* A folder to back up, and an empty repository on a storage that fails on command. */
typedef struct
{
  char *folder; /* (owned): holds the two that follow */
  char *source; /* (owned): to be backed up */
  char *place; /* (owned): of the repository */
  SrStorage *storage; /* (owned): an SrFaultStorage */
  SrRepository *repository; /* (owned) */
  GString *
      problems; /* (owned): of the last run, each a line "PATH: MESSAGE", paths in source shortened */
} SrTestBackup;

void sr_test_backup_set_up (SrTestBackup *self, gconstpointer data);
void sr_test_backup_tear_down (SrTestBackup *self, gconstpointer data);

char *sr_test_backup_path (SrTestBackup *self, const char *name);
void sr_test_backup_write (SrTestBackup *self, const char *name, const char *content);
void sr_test_backup_write_random (SrTestBackup *self, const char *name, gsize length);
void sr_test_backup_write_links (SrTestBackup *self, const char *folder, guint n_links);
void sr_test_backup_remove (SrTestBackup *self, const char *name);

SrBackupJob *sr_test_backup_new_job (SrTestBackup *self);
gboolean sr_test_backup_run (SrTestBackup *self, SrBackupJob *job, GError **error);
SrSnapshot *sr_test_backup_store (SrTestBackup *self);
SrSnapshot *sr_test_backup_store_incomplete (SrTestBackup *self);

char *sr_test_backup_list (SrTestBackup *self, SrSnapshot *snapshot);
void sr_test_backup_assert_restorable (SrTestBackup *self, SrSnapshot *snapshot);
void sr_test_assert_same_folder (const char *folder, const char *other);

G_END_DECLS
