/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Takes a file's metadata over into a node, member for member what restic takes (FORMAT.md, "Node
 * members"), so that a folder that nobody touched gives the same tree whichever program looks. */

#include "config.h"

#include "sr-node-source.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-buffer.h"
#include "base/sr-error.h"

#define NAME_BUFFER_SIZE 4096 /* at first, for the text that getgrgid_r() points to */
#define NAME_BUFFER_LIMIT (4 * 1024 * 1024)
#define LINK_LIMIT 65536 /* bytes; Linux allows 4,095 */
#define XATTR_TRIES 3 /* a list or value that grows meanwhile is read anew */

struct _SrNodeSource
{
  GHashTable *users; /* uid → GRefString, NULL for none */
  GHashTable *groups; /* gid → GRefString, NULL for none */
  SrBuffer names; /* list of attributes */
  SrBuffer value;
};

static void
release_name (gpointer name)
{
  if (name != NULL)
    g_ref_string_release (name);
}

SrNodeSource *
sr_node_source_new (void)
{
  SrNodeSource *self = g_new0 (SrNodeSource, 1);

  self->users = g_hash_table_new_full (NULL, NULL, NULL, release_name);
  self->groups = g_hash_table_new_full (NULL, NULL, NULL, release_name);
  return self;
}

void
sr_node_source_free (SrNodeSource *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->users);
  g_hash_table_unref (self->groups);
  sr_buffer_clear (&self->names);
  sr_buffer_clear (&self->value);
  g_free (self);
}

/* Both look-ups want room for all members of a group, of which there may be thousands. */
static char *
find_user (guint32 uid)
{
  for (gsize size = NAME_BUFFER_SIZE; size <= NAME_BUFFER_LIMIT; size *= 4)
    {
      g_autofree char *buffer = g_malloc (size);
      struct passwd entry, *found = NULL;

      if (getpwuid_r (uid, &entry, buffer, size, &found) != ERANGE)
        return found != NULL ? g_ref_string_new (found->pw_name) : NULL;
    }
  return NULL;
}

static char *
find_group (guint32 gid)
{
  for (gsize size = NAME_BUFFER_SIZE; size <= NAME_BUFFER_LIMIT; size *= 4)
    {
      g_autofree char *buffer = g_malloc (size);
      struct group entry, *found = NULL;

      if (getgrgid_r (gid, &entry, buffer, size, &found) != ERANGE)
        return found != NULL ? g_ref_string_new (found->gr_name) : NULL;
    }
  return NULL;
}

/* A new reference to the name of an id, looked up once. */
static char *
dup_name (GHashTable *names, guint32 id, char *(*find) (guint32 id))
{
  gpointer name;

  if (!g_hash_table_lookup_extended (names, GUINT_TO_POINTER (id), NULL, &name))
    {
      name = find (id);
      g_hash_table_insert (names, GUINT_TO_POINTER (id), name);
    }
  return name != NULL ? g_ref_string_acquire (name) : NULL;
}

SrNodeType
sr_node_source_get_type (const struct stat *status)
{
  switch (status->st_mode & S_IFMT)
    {
    case S_IFREG:
      return SR_NODE_FILE;
    case S_IFDIR:
      return SR_NODE_FOLDER;
    case S_IFLNK:
      return SR_NODE_SYMLINK;
    case S_IFBLK:
      return SR_NODE_BLOCK_DEVICE;
    case S_IFCHR:
      return SR_NODE_CHARACTER_DEVICE;
    case S_IFIFO:
      return SR_NODE_FIFO;
    case S_IFSOCK:
      return SR_NODE_SOCKET;
    default:
      return SR_NODE_UNKNOWN;
    }
}

/**
 * sr_node_source_set_status:
 * @self: a source
 * @node: (inout): a node without user and group
 * @status: of the file itself, not of what it links to
 *
 * Sets all that a status tells; the size is set by whoever reads the content. The access time is the time of
 * modification, as restic has it: else each reading would make a new tree.
 */
void
sr_node_source_set_status (SrNodeSource *self, SrNode *node, const struct stat *status)
{
  node->type = sr_node_source_get_type (status);
  node->permissions = status->st_mode & 07777;
  sr_time_from_timespec (&node->mtime, &status->st_mtim);
  sr_time_from_timespec (&node->ctime, &status->st_ctim);
  node->atime = node->mtime;
  node->uid = status->st_uid;
  node->gid = status->st_gid;
  node->user = dup_name (self->users, status->st_uid, find_user);
  node->group = dup_name (self->groups, status->st_gid, find_group);
  node->inode = status->st_ino;
  node->device_id = status->st_dev;
  if (node->type == SR_NODE_BLOCK_DEVICE || node->type == SR_NODE_CHARACTER_DEVICE)
    node->device = status->st_rdev;
  if (node->type != SR_NODE_FOLDER && node->type != SR_NODE_FIFO && node->type != SR_NODE_SOCKET)
    node->links = status->st_nlink;
}

/* Attributes are asked of an open file, or, where opening would block or fail (links, devices), of a path
 * through the folder's descriptor: there is no lgetxattrat(). */
typedef struct
{
  int fd; /* -1: use the path */
  char *path; /* (owned) (nullable) */
} XattrTarget;

static ssize_t
list_names (const XattrTarget *target, char *names, size_t size)
{
  return target->fd >= 0 ? flistxattr (target->fd, names, size)
                         : llistxattr (target->path, names, size);
}

static ssize_t
get_value (const XattrTarget *target, const char *name, void *value, size_t size)
{
  return target->fd >= 0 ? fgetxattr (target->fd, name, value, size)
                         : lgetxattr (target->path, name, value, size);
}

/* Fills the buffer with the names, or with the value of @name. -1: errno tells why. */
static ssize_t
get_all (const XattrTarget *target, const char *name, SrBuffer *buffer)
{
  for (guint tries = 0; tries < XATTR_TRIES; tries++)
    {
      ssize_t size =
          name == NULL ? list_names (target, NULL, 0) : get_value (target, name, NULL, 0);
      ssize_t length;

      if (size <= 0)
        return size;

      sr_buffer_reserve (buffer, (gsize) size);
      length = name == NULL ? list_names (target, (char *) buffer->data, (size_t) size)
                            : get_value (target, name, buffer->data, (size_t) size);
      if (length >= 0 || errno != ERANGE)
        return length;
    }
  errno = EBUSY;
  return -1;
}

static gboolean
read_all_xattrs (SrNodeSource *self, SrNode *node, const XattrTarget *target, GError **error)
{
  ssize_t length = get_all (target, NULL, &self->names);
  g_autoptr (GArray) xattrs = NULL;

  if (length < 0 && errno != ENOTSUP)
    {
      sr_set_error_from_errno (error, errno, _ ("The attributes could not be read"));
      return FALSE;
    }
  if (length <= 0)
    return TRUE;

  xattrs = g_array_new (FALSE, TRUE, sizeof (SrXattr));
  for (const char *name = (const char *) self->names.data;
       name < (const char *) self->names.data + length; name += strlen (name) + 1)
    {
      ssize_t size = get_all (target, name, &self->value);
      SrXattr xattr = { NULL };

      if (size < 0)
        continue; /* removed since, or one that only the kernel may read */
      xattr.name = g_strdup (name);
      xattr.value = size > 0 ? g_memdup2 (self->value.data, (gsize) size) : NULL;
      xattr.length = (gsize) size;
      g_array_append_val (xattrs, xattr);
    }
  node->n_xattrs = xattrs->len;
  if (xattrs->len > 0)
    node->xattrs = (SrXattr *) (gpointer) g_array_free (g_steal_pointer (&xattrs), FALSE);
  return TRUE;
}

/**
 * sr_node_source_read_xattrs:
 * @self: a source
 * @node: (inout): a node with its name
 * @folder_fd: the folder that it is in
 * @fd: the file, open; -1: one that is not to be opened
 *
 * Reads the extended attributes, ACLs among them, in the order in which the system lists them. A file system
 * without attributes is no error.
 */
gboolean
sr_node_source_read_xattrs (SrNodeSource *self, SrNode *node, int folder_fd, int fd, GError **error)
{
  g_autofree char *path =
      fd < 0 ? g_strdup_printf ("/proc/self/fd/%d/%s", folder_fd, node->name) : NULL;
  XattrTarget target = { fd, path };

  return read_all_xattrs (self, node, &target, error);
}

/**
 * sr_node_source_read_link:
 * @self: a source
 * @node: (inout): a node with the name of a symbolic link
 * @folder_fd: the folder that it is in
 * @size: what lstat() says of its length in bytes; some file systems say 0
 *
 * Reads where the link points, as bytes.
 */
gboolean
sr_node_source_read_link (SrNodeSource *self,
                          SrNode *node,
                          int folder_fd,
                          gsize size,
                          GError **error)
{
  for (gsize capacity = MIN (size, PATH_MAX) + 2; capacity <= LINK_LIMIT;
       capacity = capacity * 2 + 256)
    {
      ssize_t length;

      sr_buffer_reserve (&self->value, capacity);
      length = readlinkat (folder_fd, node->name, (char *) self->value.data, capacity);
      if (length < 0)
        break;
      if ((gsize) length < capacity)
        {
          node->link_target = g_strndup ((const char *) self->value.data, (gsize) length);
          return TRUE;
        }
      errno = ENAMETOOLONG;
    }
  sr_set_error_from_errno (error, errno, _ ("The link could not be read"));
  return FALSE;
}
