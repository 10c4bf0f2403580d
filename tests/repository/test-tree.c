/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Trees: restic's, to the same bytes and ids; forms that other programs write; large ones in little
 * memory; and bad ones. */

#include "config.h"

#include "repository/sr-tree.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "support/sr-test-json.h"

#define VECTORS "restic-v2/encoding-vectors.json"
#define EMPTY_TREE_ID "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"

static SrTestJson *vectors;

static void
assert_id (const void *data, gsize length, const char *expected)
{
  char hex[SR_ID_HEX_SIZE];
  SrId id;

  sr_hash_data (data, length, &id);
  sr_id_to_hex (&id, hex);
  g_assert_cmpstr (hex, ==, expected);
}

static void
test_vector (gconstpointer data)
{
  const SrTestJson *vector = data;
  gsize length;
  g_autofree guint8 *blob =
      sr_test_json_dup_base64 (sr_test_json_get (vector, "blob_base64"), &length);
  g_autoptr (SrTreeReader) reader = sr_tree_reader_new (sr_json_reader_new_for_data (blob, length));
  g_auto (SrBuffer) written = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&written);
  g_autoptr (GError) error = NULL;
  const SrNode *node;

  sr_tree_write_begin (writer);
  while ((node = sr_tree_reader_next (reader, &error)) != NULL)
    sr_node_write (node, writer);
  g_assert_no_error (error);
  sr_tree_write_end (writer);
  g_assert_true (sr_json_writer_finish (writer, NULL));

  g_assert_cmpmem (written.data, written.length, blob, length);
  assert_id (written.data, written.length, sr_test_json_string (sr_test_json_get (vector, "id")));
}

static void
test_write_empty (void)
{
  g_auto (SrBuffer) written = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&written);

  sr_tree_write_begin (writer);
  sr_tree_write_end (writer);
  g_assert_true (sr_json_writer_finish (writer, NULL));
  assert_id (written.data, written.length, EMPTY_TREE_ID);
}

static const struct
{
  const char *name;
  const char *json;
  const char *names; /* those read, each with a space behind; before the failure, too */
  SrError code; /* 0 is a code, so: */
  gboolean is_good;
} cases[] = {
  { "empty", "{\"nodes\":[]}\n", "", 0, TRUE },
  { "no-newline", "{\"nodes\":[]}", "", 0, TRUE },
  { "spaces", " { \"nodes\" : [ { \"name\" : \"a\" } ] } \r\n\t", "a ", 0, TRUE },
  { "null", "{\"nodes\":null}", "", 0, TRUE },
  { "no-nodes", "{}", "", 0, TRUE },
  { "unknown-members", "{\"x\":[1],\"nodes\":[{\"name\":\"a\"}],\"y\":{}}", "a ", 0, TRUE },
  { "unsorted-and-twice", "{\"nodes\":[{\"name\":\"b\"},{\"name\":\"a\"},{\"name\":\"a\"}]}",
    "b a a ", 0, TRUE },
  { "two-lists", "{\"nodes\":[{\"name\":\"a\"}],\"nodes\":[]}", "a ", SR_ERROR_DAMAGED, FALSE },
  { "bad-name-later", "{\"nodes\":[{\"name\":\"a\"},{\"name\":\"\\\\q\"},{\"name\":\"c\"}]}", "a ",
    SR_ERROR_DAMAGED, FALSE },
  { "bad-behind", "{\"nodes\":[{\"name\":\"a\"}],\"x\":}", "a ", SR_ERROR_DAMAGED, FALSE },
  { "more-behind", "{\"nodes\":[]}{\"nodes\":[]}", "", SR_ERROR_DAMAGED, FALSE },
  { "cut", "{\"nodes\":[{\"name\":\"a\"}", "a ", SR_ERROR_DAMAGED, FALSE },
  { "cut-behind-nodes", "{\"nodes\":[{\"name\":\"a\"}]", "a ", SR_ERROR_DAMAGED, FALSE },
  { "nothing", "", "", SR_ERROR_DAMAGED, FALSE },
  { "array", "[]", "", SR_ERROR_DAMAGED, FALSE },
  { "node-of-null", "{\"nodes\":[null]}", "", SR_ERROR_DAMAGED, FALSE },
  { "nodes-in-object", "{\"nodes\":{}}", "", SR_ERROR_DAMAGED, FALSE },
};

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrTreeReader) reader =
      sr_tree_reader_new (sr_json_reader_new_for_data (cases[row].json, strlen (cases[row].json)));
  g_autoptr (GString) names = g_string_new (NULL);

  /* The end and a failure stay. */
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;
      const SrNode *node;

      while ((node = sr_tree_reader_next (reader, &error)) != NULL)
        g_string_append_printf (names, "%s ", node->name);
      g_assert_cmpstr (names->str, ==, cases[row].names);
      if (cases[row].is_good)
        g_assert_no_error (error);
      else
        g_assert_error (error, SR_ERROR, (int) cases[row].code);
    }
}

static void
test_steal (void)
{
  const char *json = "{\"nodes\":[{\"name\":\"a\",\"user\":\"u\"},{\"name\":\"b\",\"user\":\"u\"},"
                     "{\"name\":\"c\"}]}";
  g_autoptr (SrTreeReader) reader =
      sr_tree_reader_new (sr_json_reader_new_for_data (json, strlen (json)));
  g_autoptr (GError) error = NULL;
  g_autoptr (SrNode) first = sr_tree_reader_steal_next (reader, &error);
  g_autoptr (SrNode) second = sr_tree_reader_steal_next (reader, &error);
  const SrNode *third = sr_tree_reader_next (reader, &error);

  g_assert_cmpstr (first->name, ==, "a");
  g_assert_cmpstr (second->name, ==, "b");
  g_assert_true (first->user == second->user); /* shared */
  g_assert_cmpstr (third->name, ==, "c");
  g_assert_null (third->user);
  g_assert_null (sr_tree_reader_steal_next (reader, &error));
  g_assert_no_error (error);
}

/* Makes a tree of many nodes while it is read. */
typedef struct
{
  guint n_nodes;
  guint next;
  GString *pending; /* (owned) */
  gsize n_given; /* bytes */
} Source;

static gssize
fill_from_source (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  Source *source = user_data;
  gsize length;

  while (source->pending->len < size && source->next <= source->n_nodes)
    {
      if (source->next == source->n_nodes)
        g_string_append (source->pending, "]}\n");
      else
        g_string_append_printf (source->pending, "%s{\"name\":\"%08u\",\"type\":\"fifo\"}",
                                source->next > 0 ? "," : "{\"nodes\":[", source->next);
      source->next++;
    }
  length = MIN (source->pending->len, size);
  if (length > 0)
    memcpy (buffer, source->pending->str, length);
  g_string_erase (source->pending, 0, (gssize) length);
  source->n_given += length;
  return (gssize) length;
}

static void
test_stream (void)
{
  const gsize node_size = strlen (",{\"name\":\"00000000\",\"type\":\"fifo\"}");
  g_autoptr (GString) pending = g_string_new (NULL);
  Source source = { 65536, 0, pending, 0 };
  g_autoptr (SrTreeReader) reader =
      sr_tree_reader_new (sr_json_reader_new (fill_from_source, &source));
  g_autoptr (GError) error = NULL;
  const SrNode *node;
  guint n_nodes = 0;

  while ((node = sr_tree_reader_next (reader, &error)) != NULL)
    {
      g_assert_cmpuint (g_ascii_strtoull (node->name, NULL, 10), ==, n_nodes);
      n_nodes++;
      /* What was taken from the source and is not used up by now is all that is kept. */
      g_assert_cmpuint (source.n_given, <, n_nodes * node_size + 128 * 1024);
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n_nodes, ==, source.n_nodes);
}

static gssize
fill_and_fail (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  gboolean *has_begun = user_data;

  if (*has_begun)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return -1;
    }
  *has_begun = TRUE;
  memcpy (buffer, "{\"nodes\":[{}", 12);
  return 12;
}

static void
test_source_fails (void)
{
  gboolean has_begun = FALSE;
  g_autoptr (SrTreeReader) reader =
      sr_tree_reader_new (sr_json_reader_new (fill_and_fail, &has_begun));
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (sr_tree_reader_next (reader, &error));
  g_assert_no_error (error);
  g_assert_null (sr_tree_reader_next (reader, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  const SrTestJson *trees;
  int status;

  g_test_init (&argc, &argv, NULL);
  vectors = sr_test_json_load (VECTORS);
  trees = sr_test_json_get (vectors, "trees");
  for (guint i = 0; i < sr_test_json_length (trees); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tree/vector/%u", i);

      g_test_add_data_func (path, sr_test_json_at (trees, i), test_vector);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tree/read/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/tree/write-empty", test_write_empty);
  g_test_add_func ("/tree/steal", test_steal);
  g_test_add_func ("/tree/stream", test_stream);
  g_test_add_func ("/tree/source-fails", test_source_fails);
  status = g_test_run ();
  sr_test_json_free (vectors);
  return status;
}
