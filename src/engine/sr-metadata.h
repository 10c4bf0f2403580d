/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <sys/stat.h>

#include "repository/sr-node.h"

G_BEGIN_DECLS

/* What a file has before the metadata of a node are applied to it, so that only what differs costs a system call. */
typedef struct
{
  guint32 uid;
  guint32 gid;
  guint16 permissions; /* 07777 */
  gboolean may_have_more; /* attributes that the node lacks are looked for, and removed */
} SrMetadataState;

void sr_metadata_state_from_stat (SrMetadataState *state,
                                  const struct stat *status,
                                  gboolean may_have_more);
/* Owner, attributes, permissions and times of @node. FALSE: @error names what could not be set; all else is. */
gboolean sr_metadata_apply (int fd,
                            const SrNode *node,
                            const SrMetadataState *state,
                            GError **error);
/* The same for a name in a folder, never through a symbolic link. */
gboolean sr_metadata_apply_at (int folder_fd,
                               const char *name,
                               const SrNode *node,
                               const SrMetadataState *state,
                               GError **error);

G_END_DECLS
