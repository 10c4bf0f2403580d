/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-rules.h"
#include "engine/sr-progress.h"
#include "engine/sr-stop.h"

G_BEGIN_DECLS

#define SR_BACKUP_COUNT_DELAY_USEC (5 * G_USEC_PER_SEC) /* of backups; tests do not wait */

/* Counts on a thread of its own how much a first backup has to do, for the time left. */
typedef struct _SrBackupCount SrBackupCount;

SrBackupCount *sr_backup_count_start (SrBackupRules *rules,
                                      const char *const *paths,
                                      gint64 delay_usec,
                                      SrProgress *progress,
                                      SrStop *stop);
void sr_backup_count_end (SrBackupCount *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBackupCount, sr_backup_count_end)

G_END_DECLS
