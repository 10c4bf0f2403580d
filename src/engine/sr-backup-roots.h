/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is to be backed up, as the tree of folders that leads there from "/". */
typedef struct _SrBackupRoot SrBackupRoot;

struct _SrBackupRoot
{
  char *name; /* (owned); "/" for the root of all */
  gboolean selected; /* with all that is in it; else only the children below */
  GPtrArray *children; /* (owned) (element-type SrBackupRoot): sorted by name */
};

SrBackupRoot *sr_backup_root_new (void);
void sr_backup_root_free (SrBackupRoot *self);
char *sr_backup_root_resolve (GFile *file, GError **error);
void sr_backup_root_add (SrBackupRoot *self, const char *path);
const SrBackupRoot *sr_backup_root_find_child (const SrBackupRoot *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBackupRoot, sr_backup_root_free)

G_END_DECLS
