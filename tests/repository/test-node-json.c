/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Nodes read from JSON and written again: same bytes where restic wrote them, defaults where members
 * are missing, and what makes a folder unreadable. */

#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "base/sr-error.h"
#include "repository/sr-node.h"
#include "support/sr-test-json.h"

#define VECTORS "restic-v2/encoding-vectors.json"
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TIMES(time) "\"mtime\":\"" time "\",\"atime\":\"" time "\",\"ctime\":\"" time "\","
#define UNSET TIMES ("0001-01-01T00:00:00Z")
#define OWNER "\"uid\":0,\"gid\":0"

static SrTestJson *vectors;

static char *
write_node (const SrNode *node)
{
  SrBuffer buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

  sr_node_write (node, writer);
  g_assert_true (sr_json_writer_finish (writer, NULL));
  sr_buffer_append (&buffer, "", 1);
  return (char *) buffer.data;
}

static gboolean
read_node (SrNode *node, const char *json, GError **error)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, strlen (json));

  sr_node_read (node, reader);
  return sr_json_reader_finish (reader, error);
}

static SrNodeType
type_from_stat (guint mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFREG:
      return SR_NODE_FILE;
    case S_IFDIR:
      return SR_NODE_FOLDER;
    case S_IFLNK:
      return SR_NODE_SYMLINK;
    case S_IFBLK:
      return SR_NODE_BLOCK_DEVICE;
    case S_IFCHR:
      return SR_NODE_CHARACTER_DEVICE;
    case S_IFIFO:
      return SR_NODE_FIFO;
    default:
      return SR_NODE_SOCKET;
    }
}

static void
test_mode (gconstpointer data)
{
  const SrTestJson *vector = data;
  guint64 go_mode = sr_test_json_uint64 (sr_test_json_get (vector, "go_mode"));
  const char *octal = sr_test_json_string (sr_test_json_get (vector, "st_mode_octal"));
  guint mode = (guint) g_ascii_strtoull (octal, NULL, 8);
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (SrNode) read = sr_node_new ();
  g_autofree char *json = NULL;

  g_assert_cmpuint (sr_node_mode_to_go (type_from_stat (mode), mode & 07777), ==, go_mode);

  node->name = g_strdup ("a");
  node->type = type_from_stat (mode);
  node->permissions = mode & 07777;
  json = write_node (node);
  g_assert_cmpint (strstr (json, "\"mode\":") != NULL, ==,
                   sr_test_json_boolean (sr_test_json_get (vector, "json_member_present")));
  g_assert_true (read_node (read, json, NULL));
  g_assert_cmpuint (read->permissions, ==, mode & 07777);
  g_assert_cmpint (read->type, ==, node->type);
}

/* Read and written again; @written NULL: as it was. */
static const struct
{
  const char *name;
  const char *json;
  const char *written;
} cases[] = {
  { "largest-numbers",
    "{\"name\":\"a\",\"type\":\"chardev\",\"mode\":69206454," UNSET
    "\"uid\":4294967295,\"gid\":4294967295,\"inode\":18446744073709551615,"
    "\"device_id\":18446744073709551615,\"size\":18446744073709551615,"
    "\"links\":18446744073709551615,\"device\":18446744073709551615,\"content\":null}",
    NULL },
  { "before-1970",
    "{\"name\":\"a\",\"type\":\"file\"," TIMES ("1922-06-21T02:49:59.876543211+05:30") OWNER
    ",\"content\":[]}",
    NULL },
  { "years-1-and-9999",
    "{\"name\":\"a\",\"type\":\"file\",\"mtime\":\"9999-12-31T23:59:59.999999999Z\",\"atime\":"
    "\"0001-01-01T00:00:00Z\",\"ctime\":\"2020-09-13T08:56:40.000000001-03:30\"," OWNER
    ",\"content\":[\"" ID_A "\"]}",
    NULL },
  { "everything",
    "{\"name\":\"a\\\\n\\u003c\",\"type\":\"file\",\"mode\":420," UNSET OWNER
    ",\"user\":\"u\",\"group\":\"g\",\"inode\":1,\"device_id\":2,\"size\":3,\"links\":4,"
    "\"linktarget\":\"t\",\"extended_attributes\":[{\"name\":\"user.x\",\"value\":\"\"},{\"name\":"
    "\"user.y\",\"value\":\"AAEC\"}],\"generic_attributes\":{\"w\":[1,{\"x\":null}]},"
    "\"device\":5,\"content\":[\"" ID_A "\",\"" ID_A "\",\"" ID_A "\"],\"subtree\":\"" ID_A
    "\",\"error\":\"e\"}",
    NULL },
  { "raw-target",
    "{\"name\":\"a\",\"type\":\"symlink\",\"mode\":134217728," UNSET OWNER
    ",\"linktarget\":\"x\\ufffd\\ufffd\",\"linktarget_raw\":\"eP/+\",\"content\":null}",
    NULL },
  { "raw-target-first",
    "{\"linktarget_raw\":\"eP/+\",\"linktarget\":\"lossy\",\"type\":\"symlink\",\"name\":\"a\"}",
    "{\"name\":\"a\",\"type\":\"symlink\",\"mode\":134217728," UNSET OWNER
    ",\"linktarget\":\"x\\ufffd\\ufffd\",\"linktarget_raw\":\"eP/+\",\"content\":null}" },
  { "minimal", "{\"name\":\"a\",\"type\":\"file\",\"content\":[]}",
    "{\"name\":\"a\",\"type\":\"file\"," UNSET OWNER ",\"content\":[]}" },
  { "file-of-null", "{\"name\":\"a\",\"type\":\"file\",\"content\":null}",
    "{\"name\":\"a\",\"type\":\"file\"," UNSET OWNER ",\"content\":null}" },
  { "file-without-content", "{\"name\":\"a\",\"type\":\"file\"}",
    "{\"name\":\"a\",\"type\":\"file\"," UNSET OWNER ",\"content\":null}" },
  { "all-null",
    "{\"name\":null,\"type\":null,\"mode\":null,\"mtime\":null,\"uid\":null,\"user\":null,"
    "\"inode\":null,\"linktarget\":null,\"linktarget_raw\":null,\"extended_attributes\":null,"
    "\"generic_attributes\":null,\"subtree\":null,\"error\":null,\"content\":null}",
    "{\"name\":\"\",\"type\":\"\"," UNSET OWNER ",\"content\":null}" },
  { "nothing", "{}", "{\"name\":\"\",\"type\":\"\"," UNSET OWNER ",\"content\":null}" },
  { "unknown-members",
    "{\"a\":{\"name\":\"x\"},\"name\":\"a\",\"b\":[[]],\"type\":\"fifo\",\"c\":-1.5e-3}",
    "{\"name\":\"a\",\"type\":\"fifo\",\"mode\":33554432," UNSET OWNER ",\"content\":null}" },
  { "backwards-and-twice",
    "{\"error\":\"d\",\"error\":\"e\",\"subtree\":\"" ID_A "\",\"content\":[\"" ID_A
    "\"],\"content\":[],\"extended_attributes\":[{\"value\":\"AA==\",\"name\":\"y\"}],"
    "\"extended_attributes\":[],\"user\":\"v\",\"user\":\"u\",\"generic_attributes\":{\"a\":1},"
    "\"generic_attributes\":{},\"linktarget_raw\":\"eA==\",\"linktarget_raw\":\"\",\"type\":"
    "\"dir\","
    "\"name\":\"b\",\"name\":\"a\"}",
    "{\"name\":\"a\",\"type\":\"dir\",\"mode\":2147483648," UNSET OWNER
    ",\"user\":\"u\",\"content\":null,\"subtree\":\"" ID_A "\",\"error\":\"e\"}" },
  { "unsafe-names-are-read", "{\"name\":\"../a\",\"type\":\"fifo\"}",
    "{\"name\":\"../a\",\"type\":\"fifo\",\"mode\":33554432," UNSET OWNER ",\"content\":null}" },
  { "xattr-of-null",
    "{\"name\":\"a\",\"extended_attributes\":[{\"name\":\"x\",\"value\":null},{}]}",
    "{\"name\":\"a\",\"type\":\"\"," UNSET OWNER ",\"extended_attributes\":[{\"name\":\"x\","
    "\"value\":\"\"},{\"name\":\"\",\"value\":\"\"}],\"content\":null}" },
  { "user-that-is-not-utf-8", "{\"name\":\"a\",\"type\":\"fifo\",\"user\":\"\xff\"}",
    "{\"name\":\"a\",\"type\":\"fifo\",\"mode\":33554432," UNSET OWNER
    ",\"user\":\"\uFFFD\",\"content\":null}" },
};

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (SrNode) again = sr_node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *written = NULL;

  g_assert_true (read_node (node, cases[row].json, &error));
  g_assert_no_error (error);
  written = write_node (node);
  g_assert_cmpstr (written, ==, cases[row].written != NULL ? cases[row].written : cases[row].json);

  g_assert_true (read_node (again, written, &error));
  g_assert_no_error (error);
  g_assert_true (sr_node_equal (node, again));
}

static const struct
{
  const char *name;
  const char *json;
} bad[] = {
  { "no-object", "[]" },
  { "cut", "{\"name\":\"a\"" },
  { "name-with-bad-escape", "{\"name\":\"\\\\q\"}" },
  { "name-with-newline", "{\"name\":\"a\\nb\"}" },
  { "name-with-nul", "{\"name\":\"a\\u0000b\"}" },
  { "name-with-escaped-nul", "{\"name\":\"a\\\\x00\"}" },
  { "name-that-is-a-number", "{\"name\":7}" },
  { "type-that-is-a-list", "{\"type\":[]}" },
  { "mode-of-33-bits", "{\"mode\":4294967296}" },
  { "uid-of-33-bits", "{\"uid\":4294967296}" },
  { "uid-below-zero", "{\"uid\":-1}" },
  { "inode-of-65-bits", "{\"inode\":18446744073709551616}" },
  { "size-as-text", "{\"size\":\"1\"}" },
  { "size-with-exponent", "{\"size\":1e3}" },
  { "time-that-is-none", "{\"mtime\":\"2026-02-30T00:00:00Z\"}" },
  { "time-empty", "{\"atime\":\"\"}" },
  { "user-with-nul", "{\"user\":\"ro\\u0000ot\"}" },
  { "target-with-nul", "{\"linktarget\":\"a\\u0000b\"}" },
  { "raw-target-with-nul", "{\"linktarget_raw\":\"AGE=\"}" },
  { "raw-target-not-base64", "{\"linktarget_raw\":\"eP-_\"}" },
  { "xattr-not-base64", "{\"extended_attributes\":[{\"name\":\"a\",\"value\":\"A\"}]}" },
  { "xattr-padding-within", "{\"extended_attributes\":[{\"name\":\"a\",\"value\":\"AA==AA==\"}]}" },
  { "xattr-padding-alone", "{\"extended_attributes\":[{\"name\":\"a\",\"value\":\"====\"}]}" },
  { "xattr-name-with-nul", "{\"extended_attributes\":[{\"name\":\"a\\u0000\"}]}" },
  { "xattr-that-is-null", "{\"extended_attributes\":[null]}" },
  { "xattrs-that-are-an-object", "{\"extended_attributes\":{}}" },
  { "generic-attributes-in-a-list", "{\"generic_attributes\":[]}" },
  { "short-id-in-content", "{\"content\":[\"" ID_A "\",\"aa\"]}" },
  { "no-hex-in-content", "{\"content\":[\"g" ID_A "\"]}" },
  { "null-in-content", "{\"content\":[null]}" },
  { "content-that-is-an-object", "{\"content\":{}}" },
  { "subtree-that-is-no-id", "{\"subtree\":\"\"}" },
};

static void
test_bad (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (read_node (node, bad[row].json, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

static void
test_content (void)
{
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (SrNode) read = sr_node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;

  node->name = g_strdup ("large");
  node->n_content = 100000;
  node->content = g_new0 (SrId, node->n_content);
  for (guint64 i = 0; i < node->n_content; i++)
    memcpy (node->content[i].bytes, &i, sizeof i);
  sr_time_set_unset (&node->mtime);
  sr_time_set_unset (&node->atime);
  sr_time_set_unset (&node->ctime);

  json = write_node (node);
  g_assert_true (read_node (read, json, &error));
  g_assert_no_error (error);
  g_assert_true (sr_node_equal (node, read));
}

/* User and group of the entry before are taken over, not allocated again; others are not. */
static void
test_shared_names (void)
{
  g_autoptr (SrNode) node = sr_node_new ();
  const char *user;

  g_assert_true (read_node (node, "{\"user\":\"root\",\"group\":\"wheel\"}", NULL));
  user = node->user;
  g_clear_pointer (&node->name, g_free);
  g_assert_true (read_node (node, "{\"user\":\"root\",\"group\":\"root\"}", NULL));
  g_assert_true (node->user == user);
  g_assert_cmpstr (node->group, ==, "root");
  g_clear_pointer (&node->name, g_free);
  g_assert_true (read_node (node, "{}", NULL));
  g_assert_null (node->user);
  g_assert_null (node->group);
}

static void
test_text_limit (void)
{
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *longest = g_strnfill (1024 * 1024, 'a');
  g_autofree char *good = g_strdup_printf ("{\"name\":\"%s\"}", longest);
  g_autofree char *too_long = g_strdup_printf ("{\"name\":\"%sa\"}", longest);

  g_assert_true (read_node (node, good, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (node->name, ==, longest);
  sr_node_clear (node);
  g_assert_false (read_node (node, too_long, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

static char *
make_xattrs (gsize n_xattrs, gsize length)
{
  g_autofree guint8 *value = g_malloc0 (length);
  g_autofree char *text = g_base64_encode (value, length);
  GString *json = g_string_new ("{\"extended_attributes\":[");

  for (gsize i = 0; i < n_xattrs; i++)
    g_string_append_printf (json, "%s{\"name\":\"\",\"value\":\"%s\"}", i > 0 ? "," : "", text);
  g_string_append (json, "],\"error\":\"behind\"}");
  return g_string_free (json, FALSE);
}

static const struct
{
  const char *name;
  gsize n_xattrs;
  gsize length; /* of each value, bytes */
  gboolean is_good;
} xattr_cases[] = {
  { "one-as-large-as-can-be", 1, 16 * 1024 * 1024, TRUE },
  { "one-too-large", 1, 16 * 1024 * 1024 + 1, FALSE },
  { "as-many-as-can-be", 65536, 3, TRUE },
  { "too-many", 65537, 3, FALSE },
  { "together-too-large", 3, 6 * 1024 * 1024, FALSE },
};

static void
test_xattr_limit (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *json = make_xattrs (xattr_cases[row].n_xattrs, xattr_cases[row].length);
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (GError) error = NULL;

  if (read_node (node, json, &error))
    {
      g_assert_true (xattr_cases[row].is_good);
      g_assert_cmpuint (node->n_xattrs, ==, xattr_cases[row].n_xattrs);
      g_assert_cmpuint (node->xattrs[0].length, ==, xattr_cases[row].length);
      g_assert_cmpstr (node->error, ==, "behind");
    }
  else
    {
      g_assert_false (xattr_cases[row].is_good);
      g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
    }
}

static void
add_case (const char *folder, const char *name, guint row, GTestDataFunc test)
{
  g_autofree char *path = g_strdup_printf ("/node-json/%s/%s", folder, name);

  g_test_add_data_func (path, GUINT_TO_POINTER (row), test);
}

int
main (int argc, char **argv)
{
  const SrTestJson *modes;
  int status;

  g_test_init (&argc, &argv, NULL);
  vectors = sr_test_json_load (VECTORS);
  modes = sr_test_json_get (vectors, "modes");
  for (guint i = 0; i < sr_test_json_length (modes); i++)
    {
      const SrTestJson *mode = sr_test_json_at (modes, i);
      g_autofree char *path = g_strdup_printf (
          "/node-json/mode/%s", sr_test_json_string (sr_test_json_get (mode, "st_mode_octal")));

      g_test_add_data_func (path, mode, test_mode);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    add_case ("both-ways", cases[i].name, i, test_case);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    add_case ("bad", bad[i].name, i, test_bad);
  for (guint i = 0; i < G_N_ELEMENTS (xattr_cases); i++)
    add_case ("xattrs", xattr_cases[i].name, i, test_xattr_limit);
  g_test_add_func ("/node-json/content", test_content);
  g_test_add_func ("/node-json/shared-names", test_shared_names);
  g_test_add_func ("/node-json/text-limit", test_text_limit);
  status = g_test_run ();
  sr_test_json_free (vectors);
  return status;
}
