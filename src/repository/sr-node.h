/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-id.h"
#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"
#include "base/sr-time.h"

G_BEGIN_DECLS

typedef enum
{
  SR_NODE_FILE,
  SR_NODE_FOLDER, /* "dir" */
  SR_NODE_SYMLINK,
  SR_NODE_BLOCK_DEVICE, /* "dev" */
  SR_NODE_CHARACTER_DEVICE, /* "chardev" */
  SR_NODE_FIFO,
  SR_NODE_SOCKET,
  SR_NODE_UNKNOWN, /* any other word: kept out of restores, an error of check */
} SrNodeType;

typedef struct
{
  char *name; /* (owned) */
  guint8 *value; /* (owned) (nullable): NULL when length is 0 */
  gsize length; /* bytes */
} SrXattr;

/* An entry of a folder as a tree has it (FORMAT.md section 9.3). Times of year 1 are unset. */
typedef struct
{
  char *name; /* (owned): raw bytes as in the file system, not escaped */
  char *user; /* (owned by GRefString) (nullable) */
  char *group; /* (owned by GRefString) (nullable) */
  char *link_target; /* (owned) (nullable): raw bytes */
  SrXattr *xattrs; /* (owned) (array length=n_xattrs) (nullable) */
  SrId *content; /* (owned) (array length=n_content) (nullable) */
  char *error; /* (owned) (nullable) */
  char *generic_attributes; /* (owned) (nullable): a JSON object, as it was read */
  SrTime mtime;
  SrTime atime;
  SrTime ctime;
  guint64 inode;
  guint64 device_id;
  guint64 size;
  guint64 links;
  guint64 device;
  guint64 n_content;
  guint32 n_xattrs;
  guint32 uid;
  guint32 gid;
  guint16 permissions; /* 07777: set-user-id, set-group-id, sticky, rwx */
  guint8 type; /* SrNodeType */
  guint8 content_is_null : 1; /* read as null, which is damage for a file */
  guint8 has_subtree : 1;
  SrId subtree;
} SrNode;

SrNode *sr_node_new (void);
void sr_node_free (SrNode *self);
void sr_node_clear (SrNode *self);
void sr_node_clear_xattrs (SrNode *self);
void sr_node_copy (const SrNode *self, SrNode *out_copy);
gboolean sr_node_equal (const SrNode *self, const SrNode *other);
gboolean sr_node_has_null_content (const SrNode *self);
gboolean sr_node_name_is_safe (const char *name);
const char *sr_node_type_to_string (SrNodeType type);
SrNodeType sr_node_type_from_string (const char *text, gsize length);

/* JSON, as an element of a tree (sr-tree.h). */
void sr_node_write (const SrNode *self, SrJsonWriter *writer);
gboolean sr_node_read (SrNode *self, SrJsonReader *reader);
guint32 sr_node_mode_to_go (SrNodeType type, guint permissions);

/* Names as trees keep them: a Go quoted string without its quotes (section 9.4). */
char *sr_node_quote_name (const char *name);
char *sr_node_unquote_name (const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrNode, sr_node_free)

G_END_DECLS
