/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a backup leaves out: patterns, caches, large files, other file systems, and always its own repository. */

#include "config.h"

#include "engine/sr-backup-rules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-mount.h"
#include "tests/support/sr-test-repository.h"

#define CACHE_TAG "Signature: 8a477f597d28d172789f06886806bc55"

static char *
run_and_list (SrTestBackup *self, SrBackupJob *job)
{
  g_autoptr (GError) error = NULL;

  sr_test_backup_run (self, job, &error);
  g_assert_cmpstr (self->problems->str, ==, "");
  g_assert_no_error (error);
  return sr_test_backup_list (self, sr_backup_job_get_snapshot (job));
}

static const struct
{
  const char *name;
  const char *patterns; /* separated by spaces */
  const char *listed;
} excludes[] = {
  { "none", "", "a.c a.o sub sub/a.o sub/b.c sub/deep sub/deep/sub" },
  { "extension", "*.o", "a.c sub sub/b.c sub/deep sub/deep/sub" },
  { "folder", "deep", "a.c a.o sub sub/a.o sub/b.c" },
  { "but-not", "*.o !sub/a.o", "a.c sub sub/a.o sub/b.c sub/deep sub/deep/sub" },
  { "in-any-folder", "sub", "a.c a.o" },
  { "all-below-a-match", "source", "" }, /* as restic: a match holds for what is below it */
  { "everything-in-it", "source/*", "" },
};

static void
test_excludes (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_auto (GStrv) texts = g_strsplit (excludes[row].patterns, " ", -1);
  g_autoptr (SrPatternList) patterns = NULL;
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *listed = NULL;

  if (*excludes[row].patterns == '\0')
    g_clear_pointer (&texts[0], g_free);
  patterns = sr_pattern_list_new ((const char *const *) texts, FALSE, &error);
  g_assert_no_error (error);
  sr_test_backup_write (self, "a.c", "");
  sr_test_backup_write (self, "a.o", "");
  sr_test_backup_write (self, "sub/a.o", "");
  sr_test_backup_write (self, "sub/b.c", "");
  sr_test_backup_write (self, "sub/deep/sub", "");
  sr_backup_job_set_excludes (job, patterns, (const char *const *) texts);
  listed = run_and_list (self, job);
  g_strdelimit (listed, "\n", ' ');
  g_assert_cmpstr (g_strchomp (listed), ==, excludes[row].listed);
}

static const struct
{
  const char *name;
  gboolean exclude;
  const char *tag; /* content */
  gboolean left_out;
} caches[] = {
  { "wanted", FALSE, CACHE_TAG, FALSE },
  { "left-out", TRUE, CACHE_TAG "\n# by a test\n", TRUE },
  { "empty-tag", TRUE, "", FALSE },
  { "wrong-tag", TRUE, "Signature: 8a477f597d28d172789f06886806bc56", FALSE },
  { "cut-tag", TRUE, "Signature: 8a477f597d28d172789f06886806bc5", FALSE },
};

static void
test_cache (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "cache/CACHEDIR.TAG", caches[row].tag);
  sr_test_backup_write (self, "cache/sub/file", "");
  sr_backup_job_set_exclude_caches (job, caches[row].exclude);
  listed = run_and_list (self, job);
  g_assert_cmpstr (listed, ==,
                   caches[row].left_out ? "cache\ncache/CACHEDIR.TAG\n"
                                        : "cache\ncache/CACHEDIR.TAG\ncache/sub\ncache/sub/file\n");
}

/* A pipe of that name would block whoever opens it. */
static void
test_cache_tag_is_a_pipe (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autofree char *path = sr_test_backup_path (self, "CACHEDIR.TAG");
  g_autofree char *listed = NULL;

  g_assert_no_errno (mkfifo (path, 0600));
  sr_backup_job_set_exclude_caches (job, TRUE);
  listed = run_and_list (self, job);
  g_assert_cmpstr (listed, ==, "CACHEDIR.TAG\n");
}

static void
test_size (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autofree char *listed = NULL;

  sr_test_backup_write_random (self, "at", 1000);
  sr_test_backup_write_random (self, "over", 1001);
  sr_backup_job_set_max_file_size (job, 1000);
  listed = run_and_list (self, job);
  g_assert_cmpstr (listed, ==, "at\n");
}

static void
test_own_repository (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *place = sr_test_backup_path (self, "deep/repository");
  g_autofree char *link_path = sr_test_backup_path (self, "link");
  g_autoptr (SrRepository) inside = NULL;
  g_autoptr (GFile) root = g_file_new_for_path (self->source);
  g_autoptr (SrBackupJob) job = NULL;
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "deep/file", "");
  g_assert_no_errno (mkdir (place, 0700));
  g_assert_no_errno (symlink ("deep/repository", link_path));
  inside = sr_test_create_repository (place);
  job = sr_backup_job_new (inside, &root, 1);
  g_set_object (&self->repository, inside);
  listed = run_and_list (self, job);
  g_assert_cmpstr (listed, ==, "deep\nlink\ndeep/file\n");
}

static void
test_never (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *state = sr_test_backup_path (self, "state");
  g_autofree char *missing = sr_test_backup_path (self, "missing");
  g_autoptr (GFile) state_file = g_file_new_for_path (state);
  g_autoptr (GFile) missing_file = g_file_new_for_path (missing);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "file", "");
  sr_test_backup_write (self, "state/file", "");
  sr_backup_job_add_never (job, state_file);
  sr_backup_job_add_never (job, missing_file);
  listed = run_and_list (self, job);
  g_assert_cmpstr (listed, ==, "file\n");
}

/* Named itself, or something in it: the user has to know that there is no backup of it. */
static void
test_repository_as_root (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->place, (const char *) data, NULL);
  g_autoptr (GFile) root = g_file_new_for_path (path);
  g_autoptr (SrBackupJob) job = sr_backup_job_new (self->repository, &root, 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_SOURCE);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_null (sr_backup_job_get_snapshot (job));
}

static void
test_one_file_system (SrTestBackup *self, gconstpointer data)
{
  gboolean named = GPOINTER_TO_UINT (data);
  g_autofree char *mounted = sr_test_backup_path (self, "mounted");
  g_autofree char *file = g_build_filename (mounted, "file", NULL);
  g_autoptr (GFile) source = g_file_new_for_path (self->source);
  g_autoptr (GFile) other = g_file_new_for_path (mounted);
  GFile *roots[] = { source, other };
  g_autoptr (SrBackupJob) job = sr_backup_job_new (self->repository, roots, named ? 2 : 1);
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, "beside", "");
  g_assert_no_errno (mkdir (mounted, 0755));
  if (!sr_test_mount (mounted, "size=64k"))
    return;

  sr_test_backup_write (self, "mounted/file", "");
  sr_backup_job_set_one_file_system (job, TRUE);
  listed = run_and_list (self, job);
  /* One that is named is wanted, though it is inside another. */
  g_assert_cmpstr (listed, ==, named ? "beside\nmounted\nmounted/file\n" : "beside\nmounted\n");
  sr_test_unmount (mounted);
}

static void
test_take_root (void)
{
  g_autoptr (SrBackupRules) rules = sr_backup_rules_new ();
  char *folder = sr_test_make_folder ();
  g_autofree char *inside = g_build_filename (folder, "not", "there", NULL);
  g_autofree char *beside = g_strconcat (folder, "-beside", NULL);

  sr_backup_rules_add_never (rules, folder);
  g_assert_false (sr_backup_rules_take_root (rules, folder));
  g_assert_false (sr_backup_rules_take_root (rules, inside));
  g_assert_true (sr_backup_rules_take_root (rules, beside));
  g_assert_true (sr_backup_rules_take_root (rules, "/"));
  sr_test_remove_folder (folder);
}

static void
add (const char *path, void (*func) (SrTestBackup *self, gconstpointer data), gconstpointer data)
{
  g_test_add (path, SrTestBackup, data, sr_test_backup_set_up, func, sr_test_backup_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (excludes); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-rules/exclude/", excludes[i].name, NULL);

      add (path, test_excludes, GUINT_TO_POINTER (i));
    }
  for (guint i = 0; i < G_N_ELEMENTS (caches); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-rules/cache/", caches[i].name, NULL);

      add (path, test_cache, GUINT_TO_POINTER (i));
    }
  add ("/backup-rules/cache/tag-is-a-pipe", test_cache_tag_is_a_pipe, NULL);
  add ("/backup-rules/size", test_size, NULL);
  add ("/backup-rules/own-repository", test_own_repository, NULL);
  add ("/backup-rules/never", test_never, NULL);
  add ("/backup-rules/repository-as-root/itself", test_repository_as_root, "");
  add ("/backup-rules/repository-as-root/part", test_repository_as_root, "snapshots");
  add ("/backup-rules/one-file-system/mounted", test_one_file_system, GUINT_TO_POINTER (FALSE));
  add ("/backup-rules/one-file-system/named", test_one_file_system, GUINT_TO_POINTER (TRUE));
  g_test_add_func ("/backup-rules/take-root", test_take_root);
  return g_test_run ();
}
