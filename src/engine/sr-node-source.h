/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

#include "repository/sr-node.h"

G_BEGIN_DECLS

/* Makes nodes of files. Belongs to one thread, whose look-ups of users and groups it remembers. */
typedef struct _SrNodeSource SrNodeSource;

SrNodeSource *sr_node_source_new (void);
void sr_node_source_free (SrNodeSource *self);
void sr_node_source_set_status (SrNodeSource *self, SrNode *node, const struct stat *status);
gboolean sr_node_source_read_xattrs (SrNodeSource *self,
                                     SrNode *node,
                                     int folder_fd,
                                     int fd,
                                     GError **error);
gboolean sr_node_source_read_link (SrNodeSource *self,
                                   SrNode *node,
                                   int folder_fd,
                                   gsize size,
                                   GError **error);
SrNodeType sr_node_source_get_type (const struct stat *status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrNodeSource, sr_node_source_free)

G_END_DECLS
