/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Paths of folders under backup, which are put together from names when they are needed. */

#include "config.h"

#include "engine/sr-folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 5000
#define NAME_LENGTH 255
#define MEMORY_LIMIT (256 * 1024 * 1024) /* bytes; all paths together would have 3 GB */

static void
test_path (void)
{
  SrFolderSet set;
  SrFolder *root, *folder, *inner;
  static const struct
  {
    guint folder;
    const char *name;
    const char *path;
  } rows[] = {
    { 0, NULL, "/" },
    { 0, "a", "/a" },
    { 1, NULL, "/one" },
    { 1, "", "/one/" },
    { 1, "b", "/one/b" },
    { 2, NULL, "/one/zw\xf6lf" },
    { 2, "c", "/one/zw\xf6lf/c" },
  };

  sr_folder_set_init (&set);
  root = sr_folder_new (&set, NULL, 0, "", -1);
  folder = sr_folder_new (&set, root, 0, "one", -1);
  inner = sr_folder_new (&set, folder, 0, "zw\xf6lf", -1);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      SrFolder *folders[] = { root, folder, inner };
      g_autofree char *path = sr_folder_build_path (folders[rows[i].folder], rows[i].name);

      g_assert_cmpstr (path, ==, rows[i].path);
    }
  sr_folder_set_clear (&set);
}

static gsize
get_resident (void)
{
  FILE *file = fopen ("/proc/self/statm", "re");
  gsize size, resident;

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%zu %zu", &size, &resident), ==, 2);
  fclose (file);
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

/* Anybody may make such folders, below a home folder that the administrator backs up. */
static void
test_deep_path (void)
{
  g_autofree char *name = g_strnfill (NAME_LENGTH, 'd');
  g_autofree char *path = NULL;
  gsize before = get_resident ();
  SrFolder *folder;
  SrFolderSet set;

  sr_folder_set_init (&set);
  folder = sr_folder_new (&set, NULL, 0, "", -1);
  for (guint depth = 0; depth < DEPTH; depth++)
    folder = sr_folder_new (&set, folder, 0, name, -1);
  path = sr_folder_build_path (folder, "file");
  g_assert_cmpuint (strlen (path), ==, DEPTH * (NAME_LENGTH + 1) + strlen ("/file"));
  g_assert_cmpuint (get_resident () - before, <, MEMORY_LIMIT);
  sr_folder_set_clear (&set);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/folder/path", test_path);
  g_test_add_func ("/folder/deep-path", test_deep_path);
  return g_test_run ();
}
