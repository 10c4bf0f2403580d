/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Patterns on paths, with the meaning that restic gives them for --exclude and --include.
 * Immutable; any thread. */
typedef struct _SrPatternList SrPatternList;

SrPatternList *sr_pattern_list_new (const char *const *patterns,
                                    gboolean ignore_case,
                                    GError **error);
SrPatternList *sr_pattern_list_ref (SrPatternList *self);
void sr_pattern_list_unref (SrPatternList *self);
gboolean sr_pattern_list_is_empty (SrPatternList *self);
gboolean sr_pattern_list_matches (SrPatternList *self,
                                  const char *path,
                                  gboolean *out_child_may_match);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrPatternList, sr_pattern_list_unref)

G_END_DECLS
