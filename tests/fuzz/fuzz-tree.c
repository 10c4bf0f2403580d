/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A tree: what is read and written again reads the same, node by node. */

#include "config.h"

#include "repository/sr-tree.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Reads a tree and writes it again; NULL if it is bad. */
static GPtrArray *
rewrite (const guint8 *data, gsize size, SrBuffer *out)
{
  g_autoptr (SrTreeReader) reader = sr_tree_reader_new (sr_json_reader_new_for_data (data, size));
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) sr_node_free);
  g_autoptr (GError) error = NULL;
  SrNode *node;

  sr_tree_write_begin (writer);
  while ((node = sr_tree_reader_steal_next (reader, &error)) != NULL)
    {
      sr_node_name_is_safe (node->name);
      sr_node_write (node, writer);
      g_ptr_array_add (nodes, node);
    }
  sr_tree_write_end (writer);
  return error == NULL ? g_steal_pointer (&nodes) : NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_auto (SrBuffer) once = SR_BUFFER_INIT;
  g_auto (SrBuffer) twice = SR_BUFFER_INIT;
  g_autoptr (GPtrArray) nodes = rewrite (data, size, &once);
  g_autoptr (GPtrArray) again = NULL;

  if (nodes == NULL)
    return 0;
  again = rewrite (once.data, once.length, &twice);
  g_assert (again != NULL && again->len == nodes->len);
  g_assert_cmpmem (once.data, once.length, twice.data, twice.length);
  for (guint i = 0; i < nodes->len; i++)
    {
      g_autoptr (SrNode) copy = sr_node_new ();

      sr_node_copy (g_ptr_array_index (again, i), copy);
      g_assert (sr_node_equal (g_ptr_array_index (nodes, i), copy));
    }
  return 0;
}
