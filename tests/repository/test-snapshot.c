/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Snapshots: restic's members and those of others both ways, what is left out, and bad ones. */

#include "config.h"

#include "repository/sr-snapshot.h"

#include <string.h>

#include "base/sr-error.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TIME "\"time\":\"2026-01-10T12:00:00.5+01:00\""
#define TREE "\"tree\":\"" ID_A "\""
#define PATHS "\"paths\":[\"/srv\"]"
#define NUMBERS \
  "\"files_new\":1,\"files_changed\":2,\"files_unmodified\":3,\"dirs_new\":4,\"dirs_changed\":5," \
  "\"dirs_unmodified\":6,\"data_blobs\":7,\"tree_blobs\":8,\"data_added\":9," \
  "\"data_added_packed\":10,\"total_files_processed\":0," \
  "\"total_bytes_processed\":18446744073709551615"
#define SUMMARY \
  "\"summary\":{\"backup_start\":\"2026-01-10T12:00:00+01:00\"," \
  "\"backup_end\":\"2026-01-10T12:00:01+01:00\"," NUMBERS "}"

static char *
write_snapshot (SrSnapshot *snapshot)
{
  SrBuffer buffer = SR_BUFFER_INIT;

  sr_snapshot_to_json (snapshot, &buffer);
  sr_buffer_append (&buffer, "", 1);
  return (char *) buffer.data;
}

/* Read and written again; @written NULL: as it was. */
static const struct
{
  const char *name;
  const char *json;
  const char *written;
} cases[] = {
  { "smallest", "{" TIME "," TREE "," PATHS "}", NULL },
  { "restic-0.14",
    "{" TIME ",\"parent\":\"" ID_B "\"," TREE "," PATHS
    ",\"hostname\":\"host\",\"username\":\"alice\",\"uid\":1000,\"gid\":4294967295,"
    "\"excludes\":[\"*.tmp\"],\"tags\":[\"\\u003c\\u0026\\u003e\",\"b\"],\"original\":\"" ID_C
    "\"}",
    NULL },
  { "restic-0.18",
    "{" TIME "," TREE "," PATHS ",\"hostname\":\"host\",\"username\":\"root\","
    "\"program_version\":\"restic 0.18.0\"," SUMMARY "}",
    NULL },
  { "rustic",
    "{\"label\":\"l\"," TIME ",\"delete\":{\"After\":\"2027-01-01T00:00:00Z\"}," TREE "," PATHS
    ",\"description\":null,\"parents\":[1, 2.50e1 ,{}]}",
    "{" TIME "," TREE "," PATHS ",\"label\":\"l\",\"delete\":{\"After\":\"2027-01-01T00:00:00Z\"},"
    "\"description\":null,\"parents\":[1,2.50e1,{}]}" },
  { "strange-unknown-name", "{" TIME "," TREE "," PATHS ",\"\\u003c\\\"\\n\":{\"\":0}}", NULL },
  { "unknown-in-summary", "{" TIME "," TREE "," PATHS ",\"summary\":{\"x\":[true]," NUMBERS "}}",
    "{" TIME "," TREE "," PATHS ",\"summary\":{\"backup_start\":\"0001-01-01T00:00:00Z\","
    "\"backup_end\":\"0001-01-01T00:00:00Z\"," NUMBERS ",\"x\":[true]}}" },
  { "nulls",
    "{\"time\":null,\"parent\":null," TREE ",\"paths\":null,\"hostname\":null,\"username\":null,"
    "\"uid\":null,\"gid\":null,\"excludes\":null,\"tags\":null,\"original\":null,"
    "\"program_version\":null,\"summary\":null}",
    "{\"time\":\"0001-01-01T00:00:00Z\"," TREE ",\"paths\":[]}" },
  { "root-and-empty",
    "{" TIME "," TREE "," PATHS
    ",\"hostname\":\"\",\"uid\":0,\"gid\":0,\"excludes\":[],\"tags\":[]}\n",
    "{" TIME "," TREE "," PATHS "}" },
  { "twice",
    "{" TIME "," TREE ",\"paths\":[\"a\",\"b\"],\"hostname\":\"a\"," PATHS ",\"hostname\":\"b\"}",
    "{" TIME "," TREE "," PATHS ",\"hostname\":\"b\"}" },
};

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSnapshot) snapshot =
      sr_snapshot_new_from_json (cases[row].json, strlen (cases[row].json), NULL, &error);
  g_autofree char *written = NULL;

  g_assert_no_error (error);
  written = write_snapshot (snapshot);
  g_assert_cmpstr (written, ==, cases[row].written != NULL ? cases[row].written : cases[row].json);
  g_assert_true (sr_id_is_null (sr_snapshot_get_id (snapshot)));
}

static const struct
{
  const char *name;
  const char *json;
} bad[] = {
  { "nothing", "" },
  { "array", "[]" },
  { "cut", "{" TIME "," TREE "," PATHS },
  { "more-behind", "{" TREE "}{}" },
  { "no-tree", "{" TIME "," PATHS "}" },
  { "tree-of-null", "{\"tree\":null}" },
  { "tree-of-zeros",
    "{\"tree\":\"0000000000000000000000000000000000000000000000000000000000000000\"}" },
  { "tree-cut", "{\"tree\":\"aa\"}" },
  { "parent-empty", "{" TREE ",\"parent\":\"\"}" },
  { "time-that-is-none", "{" TREE ",\"time\":\"yesterday\"}" },
  { "paths-in-text", "{" TREE ",\"paths\":\"/srv\"}" },
  { "path-of-null", "{" TREE ",\"paths\":[null]}" },
  { "path-with-nul", "{" TREE ",\"paths\":[\"/srv\\u0000\"]}" },
  { "hostname-with-nul", "{" TREE ",\"hostname\":\"a\\u0000b\"}" },
  { "uid-of-33-bits", "{" TREE ",\"uid\":4294967296}" },
  { "summary-in-a-list", "{" TREE ",\"summary\":[]}" },
  { "summary-below-zero", "{" TREE ",\"summary\":{\"files_new\":-1}}" },
  { "unknown-broken", "{" TREE ",\"x\":[}" },
};

static void
test_bad (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const SrId id = { { 0xab, 0xcd, 0xef, 0x01, 0x23 } };
  g_autoptr (GError) error = NULL;

  g_assert_null (sr_snapshot_new_from_json (bad[row].json, strlen (bad[row].json), &id, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, "abcdef01")); /* says which one */
}

static void
test_unknown_limit (void)
{
  g_autofree char *text = g_strnfill (600 * 1024, 'a');
  g_autofree char *one = g_strdup_printf ("{" TREE ",\"x\":\"%s\"}", text);
  g_autofree char *two = g_strdup_printf ("{" TREE ",\"x\":\"%s\",\"y\":\"%s\"}", text, text);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSnapshot) snapshot = sr_snapshot_new_from_json (one, strlen (one), NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (snapshot);
  g_assert_null (sr_snapshot_new_from_json (two, strlen (two), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

/* What a backup sets is what is written, and what is read again. */
static void
test_made_here (void)
{
  const char *const paths[] = { "/home/a", "/srv", NULL };
  const char *const tags[] = { "daily", NULL };
  const char *const excludes[] = { "*.o", NULL };
  const SrSnapshotSummary summary = { .files_new = 1, .total_bytes_processed = G_MAXUINT64 };
  const SrTime time = { 1600000000, 120000000, 3600 };
  const SrId tree = { { 1 } }, parent = { { 2 } }, id = { { 3 } };
  g_autoptr (SrSnapshot) made = sr_snapshot_new ();
  g_autoptr (SrSnapshot) read = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;

  g_assert_null (sr_snapshot_get_parent (made));
  g_assert_null (sr_snapshot_get_summary (made));
  g_assert_null (sr_snapshot_get_paths (made)[0]);
  g_assert_cmpstr (sr_snapshot_get_hostname (made), ==, "");

  sr_snapshot_set_time (made, &time);
  sr_snapshot_set_tree (made, &tree);
  sr_snapshot_set_parent (made, &parent);
  sr_snapshot_set_paths (made, paths);
  sr_snapshot_set_hostname (made, "host");
  sr_snapshot_set_user (made, "alice", 1000, 100);
  sr_snapshot_set_tags (made, tags);
  sr_snapshot_set_excludes (made, excludes);
  sr_snapshot_set_program_version (made, "Strongroom 0.1.0");
  sr_snapshot_set_summary (made, &summary);
  json = write_snapshot (made);

  read = sr_snapshot_new_from_json (json, strlen (json), &id, &error);
  g_assert_no_error (error);
  g_assert_true (sr_id_equal (sr_snapshot_get_id (read), &id));
  g_assert_true (sr_id_equal (sr_snapshot_get_tree (read), &tree));
  g_assert_true (sr_id_equal (sr_snapshot_get_parent (read), &parent));
  g_assert_cmpint (sr_time_compare (sr_snapshot_get_time (read), &time), ==, 0);
  g_assert_cmpint (sr_snapshot_get_time (read)->utc_offset, ==, 3600);
  g_assert_true (g_strv_equal (sr_snapshot_get_paths (read), paths));
  g_assert_true (g_strv_equal (sr_snapshot_get_tags (read), tags));
  g_assert_true (g_strv_equal (sr_snapshot_get_excludes (read), excludes));
  g_assert_cmpstr (sr_snapshot_get_hostname (read), ==, "host");
  g_assert_cmpstr (sr_snapshot_get_username (read), ==, "alice");
  g_assert_cmpstr (sr_snapshot_get_program_version (read), ==, "Strongroom 0.1.0");
  g_assert_cmpuint (sr_snapshot_get_summary (read)->total_bytes_processed, ==, G_MAXUINT64);
  g_assert_nonnull (strstr (json, "\"uid\":1000,\"gid\":100,"));
}

/* Tags are changed in a new file; what other programs wrote there stays. */
static void
test_change_tags (void)
{
  const char *json = "{" TIME "," TREE "," PATHS ",\"tags\":[\"old\"],\"label\":\"kept\"}";
  const char *const tags[] = { "new", "newer", NULL };
  SrId id;
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autofree char *tagged = NULL, *untagged = NULL;

  g_assert_true (sr_id_from_hex (&id, ID_B, -1));
  snapshot = sr_snapshot_new_from_json (json, strlen (json), &id, NULL);
  g_assert_null (sr_snapshot_get_original (snapshot));
  sr_snapshot_set_original (snapshot, sr_snapshot_get_id (snapshot));
  sr_snapshot_set_tags (snapshot, tags);
  tagged = write_snapshot (snapshot);
  g_assert_cmpstr (tagged, ==,
                   "{" TIME "," TREE "," PATHS ",\"tags\":[\"new\",\"newer\"],\"original\":\"" ID_B
                   "\",\"label\":\"kept\"}");

  sr_snapshot_set_tags (snapshot, NULL);
  sr_snapshot_set_original (snapshot, NULL);
  untagged = write_snapshot (snapshot);
  g_assert_cmpstr (untagged, ==, "{" TIME "," TREE "," PATHS ",\"label\":\"kept\"}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/snapshot/both-ways/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/snapshot/bad/%s", bad[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/snapshot/unknown-limit", test_unknown_limit);
  g_test_add_func ("/snapshot/made-here", test_made_here);
  g_test_add_func ("/snapshot/change-tags", test_change_tags);
  return g_test_run ();
}
