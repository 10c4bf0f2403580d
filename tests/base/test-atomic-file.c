/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-atomic-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "support/sr-test-files.h"

typedef struct
{
  char *folder;
  char *path; /* of a file in it that is not there yet */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = sr_test_make_folder ();
  fixture->path = g_build_filename (fixture->folder, "settings.conf", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->path);
  sr_test_remove_folder (fixture->folder);
}

static void
assert_content (const char *path, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = sr_atomic_file_read (path, 1000000, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), expected,
                   strlen (expected));
}

/* No temporary file has been left. */
static void
assert_n_files (const Fixture *fixture, guint expected)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  guint n_files = 0;

  while (g_dir_read_name (dir) != NULL)
    n_files++;
  g_assert_cmpuint (n_files, ==, expected);
}

static void
test_replace (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct stat status;
  mode_t old = umask (077);

  g_assert_true (sr_atomic_file_write (fixture->path, "old", 3, 0600, NULL, &error));
  assert_content (fixture->path, "old");
  g_assert_true (sr_atomic_file_write (fixture->path, "newer", 5, 0644, NULL, &error));
  umask (old);

  g_assert_no_error (error);
  assert_content (fixture->path, "newer");
  g_assert_cmpint (stat (fixture->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0644);
  assert_n_files (fixture, 1);

  g_assert_true (sr_atomic_file_write (fixture->path, NULL, 0, 0600, NULL, &error));
  assert_content (fixture->path, "");
}

static void
test_longest_name (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (255, 'n');
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_atomic_file_write (path, "x", 1, 0600, NULL, &error));
  g_assert_no_error (error);
  assert_content (path, "x");
}

static void
test_in_current_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_chdir (fixture->folder), ==, 0);
  g_assert_true (sr_atomic_file_write ("name", "x", 1, 0600, NULL, &error));
  g_assert_no_error (error);
  assert_content ("name", "x");
  g_assert_cmpint (g_chdir (before), ==, 0);
}

static void
test_no_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "no", "file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_atomic_file_write (path, "x", 1, 0600, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  assert_n_files (fixture, 0);
}

static void
test_disk_full (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (10000, 'x');
  g_autoptr (GError) error = NULL;
  struct rlimit old, small;

  g_assert_true (sr_atomic_file_write (fixture->path, "old", 3, 0600, NULL, &error));

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 5000;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (sr_atomic_file_write (fixture->path, large, 10000, 0600, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);

  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, fixture->path));
  assert_content (fixture->path, "old");
  assert_n_files (fixture, 1);
}

static void
test_folder_in_place (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  g_assert_false (sr_atomic_file_write (fixture->path, "x", 1, 0600, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  assert_n_files (fixture, 1);
  g_clear_error (&error);

  g_assert_null (sr_atomic_file_read (fixture->path, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_atomic_file_write (fixture->path, "old", 3, 0600, cancellable, &error));
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_atomic_file_write (fixture->path, "new", 3, 0600, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_content (fixture->path, "old");
  assert_n_files (fixture, 1);
  g_clear_error (&error);

  g_assert_null (sr_atomic_file_read (fixture->path, 10, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_read_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sr_atomic_file_read (fixture->path, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

static void
test_read_limit (Fixture *fixture, gconstpointer data)
{
  static const gsize limits[] = { 0, 1, 65535, 65536, 65537, 200000 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autofree char *text = g_strnfill (limits[i] + 1, 'x');
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) content = NULL;

      g_assert_true (sr_atomic_file_write (fixture->path, text, limits[i], 0600, NULL, &error));
      content = sr_atomic_file_read (fixture->path, limits[i], NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), text,
                       limits[i]);

      g_assert_true (sr_atomic_file_write (fixture->path, text, limits[i] + 1, 0600, NULL, &error));
      g_assert_null (sr_atomic_file_read (fixture->path, limits[i], NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
    }
}

/* A pipe that nobody writes to must not hold the program. */
static void
test_read_pipe (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_null (sr_atomic_file_read (fixture->path, 10, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/atomic-file/replace", test_replace },
    { "/atomic-file/longest-name", test_longest_name },
    { "/atomic-file/in-current-folder", test_in_current_folder },
    { "/atomic-file/no-folder", test_no_folder },
    { "/atomic-file/disk-full", test_disk_full },
    { "/atomic-file/folder-in-place", test_folder_in_place },
    { "/atomic-file/cancelled", test_cancelled },
    { "/atomic-file/read-missing", test_read_missing },
    { "/atomic-file/read-limit", test_read_limit },
    { "/atomic-file/read-pipe", test_read_pipe },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].function, tear_down);
  return g_test_run ();
}
