/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Nodes as JSON, byte for byte as restic writes them (FORMAT.md section 9.3).
 *
 * A folder whose tree has the same bytes has the same id, and is stored once. So members keep
 * restic's order and are left out when restic leaves them out.
 *
 * Reading is the hot path of restores and of search. Members mostly come in that order, so each
 * is looked for from the place of the one before on. What a hostile repository can make grow has
 * limits: of each text, of the extended attributes; all else is no larger than the tree itself. */

#include "config.h"

#include "sr-node.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-base64.h"
#include "base/sr-error.h"

#define TEXT_LIMIT (1024 * 1024) /* bytes of a name, target, …: Linux has 4096 at most */
#define XATTRS_LIMIT (16 * 1024 * 1024) /* bytes of all names and values: macOS has large ones */
#define XATTR_TEXT_LIMIT (XATTRS_LIMIT / 3 * 4 + 4) /* the same as base64 */
#define N_XATTRS_LIMIT 65536

/* Go's os.FileMode */
#define GO_MODE_FOLDER (1u << 31)
#define GO_MODE_SYMLINK (1u << 27)
#define GO_MODE_DEVICE (1u << 26)
#define GO_MODE_FIFO (1u << 25)
#define GO_MODE_SOCKET (1u << 24)
#define GO_MODE_SET_USER_ID (1u << 23)
#define GO_MODE_SET_GROUP_ID (1u << 22)
#define GO_MODE_CHARACTER_DEVICE (1u << 21)
#define GO_MODE_STICKY (1u << 20)

typedef enum
{
  MEMBER_NAME,
  MEMBER_TYPE,
  MEMBER_MODE,
  MEMBER_TIME,
  MEMBER_UINT32,
  MEMBER_UINT64,
  MEMBER_SHARED_TEXT,
  MEMBER_TEXT,
  MEMBER_TARGET,
  MEMBER_RAW_TARGET,
  MEMBER_XATTRS,
  MEMBER_GENERIC_ATTRIBUTES,
  MEMBER_CONTENT,
  MEMBER_SUBTREE,
} MemberKind;

static const struct
{
  const char *name;
  MemberKind kind;
  gsize offset; /* of the field in SrNode, where the kind needs it */
} members[] = {
  { "name", MEMBER_NAME, 0 },
  { "type", MEMBER_TYPE, 0 },
  { "mode", MEMBER_MODE, 0 },
  { "mtime", MEMBER_TIME, G_STRUCT_OFFSET (SrNode, mtime) },
  { "atime", MEMBER_TIME, G_STRUCT_OFFSET (SrNode, atime) },
  { "ctime", MEMBER_TIME, G_STRUCT_OFFSET (SrNode, ctime) },
  { "uid", MEMBER_UINT32, G_STRUCT_OFFSET (SrNode, uid) },
  { "gid", MEMBER_UINT32, G_STRUCT_OFFSET (SrNode, gid) },
  { "user", MEMBER_SHARED_TEXT, G_STRUCT_OFFSET (SrNode, user) },
  { "group", MEMBER_SHARED_TEXT, G_STRUCT_OFFSET (SrNode, group) },
  { "inode", MEMBER_UINT64, G_STRUCT_OFFSET (SrNode, inode) },
  { "device_id", MEMBER_UINT64, G_STRUCT_OFFSET (SrNode, device_id) },
  { "size", MEMBER_UINT64, G_STRUCT_OFFSET (SrNode, size) },
  { "links", MEMBER_UINT64, G_STRUCT_OFFSET (SrNode, links) },
  { "linktarget", MEMBER_TARGET, 0 },
  { "linktarget_raw", MEMBER_RAW_TARGET, 0 },
  { "extended_attributes", MEMBER_XATTRS, 0 },
  { "generic_attributes", MEMBER_GENERIC_ATTRIBUTES, 0 },
  { "device", MEMBER_UINT64, G_STRUCT_OFFSET (SrNode, device) },
  { "content", MEMBER_CONTENT, 0 },
  { "subtree", MEMBER_SUBTREE, 0 },
  { "error", MEMBER_TEXT, G_STRUCT_OFFSET (SrNode, error) },
};

/* State of the reading of one node. */
typedef struct
{
  SrNode *node;
  SrJsonReader *reader;
  char *user_before; /* (owned by GRefString) (nullable): of the entry before, likely the same */
  char *group_before; /* (owned by GRefString) (nullable) */
  gboolean target_is_raw; /* "linktarget_raw" was there, so "linktarget" does not count */
} Reading;

/**
 * sr_node_mode_to_go:
 * @type: the node's type
 * @permissions: its permissions, as in #SrNode
 *
 * Returns: what trees have as "mode": the bits of Go's os.FileMode, not those of stat()
 */
guint32
sr_node_mode_to_go (SrNodeType type, guint permissions)
{
  static const guint32 type_bits[] = {
    [SR_NODE_FILE] = 0,
    [SR_NODE_FOLDER] = GO_MODE_FOLDER,
    [SR_NODE_SYMLINK] = GO_MODE_SYMLINK,
    [SR_NODE_BLOCK_DEVICE] = GO_MODE_DEVICE,
    [SR_NODE_CHARACTER_DEVICE] = GO_MODE_DEVICE | GO_MODE_CHARACTER_DEVICE,
    [SR_NODE_FIFO] = GO_MODE_FIFO,
    [SR_NODE_SOCKET] = GO_MODE_SOCKET,
    [SR_NODE_UNKNOWN] = 0,
  };

  g_assert ((guint) type < G_N_ELEMENTS (type_bits));
  return type_bits[type] | (permissions & 0777) |
         ((permissions & 04000) != 0 ? GO_MODE_SET_USER_ID : 0) |
         ((permissions & 02000) != 0 ? GO_MODE_SET_GROUP_ID : 0) |
         ((permissions & 01000) != 0 ? GO_MODE_STICKY : 0);
}

/* The type is taken from "type" alone, as restic does. */
static guint16
permissions_from_go (guint64 mode)
{
  return (guint16) ((mode & 0777) | ((mode & GO_MODE_SET_USER_ID) != 0 ? 04000 : 0) |
                    ((mode & GO_MODE_SET_GROUP_ID) != 0 ? 02000 : 0) |
                    ((mode & GO_MODE_STICKY) != 0 ? 01000 : 0));
}

static void
write_text (SrJsonWriter *writer, const char *member, const char *text)
{
  if (text == NULL || text[0] == '\0')
    return;
  sr_json_writer_member (writer, member);
  sr_json_writer_string (writer, text, -1);
}

static void
write_number (SrJsonWriter *writer, const char *member, guint64 value)
{
  if (value == 0)
    return;
  sr_json_writer_member (writer, member);
  sr_json_writer_uint64 (writer, value);
}

static void
write_time (SrJsonWriter *writer, const char *member, const SrTime *time)
{
  char text[SR_TIME_TEXT_SIZE];
  gsize length = sr_time_format (time, text);

  sr_json_writer_member (writer, member);
  sr_json_writer_string (writer, text, (gssize) length);
}

static void
write_name (SrJsonWriter *writer, const char *name)
{
  g_autofree char *quoted = sr_node_quote_name (name);

  sr_json_writer_member (writer, "name");
  sr_json_writer_string (writer, quoted, -1);
}

/* JSON can not hold other than UTF-8; restic before 0.16 knows only the lossy form. */
static void
write_target (SrJsonWriter *writer, const char *target)
{
  write_text (writer, "linktarget", target);
  if (target == NULL || g_utf8_validate (target, -1, NULL))
    return;
  sr_json_writer_member (writer, "linktarget_raw");
  sr_json_writer_base64 (writer, target, strlen (target));
}

static void
write_xattrs (SrJsonWriter *writer, const SrNode *node)
{
  if (node->n_xattrs == 0)
    return;
  sr_json_writer_member (writer, "extended_attributes");
  sr_json_writer_begin_array (writer);
  for (guint32 i = 0; i < node->n_xattrs; i++)
    {
      sr_json_writer_begin_object (writer);
      sr_json_writer_member (writer, "name");
      sr_json_writer_string (writer, node->xattrs[i].name, -1);
      sr_json_writer_member (writer, "value");
      sr_json_writer_base64 (writer, node->xattrs[i].value, node->xattrs[i].length);
      sr_json_writer_end_object (writer);
    }
  sr_json_writer_end_array (writer);
}

static void
write_content (SrJsonWriter *writer, const SrNode *node)
{
  sr_json_writer_member (writer, "content");
  if (sr_node_has_null_content (node))
    {
      sr_json_writer_null (writer);
      return;
    }
  sr_json_writer_begin_array (writer);
  for (guint64 i = 0; i < node->n_content; i++)
    sr_json_writer_id (writer, &node->content[i]);
  sr_json_writer_end_array (writer);
}

/**
 * sr_node_write:
 * @self: a node
 * @writer: where the node's object goes, as an element of "nodes"; failures stay there
 *
 * Writes all fields that are set; that "size" is for files and "links" not for folders, for
 * instance, is up to who sets them. Two things do not survive a copy: the word of an unknown type,
 * and bits of "mode" that disagree with the type. A file that was read with null for its content
 * is written so, lest damage turn into an empty file.
 */
void
sr_node_write (const SrNode *self, SrJsonWriter *writer)
{
  sr_json_writer_begin_object (writer);
  write_name (writer, self->name);
  sr_json_writer_member (writer, "type");
  sr_json_writer_string (writer, sr_node_type_to_string (self->type), -1);
  write_number (writer, "mode", sr_node_mode_to_go (self->type, self->permissions));
  write_time (writer, "mtime", &self->mtime);
  write_time (writer, "atime", &self->atime);
  write_time (writer, "ctime", &self->ctime);
  sr_json_writer_member (writer, "uid");
  sr_json_writer_uint64 (writer, self->uid);
  sr_json_writer_member (writer, "gid");
  sr_json_writer_uint64 (writer, self->gid);
  write_text (writer, "user", self->user);
  write_text (writer, "group", self->group);
  write_number (writer, "inode", self->inode);
  write_number (writer, "device_id", self->device_id);
  write_number (writer, "size", self->size);
  write_number (writer, "links", self->links);
  write_target (writer, self->link_target);
  write_xattrs (writer, self);
  if (self->generic_attributes != NULL)
    {
      sr_json_writer_member (writer, "generic_attributes");
      sr_json_writer_raw (writer, self->generic_attributes, -1);
    }
  write_number (writer, "device", self->device);
  write_content (writer, self);
  if (self->has_subtree)
    {
      sr_json_writer_member (writer, "subtree");
      sr_json_writer_id (writer, &self->subtree);
    }
  write_text (writer, "error", self->error);
  sr_json_writer_end_object (writer);
}

static void
fail (SrJsonReader *reader, SrError code, const char *message)
{
  sr_json_reader_fail (reader, g_error_new_literal (SR_ERROR, (int) code, message));
}

/* A text that becomes a C string. One with a NUL would be cut off there. */
static gboolean
read_text (SrJsonReader *reader, const char **out_text, gsize *out_length)
{
  if (!sr_json_reader_read_string (reader, out_text, out_length))
    return FALSE;
  if (memchr (*out_text, '\0', *out_length) == NULL)
    return TRUE;
  fail (reader, SR_ERROR_DAMAGED, _ ("A folder's listing has a text with a NUL in it"));
  return FALSE;
}

static void
read_text_into (SrJsonReader *reader, char **field)
{
  const char *text;
  gsize length;

  if (!read_text (reader, &text, &length))
    return;
  g_free (*field);
  *field = g_strndup (text, length);
}

/* As above, shared with the entry before (@before) where it has the same text. */
static void
read_shared_text_into (SrJsonReader *reader, char **field, char *before)
{
  const char *text;
  gsize length;

  if (!read_text (reader, &text, &length))
    return;
  g_clear_pointer (field, g_ref_string_release);
  if (before != NULL && g_ref_string_length (before) == length &&
      memcmp (before, text, length) == 0)
    *field = g_ref_string_acquire (before);
  else if (length > 0)
    *field = g_ref_string_new_len (text, (gssize) length);
}

static void
read_name (SrJsonReader *reader, SrNode *node)
{
  GError *error = NULL;
  const char *text;
  gsize length;

  if (!sr_json_reader_read_string (reader, &text, &length))
    return;
  g_free (node->name);
  node->name = sr_node_unquote_name (text, length, &error);
  if (node->name == NULL)
    sr_json_reader_fail (reader, error);
}

static void
read_type (SrJsonReader *reader, SrNode *node)
{
  const char *text;
  gsize length;

  if (sr_json_reader_read_string (reader, &text, &length))
    node->type = sr_node_type_from_string (text, length);
}

static void
read_time (SrJsonReader *reader, SrTime *time)
{
  const char *text;
  gsize length;

  if (sr_json_reader_read_string (reader, &text, &length) && !sr_time_parse (time, text, length))
    fail (reader, SR_ERROR_DAMAGED, _ ("A folder's listing has a time that is none"));
}

static void
read_mode (SrJsonReader *reader, SrNode *node)
{
  guint32 mode = 0;

  sr_json_reader_read_uint32 (reader, &mode);
  node->permissions = permissions_from_go (mode);
}

/* Returns NULL after a failure only; behind the bytes stands a NUL. */
static guint8 *
read_base64 (SrJsonReader *reader, gsize *out_length)
{
  const char *text;
  gsize length;
  guint8 *data;

  if (!sr_json_reader_read_string (reader, &text, &length))
    return NULL;

  data = g_malloc (length / 4 * 3 + 1);
  if (!sr_base64_decode (text, length, data, out_length))
    {
      g_free (data);
      fail (reader, SR_ERROR_DAMAGED, _ ("A folder's listing has a value that is not base64"));
      return NULL;
    }
  data[*out_length] = '\0';
  return data;
}

static void
read_raw_target (Reading *reading)
{
  gsize length;
  guint8 *target = read_base64 (reading->reader, &length);

  if (target == NULL)
    return;
  if (memchr (target, '\0', length) != NULL)
    fail (reading->reader, SR_ERROR_DAMAGED, _ ("A folder's listing has a link target with a NUL"));
  g_free (reading->node->link_target);
  reading->node->link_target = (char *) target;
  reading->target_is_raw = TRUE;
}

/* Arrays of a node grow to powers of two; returns @items with room for one more than @n_items. */
static gpointer
make_room (gpointer items, gsize n_items, gsize item_size)
{
  if ((n_items & (n_items - 1)) != 0)
    return items;
  return g_realloc_n (items, MAX (1, n_items * 2), item_size);
}

static void
read_xattr (SrJsonReader *reader, SrXattr *xattr)
{
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "name"))
      read_text_into (reader, &xattr->name);
    else if (sr_json_reader_member_is (reader, "value") &&
             sr_json_reader_peek (reader) != SR_JSON_NULL)
      {
        g_clear_pointer (&xattr->value, g_free);
        xattr->value = read_base64 (reader, &xattr->length);
      }
    else
      sr_json_reader_skip_value (reader);

  if (xattr->name == NULL)
    xattr->name = g_strdup ("");
  if (xattr->length == 0)
    g_clear_pointer (&xattr->value, g_free);
}

static void
read_xattrs (SrJsonReader *reader, SrNode *node)
{
  gsize total = 0;

  sr_node_clear_xattrs (node);
  sr_json_reader_set_text_limit (reader, XATTR_TEXT_LIMIT);
  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    {
      SrXattr xattr = { 0 };

      read_xattr (reader, &xattr);
      total += strlen (xattr.name) + xattr.length;
      node->xattrs = make_room (node->xattrs, node->n_xattrs, sizeof xattr);
      node->xattrs[node->n_xattrs++] = xattr;
      if (total > XATTRS_LIMIT || node->n_xattrs > N_XATTRS_LIMIT)
        fail (reader, SR_ERROR_LIMIT, _ ("A folder's listing has a file with too many attributes"));
    }
  sr_json_reader_set_text_limit (reader, TEXT_LIMIT);
}

static void
read_generic_attributes (SrJsonReader *reader, SrNode *node)
{
  g_clear_pointer (&node->generic_attributes, g_free);
  if (sr_json_reader_peek (reader) != SR_JSON_OBJECT)
    fail (reader, SR_ERROR_DAMAGED,
          _ ("A folder's listing has generic attributes of a wrong type"));
  else if (sr_json_reader_dup_value (reader, &node->generic_attributes) &&
           strcmp (node->generic_attributes, "{}") == 0)
    g_clear_pointer (&node->generic_attributes, g_free);
}

static void
read_content (SrJsonReader *reader, SrNode *node)
{
  node->n_content = 0;
  node->content_is_null = FALSE;
  g_clear_pointer (&node->content, g_free);
  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    {
      node->content = make_room (node->content, node->n_content, sizeof (SrId));
      if (sr_json_reader_read_id (reader, &node->content[node->n_content]))
        node->n_content++;
    }
  if (node->n_content > 2) /* a file of terabytes has millions */
    node->content = g_renew (SrId, node->content, node->n_content);
}

/* Returns the row of @name in the table, looking from @row on; behind the table for none. */
static gsize
find_member (const char *name, gsize row)
{
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++, row++)
    {
      if (row >= G_N_ELEMENTS (members))
        row = 0;
      if (strcmp (members[row].name, name) == 0)
        return row;
    }
  return G_N_ELEMENTS (members);
}

static void
read_member (Reading *reading, gsize row)
{
  SrNode *node = reading->node;
  SrJsonReader *reader = reading->reader;
  gpointer field = G_STRUCT_MEMBER_P (node, members[row].offset);

  switch (members[row].kind)
    {
    case MEMBER_NAME:
      read_name (reader, node);
      break;
    case MEMBER_TYPE:
      read_type (reader, node);
      break;
    case MEMBER_MODE:
      read_mode (reader, node);
      break;
    case MEMBER_TIME:
      read_time (reader, field);
      break;
    case MEMBER_UINT32:
      sr_json_reader_read_uint32 (reader, field);
      break;
    case MEMBER_UINT64:
      sr_json_reader_read_uint64 (reader, field);
      break;
    case MEMBER_SHARED_TEXT:
      read_shared_text_into (reader, field,
                             field == &node->user ? reading->user_before : reading->group_before);
      break;
    case MEMBER_TEXT:
      read_text_into (reader, field);
      break;
    case MEMBER_TARGET:
      if (reading->target_is_raw)
        sr_json_reader_skip_value (reader);
      else
        read_text_into (reader, &node->link_target);
      break;
    case MEMBER_RAW_TARGET:
      read_raw_target (reading);
      break;
    case MEMBER_XATTRS:
      read_xattrs (reader, node);
      break;
    case MEMBER_GENERIC_ATTRIBUTES:
      read_generic_attributes (reader, node);
      break;
    case MEMBER_CONTENT:
      read_content (reader, node);
      break;
    case MEMBER_SUBTREE:
      node->has_subtree = sr_json_reader_read_id (reader, &node->subtree);
      break;
    default:
      g_assert_not_reached ();
    }
}

/**
 * sr_node_read:
 * @self: a cleared node. Its user and group may be left from the entry before: they are shared
 *   where the new ones are the same
 * @reader: before an element of "nodes"; left behind it. Its limit for texts becomes 1 MiB
 *
 * Members that are missing or null get the value for which they are left out; times are unset then.
 * The name may be empty or lead elsewhere (sr_node_name_is_safe()), the type may be unknown, a
 * file may have no content and a folder no subtree: all that spoils one entry and not its folder.
 * What makes the whole folder unreadable, also to restic, fails: JSON of other types, a name with a
 * bad escape, ids, times and base64 that are none.
 *
 * Returns: whether @self has been read; if not, @self is left in parts, to be cleared, and the
 *   error stays in @reader
 */
gboolean
sr_node_read (SrNode *self, SrJsonReader *reader)
{
  Reading reading = {
    .node = self,
    .reader = reader,
    .user_before = g_steal_pointer (&self->user),
    .group_before = g_steal_pointer (&self->group),
  };
  gsize next_row = 0;

  self->type = SR_NODE_UNKNOWN;
  self->content_is_null = TRUE;
  sr_time_set_unset (&self->mtime);
  sr_time_set_unset (&self->atime);
  sr_time_set_unset (&self->ctime);

  sr_json_reader_set_text_limit (reader, TEXT_LIMIT);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    {
      gsize row = find_member (sr_json_reader_get_member (reader), next_row);

      if (row == G_N_ELEMENTS (members) || sr_json_reader_peek (reader) == SR_JSON_NULL)
        sr_json_reader_skip_value (reader);
      else
        read_member (&reading, row);
      if (row < G_N_ELEMENTS (members))
        next_row = row + 1;
    }

  if (self->name == NULL)
    self->name = g_strdup ("");
  g_clear_pointer (&reading.user_before, g_ref_string_release);
  g_clear_pointer (&reading.group_before, g_ref_string_release);
  return !sr_json_reader_has_failed (reader);
}
