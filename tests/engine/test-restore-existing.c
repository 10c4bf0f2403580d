/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a restore does about what is there already. */

#include "config.h"

#include "engine/sr-restore-existing.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-restore.h"

#define OLDER (SR_TEST_MTIME - 10)
#define NEWER (SR_TEST_MTIME + 10)

/* The snapshot has a file "a.txt" with "restored". What is there, and what comes of it. */
static const struct
{
  const char *name;
  SrConflictPolicy policy;
  const char *there;
  gint64 mtime;
  const char *content; /* of a.txt, afterwards */
  guint n_names; /* in the target */
  guint n_skipped;
  guint n_unchanged;
} cases[] = {
  { "overwrite", SR_CONFLICT_OVERWRITE, "mine", NEWER, "restored", 1, 0, 0 },
  { "overwrite-same-size", SR_CONFLICT_OVERWRITE, "RESTORED", NEWER, "restored", 1, 0, 0 },
  { "overwrite-same", SR_CONFLICT_OVERWRITE, "restored", NEWER, "restored", 1, 0, 1 },
  { "keep-newer-newer", SR_CONFLICT_KEEP_NEWER, "mine", NEWER, "mine", 1, 1, 0 },
  { "keep-newer-as-old", SR_CONFLICT_KEEP_NEWER, "mine", SR_TEST_MTIME, "mine", 1, 1, 0 },
  { "keep-newer-older", SR_CONFLICT_KEEP_NEWER, "mine", OLDER, "restored", 1, 0, 0 },
  { "keep-newer-same", SR_CONFLICT_KEEP_NEWER, "restored", NEWER, "restored", 1, 0, 1 },
  { "keep-both", SR_CONFLICT_KEEP_BOTH, "mine", OLDER, "mine", 2, 0, 0 },
  { "keep-both-same", SR_CONFLICT_KEEP_BOTH, "restored", OLDER, "restored", 1, 0, 1 },
  { "skip", SR_CONFLICT_SKIP, "mine", OLDER, "mine", 1, 1, 0 },
  { "skip-same", SR_CONFLICT_SKIP, "restored", OLDER, "restored", 1, 0, 1 },
};

static guint
count_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gint64
get_mtime (SrTestRestore *restore, const char *name)
{
  g_autofree char *path = sr_test_restore_path (restore, name);
  struct stat status;

  g_assert_cmpint (lstat (path, &status), ==, 0);
  return status.st_mtim.tv_sec;
}

static void
test_policy (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "a.txt", "restored");
  g_autoptr (SrRestoreJob) job = NULL;

  sr_test_restore_commit (restore, node);
  sr_test_restore_put (restore, "a.txt", cases[row].there, cases[row].mtime);
  job = sr_test_restore_job (restore, cases[row].policy);
  sr_test_assert_run_job (job);

  sr_test_restore_assert_content (restore, "a.txt", cases[row].content);
  g_assert_cmpuint (count_names (restore->target), ==, cases[row].n_names);
  g_assert_cmpuint (sr_restore_job_get_n_skipped (job), ==, cases[row].n_skipped);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (job), ==, cases[row].n_unchanged);
  if (cases[row].policy == SR_CONFLICT_OVERWRITE)
    g_assert_cmpint (get_mtime (restore, "a.txt"), ==, SR_TEST_MTIME);
  else if (cases[row].policy == SR_CONFLICT_SKIP)
    g_assert_cmpint (get_mtime (restore, "a.txt"), ==, cases[row].mtime);
}

static void
test_keep_both_again (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "a.txt", "restored");

  sr_test_restore_commit (restore, node);
  sr_test_restore_put (restore, "a.txt", "mine", OLDER);
  for (guint i = 0; i < 3; i++)
    g_free (sr_test_restore_run (restore, SR_CONFLICT_KEEP_BOTH));
  g_assert_cmpuint (count_names (restore->target), ==, 4);
  sr_test_restore_assert_content (restore, "a.txt", "mine");
}

/* A folder where a file should be. */
static void
test_folder_in_the_way (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *empty_node = sr_test_restore_file (restore, "empty", "1");
  g_autofree char *full_node = sr_test_restore_file (restore, "full", "2");
  g_autofree char *nodes = g_strdup_printf ("%s,%s", empty_node, full_node);
  g_autofree char *empty = sr_test_restore_path (restore, "empty");
  g_autofree char *full = sr_test_restore_path (restore, "full");
  g_autofree char *problems = NULL;

  sr_test_restore_commit (restore, nodes);
  g_assert_cmpint (mkdir (empty, 0700), ==, 0);
  g_assert_cmpint (mkdir (full, 0700), ==, 0);
  sr_test_restore_put (restore, "full/kept", "kept", OLDER);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);

  g_assert_true (g_str_has_prefix (problems, "/full: A folder with files in it"));
  g_assert_null (strstr (problems, "/empty"));
  sr_test_restore_assert_content (restore, "empty", "1");
  sr_test_restore_assert_content (restore, "full/kept", "kept");
  sr_test_restore_assert_names (restore, "empty|full");
}

/* A symbolic link where a folder should be, planted to lead the restore elsewhere. */
static void
test_planted_link (gconstpointer data)
{
  SrConflictPolicy policy = GPOINTER_TO_UINT (data);
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *file = sr_test_restore_file (restore, "f", "secret");
  g_autofree char *node = sr_test_restore_subfolder (restore, "d", file);
  g_autofree char *link = sr_test_restore_path (restore, "d");
  g_autofree char *elsewhere = sr_test_restore_path (restore, "elsewhere");
  g_autofree char *problems = NULL;

  sr_test_restore_commit (restore, node);
  g_assert_cmpint (mkdir (elsewhere, 0700), ==, 0);
  g_assert_cmpint (symlink (elsewhere, link), ==, 0);
  problems = sr_test_restore_run (restore, policy);

  sr_test_restore_assert_absent (restore, "elsewhere/f");
  if (policy == SR_CONFLICT_OVERWRITE)
    {
      g_assert_cmpstr (problems, ==, "");
      g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
      sr_test_restore_assert_content (restore, "d/f", "secret");
    }
  else
    {
      g_assert_true (g_str_has_prefix (problems, "/d: "));
      g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
    }
}

/* A link where a file should be is replaced itself; what it leads to stays. */
static void
test_link_for_file (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *node = sr_test_restore_file (restore, "f", "restored");
  g_autofree char *link = sr_test_restore_path (restore, "f");

  sr_test_restore_commit (restore, node);
  sr_test_restore_put (restore, "other", "mine", OLDER);
  g_assert_cmpint (symlink ("other", link), ==, 0);
  sr_test_restore_all (restore);

  sr_test_restore_assert_content (restore, "other", "mine");
  sr_test_restore_assert_content (restore, "f", "restored");
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

static void
test_symlinks (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *a = sr_test_node ("a", "symlink", "\"linktarget\":\"to\"");
  g_autofree char *b = sr_test_node ("b", "symlink", "\"linktarget\":\"to\"");
  g_autofree char *c = sr_test_node ("c", "symlink", "\"linktarget\":\"to\"");
  g_autofree char *nodes = g_strdup_printf ("%s,%s,%s", a, b, c);
  g_autofree char *same = sr_test_restore_path (restore, "a");
  g_autofree char *other = sr_test_restore_path (restore, "b");
  g_autofree char *target = NULL;
  g_autoptr (SrRestoreJob) job = NULL;

  sr_test_restore_commit (restore, nodes);
  g_assert_cmpint (symlink ("to", same), ==, 0);
  g_assert_cmpint (symlink ("elsewhere", other), ==, 0);
  job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  sr_test_assert_run_job (job);

  g_assert_cmpuint (sr_restore_job_get_n_unchanged (job), ==, 1);
  target = g_file_read_link (other, NULL);
  g_assert_cmpstr (target, ==, "to");
  sr_test_restore_assert_names (restore, "a|b|c");
  g_assert_cmpint (get_mtime (restore, "a"), ==, SR_TEST_MTIME);
  g_assert_cmpint (get_mtime (restore, "b"), ==, SR_TEST_MTIME);
}

static char *
make_name_of_pair (SrTestRestore *restore, const char *name, const char *chunk)
{
  g_autofree char *more = g_strdup_printf (
      "\"mode\":420,\"size\":5,\"links\":3,\"inode\":7,\"device_id\":1,\"content\":[%s]", chunk);

  return sr_test_node (name, "file", more);
}

static ino_t
get_inode (SrTestRestore *restore, const char *name)
{
  g_autofree char *path = sr_test_restore_path (restore, name);
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_ino;
}

/* Twice: the second time all names are linked already. */
static void
test_hard_links (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *chunk = sr_test_restore_chunk (restore, "links", 5);
  g_autofree char *a = make_name_of_pair (restore, "a", chunk);
  g_autofree char *b = make_name_of_pair (restore, "b", chunk);
  g_autofree char *c = make_name_of_pair (restore, "c", chunk);
  g_autofree char *folder = sr_test_restore_subfolder (restore, "d", c);
  g_autofree char *nodes = g_strdup_printf ("%s,%s,%s", a, b, folder);
  g_autoptr (SrRestoreJob) again = NULL;

  sr_test_restore_commit (restore, nodes);
  sr_test_restore_all (restore);
  g_assert_cmpuint (get_inode (restore, "a"), ==, get_inode (restore, "b"));
  g_assert_cmpuint (get_inode (restore, "a"), ==, get_inode (restore, "d/c"));

  again = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
  sr_test_assert_run_job (again);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (again), ==, 3);
  sr_test_restore_assert_names (restore, "a|b|d");
}

/* A name that is a file of its own is linked again; one that the policy keeps is not linked to. */
static void
test_hard_links_there (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *chunk = sr_test_restore_chunk (restore, "links", 5);
  g_autofree char *a = make_name_of_pair (restore, "a", chunk);
  g_autofree char *b = make_name_of_pair (restore, "b", chunk);
  g_autofree char *nodes = g_strdup_printf ("%s,%s", a, b);

  sr_test_restore_commit (restore, nodes);
  sr_test_restore_put (restore, "a", "mine", NEWER);
  g_free (sr_test_restore_run (restore, SR_CONFLICT_SKIP));
  sr_test_restore_assert_content (restore, "a", "mine");
  sr_test_restore_assert_content (restore, "b", "links");
  g_assert_cmpuint (get_inode (restore, "a"), !=, get_inode (restore, "b"));

  sr_test_restore_all (restore);
  sr_test_restore_assert_content (restore, "a", "links");
  g_assert_cmpuint (get_inode (restore, "a"), ==, get_inode (restore, "b"));
}

static void
test_special (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *fifo = sr_test_node ("fifo", "fifo", "\"mode\":33554848");
  g_autofree char *null = sr_test_node ("null", "chardev", "\"mode\":69206454,\"device\":259");
  g_autofree char *socket = sr_test_node ("socket", "socket", NULL);
  g_autofree char *nodes = g_strdup_printf ("%s,%s,%s", fifo, null, socket);
  g_autofree char *path = sr_test_restore_path (restore, "fifo");
  g_autofree char *problems = NULL;
  struct stat status;

  sr_test_restore_commit (restore, nodes);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  g_assert_cmpint (lstat (path, &status), ==, 0);
  g_assert_true (S_ISFIFO (status.st_mode));
  g_assert_cmpuint (status.st_mode & 07777, ==, 0640);
  sr_test_restore_assert_absent (restore, "socket");
  if (*problems != '\0')
    g_assert_true (g_str_has_prefix (problems, "/null: The device “null” was not made"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-existing/policy/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_policy);
    }
  g_test_add_func ("/restore-existing/keep-both-again", test_keep_both_again);
  g_test_add_func ("/restore-existing/folder-in-the-way", test_folder_in_the_way);
  g_test_add_data_func ("/restore-existing/planted-link/overwrite",
                        GUINT_TO_POINTER (SR_CONFLICT_OVERWRITE), test_planted_link);
  g_test_add_data_func ("/restore-existing/planted-link/skip", GUINT_TO_POINTER (SR_CONFLICT_SKIP),
                        test_planted_link);
  g_test_add_func ("/restore-existing/link-for-file", test_link_for_file);
  g_test_add_func ("/restore-existing/symlinks", test_symlinks);
  g_test_add_func ("/restore-existing/hard-links", test_hard_links);
  g_test_add_func ("/restore-existing/hard-links-there", test_hard_links_there);
  g_test_add_func ("/restore-existing/special", test_special);
  return g_test_run ();
}
