/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files of a storage whose content is a word, and what a test asks about them. */

#include "config.h"

#include "sr-test-storage.h"

#include <string.h>

#include "storage/sr-folder-storage.h"

/**
 * sr_test_open_folder:
 * @folder: its path
 * @named_files: whether it is to be taken for a file system without unnamed files
 *
 * Returns: (transfer full): a storage
 */
SrStorage *
sr_test_open_folder (const char *folder, gboolean named_files)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);

  return g_object_new (SR_TYPE_FOLDER_STORAGE, "folder", file, "named-files", named_files, NULL);
}

/**
 * sr_test_make_spool:
 * @storage: (nullable): where it is made; %NULL: in memory
 * @content: its bytes
 *
 * Returns: (transfer full): a complete spool
 */
SrSpool *
sr_test_make_spool (SrStorage *storage, const char *content)
{
  g_autoptr (GError) error = NULL;
  SrSpool *spool;

  if (storage == NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));

      return sr_spool_new_for_bytes (bytes);
    }
  spool = sr_storage_create_spool (storage, strlen (content), &error);
  g_assert_no_error (error);
  sr_spool_append (spool, content, strlen (content), NULL, &error);
  g_assert_no_error (error);
  sr_spool_complete (spool, NULL);
  return spool;
}

/**
 * sr_test_name_spool:
 * @kind: a kind of file
 * @spool: a complete spool
 *
 * Returns: the name under which @spool is to be written
 */
SrFileName
sr_test_name_spool (SrFileKind kind, SrSpool *spool)
{
  SrFileName name = { .kind = kind };

  if (kind != SR_FILE_CONFIG)
    name.id = *sr_spool_get_sha256 (spool);
  return name;
}

/**
 * sr_test_write_file:
 * @storage: a storage
 * @kind: a kind of file
 * @content: its bytes
 *
 * Writes a file by a spool of @storage, which has to succeed.
 *
 * Returns: its name
 */
SrFileName
sr_test_write_file (SrStorage *storage, SrFileKind kind, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = sr_test_make_spool (storage, content);
  SrFileName name = sr_test_name_spool (kind, spool);

  sr_storage_write (storage, &name, spool, NULL, &error);
  g_assert_no_error (error);
  return name;
}

/**
 * sr_test_assert_file:
 * @storage: a storage
 * @name: a file's name
 * @content: (nullable): what is in it; %NULL: it is not there
 */
void
sr_test_assert_file (SrStorage *storage, const SrFileName *name, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean present;
  guint64 size;

  sr_storage_has (storage, name, &present, &size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (present, ==, content != NULL);
  g_assert_cmpuint (size, ==, content != NULL ? strlen (content) : 0);

  bytes = sr_storage_load (storage, name, 1 << 24, NULL, &error);
  if (content == NULL)
    {
      g_assert_null (bytes);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), content,
                   strlen (content));
}

/**
 * sr_test_count_strays:
 * @folder: the top folder of a repository
 *
 * Returns: how many names there do not belong to a repository
 */
guint
sr_test_count_strays (const char *folder)
{
  static const char *const known[] = {
    "config", "data", "index", "keys", "locks", "snapshots", NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) entries = g_dir_open (folder, 0, &error);
  const char *entry;
  guint n_strays = 0;

  g_assert_no_error (error);
  while ((entry = g_dir_read_name (entries)) != NULL)
    n_strays += !g_strv_contains (known, entry);
  return n_strays;
}
