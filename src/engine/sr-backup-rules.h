/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

#include "model/sr-pattern-list.h"

G_BEGIN_DECLS

/* What a backup leaves out. Set up by one thread, then read by any. */
typedef struct _SrBackupRules SrBackupRules;

SrBackupRules *sr_backup_rules_new (void);
void sr_backup_rules_free (SrBackupRules *self);
void sr_backup_rules_set_patterns (SrBackupRules *self, SrPatternList *patterns);
void sr_backup_rules_set_exclude_caches (SrBackupRules *self, gboolean exclude_caches);
void sr_backup_rules_set_max_file_size (SrBackupRules *self, guint64 max_file_size);
void sr_backup_rules_set_one_file_system (SrBackupRules *self, gboolean one_file_system);
void sr_backup_rules_add_never (SrBackupRules *self, const char *folder);
void sr_backup_rules_add_root (SrBackupRules *self, const char *path);

gboolean sr_backup_rules_take_root (SrBackupRules *self, const char *path);
gboolean sr_backup_rules_has_patterns (SrBackupRules *self);
gboolean sr_backup_rules_take_path (SrBackupRules *self, const char *path);
gboolean sr_backup_rules_take_any_size (SrBackupRules *self);
gboolean sr_backup_rules_take_status (SrBackupRules *self, const struct stat *status);
gboolean sr_backup_rules_enter (SrBackupRules *self, const struct stat *status);
gboolean sr_backup_rules_is_cache (SrBackupRules *self, int folder_fd);

#define SR_CACHE_TAG_NAME "CACHEDIR.TAG"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBackupRules, sr_backup_rules_free)

G_END_DECLS
