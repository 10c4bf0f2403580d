/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What one backup was of: when, where, by whom, and the tree of all its files.
 *
 * The members are restic's (FORMAT.md section 10), and written in its order. Other programs have
 * some of their own; those are kept as they were read and written again at the end, so that a
 * change of tags takes nothing away from them. */

#include "config.h"

#include "sr-snapshot.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"

#define UNKNOWN_LIMIT (1024 * 1024) /* bytes of unknown members that are kept, with their names */

/* Members with names that are not known here. */
typedef struct
{
  GPtrArray *names; /* (owned) (element-type utf8) */
  GPtrArray *values; /* (owned) (element-type utf8): JSON, as many */
} UnknownMembers;

struct _SrSnapshot
{
  GObject parent_instance;
  SrId id; /* zeros until stored */
  SrTime time;
  SrId parent; /* zeros: none */
  SrId tree;
  SrId original; /* zeros: none */
  char **paths; /* (owned) */
  char *hostname; /* (owned): may be empty */
  char *username; /* (owned): may be empty */
  guint32 uid;
  guint32 gid;
  char **excludes; /* (owned) */
  char **tags; /* (owned) */
  char *program_version; /* (owned): may be empty */
  gboolean has_summary;
  SrSnapshotSummary summary;
  UnknownMembers unknown;
  UnknownMembers summary_unknown; /* of "summary" */
  gsize unknown_size; /* bytes in both */
};

G_DEFINE_FINAL_TYPE (SrSnapshot, sr_snapshot, G_TYPE_OBJECT)

/* The numbers of "summary", in restic's order. */
static const struct
{
  const char *name;
  gsize offset; /* in SrSnapshotSummary */
} summary_numbers[] = {
  { "files_new", G_STRUCT_OFFSET (SrSnapshotSummary, files_new) },
  { "files_changed", G_STRUCT_OFFSET (SrSnapshotSummary, files_changed) },
  { "files_unmodified", G_STRUCT_OFFSET (SrSnapshotSummary, files_unmodified) },
  { "dirs_new", G_STRUCT_OFFSET (SrSnapshotSummary, dirs_new) },
  { "dirs_changed", G_STRUCT_OFFSET (SrSnapshotSummary, dirs_changed) },
  { "dirs_unmodified", G_STRUCT_OFFSET (SrSnapshotSummary, dirs_unmodified) },
  { "data_blobs", G_STRUCT_OFFSET (SrSnapshotSummary, data_blobs) },
  { "tree_blobs", G_STRUCT_OFFSET (SrSnapshotSummary, tree_blobs) },
  { "data_added", G_STRUCT_OFFSET (SrSnapshotSummary, data_added) },
  { "data_added_packed", G_STRUCT_OFFSET (SrSnapshotSummary, data_added_packed) },
  { "total_files_processed", G_STRUCT_OFFSET (SrSnapshotSummary, total_files_processed) },
  { "total_bytes_processed", G_STRUCT_OFFSET (SrSnapshotSummary, total_bytes_processed) },
};

static void
unknown_members_init (UnknownMembers *members)
{
  members->names = g_ptr_array_new_with_free_func (g_free);
  members->values = g_ptr_array_new_with_free_func (g_free);
}

static void
unknown_members_clear (UnknownMembers *members)
{
  g_ptr_array_unref (members->names);
  g_ptr_array_unref (members->values);
}

static void
sr_snapshot_finalize (GObject *object)
{
  SrSnapshot *self = SR_SNAPSHOT (object);

  g_strfreev (self->paths);
  g_free (self->hostname);
  g_free (self->username);
  g_strfreev (self->excludes);
  g_strfreev (self->tags);
  g_free (self->program_version);
  unknown_members_clear (&self->unknown);
  unknown_members_clear (&self->summary_unknown);

  G_OBJECT_CLASS (sr_snapshot_parent_class)->finalize (object);
}

static void
sr_snapshot_class_init (SrSnapshotClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sr_snapshot_finalize;
}

static void
sr_snapshot_init (SrSnapshot *self)
{
  sr_time_set_unset (&self->time);
  self->paths = g_new0 (char *, 1);
  self->hostname = g_strdup ("");
  self->username = g_strdup ("");
  self->excludes = g_new0 (char *, 1);
  self->tags = g_new0 (char *, 1);
  self->program_version = g_strdup ("");
  unknown_members_init (&self->unknown);
  unknown_members_init (&self->summary_unknown);
}

/**
 * sr_snapshot_new:
 *
 * Returns: (transfer full): a snapshot of nothing yet; time, tree and paths at least are to be set
 */
SrSnapshot *
sr_snapshot_new (void)
{
  return g_object_new (SR_TYPE_SNAPSHOT, NULL);
}

static void
fail (SrJsonReader *reader, SrError code, const char *message)
{
  sr_json_reader_fail (reader, g_error_new_literal (SR_ERROR, (int) code, message));
}

static void
read_text (SrJsonReader *reader, char **field)
{
  char *text;

  if (!sr_json_reader_dup_string (reader, &text))
    return;
  g_free (*field);
  *field = text;
}

static void
read_texts (SrJsonReader *reader, char ***field)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    {
      g_autofree char *text = NULL;

      if (sr_json_reader_dup_string (reader, &text))
        g_strv_builder_add (builder, text);
    }
  g_strfreev (*field);
  *field = g_strv_builder_end (builder);
}

static void
read_time (SrJsonReader *reader, SrTime *time)
{
  const char *text;
  gsize length;

  if (sr_json_reader_read_string (reader, &text, &length) && !sr_time_parse (time, text, length))
    fail (reader, SR_ERROR_DAMAGED, _ ("It has a time that is none"));
}

/* Keeps the member whose name was read last. */
static void
read_unknown (SrSnapshot *self, SrJsonReader *reader, UnknownMembers *members)
{
  g_autofree char *name = g_strdup (sr_json_reader_get_member (reader));
  char *value;

  if (!sr_json_reader_dup_value (reader, &value))
    return;
  self->unknown_size += strlen (name) + strlen (value);
  g_ptr_array_add (members->names, g_steal_pointer (&name));
  g_ptr_array_add (members->values, value);
  if (self->unknown_size > UNKNOWN_LIMIT)
    fail (reader, SR_ERROR_LIMIT, _ ("It has too much that this program does not know"));
}

static gboolean
read_summary_number (SrJsonReader *reader, SrSnapshotSummary *summary)
{
  for (gsize i = 0; i < G_N_ELEMENTS (summary_numbers); i++)
    if (sr_json_reader_member_is (reader, summary_numbers[i].name))
      {
        sr_json_reader_read_uint64 (reader, G_STRUCT_MEMBER_P (summary, summary_numbers[i].offset));
        return TRUE;
      }
  return FALSE;
}

static void
read_summary (SrSnapshot *self, SrJsonReader *reader)
{
  SrSnapshotSummary *summary = &self->summary;

  self->has_summary = TRUE;
  sr_time_set_unset (&summary->backup_start);
  sr_time_set_unset (&summary->backup_end);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_peek (reader) == SR_JSON_NULL)
      sr_json_reader_read_null (reader);
    else if (sr_json_reader_member_is (reader, "backup_start"))
      read_time (reader, &summary->backup_start);
    else if (sr_json_reader_member_is (reader, "backup_end"))
      read_time (reader, &summary->backup_end);
    else if (!read_summary_number (reader, summary))
      read_unknown (self, reader, &self->summary_unknown);
}

static void
read_member (SrSnapshot *self, SrJsonReader *reader)
{
  if (sr_json_reader_member_is (reader, "time"))
    read_time (reader, &self->time);
  else if (sr_json_reader_member_is (reader, "parent"))
    sr_json_reader_read_id (reader, &self->parent);
  else if (sr_json_reader_member_is (reader, "tree"))
    sr_json_reader_read_id (reader, &self->tree);
  else if (sr_json_reader_member_is (reader, "paths"))
    read_texts (reader, &self->paths);
  else if (sr_json_reader_member_is (reader, "hostname"))
    read_text (reader, &self->hostname);
  else if (sr_json_reader_member_is (reader, "username"))
    read_text (reader, &self->username);
  else if (sr_json_reader_member_is (reader, "uid"))
    sr_json_reader_read_uint32 (reader, &self->uid);
  else if (sr_json_reader_member_is (reader, "gid"))
    sr_json_reader_read_uint32 (reader, &self->gid);
  else if (sr_json_reader_member_is (reader, "excludes"))
    read_texts (reader, &self->excludes);
  else if (sr_json_reader_member_is (reader, "tags"))
    read_texts (reader, &self->tags);
  else if (sr_json_reader_member_is (reader, "original"))
    sr_json_reader_read_id (reader, &self->original);
  else if (sr_json_reader_member_is (reader, "program_version"))
    read_text (reader, &self->program_version);
  else if (sr_json_reader_member_is (reader, "summary"))
    read_summary (self, reader);
  else
    read_unknown (self, reader, &self->unknown);
}

static gboolean
is_known_null (SrJsonReader *reader)
{
  static const char *const known[] = {
    "time", "parent",   "tree", "paths",    "hostname",        "username", "uid",
    "gid",  "excludes", "tags", "original", "program_version", "summary",  NULL,
  };

  return sr_json_reader_peek (reader) == SR_JSON_NULL &&
         g_strv_contains (known, sr_json_reader_get_member (reader));
}

/**
 * sr_snapshot_new_from_json:
 * @json: (array length=length): the text of a snapshot
 * @length: bytes in @json
 * @id: (nullable): the id of its file
 * @error: (out) (optional): where the error goes
 *
 * Members that are missing or null are as if never set, but for the tree: without one, as for JSON
 * of another form, fails with %SR_ERROR_DAMAGED. Fails with %SR_ERROR_LIMIT for texts of more than
 * 1 MiB and unknown members of more in all.
 *
 * Returns: (transfer full): the snapshot
 */
SrSnapshot *
sr_snapshot_new_from_json (const char *json, gsize length, const SrId *id, GError **error)
{
  g_autoptr (SrSnapshot) self = sr_snapshot_new ();
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, length);
  char hex[SR_ID_HEX_SIZE];

  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (is_known_null (reader))
      sr_json_reader_read_null (reader);
    else
      read_member (self, reader);
  if (sr_id_is_null (&self->tree))
    fail (reader, SR_ERROR_DAMAGED, _ ("It has no tree")); /* unless it failed before */
  if (id != NULL)
    self->id = *id;

  if (sr_json_reader_finish (reader, error))
    return g_steal_pointer (&self);
  sr_id_to_hex (&self->id, hex);
  sr_prefix_error (error, _ ("Snapshot %.8s can not be used"), hex);
  return NULL;
}

static void
write_text (SrJsonWriter *writer, const char *member, const char *text)
{
  if (text[0] == '\0')
    return;
  sr_json_writer_member (writer, member);
  sr_json_writer_string (writer, text, -1);
}

static void
write_texts (SrJsonWriter *writer, const char *member, char **texts)
{
  sr_json_writer_member (writer, member);
  sr_json_writer_begin_array (writer);
  for (gsize i = 0; texts[i] != NULL; i++)
    sr_json_writer_string (writer, texts[i], -1);
  sr_json_writer_end_array (writer);
}

static void
write_optional_texts (SrJsonWriter *writer, const char *member, char **texts)
{
  if (texts[0] != NULL)
    write_texts (writer, member, texts);
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
write_id (SrJsonWriter *writer, const char *member, const SrId *id)
{
  if (sr_id_is_null (id))
    return;
  sr_json_writer_member (writer, member);
  sr_json_writer_id (writer, id);
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
write_unknown (SrJsonWriter *writer, const UnknownMembers *members)
{
  for (guint i = 0; i < members->names->len; i++)
    {
      sr_json_writer_member (writer, g_ptr_array_index (members->names, i));
      sr_json_writer_raw (writer, g_ptr_array_index (members->values, i), -1);
    }
}

static void
write_summary (SrJsonWriter *writer, const SrSnapshot *self)
{
  const SrSnapshotSummary *summary = &self->summary;

  if (!self->has_summary)
    return;
  sr_json_writer_member (writer, "summary");
  sr_json_writer_begin_object (writer);
  write_time (writer, "backup_start", &summary->backup_start);
  write_time (writer, "backup_end", &summary->backup_end);
  for (gsize i = 0; i < G_N_ELEMENTS (summary_numbers); i++)
    {
      sr_json_writer_member (writer, summary_numbers[i].name);
      sr_json_writer_uint64 (writer, G_STRUCT_MEMBER (guint64, summary, summary_numbers[i].offset));
    }
  write_unknown (writer, &self->summary_unknown);
  sr_json_writer_end_object (writer);
}

/**
 * sr_snapshot_to_json:
 * @self: a snapshot with a tree
 * @out: appended to: the text of its file
 *
 * Members that were read but are not known here stand last, in their order. To change a snapshot
 * that is stored, read this with sr_snapshot_new_from_json(), set what changes, and the original.
 */
void
sr_snapshot_to_json (SrSnapshot *self, SrBuffer *out)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);

  g_assert (!sr_id_is_null (&self->tree)); /* commands of restic crash without */

  sr_json_writer_begin_object (writer);
  write_time (writer, "time", &self->time);
  write_id (writer, "parent", &self->parent);
  write_id (writer, "tree", &self->tree);
  write_texts (writer, "paths", self->paths);
  write_text (writer, "hostname", self->hostname);
  write_text (writer, "username", self->username);
  write_number (writer, "uid", self->uid);
  write_number (writer, "gid", self->gid);
  write_optional_texts (writer, "excludes", self->excludes);
  write_optional_texts (writer, "tags", self->tags);
  write_id (writer, "original", &self->original);
  write_text (writer, "program_version", self->program_version);
  write_summary (writer, self);
  write_unknown (writer, &self->unknown);
  sr_json_writer_end_object (writer);
  sr_json_writer_finish (writer, NULL); /* into memory: can not fail */
}

/**
 * sr_snapshot_get_id:
 * @self: a snapshot
 *
 * Returns: (transfer none): the id of the file that it is stored in; zeros until then
 */
const SrId *
sr_snapshot_get_id (SrSnapshot *self)
{
  return &self->id;
}

/**
 * sr_snapshot_get_time:
 * @self: a snapshot
 *
 * Returns: (transfer none): when the backup started, with the zone of its computer
 */
const SrTime *
sr_snapshot_get_time (SrSnapshot *self)
{
  return &self->time;
}

/**
 * sr_snapshot_get_parent:
 * @self: a snapshot
 *
 * Returns: (transfer none) (nullable): the snapshot that it was compared with, which may be gone
 */
const SrId *
sr_snapshot_get_parent (SrSnapshot *self)
{
  return sr_id_is_null (&self->parent) ? NULL : &self->parent;
}

/**
 * sr_snapshot_get_tree:
 * @self: a snapshot
 *
 * Returns: (transfer none): the id of its root tree; zeros until set
 */
const SrId *
sr_snapshot_get_tree (SrSnapshot *self)
{
  return &self->tree;
}

/**
 * sr_snapshot_get_paths:
 * @self: a snapshot
 *
 * Returns: (transfer none): the paths that were backed up, each absolute; perhaps none
 */
const char *const *
sr_snapshot_get_paths (SrSnapshot *self)
{
  return (const char *const *) self->paths;
}

/**
 * sr_snapshot_get_hostname:
 * @self: a snapshot
 *
 * Returns: (transfer none): the computer's name; may be empty
 */
const char *
sr_snapshot_get_hostname (SrSnapshot *self)
{
  return self->hostname;
}

/**
 * sr_snapshot_get_username:
 * @self: a snapshot
 *
 * Returns: (transfer none): who ran the backup; may be empty
 */
const char *
sr_snapshot_get_username (SrSnapshot *self)
{
  return self->username;
}

/**
 * sr_snapshot_get_tags:
 * @self: a snapshot
 *
 * Returns: (transfer none): its tags; perhaps none
 */
const char *const *
sr_snapshot_get_tags (SrSnapshot *self)
{
  return (const char *const *) self->tags;
}

/**
 * sr_snapshot_get_excludes:
 * @self: a snapshot
 *
 * Returns: (transfer none): the patterns of what was left out; perhaps none
 */
const char *const *
sr_snapshot_get_excludes (SrSnapshot *self)
{
  return (const char *const *) self->excludes;
}

/**
 * sr_snapshot_get_original:
 * @self: a snapshot
 *
 * Returns: (transfer none) (nullable): the first id that it had before its tags were changed
 */
const SrId *
sr_snapshot_get_original (SrSnapshot *self)
{
  return sr_id_is_null (&self->original) ? NULL : &self->original;
}

/**
 * sr_snapshot_get_program_version:
 * @self: a snapshot
 *
 * Returns: (transfer none): what made it, as "restic 0.18.0"; empty before 2023
 */
const char *
sr_snapshot_get_program_version (SrSnapshot *self)
{
  return self->program_version;
}

/**
 * sr_snapshot_get_summary:
 * @self: a snapshot
 *
 * Returns: (transfer none) (nullable): what the backup did; older programs wrote none
 */
const SrSnapshotSummary *
sr_snapshot_get_summary (SrSnapshot *self)
{
  return self->has_summary ? &self->summary : NULL;
}

static void
set_id (SrId *field, const SrId *id)
{
  if (id != NULL)
    *field = *id;
  else
    memset (field, 0, sizeof *field);
}

static void
set_text (char **field, const char *text)
{
  char *copy = g_strdup (text != NULL ? text : "");

  g_free (*field);
  *field = copy;
}

static void
set_texts (char ***field, const char *const *texts)
{
  char **copy = texts != NULL ? g_strdupv ((char **) texts) : g_new0 (char *, 1);

  g_strfreev (*field);
  *field = copy;
}

/**
 * sr_snapshot_set_id:
 * @self: a snapshot
 * @id: the id of the file that it has just been stored in
 */
void
sr_snapshot_set_id (SrSnapshot *self, const SrId *id)
{
  set_id (&self->id, id);
}

/**
 * sr_snapshot_set_time:
 * @self: a snapshot
 * @time: when the backup started
 */
void
sr_snapshot_set_time (SrSnapshot *self, const SrTime *time)
{
  self->time = *time;
}

/**
 * sr_snapshot_set_parent:
 * @self: a snapshot
 * @parent: (nullable): the snapshot that it was compared with
 */
void
sr_snapshot_set_parent (SrSnapshot *self, const SrId *parent)
{
  set_id (&self->parent, parent);
}

/**
 * sr_snapshot_set_tree:
 * @self: a snapshot
 * @tree: the id of its root tree
 */
void
sr_snapshot_set_tree (SrSnapshot *self, const SrId *tree)
{
  set_id (&self->tree, tree);
}

/**
 * sr_snapshot_set_paths:
 * @self: a snapshot
 * @paths: (nullable): absolute paths
 */
void
sr_snapshot_set_paths (SrSnapshot *self, const char *const *paths)
{
  set_texts (&self->paths, paths);
}

/**
 * sr_snapshot_set_hostname:
 * @self: a snapshot
 * @hostname: (nullable): the computer's name
 */
void
sr_snapshot_set_hostname (SrSnapshot *self, const char *hostname)
{
  set_text (&self->hostname, hostname);
}

/**
 * sr_snapshot_set_user:
 * @self: a snapshot
 * @username: (nullable): who runs the backup
 * @uid: the user's number
 * @gid: the number of the user's group
 */
void
sr_snapshot_set_user (SrSnapshot *self, const char *username, guint32 uid, guint32 gid)
{
  set_text (&self->username, username);
  self->uid = uid;
  self->gid = gid;
}

/**
 * sr_snapshot_set_tags:
 * @self: a snapshot
 * @tags: (nullable): tags, without commas: restic would split them there
 */
void
sr_snapshot_set_tags (SrSnapshot *self, const char *const *tags)
{
  set_texts (&self->tags, tags);
}

/**
 * sr_snapshot_set_excludes:
 * @self: a snapshot
 * @excludes: (nullable): patterns of what was left out
 */
void
sr_snapshot_set_excludes (SrSnapshot *self, const char *const *excludes)
{
  set_texts (&self->excludes, excludes);
}

/**
 * sr_snapshot_set_original:
 * @self: a snapshot
 * @original: (nullable): the first id that it had; once set it stays through further changes
 */
void
sr_snapshot_set_original (SrSnapshot *self, const SrId *original)
{
  set_id (&self->original, original);
}

/**
 * sr_snapshot_set_program_version:
 * @self: a snapshot
 * @program_version: (nullable): name and version of the program that makes it
 */
void
sr_snapshot_set_program_version (SrSnapshot *self, const char *program_version)
{
  set_text (&self->program_version, program_version);
}

/**
 * sr_snapshot_set_summary:
 * @self: a snapshot
 * @summary: (nullable): what the backup did; unknown members of one that was read go
 */
void
sr_snapshot_set_summary (SrSnapshot *self, const SrSnapshotSummary *summary)
{
  g_ptr_array_set_size (self->summary_unknown.names, 0);
  g_ptr_array_set_size (self->summary_unknown.values, 0);
  self->has_summary = summary != NULL;
  if (summary != NULL)
    self->summary = *summary;
}
