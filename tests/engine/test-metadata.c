/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Owner, permissions, attributes and times of files: as root and as anybody. */

#include "config.h"

#include "engine/sr-metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"

#define NOBODY 65534

typedef struct
{
  char *folder; /* (owned) */
  char *path; /* (owned): a file "f" there, of mode 0600 */
  int folder_fd;
  int fd;
  SrMetadataState state; /* of the file */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  struct stat status;

  fixture->folder = sr_test_make_folder ();
  fixture->path = g_build_filename (fixture->folder, "f", NULL);
  fixture->folder_fd = open (fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fixture->fd = open (fixture->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  sr_metadata_state_from_stat (&fixture->state, &status, FALSE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->fd);
  close (fixture->folder_fd);
  g_free (fixture->path);
  sr_test_remove_folder (fixture->folder);
}

/* What the file is already, but for the times, which are unset. */
static void
init_node (SrNode *node)
{
  memset (node, 0, sizeof *node);
  node->type = SR_NODE_FILE;
  node->uid = geteuid ();
  node->gid = getegid ();
  node->permissions = 0600;
  sr_time_set_unset (&node->mtime);
  sr_time_set_unset (&node->atime);
}

/* By descriptor or by name, as the test's data say. */
static gboolean
apply (Fixture *fixture, gconstpointer by_name, const SrNode *node, GError **error)
{
  if (by_name != NULL)
    return sr_metadata_apply_at (fixture->folder_fd, "f", node, &fixture->state, error);
  return sr_metadata_apply (fixture->fd, node, &fixture->state, error);
}

static void
assert_applied (Fixture *fixture, gconstpointer by_name, const SrNode *node)
{
  g_autoptr (GError) error = NULL;

  apply (fixture, by_name, node, &error);
  g_assert_no_error (error);
}

static void
test_times (Fixture *fixture, gconstpointer data)
{
  SrNode node;
  struct stat status;

  init_node (&node);
  node.mtime = (SrTime){ .seconds = -1, .nanoseconds = 999999999 };
  node.atime = (SrTime){ .seconds = 1234567890, .nanoseconds = 1 };
  assert_applied (fixture, data, &node);
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, -1);
  g_assert_cmpint (status.st_mtim.tv_nsec, ==, 999999999);
  g_assert_cmpint (status.st_atim.tv_sec, ==, 1234567890);
}

static void
test_unset_times (Fixture *fixture, gconstpointer data)
{
  SrNode node;
  struct stat status;

  init_node (&node);
  node.atime = (SrTime){ .seconds = 1000 };
  assert_applied (fixture, data, &node);
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  g_assert_cmpint (status.st_atim.tv_sec, ==, 1000);
  g_assert_cmpint (status.st_mtim.tv_sec, >, 1000);
}

static void
test_permissions (Fixture *fixture, gconstpointer data)
{
  static const guint permissions[] = { 0, 0777, 0444, 04755, 02755, 01644, 07777 };

  for (guint i = 0; i < G_N_ELEMENTS (permissions); i++)
    {
      SrNode node;
      struct stat status;

      init_node (&node);
      node.permissions = (guint16) permissions[i];
      assert_applied (fixture, data, &node);
      g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
      g_assert_cmpuint (status.st_mode & 07777, ==, permissions[i]);
      sr_metadata_state_from_stat (&fixture->state, &status, FALSE);
    }
}

/* A change of the owner clears the bits and capabilities, which have to be there in the end. */
static void
test_owner (Fixture *fixture, gconstpointer data)
{
  /* Version 2: cap_net_raw, permitted and effective. */
  static guint8 capability[20] = { 1, 0, 0, 2, 0, 0x20 };
  SrXattr attributes[] = { { (char *) "security.capability", capability, sizeof capability } };
  SrNode node;
  struct stat status;

  if (geteuid () != 0)
    {
      g_test_skip ("Only root can give files away");
      return;
    }
  init_node (&node);
  node.uid = 4242;
  node.gid = 4343;
  node.permissions = 06755;
  node.xattrs = attributes;
  node.n_xattrs = 1;
  assert_applied (fixture, data, &node);
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  g_assert_cmpuint (status.st_uid, ==, 4242);
  g_assert_cmpuint (status.st_gid, ==, 4343);
  g_assert_cmpuint (status.st_mode & 07777, ==, 06755);
  g_assert_cmpint (fgetxattr (fixture->fd, "security.capability", NULL, 0), ==, 20);
}

static void
test_attributes (Fixture *fixture, gconstpointer data)
{
  SrXattr attributes[] = {
    { (char *) "user.one", (guint8 *) "1", 1 },
    { (char *) "user.empty", NULL, 0 },
  };
  SrNode node;
  char value[8];

  if (fsetxattr (fixture->fd, "user.old", "x", 1, 0) != 0)
    {
      g_test_skip ("The file system has no attributes");
      return;
    }
  init_node (&node);
  node.xattrs = attributes;
  node.n_xattrs = G_N_ELEMENTS (attributes);
  assert_applied (fixture, data, &node);
  g_assert_cmpint (fgetxattr (fixture->fd, "user.one", value, sizeof value), ==, 1);
  g_assert_cmpint (value[0], ==, '1');
  g_assert_cmpint (fgetxattr (fixture->fd, "user.empty", value, sizeof value), ==, 0);
  g_assert_cmpint (fgetxattr (fixture->fd, "user.old", value, sizeof value), ==, 1);

  fixture->state.may_have_more = TRUE;
  assert_applied (fixture, data, &node);
  g_assert_cmpint (fgetxattr (fixture->fd, "user.one", value, sizeof value), ==, 1);
  g_assert_cmpint (fgetxattr (fixture->fd, "user.old", value, sizeof value), ==, -1);
}

/* What cannot be set is named, and all else is done. */
static void
test_failure (Fixture *fixture, gconstpointer data)
{
  SrXattr attributes[] = {
    { (char *) "unheard-of", (guint8 *) "1", 1 },
    { (char *) "no-such.space", (guint8 *) "1", 1 },
  };
  g_autoptr (GError) error = NULL;
  SrNode node;
  struct stat status;

  init_node (&node);
  node.xattrs = attributes;
  node.n_xattrs = G_N_ELEMENTS (attributes);
  node.mtime.seconds = 1000;
  node.permissions = 0640;
  g_assert_false (apply (fixture, data, &node, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_TARGET);
  g_assert_nonnull (strstr (error->message, "unheard-of, no-such.space"));
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, 1000);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0640);
}

/* The file that a link leads to is not touched. */
static void
test_symlink (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct stat before, after, link;
  SrNode node;

  g_assert_cmpint (symlinkat ("f", fixture->folder_fd, "link"), ==, 0);
  g_assert_cmpint (fstat (fixture->fd, &before), ==, 0);
  init_node (&node);
  node.type = SR_NODE_SYMLINK;
  node.permissions = 0777;
  node.mtime.seconds = 1000;
  sr_metadata_apply_at (fixture->folder_fd, "link", &node, &fixture->state, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fstatat (fixture->folder_fd, "link", &link, AT_SYMLINK_NOFOLLOW), ==, 0);
  g_assert_cmpint (link.st_mtim.tv_sec, ==, 1000);
  g_assert_cmpint (fstat (fixture->fd, &after), ==, 0);
  g_assert_cmpint (after.st_mtim.tv_sec, ==, before.st_mtim.tv_sec);
  g_assert_cmpuint (after.st_mode, ==, before.st_mode);
}

/* Runs in a process of its own, as a user without rights. Exits with the line that is wrong. */
static int
check_without_rights (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->folder, "mine", NULL);
  SrXattr attributes[] = { { (char *) "trusted.x", (guint8 *) "1", 1 } };
  g_autoptr (GError) error = NULL;
  SrMetadataState state;
  struct stat status;
  SrNode node;
  int fd;

  if (setgid (NOBODY) != 0 || setuid (NOBODY) != 0)
    return __LINE__;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || fstat (fd, &status) != 0)
    return __LINE__;
  sr_metadata_state_from_stat (&state, &status, FALSE);
  init_node (&node);
  node.uid = 4242;
  node.gid = 4343;
  node.permissions = 06755;
  if (!sr_metadata_apply (fd, &node, &state, NULL)) /* a foreign owner is no problem */
    return __LINE__;
  if (fstat (fd, &status) != 0 || (status.st_mode & 07777) != 0755)
    return __LINE__; /* but its bits must not be ours */
  node.xattrs = attributes;
  node.n_xattrs = 1;
  if (sr_metadata_apply (fd, &node, &state, &error) || strstr (error->message, "root") == NULL)
    return __LINE__;
  close (fd);
  return 0;
}

static void
test_without_rights (Fixture *fixture, gconstpointer data)
{
  int status;
  pid_t child;

  if (geteuid () != 0)
    {
      g_test_skip ("Only root can give up its rights");
      return;
    }
  g_assert_cmpint (chmod (fixture->folder, 0777), ==, 0);
  child = fork ();
  if (child == 0)
    _exit (check_without_rights (fixture) & 0xff);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "times", test_times },
    { "unset-times", test_unset_times },
    { "permissions", test_permissions },
    { "owner", test_owner },
    { "attributes", test_attributes },
    { "failure", test_failure },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint by_name = 0; by_name < 2; by_name++)
      {
        g_autofree char *path =
            g_strdup_printf ("/metadata/%s/%s", tests[i].name, by_name ? "by-name" : "open");

        g_test_add (path, Fixture, by_name ? "name" : NULL, set_up, tests[i].func, tear_down);
      }
  g_test_add ("/metadata/symlink", Fixture, NULL, set_up, test_symlink, tear_down);
  g_test_add ("/metadata/without-rights", Fixture, NULL, set_up, test_without_rights, tear_down);
  return g_test_run ();
}
