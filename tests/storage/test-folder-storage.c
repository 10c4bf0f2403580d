/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests of a repository in a folder: what each verb does with good and odd folders. */

#include "config.h"

#include "storage/sr-folder-storage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "tests/support/sr-test-files.h"

typedef struct
{
  char *folder; /* (owned) */
  SrStorage *storage; /* (owned) */
} Fixture;

/* All that a folder does is tried in both ways of making files. */
static const struct
{
  const char *name;
  gboolean named_files;
} ways[] = {
  { "unnamed", FALSE },
  { "named", TRUE },
};

static SrStorage *
open_storage (const char *folder, gboolean named_files)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);

  return g_object_new (SR_TYPE_FOLDER_STORAGE, "folder", file, "named-files", named_files, NULL);
}

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = sr_test_make_folder ();
  fixture->storage = open_storage (fixture->folder, ways[GPOINTER_TO_UINT (user_data)].named_files);
  sr_storage_create (fixture->storage, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  g_object_unref (fixture->storage);
  sr_test_remove_folder (fixture->folder);
}

static SrSpool *
make_spool (SrStorage *storage, const char *content)
{
  g_autoptr (GError) error = NULL;
  SrSpool *spool = sr_storage_create_spool (storage, strlen (content), &error);

  g_assert_no_error (error);
  sr_spool_append (spool, content, strlen (content), NULL, &error);
  g_assert_no_error (error);
  sr_spool_complete (spool, NULL);
  return spool;
}

static SrFileName
name_spool (SrFileKind kind, SrSpool *spool)
{
  SrFileName name = { .kind = kind };

  if (kind != SR_FILE_CONFIG)
    name.id = *sr_spool_get_sha256 (spool);
  return name;
}

static SrFileName
write_file (SrStorage *storage, SrFileKind kind, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = make_spool (storage, content);
  SrFileName name = name_spool (kind, spool);

  sr_storage_write (storage, &name, spool, NULL, &error);
  g_assert_no_error (error);
  return name;
}

static void
assert_file (SrStorage *storage, const SrFileName *name, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = sr_storage_load (storage, name, 1 << 20, NULL, &error);
  gboolean present;
  guint64 size;

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), content,
                   strlen (content));
  g_assert_true (sr_storage_has (storage, name, &present, &size, NULL, &error));
  g_assert_true (present);
  g_assert_cmpuint (size, ==, strlen (content));
}

/* Names in the top folder that a repository does not have. */
static guint
count_strays (const char *folder)
{
  static const char *const known[] = {
    "config", "data", "index", "keys", "locks", "snapshots", NULL
  };
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *entry;
  guint n_strays = 0;

  while ((entry = g_dir_read_name (entries)) != NULL)
    if (!g_strv_contains (known, entry))
      n_strays++;
  return n_strays;
}

static void
test_all_kinds (Fixture *fixture, gconstpointer user_data)
{
  for (guint kind = 0; kind < SR_N_FILE_KINDS; kind++)
    {
      g_autoptr (GError) error = NULL;
      SrFileName name = write_file (fixture->storage, kind, "some content");
      gboolean present;

      assert_file (fixture->storage, &name, "some content");
      if (kind != SR_FILE_CONFIG)
        {
          g_autoptr (GArray) files = sr_storage_list (fixture->storage, kind, NULL, &error);
          const SrFileInfo *info = (const SrFileInfo *) (gpointer) files->data;

          g_assert_cmpuint (files->len, ==, 1);
          g_assert_true (sr_id_equal (&info->id, &name.id));
          g_assert_cmpuint (info->size, ==, 12);
        }

      g_assert_true (sr_storage_remove (fixture->storage, &name, NULL, &error));
      g_assert_true (sr_storage_remove (fixture->storage, &name, NULL, &error));
      g_assert_true (sr_storage_has (fixture->storage, &name, &present, NULL, NULL, &error));
      g_assert_false (present);
      g_assert_null (sr_storage_load (fixture->storage, &name, 100, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
    }
  g_assert_cmpuint (count_strays (fixture->folder), ==, 0);
}

typedef void (*FixtureFunc) (Fixture *fixture, gconstpointer user_data);

static void
add (const char *name, FixtureFunc function)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *path = g_strconcat ("/folder-storage/", ways[i].name, "/", name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, function, tear_down);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("all-kinds", test_all_kinds);
  return g_test_run ();
}
