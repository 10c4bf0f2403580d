/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Trees that are hostile, broken, deep or wide; and patterns. */

#include "config.h"

#include "engine/sr-restore-walker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-restore.h"

/* Nodes that are no good, beside one that is; and the problem that must be told of it. */
static const struct
{
  const char *name;
  const char *node;
  const char *problem;
} bad_nodes[] = {
  { "parent", "{\"name\":\"..\",\"type\":\"file\",\"content\":[]}", "“..” was not restored" },
  { "self", "{\"name\":\".\",\"type\":\"file\",\"content\":[]}", "“.” was not restored" },
  { "empty", "{\"name\":\"\",\"type\":\"file\",\"content\":[]}", "“” was not restored" },
  { "absolute", "{\"name\":\"/etc/x\",\"type\":\"file\",\"content\":[]}", "“/etc/x” was not" },
  { "climbing", "{\"name\":\"../x\",\"type\":\"file\",\"content\":[]}", "“../x” was not" },
  { "climbing-folder",
    "{\"name\":\"..\",\"type\":\"dir\",\"subtree\":\"ac08ce34ba4f8123618661bef2"
    "425f7028ffb9ac740578a3ee88684d2523fee8\"}",
    "“..” was not restored" },
  { "unknown-type", "{\"name\":\"x\",\"type\":\"door\"}", "/x: “x” was not restored: it is of a" },
  { "null-content", "{\"name\":\"x\",\"type\":\"file\",\"content\":null}",
    "/x: The snapshot does not say what is in the file" },
  { "no-subtree", "{\"name\":\"x\",\"type\":\"dir\"}", "does not say what is in it" },
  { "unknown-subtree",
    "{\"name\":\"x\",\"type\":\"dir\",\"subtree\":\"ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a"
    "3ee88684d2523fee8\"}",
    "/x: Not all of this folder was restored" },
  { "unknown-chunk",
    "{\"name\":\"x\",\"type\":\"file\",\"content\":[\"ac08ce34ba4f8123618661bef2425f7028ffb9ac74057"
    "8a3ee88684d2523fee8\"]}",
    "/x: The chunk ac08ce34ba of the file" },
  { "huge", "{\"name\":\"x\",\"type\":\"file\",\"size\":18446744073709551615,\"content\":[]}",
    "/x: The file “x” is larger than any file" },
};

static void
test_bad_node (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *good = sr_test_restore_file (restore, "good", "good");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", bad_nodes[row].node, good);
  g_autofree char *problems = NULL;

  sr_test_restore_commit (restore, nodes);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  if (strstr (problems, bad_nodes[row].problem) == NULL)
    g_error ("No “%s” in: %s", bad_nodes[row].problem, problems);
  sr_test_restore_assert_content (restore, "good", "good");
  sr_test_restore_assert_names (
      restore, strcmp (bad_nodes[row].name, "unknown-subtree") == 0 ? "good|x" : "good");
}

static void
test_twice (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *first = sr_test_restore_file (restore, "a", "first");
  g_autofree char *second = sr_test_restore_file (restore, "a", "second");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", first, second);
  g_autofree char *folder = sr_test_restore_subfolder (restore, "d", nodes);
  g_autofree char *problems = NULL;

  sr_test_restore_commit (restore, folder);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  g_assert_nonnull (strstr (problems, "/d/a: “a” was not restored: the folder has two entries"));
  sr_test_restore_assert_content (restore, "d/a", "first");
}

/* Not sorted, so that the second one is not noticed by looking at its neighbor. */
static void
test_twice_apart (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *first = sr_test_restore_file (restore, "b", "first");
  g_autofree char *other = sr_test_restore_file (restore, "a", "other");
  g_autofree char *second = sr_test_restore_file (restore, "b", "second");
  g_autofree char *nodes = g_strdup_printf ("%s,%s,%s", first, other, second);
  g_autofree char *folder = sr_test_restore_subfolder (restore, "d", nodes);
  g_autofree char *problems = NULL;

  sr_test_restore_commit (restore, folder);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  g_assert_nonnull (strstr (problems, "/d/b: Something else with the name “b” appeared"));
  sr_test_restore_assert_content (restore, "d/a", "other");
}

static void
test_names_that_are_not_utf8 (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *bytes = sr_test_restore_file (restore, "\\\\xff\\\\xfe", "bytes");
  g_autofree char *line = sr_test_restore_file (restore, "two\\\\nlines", "line");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", line, bytes);

  sr_test_restore_commit (restore, nodes);
  sr_test_restore_all (restore);
  sr_test_restore_assert_content (restore, "\xff\xfe", "bytes");
  sr_test_restore_assert_content (restore, "two\nlines", "line");
}

/* Removes what no path can name: folder by folder from the top. */
static void
remove_deep (const char *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY);
  guint depth = 0;
  int next;

  g_assert_cmpint (fd, >=, 0);
  while ((next = openat (fd, "d", O_RDONLY | O_DIRECTORY)) >= 0)
    {
      close (fd);
      fd = next;
      depth++;
    }
  unlinkat (fd, "file", 0);
  for (; depth > 0; depth--)
    {
      next = openat (fd, "..", O_RDONLY | O_DIRECTORY);
      g_assert_cmpint (unlinkat (next, "d", AT_REMOVEDIR), ==, 0);
      close (fd);
      fd = next;
    }
  close (fd);
}

/* Deeper than there are descriptors, and than any path can be long. */
static void
test_deep (void)
{
  const guint depth = 2500;
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "file", "deep");
  g_autofree char *path = NULL;
  g_autoptr (GString) inner = g_string_new (NULL);
  struct stat status;
  int fd;

  for (guint i = 0; i < depth; i++)
    {
      char *folder = sr_test_restore_subfolder (restore, "d", node);

      g_free (node);
      node = folder;
    }
  sr_test_restore_commit (restore, node);
  sr_test_restore_all (restore);

  fd = open (restore->target, O_RDONLY | O_DIRECTORY);
  for (guint i = 0; i < depth; i++)
    {
      int next = openat (fd, "d", O_RDONLY | O_DIRECTORY);

      g_assert_cmpint (next, >=, 0);
      close (fd);
      fd = next;
      g_assert_cmpint (fstat (fd, &status), ==, 0);
      g_assert_cmpint (status.st_mtim.tv_sec, ==, SR_TEST_MTIME);
      g_assert_cmpuint (status.st_mode & 07777, ==, 0755);
    }
  g_assert_cmpint (fstatat (fd, "file", &status, 0), ==, 0);
  close (fd);
  remove_deep (restore->target);
}

/* More sub-folders than are kept in memory at once, and files among them. */
static void
test_wide (void)
{
  const guint n_folders = 9000;
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *file = sr_test_restore_file (restore, "f", "1");
  g_autofree char *folder = sr_test_restore_subfolder (restore, "NAME", file);
  g_auto (GStrv) parts = g_strsplit (folder, "NAME", 2);
  g_autofree char *last = sr_test_restore_file (restore, "z", "last");
  g_autoptr (GString) nodes = g_string_new (NULL);

  for (guint i = 0; i < n_folders; i++)
    g_string_append_printf (nodes, "%s%05u%s,", parts[0], i, parts[1]);
  g_string_append (nodes, last);
  sr_test_restore_commit (restore, nodes->str);
  sr_test_restore_all (restore);

  sr_test_restore_assert_content (restore, "z", "last");
  for (guint i = 0; i < n_folders; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%05u/f", i);
      sr_test_restore_assert_content (restore, name, "1");
    }
}

/* The snapshot has /a/b/c.txt, /a/b/d.jpg, /a/e.txt and the empty folder /f. */
static const struct
{
  const char *name;
  const char *include;
  const char *exclude;
  const char *there; /* of these, with spaces between */
} patterns[] = {
  { "all", NULL, NULL, "a/b/c.txt a/b/d.jpg a/e.txt f" },
  { "one-file", "/a/b/c.txt", NULL, "a/b/c.txt" },
  { "by-extension", "*.txt", NULL, "a/b/c.txt a/e.txt" },
  { "folder", "/a/b", NULL, "a/b/c.txt a/b/d.jpg" },
  { "empty-folder", "/f", NULL, "f" },
  { "nothing", "/nothing", NULL, "" },
  { "exclude-folder", NULL, "/a/b", "a/e.txt f" },
  { "exclude-extension", NULL, "*.txt", "a/b/d.jpg f" },
  { "both", "/a", "*.jpg", "a/b/c.txt a/e.txt" },
};

static SrPatternList *
new_list (const char *pattern)
{
  const char *const list[] = { pattern, NULL };
  g_autoptr (GError) error = NULL;
  SrPatternList *patterns_list = sr_pattern_list_new (list, FALSE, &error);

  g_assert_no_error (error);
  return patterns_list;
}

static void
commit_for_patterns (SrTestRestore *restore)
{
  g_autofree char *c = sr_test_restore_file (restore, "c.txt", "c");
  g_autofree char *d = sr_test_restore_file (restore, "d.jpg", "d");
  g_autofree char *e = sr_test_restore_file (restore, "e.txt", "e");
  g_autofree char *in_b = g_strdup_printf ("%s,%s", c, d);
  g_autofree char *b = sr_test_restore_subfolder (restore, "b", in_b);
  g_autofree char *in_a = g_strdup_printf ("%s,%s", b, e);
  g_autofree char *a = sr_test_restore_subfolder (restore, "a", in_a);
  g_autofree char *f = sr_test_restore_subfolder (restore, "f", "");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", a, f);

  sr_test_restore_commit (restore, nodes);
}

static void
test_patterns (gconstpointer data)
{
  static const char *const all[] = { "a/b/c.txt", "a/b/d.jpg", "a/e.txt", "f" };
  guint row = GPOINTER_TO_UINT (data);
  g_auto (GStrv) there = g_strsplit (patterns[row].there, " ", -1);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autoptr (SrRestoreJob) job = NULL;

  commit_for_patterns (restore);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  if (patterns[row].include != NULL)
    {
      g_autoptr (SrPatternList) list = new_list (patterns[row].include);

      sr_restore_job_set_include (job, list);
    }
  if (patterns[row].exclude != NULL)
    {
      g_autoptr (SrPatternList) list = new_list (patterns[row].exclude);

      sr_restore_job_set_exclude (job, list);
    }
  sr_test_assert_run_job (job);

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *path = sr_test_restore_path (restore, all[i]);

      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==,
                       g_strv_contains ((const char *const *) there, all[i]));
    }
  if (patterns[row].there[0] == '\0')
    sr_test_restore_assert_names (restore, "");
}

/* Folders that only lead to what was asked for come out as they were, too. */
static void
test_leading_folders (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autoptr (SrPatternList) list = new_list ("/a/b/c.txt");
  g_autoptr (SrRestoreJob) job = NULL;
  g_autofree char *path = sr_test_restore_path (restore, "a/b");
  struct stat status;

  commit_for_patterns (restore);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  sr_restore_job_set_include (job, list);
  sr_test_assert_run_job (job);
  g_assert_cmpint (lstat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, SR_TEST_MTIME);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0755);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (bad_nodes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-walker/bad-node/%s", bad_nodes[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad_node);
    }
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-walker/patterns/%s", patterns[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_patterns);
    }
  g_test_add_func ("/restore-walker/leading-folders", test_leading_folders);
  g_test_add_func ("/restore-walker/twice", test_twice);
  g_test_add_func ("/restore-walker/twice-apart", test_twice_apart);
  g_test_add_func ("/restore-walker/names-that-are-not-utf8", test_names_that_are_not_utf8);
  g_test_add_func ("/restore-walker/deep", test_deep);
  g_test_add_func ("/restore-walker/wide", test_wide);
  return g_test_run ();
}
