/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Several files and folders in one backup, and links on the way to them. */

#include "config.h"

#include "engine/sr-backup-roots.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"

/* Folders a and b/c, files a/1, b/2, b/c/3; links to-a → a, to-file → b/2, dangling. */
static void
set_up (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *to_a = NULL;
  g_autofree char *to_file = NULL;
  g_autofree char *dangling = NULL;

  sr_test_backup_set_up (self, data);
  sr_test_backup_write (self, "a/1", "one");
  sr_test_backup_write (self, "b/2", "two");
  sr_test_backup_write (self, "b/c/3", "three");
  to_a = sr_test_backup_path (self, "to-a");
  to_file = sr_test_backup_path (self, "to-file");
  dangling = sr_test_backup_path (self, "dangling");
  g_assert_no_errno (symlink ("a", to_a));
  g_assert_no_errno (symlink ("b/2", to_file));
  g_assert_no_errno (symlink ("nowhere", dangling));
}

static const struct
{
  const char *name;
  const char *roots; /* separated by spaces */
  const char *listed;
  const char *paths; /* of the snapshot */
} cases[] = {
  { "folder", "a", "a a/1", "a" },
  { "file", "b/2", "b b/2", "b/2" },
  { "several", "b/c a", "a b a/1 b/c b/c/3", "a b/c" },
  { "inside-another", "b b/c/3", "b b/2 b/c b/c/3", "b b/c/3" },
  { "inside-another-first", "b/c/3 b", "b b/2 b/c b/c/3", "b b/c/3" },
  { "twice", "a a", "a a/1", "a" },
  { "link-to-a-folder", "to-a", "a a/1", "a" },
  { "link-to-a-folder-and-itself", "to-a a", "a a/1", "a" },
  { "through-a-link", "to-a/1", "a a/1", "a/1" },
  { "link-to-a-file", "to-file", "to-file", "to-file" },
  { "dangling-link", "dangling", "dangling", "dangling" },
  { "dots", "b/../a/./1", "a a/1", "a/1" },
};

static void
test_roots (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_auto (GStrv) names = g_strsplit (cases[row].roots, " ", -1);
  g_autoptr (GPtrArray) roots = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (SrBackupJob) job = NULL;
  g_autofree char *listed = NULL;
  g_autofree char *paths = NULL;
  g_autofree char *prefix = g_strconcat (self->source, "/", NULL);
  GString *text;

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = sr_test_backup_path (self, names[i]);

      g_ptr_array_add (roots, g_file_new_for_path (path));
    }
  job = sr_backup_job_new (self->repository, (GFile *const *) roots->pdata, roots->len);
  sr_test_assert_run_job (job);
  listed = sr_test_backup_list (self, sr_backup_job_get_snapshot (job));
  g_strdelimit (listed, "\n", ' ');
  g_assert_cmpstr (g_strchomp (listed), ==, cases[row].listed);

  paths = g_strjoinv (" ", (char **) sr_snapshot_get_paths (sr_backup_job_get_snapshot (job)));
  text = g_string_new (paths);
  g_string_replace (text, prefix, "", 0);
  g_assert_cmpstr (text->str, ==, cases[row].paths);
  g_string_free (text, TRUE);
}

static void
test_tree_of_roots (void)
{
  g_autoptr (SrBackupRoot) root = sr_backup_root_new ();
  const SrBackupRoot *home, *user;

  sr_backup_root_add (root, "/home/zoe");
  sr_backup_root_add (root, "/home/amy/documents");
  g_assert_cmpstr (root->name, ==, "/");
  g_assert_false (root->selected);
  g_assert_null (sr_backup_root_find_child (root, "hom"));
  home = sr_backup_root_find_child (root, "home");
  g_assert_false (home->selected);
  g_assert_cmpuint (home->children->len, ==, 2);
  user = g_ptr_array_index (home->children, 0);
  g_assert_cmpstr (user->name, ==, "amy");
  g_assert_false (user->selected);
  g_assert_true (sr_backup_root_find_child (user, "documents")->selected);
  g_assert_true (sr_backup_root_find_child (home, "zoe")->selected);

  sr_backup_root_add (root, "/");
  g_assert_true (root->selected);
}

static void
test_bad_root (gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_uri (data);
  g_autoptr (GError) error = NULL;
  gboolean is_local = g_str_has_prefix (data, "file:");

  g_assert_null (sr_backup_root_resolve (file, &error));
  if (is_local)
    g_assert_error (error, SR_ERROR, SR_ERROR_SOURCE);
  else
    g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, is_local ? "/not/there" : data));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-roots/", cases[i].name, NULL);

      g_test_add (path, SrTestBackup, GUINT_TO_POINTER (i), set_up, test_roots,
                  sr_test_backup_tear_down);
    }
  g_test_add_func ("/backup-roots/tree", test_tree_of_roots);
  g_test_add_data_func ("/backup-roots/missing", "file:///not/there", test_bad_root);
  g_test_add_data_func ("/backup-roots/remote", "nowhere://host/folder", test_bad_root);
  return g_test_run ();
}
