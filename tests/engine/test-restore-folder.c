/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Folders of a restore: when they get their metadata, how many are open, and what happens when they are replaced. */

#include "config.h"

#include "engine/sr-restore-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"

typedef struct
{
  char *path; /* (owned) */
  SrRestoreFolders *folders; /* (owned) */
  SrRestoreFolder *target; /* held */
  guint n_reports;
} Fixture;

static void
on_report (SrRestoreFolder *folder, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_error (error, SR_ERROR, SR_ERROR_TARGET);
  fixture->n_reports++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->path = sr_test_make_folder ();
  fixture->folders = sr_restore_folders_new (4, on_report, fixture);
  fixture->target = sr_restore_folder_new_target (
      fixture->folders, open (fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), TRUE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->target != NULL)
    sr_restore_folder_release (fixture->target);
  sr_restore_folders_free (fixture->folders);
  sr_test_remove_folder (fixture->path);
}

static SrNode *
new_node (const char *name, guint permissions)
{
  SrNode *node = sr_node_new ();

  node->type = SR_NODE_FOLDER;
  node->name = g_strdup (name);
  node->permissions = (guint16) permissions;
  node->uid = geteuid ();
  node->gid = getegid ();
  node->mtime.seconds = 1000;
  sr_time_set_unset (&node->atime);
  return node;
}

static SrRestoreFolder *
make (SrRestoreFolder *parent, const char *name)
{
  g_autoptr (GError) error = NULL;
  SrRestoreFolder *folder = sr_restore_folder_make (parent, new_node (name, 0755), TRUE, &error);

  g_assert_no_error (error);
  return folder;
}

static void
get_status (Fixture *fixture, const char *name, struct stat *status)
{
  g_autofree char *path = g_build_filename (fixture->path, name, NULL);

  g_assert_cmpint (lstat (path, status), ==, 0);
}

/* The upper one waits for the lower one, whoever is let go first. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  SrRestoreFolder *upper = make (fixture->target, "upper");
  SrRestoreFolder *lower = make (upper, "lower");
  struct stat status;
  int fd;

  sr_restore_folder_release (upper);
  get_status (fixture, "upper", &status);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0700);
  fd = sr_restore_folder_pin (lower, NULL);
  g_assert_cmpint (mkdirat (fd, "in", 0700), ==, 0);
  sr_restore_folder_unpin (lower);

  sr_restore_folder_release (lower);
  get_status (fixture, "upper/lower", &status);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0755);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, 1000);
  get_status (fixture, "upper", &status);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0755);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, 1000);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Many are held, few are open, and all can be written to. */
static void
test_descriptors (Fixture *fixture, gconstpointer data)
{
  const guint depth = 100;
  SrRestoreFolder *chain[100];
  guint n_before = count_descriptors ();

  for (guint i = 0; i < depth; i++)
    chain[i] = make (i == 0 ? fixture->target : chain[i - 1], "d");
  g_assert_cmpuint (count_descriptors (), <=, n_before + 6);
  for (guint i = 0; i < depth; i++)
    {
      guint which = i * 37 % depth; /* hither and thither */
      int fd = sr_restore_folder_pin (chain[which], NULL);

      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (mkdirat (fd, "x", 0700), ==, 0);
      sr_restore_folder_unpin (chain[which]);
      g_assert_cmpuint (count_descriptors (), <=, n_before + 6);
    }
  for (guint i = depth; i > 0; i--)
    sr_restore_folder_release (chain[i - 1]);
  g_assert_cmpuint (fixture->n_reports, ==, 0);
}

/* Closes all but the last few folders. */
static void
use_others (Fixture *fixture)
{
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("other%u", i);
      SrRestoreFolder *other = make (fixture->target, name);

      sr_restore_folder_pin (other, NULL);
      sr_restore_folder_unpin (other);
      sr_restore_folder_release (other);
    }
}

/* While it was closed, a link was put in its place. */
static void
test_replaced (Fixture *fixture, gconstpointer data)
{
  SrRestoreFolder *folder = make (fixture->target, "victim");
  SrRestoreFolder *others[8];
  g_autofree char *path = g_build_filename (fixture->path, "victim", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *name = g_strdup_printf ("held%u", i);

      others[i] = make (fixture->target, name);
    }
  g_assert_cmpint (rmdir (path), ==, 0);
  if (data != NULL)
    g_assert_cmpint (symlink ("/", path), ==, 0);
  else
    g_assert_cmpint (mkdir (path, 0700), ==, 0);

  if (data != NULL)
    {
      g_assert_cmpint (sr_restore_folder_pin (folder, &error), ==, -1);
      g_assert_error (error, SR_ERROR, SR_ERROR_TARGET);
      sr_restore_folder_release (folder);
      g_assert_cmpuint (fixture->n_reports, ==, 1);
    }
  else
    {
      sr_restore_folder_release (folder); /* the new one may have the old one's inode */
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    sr_restore_folder_release (others[i]);
  use_others (fixture);
}

/* Given up: nothing is made public that is not whole. */
static void
test_abandoned (Fixture *fixture, gconstpointer data)
{
  SrRestoreFolder *folder = make (fixture->target, "d");
  struct stat status;

  sr_restore_folders_abandon (fixture->folders);
  sr_restore_folder_release (folder);
  get_status (fixture, "d", &status);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0700);
}

static void
test_file_in_the_way (Fixture *fixture, gconstpointer data)
{
  gboolean overwrite = GPOINTER_TO_INT (data);
  g_autofree char *path = g_build_filename (fixture->path, "d", NULL);
  g_autoptr (GError) error = NULL;
  SrRestoreFolder *folder;

  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  folder = sr_restore_folder_make (fixture->target, new_node ("d", 0755), overwrite, &error);
  if (overwrite)
    {
      g_assert_no_error (error);
      sr_restore_folder_release (folder);
      g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
    }
  else
    {
      g_assert_null (folder);
      g_assert_error (error, SR_ERROR, SR_ERROR_TARGET);
      g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

/* A list that a new folder has from its parent is not what the snapshot has, and would be passed on. */
static void
test_inherited_list (Fixture *fixture, gconstpointer data)
{
  /* Version 2: rwx for the owner and user 1, r-x for the group and others, mask rwx. */
  static const guint8 list[] = { 2,    0,    0,    0,    1,    0,    7,    0,    0xff, 0xff, 0xff,
                                 0xff, 2,    0,    7,    0,    1,    0,    0,    0,    4,    0,
                                 5,    0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,    7,    0,    0xff,
                                 0xff, 0xff, 0xff, 0x20, 0,    5,    0,    0xff, 0xff, 0xff, 0xff };
  g_autofree char *path = g_build_filename (fixture->path, "d", NULL);
  SrRestoreFolder *folder;

  if (setxattr (fixture->path, "system.posix_acl_default", list, sizeof list, 0) != 0)
    {
      g_test_skip ("The file system has no access control lists");
      return;
    }
  folder = make (fixture->target, "d");
  g_assert_cmpint (getxattr (path, "system.posix_acl_default", NULL, 0), ==, -1);
  g_assert_cmpint (getxattr (path, "system.posix_acl_access", NULL, 0), ==, -1);
  sr_restore_folder_release (folder);
}

static void
test_path (Fixture *fixture, gconstpointer data)
{
  SrRestoreFolder *upper = make (fixture->target, "a");
  SrRestoreFolder *lower = make (upper, "b");
  g_autofree char *root = sr_restore_folder_dup_path (fixture->target, NULL);
  g_autofree char *top = sr_restore_folder_dup_path (fixture->target, "x");
  g_autofree char *folder = sr_restore_folder_dup_path (lower, NULL);
  g_autofree char *file = sr_restore_folder_dup_path (lower, "x");

  g_assert_cmpstr (root, ==, "/");
  g_assert_cmpstr (top, ==, "/x");
  g_assert_cmpstr (folder, ==, "/a/b");
  g_assert_cmpstr (file, ==, "/a/b/x");
  sr_restore_folder_release (upper);
  sr_restore_folder_release (lower);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func, data) \
  g_test_add ("/restore-folder/" name, Fixture, data, set_up, func, tear_down)
  ADD ("order", test_order, NULL);
  ADD ("descriptors", test_descriptors, NULL);
  ADD ("replaced/by-folder", test_replaced, NULL);
  ADD ("replaced/by-link", test_replaced, "link");
  ADD ("abandoned", test_abandoned, NULL);
  ADD ("file-in-the-way/overwrite", test_file_in_the_way, GINT_TO_POINTER (TRUE));
  ADD ("file-in-the-way/keep", test_file_in_the_way, GINT_TO_POINTER (FALSE));
  ADD ("inherited-list", test_inherited_list, NULL);
  ADD ("path", test_path, NULL);
  return g_test_run ();
}
