/* SPDX-License-Identifier: GPL-3.0-or-later */

/* An index file: what is read and written again reads the same. */

#include "config.h"

#include "repository/sr-index-file.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
write_pack (const SrId *pack,
            const SrBlob *blobs,
            gsize n_blobs,
            gpointer user_data,
            GError **error)
{
  for (gsize i = 0; i < n_blobs; i++)
    g_assert (blobs[i].length >= 32 && blobs[i].type < SR_N_BLOB_TYPES);
  sr_index_file_write_pack (user_data, pack, blobs, n_blobs);
  return TRUE;
}

static gboolean
rewrite (const guint8 *data, gsize size, SrBuffer *out)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (data, size);
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);
  g_autoptr (GArray) supersedes = g_array_new (FALSE, FALSE, sizeof (SrId));
  gboolean is_good;

  sr_index_file_write_begin (writer);
  is_good = sr_index_file_read (reader, write_pack, writer, supersedes, NULL);
  sr_index_file_write_end (writer);
  return is_good;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_auto (SrBuffer) once = SR_BUFFER_INIT;
  g_auto (SrBuffer) twice = SR_BUFFER_INIT;

  if (!rewrite (data, size, &once))
    return 0;
  g_assert (rewrite (once.data, once.length, &twice));
  g_assert_cmpmem (once.data, once.length, twice.data, twice.length);
  return 0;
}
