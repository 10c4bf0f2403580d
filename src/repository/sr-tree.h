/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-node.h"

G_BEGIN_DECLS

/* The JSON of a tree, read and written node by node, so that folders of any size pass in little memory. */
void sr_tree_write_begin (SrJsonWriter *writer);
void sr_tree_write_end (SrJsonWriter *writer);

typedef struct _SrTreeReader SrTreeReader;

SrTreeReader *sr_tree_reader_new (SrJsonReader *reader);
void sr_tree_reader_free (SrTreeReader *self);
const SrNode *sr_tree_reader_next (SrTreeReader *self, GError **error);
SrNode *sr_tree_reader_steal_next (SrTreeReader *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrTreeReader, sr_tree_reader_free)

G_END_DECLS
