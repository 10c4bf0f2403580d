/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The JSON of index files: which blob is in which pack, where (FORMAT.md section 8).
 *
 * An index of a large repository has tens of millions of blobs. So it is never in memory as a
 * whole here: a reader gets one pack's blobs at a time, and a writer passes one. All blobs of a
 * pack stand in one entry of one file; restic 0.18 damages repositories where they do not.
 *
 * Unknown members are skipped. One of them is rustic's "packs_to_delete": blobs of packs that are
 * to be removed. They could still be read, but a new backup must not rely on them, and whoever
 * needs them finds them by the packs' own tables. */

#include "config.h"

#include "sr-index-file.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"
#include "repository/sr-pack-table.h"

#define SEAL_OVERHEAD 32
#define PACK_BLOBS_LIMIT ((SR_PACK_TABLE_LIMIT - SEAL_OVERHEAD) / SR_PACK_ENTRY_RAW_SIZE)

static void
fail (SrJsonReader *reader, SrError code, const char *message)
{
  sr_json_reader_fail (reader, g_error_new_literal (SR_ERROR, (int) code, message));
}

static void
read_type (SrJsonReader *reader, SrBlob *blob)
{
  SrBlobType type;
  const char *text;
  gsize length;

  if (!sr_json_reader_read_string (reader, &text, &length))
    return;
  if (sr_blob_type_from_string (text, length, &type))
    blob->type = type;
  else
    fail (reader, SR_ERROR_DAMAGED, _ ("An index file has a blob of an unknown type"));
}

static void
read_blob (SrJsonReader *reader, SrBlob *blob)
{
  const guint8 type_missing = G_MAXUINT8;

  blob->type = type_missing;
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "id"))
      sr_json_reader_read_id (reader, &blob->id);
    else if (sr_json_reader_member_is (reader, "type"))
      read_type (reader, blob);
    else if (sr_json_reader_member_is (reader, "offset"))
      sr_json_reader_read_uint32 (reader, &blob->offset);
    else if (sr_json_reader_member_is (reader, "length"))
      sr_json_reader_read_uint32 (reader, &blob->length);
    else if (sr_json_reader_member_is (reader, "uncompressed_length"))
      sr_json_reader_read_uint32 (reader, &blob->uncompressed_length);
    else
      sr_json_reader_skip_value (reader);

  if (sr_json_reader_has_failed (reader))
    return;
  if (blob->type == type_missing || sr_id_is_null (&blob->id))
    fail (reader, SR_ERROR_DAMAGED, _ ("An index file has a blob without id or type"));
  else if (blob->length < SEAL_OVERHEAD ||
           (blob->uncompressed_length != 0 && blob->length == SEAL_OVERHEAD))
    fail (reader, SR_ERROR_DAMAGED, _ ("An index file has a blob that is too short to be one"));
  else if ((guint64) blob->offset + blob->length > (guint64) G_MAXUINT32 + 1)
    fail (reader, SR_ERROR_DAMAGED, _ ("An index file has a blob that ends beyond 4 GiB"));
}

static void
read_blobs (SrJsonReader *reader, GArray *blobs)
{
  g_array_set_size (blobs, 0); /* as to restic, the last of several members counts */
  if (sr_json_reader_peek (reader) == SR_JSON_NULL)
    {
      sr_json_reader_read_null (reader);
      return;
    }
  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    {
      SrBlob blob = { 0 };

      read_blob (reader, &blob);
      if (blobs->len == PACK_BLOBS_LIMIT)
        fail (reader, SR_ERROR_LIMIT, _ ("An index file has a pack with too many blobs"));
      else
        g_array_append_val (blobs, blob);
    }
}

/* Reads an entry of "packs" and passes it on. @blobs is scratch. */
static void
read_pack (SrJsonReader *reader, SrIndexPackFunc func, gpointer user_data, GArray *blobs)
{
  SrId pack = { 0 };
  GError *error = NULL;

  g_array_set_size (blobs, 0);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "id"))
      sr_json_reader_read_id (reader, &pack);
    else if (sr_json_reader_member_is (reader, "blobs"))
      read_blobs (reader, blobs);
    else
      sr_json_reader_skip_value (reader);

  if (sr_json_reader_has_failed (reader))
    return;
  if (sr_id_is_null (&pack))
    fail (reader, SR_ERROR_DAMAGED, _ ("An index file has a pack without id"));
  else if (!func (&pack, (const SrBlob *) (gpointer) blobs->data, blobs->len, user_data, &error))
    sr_json_reader_fail (reader, error);
}

static void
read_packs (SrJsonReader *reader, SrIndexPackFunc func, gpointer user_data)
{
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));

  if (sr_json_reader_peek (reader) == SR_JSON_NULL)
    {
      sr_json_reader_read_null (reader);
      return;
    }
  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    read_pack (reader, func, user_data, blobs);
}

static void
read_supersedes (SrJsonReader *reader, GArray *supersedes)
{
  if (supersedes == NULL || sr_json_reader_peek (reader) == SR_JSON_NULL)
    {
      sr_json_reader_skip_value (reader);
      return;
    }
  sr_json_reader_begin_array (reader);
  while (sr_json_reader_next_element (reader))
    {
      SrId id = { 0 };

      if (sr_json_reader_read_id (reader, &id))
        g_array_append_val (supersedes, id);
    }
}

/**
 * sr_index_file_read:
 * @reader: at the start of the JSON text of an index file; read to its end
 * @func: (scope call): called for each entry of "packs", in the order of the file, on this thread
 * @user_data: data for @func
 * @supersedes: (nullable) (element-type SrId): appended to: ids of index files that this one
 *   replaced. To be shown at most: restic loads every index file, and so must we
 * @error: (out) (optional): where the error goes
 *
 * The blobs that @func gets are lent for the call and in no particular order; there may be none.
 * Each has at least the length of an empty blob and ends within 4 GiB; that it lies in the pack is
 * not known here. What @func has got before a failure came from a file that is bad as a whole.
 *
 * Fails with %SR_ERROR_DAMAGED, with %SR_ERROR_UNSUPPORTED for the format of 2014 (an array), with
 * %SR_ERROR_LIMIT for a pack of more blobs than a table can have, or with the error of @func or
 * of the reader's source.
 *
 * Returns: whether all of the file was read
 */
gboolean
sr_index_file_read (SrJsonReader *reader,
                    SrIndexPackFunc func,
                    gpointer user_data,
                    GArray *supersedes,
                    GError **error)
{
  if (sr_json_reader_peek (reader) == SR_JSON_ARRAY)
    fail (reader, SR_ERROR_UNSUPPORTED,
          _ ("An index file has the format of before 2015; rebuild the index with restic 0.14"));

  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "packs"))
      read_packs (reader, func, user_data);
    else if (sr_json_reader_member_is (reader, "supersedes"))
      read_supersedes (reader, supersedes);
    else
      sr_json_reader_skip_value (reader);
  return sr_json_reader_finish (reader, error);
}

/**
 * sr_index_file_write_begin:
 * @writer: a new writer
 *
 * Begins an index file: sr_index_file_write_pack() for each pack and sr_index_file_write_end()
 * are to follow. Failures stay in @writer.
 */
void
sr_index_file_write_begin (SrJsonWriter *writer)
{
  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "packs");
  sr_json_writer_begin_array (writer);
}

/**
 * sr_index_file_write_pack:
 * @writer: a writer after sr_index_file_write_begin()
 * @pack: the pack's id
 * @blobs: (array length=n_blobs): all blobs of the pack
 * @n_blobs: their number
 *
 * Close the file after the pack that takes it to 50,000 blobs, as restic does.
 */
void
sr_index_file_write_pack (SrJsonWriter *writer,
                          const SrId *pack,
                          const SrBlob *blobs,
                          gsize n_blobs)
{
  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "id");
  sr_json_writer_id (writer, pack);
  sr_json_writer_member (writer, "blobs");
  sr_json_writer_begin_array (writer);
  for (gsize i = 0; i < n_blobs; i++)
    {
      sr_json_writer_begin_object (writer);
      sr_json_writer_member (writer, "id");
      sr_json_writer_id (writer, &blobs[i].id);
      sr_json_writer_member (writer, "type");
      sr_json_writer_string (writer, sr_blob_type_to_string (blobs[i].type), -1);
      sr_json_writer_member (writer, "offset");
      sr_json_writer_uint64 (writer, blobs[i].offset);
      sr_json_writer_member (writer, "length");
      sr_json_writer_uint64 (writer, blobs[i].length);
      if (blobs[i].uncompressed_length != 0)
        {
          sr_json_writer_member (writer, "uncompressed_length");
          sr_json_writer_uint64 (writer, blobs[i].uncompressed_length);
        }
      sr_json_writer_end_object (writer);
    }
  sr_json_writer_end_array (writer);
  sr_json_writer_end_object (writer);
}

/**
 * sr_index_file_write_end:
 * @writer: a writer after the last pack
 *
 * Ends the file, with the newline that restic puts there. sr_json_writer_finish() remains to be
 * called.
 */
void
sr_index_file_write_end (SrJsonWriter *writer)
{
  sr_json_writer_end_array (writer);
  sr_json_writer_end_object (writer);
  sr_json_writer_raw (writer, "\n", 1);
}
