/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Trees: the listings of folders, {"nodes":[…]} and a newline (FORMAT.md section 9.1).
 *
 * A folder may have millions of entries and its tree hundreds of megabytes. Entries are read one
 * by one from a stream, so a reader needs memory for one. */

#include "config.h"

#include "sr-tree.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"

typedef enum
{
  STATE_BEFORE, /* nothing was read */
  STATE_NODES, /* within "nodes" */
  STATE_OVER, /* at the end, or failed */
} TreeState;

struct _SrTreeReader
{
  SrJsonReader *reader; /* (owned) */
  TreeState state;
  gboolean has_nodes; /* "nodes" was there */
  SrNode node; /* the last one; of a stolen one only user and group */
};

/**
 * sr_tree_write_begin:
 * @writer: a new writer
 *
 * Begins a tree. For each entry, ascending by the bytes of its name (as by strcmp()),
 * sr_node_write() is to follow, then sr_tree_write_end(). Failures stay in @writer.
 */
void
sr_tree_write_begin (SrJsonWriter *writer)
{
  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "nodes");
  sr_json_writer_begin_array (writer);
}

/**
 * sr_tree_write_end:
 * @writer: a writer after the last entry
 *
 * Ends the tree, with the newline that belongs to the blob and its id. sr_json_writer_finish()
 * remains to be called.
 */
void
sr_tree_write_end (SrJsonWriter *writer)
{
  sr_json_writer_end_array (writer);
  sr_json_writer_end_object (writer);
  sr_json_writer_raw (writer, "\n", 1);
}

/**
 * sr_tree_reader_new:
 * @reader: (transfer full): at the start of a tree
 *
 * Returns: (transfer full): a reader of the tree's entries. Not for use by two threads at once
 */
SrTreeReader *
sr_tree_reader_new (SrJsonReader *reader)
{
  SrTreeReader *self = g_new0 (SrTreeReader, 1);

  self->reader = reader;
  return self;
}

/**
 * sr_tree_reader_free:
 * @self: (transfer full) (nullable): a reader
 */
void
sr_tree_reader_free (SrTreeReader *self)
{
  if (self == NULL)
    return;
  sr_node_clear (&self->node);
  sr_json_reader_free (self->reader);
  g_free (self);
}

/* Goes on to "nodes". Returns FALSE if the object is over before. */
static gboolean
enter_nodes (SrTreeReader *self)
{
  while (sr_json_reader_next_member (self->reader))
    if (!sr_json_reader_member_is (self->reader, "nodes") ||
        sr_json_reader_peek (self->reader) == SR_JSON_NULL)
      sr_json_reader_skip_value (self->reader);
    else if (self->has_nodes)
      sr_json_reader_fail (self->reader,
                           g_error_new_literal (SR_ERROR, SR_ERROR_DAMAGED,
                                                _ ("A folder's listing has two lists of entries")));
    else
      {
        self->has_nodes = TRUE;
        return sr_json_reader_begin_array (self->reader);
      }
  return FALSE;
}

/* Goes on to the next entry. Returns FALSE if there is none, or at a failure. */
static gboolean
enter_next_node (SrTreeReader *self)
{
  if (self->state == STATE_BEFORE)
    {
      sr_json_reader_begin_object (self->reader);
      self->state = enter_nodes (self) ? STATE_NODES : STATE_OVER;
    }
  if (self->state == STATE_NODES && !sr_json_reader_next_element (self->reader))
    {
      enter_nodes (self); /* reads what stands behind, and refuses a second list */
      self->state = STATE_OVER;
    }
  return self->state == STATE_NODES;
}

/**
 * sr_tree_reader_next:
 * @self: a reader
 * @error: (out) (optional): where the error goes
 *
 * Entries come in the order of the tree. That this is the order of their names, and no name comes
 * twice, is not checked: other programs restore such trees too. For what is checked see
 * sr_node_read(). Only when NULL came without @error the tree was well formed to its end.
 *
 * Returns: (transfer none) (nullable): the next entry, valid until the next call; NULL at the end
 *   and, with @error set, at the first failure and ever after
 */
const SrNode *
sr_tree_reader_next (SrTreeReader *self, GError **error)
{
  char *user = g_steal_pointer (&self->node.user);
  char *group = g_steal_pointer (&self->node.group);

  sr_node_clear (&self->node);
  self->node.user = user;
  self->node.group = group;

  if (enter_next_node (self) && sr_node_read (&self->node, self->reader))
    return &self->node;

  self->state = STATE_OVER;
  sr_json_reader_finish (self->reader, error);
  return NULL;
}

/**
 * sr_tree_reader_steal_next:
 * @self: a reader
 * @error: (out) (optional): where the error goes
 *
 * As sr_tree_reader_next(), for callers that keep the entry.
 *
 * Returns: (transfer full) (nullable): the next entry
 */
SrNode *
sr_tree_reader_steal_next (SrTreeReader *self, GError **error)
{
  SrNode *node;

  if (sr_tree_reader_next (self, error) == NULL)
    return NULL;

  node = g_new (SrNode, 1);
  *node = self->node;
  self->node = (SrNode){
    .user = node->user != NULL ? g_ref_string_acquire (node->user) : NULL,
    .group = node->group != NULL ? g_ref_string_acquire (node->group) : NULL,
  };
  return node;
}
