/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that come with the tests, and folders that a test makes for itself. */

#include "config.h"

#include "sr-test-files.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

/**
 * sr_test_file:
 * @name: a path below tests/files
 *
 * Returns: (transfer full): where that file is; meson sets SR_TEST_FILES
 */
char *
sr_test_file (const char *name)
{
  const char *files = g_getenv ("SR_TEST_FILES");

  g_assert_nonnull (files);
  return g_build_filename (files, name, NULL);
}

/**
 * sr_test_load:
 * @name: a path below tests/files
 * @out_length: (out) (optional): bytes in the file
 *
 * Returns: (transfer full): the content, with a NUL behind it
 */
char *
sr_test_load (const char *name, gsize *out_length)
{
  g_autofree char *path = sr_test_file (name);
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (path, &content, out_length, &error);
  g_assert_no_error (error);
  return content;
}

/**
 * sr_test_make_folder:
 *
 * Returns: (transfer full): a new empty folder, to be given to sr_test_remove_folder()
 */
char *
sr_test_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("strongroom-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static int
remove_entry (const char *path, const struct stat *status, int kind, struct FTW *walk)
{
  return remove (path);
}

/**
 * sr_test_remove_folder:
 * @folder: (transfer full): a folder of sr_test_make_folder(), removed with all that is in it
 */
void
sr_test_remove_folder (char *folder)
{
  g_assert_cmpint (nftw (folder, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), ==, 0);
  g_free (folder);
}
