/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a node says of a file, member for member as restic has it. */

#include "config.h"

#include "engine/sr-node-source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"

static const struct
{
  const char *name;
  mode_t mode;
  SrNodeType type;
  gboolean links; /* whether their number is noted */
  gboolean device; /* whether its number is noted */
} types[] = {
  { "file", S_IFREG | 04755, SR_NODE_FILE, TRUE, FALSE },
  { "folder", S_IFDIR | 01777, SR_NODE_FOLDER, FALSE, FALSE },
  { "symlink", S_IFLNK | 0777, SR_NODE_SYMLINK, TRUE, FALSE },
  { "block", S_IFBLK | 0660, SR_NODE_BLOCK_DEVICE, TRUE, TRUE },
  { "character", S_IFCHR | 0600, SR_NODE_CHARACTER_DEVICE, TRUE, TRUE },
  { "fifo", S_IFIFO | 0640, SR_NODE_FIFO, FALSE, FALSE },
  { "socket", S_IFSOCK | 0755, SR_NODE_SOCKET, FALSE, FALSE },
};

static void
test_status (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrNodeSource) source = sr_node_source_new ();
  g_autoptr (SrNode) node = sr_node_new ();
  struct stat status = { .st_mode = types[row].mode,
                         .st_nlink = 3,
                         .st_rdev = makedev (8, 1),
                         .st_ino = 12345,
                         .st_dev = 99,
                         .st_uid = 0,
                         .st_gid = 4000000000u,
                         .st_size = 777,
                         .st_atim = { 5, 6 },
                         .st_mtim = { -7, 8 },
                         .st_ctim = { 9, 10 } };

  sr_node_source_set_status (source, node, &status);
  g_assert_cmpuint (node->type, ==, types[row].type);
  g_assert_cmpuint (node->permissions, ==, types[row].mode & 07777);
  g_assert_cmpuint (node->links, ==, types[row].links ? 3 : 0);
  g_assert_cmpuint (node->device, ==, types[row].device ? makedev (8, 1) : 0);
  g_assert_cmpuint (node->inode, ==, 12345);
  g_assert_cmpuint (node->device_id, ==, 99);
  g_assert_cmpuint (node->size, ==, 0); /* that of the content, by who reads it */
  g_assert_cmpstr (node->user, ==, "root");
  g_assert_null (node->group);
  g_assert_cmpuint (node->gid, ==, 4000000000u);
  g_assert_cmpint (sr_time_compare (&node->atime, &node->mtime), ==, 0);
  g_assert_cmpint (sr_time_compare (&node->mtime, &node->ctime), <, 0);
}

typedef struct
{
  char *folder;
  int folder_fd;
  SrNodeSource *source;
  SrNode *node; /* named "file" */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->folder_fd = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  self->source = sr_node_source_new ();
  self->node = sr_node_new ();
  self->node->name = g_strdup ("file");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_node_free (self->node);
  sr_node_source_free (self->source);
  close (self->folder_fd);
  sr_test_remove_folder (self->folder);
}

/* Some file systems say 0 for the length of a link, or one that is old. */
static void
test_link (Fixture *self, gconstpointer data)
{
  gsize said_length = GPOINTER_TO_SIZE (data);
  g_autofree char *target = g_strnfill (4000, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (symlinkat (target, self->folder_fd, "file"));
  g_assert_true (
      sr_node_source_read_link (self->source, self->node, self->folder_fd, said_length, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (self->node->link_target, ==, target);
}

static void
test_no_link (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_node_source_read_link (self->source, self->node, self->folder_fd, 5, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "The link could not be read"));
}

static void
test_xattrs (Fixture *self, gconstpointer data)
{
  gboolean by_descriptor = GPOINTER_TO_UINT (data);
  int fd = openat (self->folder_fd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_autoptr (GError) error = NULL;

  if (fsetxattr (fd, "user.text", "a\0b", 3, 0) != 0)
    {
      close (fd);
      g_test_skip ("the file system has no extended attributes");
      return;
    }
  g_assert_no_errno (fsetxattr (fd, "user.empty", "", 0, 0));
  g_assert_true (sr_node_source_read_xattrs (self->source, self->node, self->folder_fd,
                                             by_descriptor ? fd : -1, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (self->node->n_xattrs, >=, 2);
  for (guint i = 0; i < self->node->n_xattrs; i++)
    {
      const SrXattr *xattr = &self->node->xattrs[i];

      if (strcmp (xattr->name, "user.text") == 0)
        g_assert_cmpmem (xattr->value, xattr->length, "a\0b", 3);
      else if (strcmp (xattr->name, "user.empty") == 0)
        g_assert_cmpuint (xattr->length, ==, 0);
    }
  close (fd);
}

static void
test_no_xattrs (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (symlinkat ("nowhere", self->folder_fd, "file"));
  g_assert_true (
      sr_node_source_read_xattrs (self->source, self->node, self->folder_fd, -1, &error));
  g_assert_no_error (error);

  g_assert_no_errno (unlinkat (self->folder_fd, "file", 0));
  g_assert_false (
      sr_node_source_read_xattrs (self->source, self->node, self->folder_fd, -1, &error));
  g_assert_nonnull (strstr (error->message, "The attributes could not be read"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *path = g_strconcat ("/node-source/status/", types[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_status);
    }
  g_test_add ("/node-source/link/as-said", Fixture, GSIZE_TO_POINTER (4000), set_up, test_link,
              tear_down);
  g_test_add ("/node-source/link/length-unknown", Fixture, GSIZE_TO_POINTER (0), set_up, test_link,
              tear_down);
  g_test_add ("/node-source/link/missing", Fixture, NULL, set_up, test_no_link, tear_down);
  g_test_add ("/node-source/xattrs/by-descriptor", Fixture, GUINT_TO_POINTER (TRUE), set_up,
              test_xattrs, tear_down);
  g_test_add ("/node-source/xattrs/by-path", Fixture, GUINT_TO_POINTER (FALSE), set_up, test_xattrs,
              tear_down);
  g_test_add ("/node-source/xattrs/none", Fixture, NULL, set_up, test_no_xattrs, tear_down);
  return g_test_run ();
}
