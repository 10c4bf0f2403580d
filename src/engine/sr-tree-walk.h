/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-blob-reader.h"

G_BEGIN_DECLS

/* What a walk through a tree and all below it meets. Each returns FALSE with @error set to end the walk. */
typedef struct
{
  /* One node of the tree @folder; @path is its own. For folders *@out_descend tells whether to go on below them (TRUE
   * unless set). @node is lent. */
  gboolean (*node) (const char *path,
                    const SrNode *node,
                    gboolean *out_descend,
                    gpointer user_data,
                    GError **error);
  /* The tree of the folder @path cannot be read (further), because of @failure; never called for a cancellation. */
  gboolean (*broken) (const char *path,
                      const SrId *tree,
                      const GError *failure,
                      gpointer user_data,
                      GError **error);
} SrTreeWalkFuncs;

gboolean sr_tree_walk (SrBlobReader *reader,
                       const SrId *tree,
                       const char *path,
                       gboolean recursive,
                       const SrTreeWalkFuncs *funcs,
                       gpointer user_data,
                       GCancellable *cancellable,
                       GError **error);

G_END_DECLS
