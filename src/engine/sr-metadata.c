/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Gives a restored file the owner, attributes, permissions and times that its node has.
 *
 * The order is that of repository-format section 15: a change of the owner clears set-user-id bits and file
 * capabilities, so permissions and attributes come after it; an access control list changes the permissions, so they
 * come after the attributes; times come last. A restore does this for every file, so a call is made only where the file
 * differs from what it should be.
 *
 * Without root's rights the owner stays ours, as with restic; a set-user-id bit would then lend the rights of the wrong
 * user, and is left out. */

#include "config.h"

#include "sr-metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define MINIMAL_ACL_SIZE (4 + 3 * 8) /* a version and the entries of owner, group and others */
#define ATTRIBUTE_LIST_LIMIT 65536 /* XATTR_LIST_MAX of Linux */

/* Where it goes: an open file, or a name in an open folder. */
typedef struct
{
  int fd; /* -1: by name */
  int folder_fd;
  const char *name;
  char
      path[sizeof "/proc/self/fd/-2147483648/" + 256]; /* of the name, for calls without a folder */
} Target;

/* What could not be set, gathered so that a file is reported once. */
typedef struct
{
  GString *names; /* (nullable) */
  int code; /* errno of the first */
} Failures;

static void
add_failure (Failures *failures, const char *what, int code)
{
  if (failures->names == NULL)
    {
      failures->names = g_string_new (what);
      failures->code = code;
    }
  else
    {
      g_string_append_printf (failures->names, C_ ("list", ", %s"), what);
    }
}

/**
 * sr_metadata_state_from_stat:
 * @state: (out): filled
 * @status: what stat() says about the file
 * @may_have_more: whether it may have attributes that nobody restored: it was there before, or inherits from its folder
 *
 * Notes what a file has before a node is applied to it.
 */
void
sr_metadata_state_from_stat (SrMetadataState *state,
                             const struct stat *status,
                             gboolean may_have_more)
{
  state->uid = status->st_uid;
  state->gid = status->st_gid;
  state->permissions = status->st_mode & 07777;
  state->may_have_more = may_have_more;
}

static int
change_owner (const Target *target, guint32 uid, guint32 gid)
{
  if (target->fd >= 0)
    return fchown (target->fd, uid, gid);
  return fchownat (target->folder_fd, target->name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

static void
apply_owner (const Target *target, const SrNode *node, SrMetadataState *state, Failures *failures)
{
  if (state->uid == node->uid && state->gid == node->gid)
    return;

  if (change_owner (target, node->uid, node->gid) == 0)
    {
      state->uid = node->uid;
      state->gid = node->gid;
      if (node->type != SR_NODE_FOLDER)
        state->permissions &= ~06000; /* the kernel has cleared them */
    }
  else if (geteuid () == 0)
    {
      add_failure (failures, _ ("owner"), errno);
    }
  else if (state->gid != node->gid && change_owner (target, (guint32) -1, node->gid) == 0)
    {
      state->gid = node->gid;
      if (node->type != SR_NODE_FOLDER)
        state->permissions &= ~06000;
    }
}

static int
set_attribute (const Target *target, const SrXattr *attribute)
{
  static const guint8 nothing = 0;
  const void *value = attribute->value != NULL ? attribute->value : &nothing;

  if (target->fd >= 0)
    return fsetxattr (target->fd, attribute->name, value, attribute->length, 0);
  return lsetxattr (target->path, attribute->name, value, attribute->length, 0);
}

static gboolean
has_attribute (const SrNode *node, const char *name)
{
  for (guint32 i = 0; i < node->n_xattrs; i++)
    if (strcmp (node->xattrs[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Only what users set and what grants access: labels of the security modules are the system's. */
static gboolean
is_ours_to_remove (const char *name)
{
  return g_str_has_prefix (name, "user.") || strcmp (name, ACL_ACCESS) == 0 ||
         strcmp (name, ACL_DEFAULT) == 0 || strcmp (name, "security.capability") == 0;
}

static void
remove_more (const Target *target, const SrNode *node, SrMetadataState *state, Failures *failures)
{
  g_autofree char *list = NULL;
  ssize_t length =
      target->fd >= 0 ? flistxattr (target->fd, NULL, 0) : llistxattr (target->path, NULL, 0);

  if (length <= 0)
    return; /* none, or a file system without attributes */
  list = g_malloc (ATTRIBUTE_LIST_LIMIT);
  length = target->fd >= 0 ? flistxattr (target->fd, list, ATTRIBUTE_LIST_LIMIT)
                           : llistxattr (target->path, list, ATTRIBUTE_LIST_LIMIT);

  for (const char *name = list; name < list + length; name += strlen (name) + 1)
    {
      if (!is_ours_to_remove (name) || has_attribute (node, name))
        continue;
      if ((target->fd >= 0 ? fremovexattr (target->fd, name) : lremovexattr (target->path, name)) !=
              0 &&
          errno != ENODATA)
        add_failure (failures, name, errno);
      if (strcmp (name, ACL_ACCESS) == 0)
        state->permissions = G_MAXUINT16; /* unknown now */
    }
}

/* A list of the three entries that permissions have anyway says nothing that is lost without it. */
static gboolean
is_mere_permissions (const SrXattr *attribute)
{
  return strcmp (attribute->name, ACL_ACCESS) == 0 && attribute->length <= MINIMAL_ACL_SIZE;
}

static void
apply_attributes (const Target *target,
                  const SrNode *node,
                  SrMetadataState *state,
                  Failures *failures)
{
  if (state->may_have_more)
    remove_more (target, node, state, failures);

  for (guint32 i = 0; i < node->n_xattrs; i++)
    {
      const SrXattr *attribute = &node->xattrs[i];

      if (set_attribute (target, attribute) != 0)
        {
          if (errno != ENOTSUP || !is_mere_permissions (attribute))
            add_failure (failures, attribute->name, errno);
        }
      else if (strcmp (attribute->name, ACL_ACCESS) == 0)
        {
          state->permissions = G_MAXUINT16; /* unknown now */
        }
    }
}

static void
apply_permissions (const Target *target,
                   const SrNode *node,
                   const SrMetadataState *state,
                   Failures *failures)
{
  guint permissions = node->permissions & 07777;
  int result;

  if (node->type == SR_NODE_SYMLINK)
    return;
  if (state->uid != node->uid)
    permissions &= ~04000u;
  if (state->gid != node->gid)
    permissions &= ~02000u;
  if (permissions == state->permissions)
    return;

  result = target->fd >= 0
               ? fchmod (target->fd, permissions)
               : fchmodat (target->folder_fd, target->name, permissions, AT_SYMLINK_NOFOLLOW);
  if (result != 0)
    add_failure (failures, _ ("permissions"), errno);
}

static void
to_timespec (const SrTime *time, struct timespec *spec)
{
  spec->tv_sec = time->seconds;
  spec->tv_nsec = sr_time_is_unset (time) ? UTIME_OMIT : time->nanoseconds;
}

static void
apply_times (const Target *target, const SrNode *node, Failures *failures)
{
  struct timespec times[2];
  int result;

  to_timespec (&node->atime, &times[0]);
  to_timespec (&node->mtime, &times[1]);
  if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
    return;

  result = target->fd >= 0
               ? futimens (target->fd, times)
               : utimensat (target->folder_fd, target->name, times, AT_SYMLINK_NOFOLLOW);
  if (result != 0)
    add_failure (failures, _ ("times"), errno);
}

static gboolean
apply (const Target *target, const SrNode *node, const SrMetadataState *state, GError **error)
{
  SrMetadataState now = *state;
  Failures failures = { NULL, 0 };

  apply_owner (target, node, &now, &failures);
  apply_attributes (target, node, &now, &failures);
  apply_permissions (target, node, &now, &failures);
  apply_times (target, node, &failures);

  if (failures.names == NULL)
    return TRUE;

  /* Not SR_ERROR_NO_SPACE, also for ENOSPC: that says of an attribute that it is too long for the file system. */
  if (failures.code == EPERM && geteuid () != 0)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("The file is restored, but for these of its attributes: %s (%s; only root can "
                    "restore this)"),
                 failures.names->str, g_strerror (failures.code));
  else if (failures.code == ENOTSUP)
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("The file is restored, but for these of its attributes: %s (%s; restore to a "
                    "file system that has it)"),
                 failures.names->str, g_strerror (failures.code));
  else
    g_set_error (error, SR_ERROR, SR_ERROR_TARGET,
                 _ ("The file is restored, but for these of its attributes: %s (%s)"),
                 failures.names->str, g_strerror (failures.code));
  g_string_free (failures.names, TRUE);
  return FALSE;
}

/**
 * sr_metadata_apply:
 * @fd: the file or folder, open for reading or writing (not with O_PATH)
 * @node: what it shall have; times of year 1 stay as they are
 * @state: what it has
 * @error: %SR_ERROR_TARGET
 *
 * Sets owner, extended attributes, permissions and times, in this order, as far as they differ. Without root's rights
 * a foreign owner is passed over in silence, and a set-user-id bit for it is not set.
 *
 * Returns: %FALSE when something could not be set; all else is
 */
gboolean
sr_metadata_apply (int fd, const SrNode *node, const SrMetadataState *state, GError **error)
{
  const Target target = { .fd = fd, .folder_fd = -1 };

  return apply (&target, node, state, error);
}

/**
 * sr_metadata_apply_at:
 * @folder_fd: a folder, also one opened with O_PATH
 * @name: a name in it, at most 255 bytes
 * @node: what it shall have
 * @state: what it has
 * @error: as for sr_metadata_apply()
 *
 * As sr_metadata_apply(), for what cannot be opened: symbolic links (whose permissions mean nothing and stay), devices,
 * pipes, and folders that we may not read.
 */
gboolean
sr_metadata_apply_at (int folder_fd,
                      const char *name,
                      const SrNode *node,
                      const SrMetadataState *state,
                      GError **error)
{
  Target target = { .fd = -1, .folder_fd = folder_fd, .name = name };

  g_snprintf (target.path, sizeof target.path, "/proc/self/fd/%d/%s", folder_fd, name);
  return apply (&target, node, state, error);
}
