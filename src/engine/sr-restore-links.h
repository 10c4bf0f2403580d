/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-folder.h"

G_BEGIN_DECLS

/* The files of one restore that have several names: the first name is restored, the others are linked to it. */
typedef struct _SrRestoreLinks SrRestoreLinks;
typedef struct _SrRestoreLink SrRestoreLink; /* one file */

SrRestoreLinks *sr_restore_links_new (void);
void sr_restore_links_free (SrRestoreLinks *self);
/* NULL: @node is no file of several names. @out_first: this name is to be restored, and then finished. */
SrRestoreLink *sr_restore_links_claim (SrRestoreLinks *self,
                                       const SrNode *node,
                                       gboolean *out_first);
void sr_restore_links_finish (SrRestoreLinks *self,
                              SrRestoreLink *link,
                              SrRestoreFolder *folder,
                              const char *name);
gboolean sr_restore_links_wait (SrRestoreLinks *self,
                                SrRestoreLink *link,
                                SrRestoreFolder **out_folder,
                                const char **out_name);
void sr_restore_links_abandon (SrRestoreLinks *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrRestoreLinks, sr_restore_links_free)

G_END_DECLS
