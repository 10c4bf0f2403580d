/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "engine/sr-metadata.h"

G_BEGIN_DECLS

/* A folder that a restore writes into. */
typedef struct _SrRestoreFolder SrRestoreFolder;
/* All of one restore: they share a limited number of open file descriptors. */
typedef struct _SrRestoreFolders SrRestoreFolders;

/* Whether files made in a folder come out as the system's defaults say (umask, our user and group). */
typedef enum
{
  SR_RESTORE_TRUST_UNKNOWN, /* none was looked at yet */
  SR_RESTORE_TRUST_DEFAULTS,
  SR_RESTORE_TRUST_NOTHING, /* group or access control lists are inherited: look at each */
} SrRestoreTrust;

/* A folder's metadata could not be applied; from any thread. */
typedef void (*SrRestoreFolderReport) (SrRestoreFolder *folder,
                                       const GError *error,
                                       gpointer user_data);

SrRestoreFolders *sr_restore_folders_new (guint fd_limit,
                                          SrRestoreFolderReport report,
                                          gpointer user_data);
void sr_restore_folders_free (SrRestoreFolders *self);
void sr_restore_folders_abandon (SrRestoreFolders *self); /* no more metadata are applied */

SrRestoreFolder *sr_restore_folder_new_target (SrRestoreFolders *folders, int fd, gboolean fresh);
SrRestoreFolder *sr_restore_folder_make (SrRestoreFolder *parent,
                                         SrNode *node,
                                         gboolean overwrite,
                                         GError **error);
SrRestoreFolder *sr_restore_folder_ref (SrRestoreFolder *self); /* the memory only */
void sr_restore_folder_unref (SrRestoreFolder *self);
void sr_restore_folder_hold (SrRestoreFolder *self); /* something in it is still to be made */
void sr_restore_folder_release (SrRestoreFolder *self); /* the last one applies its metadata */
int sr_restore_folder_pin (SrRestoreFolder *self, GError **error); /* lent until unpinned; -1 */
void sr_restore_folder_unpin (SrRestoreFolder *self);
gboolean sr_restore_folder_is_fresh (SrRestoreFolder *self); /* made by this restore */
SrRestoreTrust sr_restore_folder_get_trust (SrRestoreFolder *self);
void sr_restore_folder_set_trust (SrRestoreFolder *self, SrRestoreTrust trust);
char *sr_restore_folder_dup_path (SrRestoreFolder *self, const char *name); /* in the snapshot */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrRestoreFolders, sr_restore_folders_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrRestoreFolder, sr_restore_folder_unref)

G_END_DECLS
