/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Nodes as values: copies, what counts as equal, and which names may be used in paths. */

#include "config.h"

#include "repository/sr-node.h"

#include <string.h>

static const SrId ids[2] = { { { 1 } }, { { 2 } } };

/* A node with every field set. */
static SrNode *
make_full_node (void)
{
  SrNode *node = sr_node_new ();

  node->name = g_strdup ("name");
  node->user = g_ref_string_new ("user");
  node->group = g_ref_string_new ("group");
  node->link_target = g_strdup ("target");
  node->n_xattrs = 2;
  node->xattrs = g_new0 (SrXattr, 2);
  node->xattrs[0].name = g_strdup ("user.empty");
  node->xattrs[1].name = g_strdup ("user.full");
  node->xattrs[1].value = g_memdup2 ("va\0ue", 5);
  node->xattrs[1].length = 5;
  node->n_content = G_N_ELEMENTS (ids);
  node->content = g_memdup2 (ids, sizeof ids);
  node->error = g_strdup ("error");
  node->generic_attributes = g_strdup ("{\"a\":1}");
  node->mtime = (SrTime){ 1, 2, 3600 };
  node->atime = (SrTime){ 3, 4, 3600 };
  node->ctime = (SrTime){ 5, 6, 3600 };
  node->inode = G_MAXUINT64;
  node->device_id = 7;
  node->size = 8;
  node->links = 9;
  node->device = 10;
  node->uid = 11;
  node->gid = 12;
  node->permissions = 0644;
  node->has_subtree = TRUE;
  node->subtree = ids[0];
  return node;
}

static void
test_copy (void)
{
  g_autoptr (SrNode) node = make_full_node ();
  g_autoptr (SrNode) copy = sr_node_new ();
  g_autoptr (SrNode) empty = sr_node_new ();

  sr_node_copy (node, copy);
  g_assert_true (sr_node_equal (node, copy));
  g_assert_true (copy->name != node->name);
  g_assert_true (copy->content != node->content);
  g_assert_true (copy->user == node->user); /* shared */

  sr_node_clear (copy);
  g_assert_null (copy->name);
  g_assert_cmpuint (copy->n_xattrs, ==, 0);
  sr_node_copy (empty, copy);
  g_assert_null (copy->content);
  g_assert_null (copy->xattrs);
}

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static void
set_shared_text (char **field, const char *text)
{
  g_clear_pointer (field, g_ref_string_release);
  *field = text != NULL ? g_ref_string_new (text) : NULL;
}

/* Each row changes one thing of a full node, in a way that its JSON shows. */
#define CHANGE(function, statement) \
  static void function (SrNode *node) \
  { \
    statement; \
  }
CHANGE (change_name, set_text (&node->name, "other"))
CHANGE (change_user, set_shared_text (&node->user, "other"))
CHANGE (remove_group, set_shared_text (&node->group, NULL))
CHANGE (remove_target, set_text (&node->link_target, NULL))
CHANGE (change_error, set_text (&node->error, "other"))
CHANGE (change_generic, set_text (&node->generic_attributes, "{\"a\":2}"))
CHANGE (change_xattr_name, set_text (&node->xattrs[0].name, "user.other"))
CHANGE (change_xattr_value, node->xattrs[1].value[4] = 'E')
CHANGE (shorten_xattr_value, node->xattrs[1].length = 4)
CHANGE (remove_xattrs, sr_node_clear_xattrs (node))
CHANGE (change_content, node->content[1] = node->content[0])
CHANGE (shorten_content, node->n_content = 1)
CHANGE (make_content_null, node->content_is_null = TRUE)
CHANGE (change_mtime, node->mtime.seconds++)
CHANGE (change_atime, node->atime.nanoseconds++)
CHANGE (change_zone, node->ctime.utc_offset = 0)
CHANGE (change_inode, node->inode = 1)
CHANGE (change_device_id, node->device_id++)
CHANGE (change_size, node->size++)
CHANGE (change_links, node->links++)
CHANGE (change_device, node->device++)
CHANGE (change_uid, node->uid++)
CHANGE (change_gid, node->gid++)
CHANGE (change_permissions, node->permissions = 04644)
CHANGE (change_type, node->type = SR_NODE_FIFO)
CHANGE (change_subtree, node->subtree = ids[1])
CHANGE (remove_subtree, node->has_subtree = FALSE)

static const struct
{
  const char *name;
  void (*change) (SrNode *node);
} changes[] = {
  { "name", change_name },
  { "user", change_user },
  { "no-group", remove_group },
  { "no-target", remove_target },
  { "error", change_error },
  { "generic-attributes", change_generic },
  { "xattr-name", change_xattr_name },
  { "xattr-value", change_xattr_value },
  { "shorter-xattr-value", shorten_xattr_value },
  { "no-xattrs", remove_xattrs },
  { "content", change_content },
  { "shorter-content", shorten_content },
  { "null-content", make_content_null },
  { "mtime", change_mtime },
  { "atime", change_atime },
  { "zone-of-ctime", change_zone },
  { "inode", change_inode },
  { "device-id", change_device_id },
  { "size", change_size },
  { "links", change_links },
  { "device", change_device },
  { "uid", change_uid },
  { "gid", change_gid },
  { "permissions", change_permissions },
  { "type", change_type },
  { "subtree", change_subtree },
  { "no-subtree", remove_subtree },
};

static void
test_change (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrNode) node = make_full_node ();
  g_autoptr (SrNode) changed = make_full_node ();

  g_assert_true (sr_node_equal (node, changed));
  changes[row].change (changed);
  g_assert_false (sr_node_equal (node, changed));
  g_assert_false (sr_node_equal (changed, node));
}

/* What is left out of the JSON makes no difference. */
static void
test_equal_when_left_out (void)
{
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (SrNode) other = sr_node_new ();

  node->name = g_strdup ("a");
  other->name = g_strdup ("a");
  node->type = other->type = SR_NODE_FOLDER;
  other->content_is_null = TRUE; /* of a folder, as every tree has it */
  other->user = g_ref_string_new ("");
  other->link_target = g_strdup ("");
  other->subtree = ids[0];
  g_assert_true (sr_node_equal (node, other));
}

static const struct
{
  const char *name;
  gboolean is_safe;
} names[] = {
  { "a", TRUE },        { "...", TRUE },   { ".hidden", TRUE }, { "..a", TRUE },
  { "a\\..\\b", TRUE }, { "\n", TRUE },    { "", FALSE },       { ".", FALSE },
  { "..", FALSE },      { "/", FALSE },    { "a/b", FALSE },    { "../../etc/passwd", FALSE },
  { "/etc", FALSE },    { "a/..", FALSE }, { "a/", FALSE },
};

static void
test_safe_names (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (sr_node_name_is_safe (names[i].name), ==, names[i].is_safe);
}

static void
test_types (void)
{
  for (SrNodeType type = SR_NODE_FILE; type <= SR_NODE_UNKNOWN; type++)
    {
      const char *word = sr_node_type_to_string (type);

      g_assert_cmpint (sr_node_type_from_string (word, strlen (word)), ==, type);
    }
  g_assert_cmpint (sr_node_type_from_string ("dirt", 4), ==, SR_NODE_UNKNOWN);
  g_assert_cmpint (sr_node_type_from_string ("dirt", 3), ==, SR_NODE_FOLDER);
  g_assert_cmpint (sr_node_type_from_string ("irregular", 9), ==, SR_NODE_UNKNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/node/copy", test_copy);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/node/unequal/%s", changes[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_change);
    }
  g_test_add_func ("/node/equal-when-left-out", test_equal_when_left_out);
  g_test_add_func ("/node/safe-names", test_safe_names);
  g_test_add_func ("/node/types", test_types);
  return g_test_run ();
}
