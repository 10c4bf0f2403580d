/* SPDX-License-Identifier: GPL-3.0-or-later */

/* An entry of a folder, as a value.
 *
 * A backup has millions of these, so it is a plain struct. Names of users and groups, which are
 * the same for most entries, are shared between copies. */

#include "config.h"

#include "sr-node.h"

#include <string.h>

static const char *const type_words[] = {
  [SR_NODE_FILE] = "file",
  [SR_NODE_FOLDER] = "dir",
  [SR_NODE_SYMLINK] = "symlink",
  [SR_NODE_BLOCK_DEVICE] = "dev",
  [SR_NODE_CHARACTER_DEVICE] = "chardev",
  [SR_NODE_FIFO] = "fifo",
  [SR_NODE_SOCKET] = "socket",
  [SR_NODE_UNKNOWN] = "",
};

/**
 * sr_node_type_to_string:
 * @type: a type of node
 *
 * Returns: (transfer none): the word for it in trees; empty for %SR_NODE_UNKNOWN
 */
const char *
sr_node_type_to_string (SrNodeType type)
{
  g_assert ((guint) type < G_N_ELEMENTS (type_words));
  return type_words[type];
}

/**
 * sr_node_type_from_string:
 * @text: a word, which need not end with a NUL
 * @length: bytes in @text
 *
 * Returns: the type that has this word in trees, or %SR_NODE_UNKNOWN
 */
SrNodeType
sr_node_type_from_string (const char *text, gsize length)
{
  for (SrNodeType type = SR_NODE_FILE; type < SR_NODE_UNKNOWN; type++)
    if (strlen (type_words[type]) == length && memcmp (type_words[type], text, length) == 0)
      return type;
  return SR_NODE_UNKNOWN;
}

/**
 * sr_node_new:
 *
 * Returns: (transfer full): a node with all fields 0. The times then are 1970: whoever does not
 *   know them says so with sr_time_set_unset()
 */
SrNode *
sr_node_new (void)
{
  return g_new0 (SrNode, 1);
}

/**
 * sr_node_free:
 * @self: (transfer full) (nullable): a node, freed with all that it owns
 */
void
sr_node_free (SrNode *self)
{
  if (self == NULL)
    return;
  sr_node_clear (self);
  g_free (self);
}

/**
 * sr_node_clear_xattrs:
 * @self: a node, left without extended attributes
 */
void
sr_node_clear_xattrs (SrNode *self)
{
  for (guint32 i = 0; i < self->n_xattrs; i++)
    {
      g_free (self->xattrs[i].name);
      g_free (self->xattrs[i].value);
    }
  g_clear_pointer (&self->xattrs, g_free);
  self->n_xattrs = 0;
}

/**
 * sr_node_clear:
 * @self: a node
 *
 * Frees what @self owns and makes it as new.
 */
void
sr_node_clear (SrNode *self)
{
  sr_node_clear_xattrs (self);
  g_free (self->name);
  g_clear_pointer (&self->user, g_ref_string_release);
  g_clear_pointer (&self->group, g_ref_string_release);
  g_free (self->link_target);
  g_free (self->content);
  g_free (self->error);
  g_free (self->generic_attributes);
  memset (self, 0, sizeof *self);
}

/**
 * sr_node_copy:
 * @self: a node
 * @out_copy: (out caller-allocates): a cleared node, which gets copies of all that @self owns
 */
void
sr_node_copy (const SrNode *self, SrNode *out_copy)
{
  *out_copy = *self;
  out_copy->name = g_strdup (self->name);
  out_copy->user = self->user != NULL ? g_ref_string_acquire (self->user) : NULL;
  out_copy->group = self->group != NULL ? g_ref_string_acquire (self->group) : NULL;
  out_copy->link_target = g_strdup (self->link_target);
  out_copy->content = g_memdup2 (self->content, self->n_content * sizeof (SrId));
  out_copy->error = g_strdup (self->error);
  out_copy->generic_attributes = g_strdup (self->generic_attributes);

  out_copy->xattrs = g_memdup2 (self->xattrs, self->n_xattrs * sizeof (SrXattr));
  for (guint32 i = 0; i < self->n_xattrs; i++)
    {
      const SrXattr *xattr = &self->xattrs[i];

      out_copy->xattrs[i].name = g_strdup (xattr->name);
      out_copy->xattrs[i].value = g_memdup2 (xattr->value, xattr->length);
    }
}

/* NULL and "" are both left out of trees. */
static gboolean
text_equal (const char *text, const char *other)
{
  return text == other || strcmp (text != NULL ? text : "", other != NULL ? other : "") == 0;
}

static gboolean
time_equal (const SrTime *time, const SrTime *other)
{
  return time->seconds == other->seconds && time->nanoseconds == other->nanoseconds &&
         time->utc_offset == other->utc_offset;
}

static gboolean
xattrs_equal (const SrNode *node, const SrNode *other)
{
  if (node->n_xattrs != other->n_xattrs)
    return FALSE;
  for (guint32 i = 0; i < node->n_xattrs; i++)
    {
      const SrXattr *xattr = &node->xattrs[i], *other_xattr = &other->xattrs[i];

      if (xattr->length != other_xattr->length || strcmp (xattr->name, other_xattr->name) != 0 ||
          (xattr->length != 0 && memcmp (xattr->value, other_xattr->value, xattr->length) != 0))
        return FALSE;
    }
  return TRUE;
}

static gboolean
content_equal (const SrNode *node, const SrNode *other)
{
  if (sr_node_has_null_content (node) || sr_node_has_null_content (other))
    return sr_node_has_null_content (node) && sr_node_has_null_content (other);
  return node->n_content == other->n_content &&
         (node->n_content == 0 ||
          memcmp (node->content, other->content, node->n_content * sizeof (SrId)) == 0);
}

/**
 * sr_node_has_null_content:
 * @self: a node
 *
 * Returns: whether "content" is null in a tree: right for all but files, damage for a file
 */
gboolean
sr_node_has_null_content (const SrNode *self)
{
  return self->type == SR_NODE_FILE ? self->content_is_null : self->n_content == 0;
}

/**
 * sr_node_equal:
 * @self: a node
 * @other: a node
 *
 * Returns: whether both are written as the same bytes. So times in different zones differ, though
 *   they may be the same instant
 */
gboolean
sr_node_equal (const SrNode *self, const SrNode *other)
{
  return self->inode == other->inode && self->size == other->size && self->type == other->type &&
         self->permissions == other->permissions && self->uid == other->uid &&
         self->gid == other->gid && self->device_id == other->device_id &&
         self->links == other->links && self->device == other->device &&
         time_equal (&self->mtime, &other->mtime) && time_equal (&self->atime, &other->atime) &&
         time_equal (&self->ctime, &other->ctime) && text_equal (self->name, other->name) &&
         text_equal (self->user, other->user) && text_equal (self->group, other->group) &&
         text_equal (self->link_target, other->link_target) &&
         text_equal (self->error, other->error) &&
         text_equal (self->generic_attributes, other->generic_attributes) &&
         self->has_subtree == other->has_subtree &&
         (!self->has_subtree || sr_id_equal (&self->subtree, &other->subtree)) &&
         content_equal (self, other) && xattrs_equal (self, other);
}

/**
 * sr_node_name_is_safe:
 * @name: a name from a tree, unquoted
 *
 * Names come from a repository that others may have written to; one like "../x" would lead out of
 * the folder that is being restored. To be asked for every name before it is used in a path.
 *
 * Returns: whether @name can only be that of an entry of its own folder
 */
gboolean
sr_node_name_is_safe (const char *name)
{
  return name[0] != '\0' && strcmp (name, ".") != 0 && strcmp (name, "..") != 0 &&
         strchr (name, '/') == NULL;
}
