/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <sys/stat.h>

#include "engine/sr-restore-file.h"

G_BEGIN_DECLS

/* What to do about what is there already. */
typedef enum
{
  SR_RESTORE_GO_ON, /* restore it to the place of the file */
  SR_RESTORE_UNCHANGED, /* it is the same */
  SR_RESTORE_SKIP, /* the policy keeps what is there */
} SrRestoreDecision;

gboolean sr_restore_is_older (const struct stat *status, const SrNode *node);
SrRestoreDecision sr_restore_decide (SrConflictPolicy policy,
                                     const SrNode *node,
                                     const struct stat *status,
                                     gboolean same,
                                     SrRestorePlace *out_place);
char *sr_restore_name_beside (const char *name, const char *stamp, guint nth);
gboolean sr_restore_put_in_place (int folder_fd,
                                  const char *temporary,
                                  const char *name,
                                  SrRestorePlace place,
                                  const char *stamp,
                                  char **out_name,
                                  GError **error);

G_END_DECLS
