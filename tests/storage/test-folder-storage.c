/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests of a repository in a folder: what each verb does with good, odd and unwilling folders. */

#include "config.h"

#include "storage/sr-folder-storage.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-mount.h"
#include "tests/support/sr-test-storage.h"

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

typedef struct
{
  char *folder; /* (owned) */
  SrStorage *storage; /* (owned) */
} Fixture;

/* All is tried in both ways of making files. */
static const struct
{
  const char *name;
  gboolean named_files;
} ways[] = {
  { "unnamed", FALSE },
  { "named", TRUE },
};

static void
set_up_empty (Fixture *fixture, gconstpointer user_data)
{
  fixture->folder = sr_test_make_folder ();
  fixture->storage =
      sr_test_open_folder (fixture->folder, ways[GPOINTER_TO_UINT (user_data)].named_files);
}

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  set_up_empty (fixture, user_data);
  sr_storage_create (fixture->storage, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  g_object_unref (fixture->storage);
  sr_test_remove_folder (fixture->folder);
}

static SrFileName
name_hello (SrFileKind kind)
{
  SrFileName name = { .kind = kind };

  g_assert_true (sr_id_from_hex (&name.id, HELLO, -1));
  return name;
}

static guint
count_listed (SrStorage *storage, SrFileKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = sr_storage_list (storage, kind, NULL, &error);

  g_assert_no_error (error);
  return files->len;
}

static void
assert_mode (const char *folder, const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, mode);
}

static void
make_folder (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_no_errno (g_mkdir_with_parents (path, 0700));
}

static void
make_file (const char *folder, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_no_errno (g_mkdir_with_parents (parent, 0700));
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
test_all_kinds (Fixture *fixture, gconstpointer user_data)
{
  for (guint kind = 0; kind < SR_N_FILE_KINDS; kind++)
    {
      SrFileName name = sr_test_write_file (fixture->storage, kind, "hello");

      sr_test_assert_file (fixture->storage, &name, "hello");
      if (kind != SR_FILE_CONFIG)
        {
          g_autoptr (GArray) files = sr_storage_list (fixture->storage, kind, NULL, NULL);
          const SrFileInfo *info = &g_array_index (files, SrFileInfo, 0);

          g_assert_cmpuint (files->len, ==, 1);
          g_assert_true (sr_id_equal (&info->id, &name.id));
          g_assert_cmpuint (info->size, ==, 5);
        }

      g_assert_true (sr_storage_remove (fixture->storage, &name, NULL, NULL));
      g_assert_true (sr_storage_remove (fixture->storage, &name, NULL, NULL));
      sr_test_assert_file (fixture->storage, &name, NULL);
    }
  g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);
}

static void
test_missing_file_is_named (Fixture *fixture, gconstpointer user_data)
{
  SrFileName name = name_hello (SR_FILE_PACK);
  g_autoptr (GError) error = NULL;

  g_assert_null (sr_storage_load (fixture->storage, &name, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "data/" HELLO));
  g_assert_nonnull (strstr (error->message, fixture->folder));
}

/* Where restic looks for them, and with its modes. */
static void
test_layout (Fixture *fixture, gconstpointer user_data)
{
  sr_test_write_file (fixture->storage, SR_FILE_CONFIG, "hello");
  sr_test_write_file (fixture->storage, SR_FILE_PACK, "hello");
  sr_test_write_file (fixture->storage, SR_FILE_SNAPSHOT, "hello");

  assert_mode (fixture->folder, "config", 0400);
  assert_mode (fixture->folder, "data/2c/" HELLO, 0400);
  assert_mode (fixture->folder, "snapshots/" HELLO, 0400);
  assert_mode (fixture->folder, "data/2c", 0700);
  assert_mode (fixture->folder, "locks", 0700);
}

static void
test_layout_of_a_group (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *config = g_build_filename (fixture->folder, "config", NULL);
  g_autofree char *locks = g_build_filename (fixture->folder, "locks", NULL);

  sr_test_write_file (fixture->storage, SR_FILE_CONFIG, "hello");
  g_assert_no_errno (chmod (config, 0440));
  g_assert_no_errno (rmdir (locks));
  sr_test_write_file (fixture->storage, SR_FILE_PACK, "hello");
  sr_test_write_file (fixture->storage, SR_FILE_LOCK, "hello");

  assert_mode (fixture->folder, "data/2c", 0770);
  assert_mode (fixture->folder, "data/2c/" HELLO, 0440);
  assert_mode (fixture->folder, "locks", 0770);
  assert_mode (fixture->folder, "locks/" HELLO, 0440);
}

static void
test_create_makes_parents (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *deep = g_build_filename (fixture->folder, "some", "where", NULL);
  g_autoptr (SrStorage) storage = sr_test_open_folder (deep, FALSE);
  g_autoptr (GError) error = NULL;

  sr_storage_create (storage, NULL, &error);
  g_assert_no_error (error);
  sr_storage_create (storage, NULL, &error);
  g_assert_no_error (error);
  sr_test_write_file (storage, SR_FILE_KEY, "hello");
}

static void
test_write_never_overwrites (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SrSpool) spool = sr_test_make_spool (fixture->storage, "hello");
  SrFileName index = sr_test_name_spool (SR_FILE_INDEX, spool);
  SrFileName config = { .kind = SR_FILE_CONFIG };
  g_autoptr (GError) error = NULL;

  /* The same file again is fine, from the same and from another spool. */
  g_assert_true (sr_storage_write (fixture->storage, &index, spool, NULL, NULL));
  g_assert_true (sr_storage_write (fixture->storage, &index, spool, NULL, NULL));
  sr_test_write_file (fixture->storage, SR_FILE_INDEX, "hello");

  make_file (fixture->folder, "keys/" HELLO, "longer than hello");
  index.kind = SR_FILE_KEY;
  g_assert_false (sr_storage_write (fixture->storage, &index, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS);
  sr_test_assert_file (fixture->storage, &index, "longer than hello");
  g_clear_error (&error);

  sr_test_write_file (fixture->storage, SR_FILE_CONFIG, "hello");
  g_assert_false (sr_storage_write (fixture->storage, &config, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS);
}

/* One spool goes to two places, as with two data centers; and a spool of one storage to another. */
static void
test_spool_is_sent_twice (Fixture *fixture, gconstpointer user_data)
{
  char *folder = sr_test_make_folder ();
  g_autoptr (SrStorage) other = sr_test_open_folder (folder, FALSE);
  g_autoptr (SrSpool) spool = sr_test_make_spool (fixture->storage, "hello");
  SrFileName name = sr_test_name_spool (SR_FILE_SNAPSHOT, spool);

  g_assert_true (sr_storage_create (other, NULL, NULL));
  g_assert_true (sr_storage_write (other, &name, spool, NULL, NULL));
  g_assert_true (sr_storage_write (fixture->storage, &name, spool, NULL, NULL));
  sr_test_assert_file (other, &name, "hello");
  sr_test_assert_file (fixture->storage, &name, "hello");
  g_clear_object (&spool);
  g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);
  sr_test_remove_folder (folder);
}

static void
test_dropped_spool_leaves_nothing (Fixture *fixture, gconstpointer user_data)
{
  g_object_unref (sr_test_make_spool (fixture->storage, "hello"));
  g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);
}

static gpointer
write_hello (gpointer user_data)
{
  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    sr_test_write_file (user_data, kind, "hello");
  return NULL;
}

static void
test_threads_write_one_name (Fixture *fixture, gconstpointer user_data)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("writer", write_hello, fixture->storage);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    {
      SrFileName name = name_hello (kind);

      sr_test_assert_file (fixture->storage, &name, "hello");
      g_assert_cmpuint (count_listed (fixture->storage, kind), ==, 1);
    }
  g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);
}

static void
test_many_packs_are_read (Fixture *fixture, gconstpointer user_data)
{
  SrFileName names[40];
  guint8 buffer[8];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *content = g_strdup_printf ("pack %02u", i);

      names[i] = sr_test_write_file (fixture->storage, SR_FILE_PACK, content);
    }
  for (guint i = 0; i < 3 * G_N_ELEMENTS (names); i++)
    {
      guint number = i * 7 % G_N_ELEMENTS (names);
      g_autofree char *digits = g_strdup_printf ("%02u", number);

      g_assert_cmpint (sr_storage_read (fixture->storage, &names[number], 5, buffer, 8, NULL, NULL),
                       ==, 2);
      g_assert_cmpmem (buffer, 2, digits, 2);
    }
  g_assert_true (sr_storage_remove (fixture->storage, &names[0], NULL, NULL));
  g_assert_cmpint (sr_storage_read (fixture->storage, &names[0], 0, buffer, 8, NULL, NULL), ==, -1);
}

static void
test_list_leaves_out_other_names (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *capitals = g_ascii_strup (HELLO, -1);
  g_autofree char *path_of_capitals = g_build_filename ("index", capitals, NULL);
  g_autofree char *dangling = g_build_filename (fixture->folder, "index", HELLO, NULL);

  sr_test_write_file (fixture->storage, SR_FILE_INDEX, "a real one");
  sr_test_write_file (fixture->storage, SR_FILE_PACK, "a real one");
  make_file (fixture->folder, path_of_capitals, "x");
  make_file (fixture->folder, "index/" HELLO "-tmp-123", "x");
  make_file (fixture->folder, "index/2cf2", "x");
  make_file (fixture->folder, "index/README", "x");
  make_folder (fixture->folder, "index/ab" HELLO);
  g_assert_no_errno (symlink ("nowhere", dangling));
  make_file (fixture->folder, "data/" HELLO, "x");
  make_file (fixture->folder, "data/00/" HELLO, "not found by its name");
  make_file (fixture->folder, "data/zz/" HELLO, "x");
  make_folder (fixture->folder, "data/2c/" HELLO);

  g_assert_cmpuint (count_listed (fixture->storage, SR_FILE_INDEX), ==, 1);
  g_assert_cmpuint (count_listed (fixture->storage, SR_FILE_PACK), ==, 1);
}

/* Version control and object stores drop empty folders. */
static void
test_missing_folders (Fixture *fixture, gconstpointer user_data)
{
  make_file (fixture->folder, "config", "x");
  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    {
      g_assert_cmpuint (count_listed (fixture->storage, kind), ==, 0);
      sr_test_write_file (fixture->storage, kind, "hello");
      g_assert_cmpuint (count_listed (fixture->storage, kind), ==, 1);
    }
}

/* The mount point of a drive that is away must not be taken for the drive. */
static void
test_empty_mount_point (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SrSpool) spool = sr_test_make_spool (NULL, "hello");

  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    {
      SrFileName name = sr_test_name_spool (kind, spool);
      g_autoptr (GError) error = NULL;

      g_assert_false (sr_storage_write (fixture->storage, &name, spool, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, "check that the drive is connected"));
      g_clear_error (&error);
      g_assert_null (sr_storage_list (fixture->storage, kind, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
    }
  g_assert_no_errno (rmdir (fixture->folder));
  g_assert_no_errno (mkdir (fixture->folder, 0700));
}

static void
test_missing_top_folder (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "away", NULL);
  g_autoptr (SrStorage) storage = sr_test_open_folder (path, FALSE);
  g_autoptr (SrSpool) spool = sr_test_make_spool (NULL, "hello");
  g_autoptr (GError) error = NULL;
  const SrFileName config = { .kind = SR_FILE_CONFIG };
  SrFileName name = sr_test_name_spool (SR_FILE_PACK, spool);
  gboolean present = TRUE;

  g_assert_true (sr_storage_has (storage, &config, &present, NULL, NULL, NULL));
  g_assert_false (present);

  g_assert_false (sr_storage_has (storage, &name, NULL, NULL, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_null (sr_storage_list (storage, SR_FILE_PACK, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (sr_storage_create_spool (storage, 0, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (sr_storage_remove (storage, &name, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (sr_storage_write (storage, &name, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_file_in_place_of_a_folder (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *keys = g_build_filename (fixture->folder, "keys", NULL);
  g_autofree char *data = g_build_filename (fixture->folder, "data", NULL);
  g_autoptr (SrStorage) storage = sr_test_open_folder (keys, FALSE);
  g_autoptr (SrSpool) spool = sr_test_make_spool (NULL, "hello");
  SrFileName name = sr_test_name_spool (SR_FILE_KEY, spool);
  g_autoptr (GError) error = NULL;

  make_file (fixture->folder, "config", "x");
  make_file (fixture->folder, "keys", "x");
  make_file (fixture->folder, "data", "x");

  g_assert_null (sr_storage_list (fixture->storage, SR_FILE_KEY, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
  g_assert_nonnull (strstr (error->message, keys));
  g_clear_error (&error);
  g_assert_false (sr_storage_write (fixture->storage, &name, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
  g_clear_error (&error);
  g_assert_null (sr_storage_list (fixture->storage, SR_FILE_PACK, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
  g_assert_nonnull (strstr (error->message, data));
  g_assert_null (strstr (error->message, "data/00")); /* the file itself is named */
  g_clear_error (&error);
  g_assert_false (sr_storage_create (storage, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
}

static void
test_odd_things_in_place_of_a_file (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *pipe_path = g_build_filename (fixture->folder, "locks", HELLO, NULL);
  SrFileName folder = name_hello (SR_FILE_KEY);
  SrFileName waiting = name_hello (SR_FILE_LOCK);
  g_autoptr (GError) error = NULL;

  make_folder (fixture->folder, "keys/" HELLO);
  g_assert_no_errno (mkfifo (pipe_path, 0600));

  g_assert_null (sr_storage_load (fixture->storage, &folder, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_false (sr_storage_has (fixture->storage, &folder, NULL, NULL, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_null (sr_storage_load (fixture->storage, &waiting, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

static void
test_place_that_is_no_folder_here (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GFile) file = g_file_new_for_uri ("http://192.0.2.1/repository");
  g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
  g_autofree char *location = sr_storage_dup_location (storage);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (location, ==, "http://192.0.2.1/repository");
  g_assert_false (sr_storage_create (storage, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
  g_assert_null (sr_storage_list (storage, SR_FILE_KEY, NULL, NULL));
  g_assert_null (sr_storage_create_spool (storage, 0, NULL));
}

static void
test_full_disk (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *content = g_strnfill (1024 * 1024, 'x');
  g_autoptr (GError) error = NULL;

  if (sr_test_mount (fixture->folder, "size=512k"))
    {
      g_autoptr (SrSpool) here = NULL;
      g_autoptr (SrSpool) memory = sr_test_make_spool (NULL, content);
      SrFileName name = sr_test_name_spool (SR_FILE_PACK, memory);

      g_assert_true (sr_storage_create (fixture->storage, NULL, NULL));
      here = sr_storage_create_spool (fixture->storage, 0, NULL);
      g_assert_false (sr_spool_append (here, content, 1024 * 1024, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, fixture->folder));
      g_clear_error (&error);
      g_clear_object (&here);

      g_assert_false (sr_storage_write (fixture->storage, &name, memory, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, "make room"));
      g_assert_cmpuint (count_listed (fixture->storage, SR_FILE_PACK), ==, 0);
      g_assert_cmpuint (sr_test_count_strays (fixture->folder), ==, 0);

      /* What failed has given its space back. */
      sr_test_write_file (fixture->storage, SR_FILE_PACK, "hello");
      sr_test_unmount (fixture->folder);
    }
}

static void
assert_refused (Fixture *fixture, const char *advice)
{
  SrFileName name = name_hello (SR_FILE_LOCK);
  g_autoptr (SrSpool) spool = sr_test_make_spool (NULL, "hello");
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_storage_write (fixture->storage, &name, spool, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
  g_assert_nonnull (strstr (error->message, advice));
  g_assert_nonnull (strstr (error->message, fixture->folder));
  g_clear_error (&error);
  g_assert_null (sr_storage_create_spool (fixture->storage, 0, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
}

static void
test_read_only_drive (Fixture *fixture, gconstpointer user_data)
{
  SrFileName name = name_hello (SR_FILE_KEY);
  g_autoptr (GError) error = NULL;

  if (sr_test_mount (fixture->folder, NULL))
    {
      g_assert_true (sr_storage_create (fixture->storage, NULL, NULL));
      sr_test_write_file (fixture->storage, SR_FILE_KEY, "hello");
      sr_test_mount_read_only (fixture->folder);

      sr_test_assert_file (fixture->storage, &name, "hello");
      assert_refused (fixture, "read-only");
      g_assert_false (sr_storage_remove (fixture->storage, &name, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
      sr_test_unmount (fixture->folder);
    }
}

/* The superuser may do all; so be somebody else meanwhile. */
static void
test_folder_of_somebody_else (Fixture *fixture, gconstpointer user_data)
{
  static const char *const modes[] = { "visible", "closed" };
  gboolean is_root = geteuid () == 0;
  g_autofree char *locks = g_build_filename (fixture->folder, "locks", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      SrFileName name = name_hello (SR_FILE_KEY);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", modes[i]);
      g_assert_no_errno (chmod (locks, i == 0 ? 0555 : 0));
      g_assert_no_errno (chmod (fixture->folder, i == 0 ? 0555 : 0));
      if (is_root)
        g_assert_no_errno (seteuid (65534));

      assert_refused (fixture, "because that is not allowed");
      if (i == 1)
        {
          g_assert_false (sr_storage_has (fixture->storage, &name, NULL, NULL, NULL, &error));
          g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
          g_assert_null (sr_storage_list (fixture->storage, SR_FILE_KEY, NULL, NULL));
        }

      if (is_root)
        g_assert_no_errno (seteuid (0));
      g_assert_no_errno (chmod (fixture->folder, 0700));
      g_assert_no_errno (chmod (locks, 0700));
    }
}

/* Every file of a repository that restic made has the SHA-256 that its name says. */
static void
test_repository_of_restic (void)
{
  static const guint expected[SR_N_FILE_KINDS] = {
    [SR_FILE_KEY] = 2,
    [SR_FILE_PACK] = 5,
    [SR_FILE_INDEX] = 3,
    [SR_FILE_SNAPSHOT] = 3,
  };
  g_autofree char *path = sr_test_file ("restic-v2/repo");
  g_autoptr (SrStorage) storage = sr_test_open_folder (path, FALSE);

  for (guint kind = SR_FILE_CONFIG + 1; kind < SR_N_FILE_KINDS; kind++)
    {
      g_autoptr (GArray) files = sr_storage_list (storage, kind, NULL, NULL);

      g_assert_cmpuint (files->len, ==, expected[kind]);
      for (guint i = 0; i < files->len; i++)
        {
          const SrFileInfo *info = &g_array_index (files, SrFileInfo, i);
          const SrFileName name = { .kind = kind, .id = info->id };
          g_autoptr (GBytes) bytes = sr_storage_load (storage, &name, 1 << 24, NULL, NULL);
          SrId sha256;

          g_assert_cmpuint (g_bytes_get_size (bytes), ==, info->size);
          sr_hash_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &sha256);
          g_assert_true (sr_id_equal (&sha256, &info->id));
        }
    }
}

typedef void (*FixtureFunc) (Fixture *fixture, gconstpointer user_data);

static const struct
{
  const char *name;
  FixtureFunc set_up;
  FixtureFunc function;
} tests[] = {
  { "all-kinds", set_up, test_all_kinds },
  { "missing-file-is-named", set_up, test_missing_file_is_named },
  { "layout", set_up, test_layout },
  { "layout-of-a-group", set_up, test_layout_of_a_group },
  { "create-makes-parents", set_up_empty, test_create_makes_parents },
  { "write-never-overwrites", set_up, test_write_never_overwrites },
  { "spool-is-sent-twice", set_up, test_spool_is_sent_twice },
  { "dropped-spool-leaves-nothing", set_up, test_dropped_spool_leaves_nothing },
  { "threads-write-one-name", set_up, test_threads_write_one_name },
  { "many-packs-are-read", set_up, test_many_packs_are_read },
  { "list-leaves-out-other-names", set_up, test_list_leaves_out_other_names },
  { "missing-folders", set_up_empty, test_missing_folders },
  { "empty-mount-point", set_up_empty, test_empty_mount_point },
  { "missing-top-folder", set_up_empty, test_missing_top_folder },
  { "file-in-place-of-a-folder", set_up_empty, test_file_in_place_of_a_folder },
  { "odd-things-in-place-of-a-file", set_up, test_odd_things_in_place_of_a_file },
  { "place-that-is-no-folder-here", set_up_empty, test_place_that_is_no_folder_here },
  { "full-disk", set_up_empty, test_full_disk },
  { "read-only-drive", set_up_empty, test_read_only_drive },
  { "folder-of-somebody-else", set_up, test_folder_of_somebody_else },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint way = 0; way < G_N_ELEMENTS (ways); way++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
      {
        g_autofree char *path =
            g_strconcat ("/folder-storage/", ways[way].name, "/", tests[i].name, NULL);

        g_test_add (path, Fixture, GUINT_TO_POINTER (way), tests[i].set_up, tests[i].function,
                    tear_down);
      }
  g_test_add_func ("/folder-storage/repository-of-restic", test_repository_of_restic);
  return g_test_run ();
}
