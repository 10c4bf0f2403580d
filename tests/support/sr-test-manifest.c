/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is in the snapshots of the golden repository, and whether a folder has all of it: names, bytes, links, times,
 * permissions, attributes, and owners. */

#include "config.h"

#include "sr-test-manifest.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-id.h"
#include "crypto/sr-hash.h"
#include "tests/support/sr-test-json.h"

/* Parsed once for a test program: it is a megabyte. */
static const SrTestJson *
get_snapshot (guint snapshot)
{
  static SrTestJson *manifest;

  if (manifest == NULL)
    manifest = sr_test_json_load ("restic-v2/MANIFEST.json");
  return sr_test_json_at (sr_test_json_get (manifest, "snapshots"), snapshot);
}

const char *
sr_test_manifest_get_id (guint snapshot)
{
  return sr_test_json_string (sr_test_json_get (get_snapshot (snapshot), "id"));
}

guint
sr_test_manifest_get_n_nodes (guint snapshot)
{
  return (guint) sr_test_json_uint64 (sr_test_json_get (get_snapshot (snapshot), "total_nodes"));
}

static char *
dup_text (const SrTestJson *entry, const char *member)
{
  g_autofree guint8 *bytes = NULL;
  gsize length;

  bytes = sr_test_json_dup_base64 (sr_test_json_get (entry, member), &length);
  return g_strndup ((const char *) bytes, length);
}

static void
compare_content (const SrTestJson *entry, const char *path)
{
  const char *expected = sr_test_json_string (sr_test_json_get (entry, "sha256"));
  g_autofree char *content = NULL;
  char hex[SR_ID_HEX_SIZE];
  gsize length;
  SrId id;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpuint (length, ==, sr_test_json_uint64 (sr_test_json_get (entry, "size")));
  sr_hash_data (content, length, &id);
  sr_id_to_hex (&id, hex);
  g_assert_cmpstr (hex, ==, expected);
}

static void
compare_target (const SrTestJson *entry, const char *path)
{
  g_autofree char *expected = dup_text (entry, "target_b64");
  char target[4096];
  ssize_t length = readlink (path, target, sizeof target);

  g_assert_cmpmem (target, length, expected, strlen (expected));
}

static void
compare_attributes (const SrTestJson *entry, const char *path)
{
  const SrTestJson *attributes;

  if (!sr_test_json_has (entry, "xattrs"))
    return;
  attributes = sr_test_json_get (entry, "xattrs");
  for (guint i = 0; i < sr_test_json_length (attributes); i++)
    {
      const SrTestJson *attribute = sr_test_json_at (attributes, i);
      g_autofree guint8 *expected = NULL;
      gsize length;
      char value[4096];
      ssize_t n_read = lgetxattr (path, sr_test_json_name (attribute), value, sizeof value);

      expected = sr_test_json_dup_base64 (attribute, &length);
      g_assert_cmpmem (value, n_read, expected, length);
    }
}

/* The names of one group are one file, which others are not. @inodes: of the groups that were met. */
static void
compare_links (const SrTestJson *entry, const struct stat *status, GHashTable *inodes)
{
  gpointer group, inode = (gpointer) (guintptr) status->st_ino;

  if (!sr_test_json_has (entry, "hardlink_group"))
    return;
  group = (gpointer) (guintptr) sr_test_json_uint64 (sr_test_json_get (entry, "hardlink_group"));
  g_assert_cmpuint (status->st_nlink, >, 1);
  if (g_hash_table_contains (inodes, group))
    g_assert_true (g_hash_table_lookup (inodes, group) == inode);
  else
    g_hash_table_insert (inodes, group, inode);
}

static void
compare_status (const SrTestJson *entry, const struct stat *status, gboolean owners)
{
  const char *mode = sr_test_json_string (sr_test_json_get (entry, "mode"));

  g_assert_cmpint (status->st_mtim.tv_sec, ==,
                   sr_test_json_int64 (sr_test_json_get (entry, "mtime_sec")));
  g_assert_cmpint (status->st_mtim.tv_nsec, ==,
                   sr_test_json_int64 (sr_test_json_get (entry, "mtime_nsec")));
  if (owners)
    {
      g_assert_cmpuint (status->st_uid, ==, sr_test_json_uint64 (sr_test_json_get (entry, "uid")));
      g_assert_cmpuint (status->st_gid, ==, sr_test_json_uint64 (sr_test_json_get (entry, "gid")));
    }
  if (!S_ISLNK (status->st_mode))
    g_assert_cmpuint (status->st_mode & (owners ? 07777 : 01777), ==,
                      g_ascii_strtoull (mode, NULL, 8) & (owners ? 07777 : 01777));
}

static void
compare_entry (const SrTestJson *entry, const char *root, gboolean owners, GHashTable *inodes)
{
  const char *type = sr_test_json_string (sr_test_json_get (entry, "type"));
  g_autofree char *name = dup_text (entry, "path_b64");
  g_autofree char *path = g_build_filename (root, name, NULL);
  struct stat status;

  if (lstat (path, &status) != 0)
    g_error ("%s is not there", path);
  compare_status (entry, &status, owners);
  compare_links (entry, &status, inodes);
  compare_attributes (entry, path);
  if (strcmp (type, "file") == 0)
    compare_content (entry, path);
  else if (strcmp (type, "symlink") == 0)
    compare_target (entry, path);
  g_assert_cmpint (strcmp (type, "file") == 0, ==, S_ISREG (status.st_mode));
  g_assert_cmpint (strcmp (type, "dir") == 0, ==, S_ISDIR (status.st_mode));
  g_assert_cmpint (strcmp (type, "symlink") == 0, ==, S_ISLNK (status.st_mode));
  g_assert_cmpint (strcmp (type, "fifo") == 0, ==, S_ISFIFO (status.st_mode));
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat status;

      g_assert_cmpint (lstat (path, &status), ==, 0);
      n += 1 + (S_ISDIR (status.st_mode) ? count_entries (path) : 0);
    }
  return n;
}

/**
 * sr_test_manifest_compare:
 * @snapshot: which of the golden snapshots; 0: the oldest
 * @folder: where it was restored
 * @owners: whether owners, and bits that go with them, were restored too, as root can
 *
 * Asserts that @folder has all that is in the snapshot, as it was, and nothing else.
 */
void
sr_test_manifest_compare (guint snapshot, const char *folder, gboolean owners)
{
  const SrTestJson *entries = sr_test_json_get (get_snapshot (snapshot), "entries");
  g_autofree char *root = g_build_filename (
      folder, sr_test_json_string (sr_test_json_get (get_snapshot (snapshot), "restore_root")),
      NULL);
  g_autoptr (GHashTable) inodes = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < sr_test_json_length (entries); i++)
    compare_entry (sr_test_json_at (entries, i), root, owners, inodes);
  g_assert_cmpuint (count_entries (folder), ==, sr_test_manifest_get_n_nodes (snapshot));
}
