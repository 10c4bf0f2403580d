/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A pack's table: what is read is written again to the same bytes. */

#include "config.h"

#include <string.h>

#include "repository/sr-pack-table.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The size of the pack for which the table would be right; without it, none would ever pass. */
static guint64
guess_pack_size (const guint8 *data, gsize size)
{
  guint64 pack_size = size + 36;

  for (gsize position = 0; size - position >= SR_PACK_ENTRY_RAW_SIZE;)
    {
      gsize entry =
          (data[position] & 2) != 0 ? SR_PACK_ENTRY_COMPRESSED_SIZE : SR_PACK_ENTRY_RAW_SIZE;
      guint32 length;

      memcpy (&length, data + position + 1, sizeof length);
      pack_size += GUINT32_FROM_LE (length);
      position += MIN (entry, size - position);
    }
  return pack_size;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint64 pack_size = guess_pack_size (data, size);
  g_autoptr (GArray) wrong = sr_pack_table_decode (data, size, pack_size + 1, NULL);
  g_autoptr (GArray) blobs = sr_pack_table_decode (data, size, pack_size, NULL);
  g_auto (SrBuffer) written = SR_BUFFER_INIT;
  const SrBlob *first;

  g_assert (wrong == NULL);
  if (blobs == NULL)
    return 0;

  first = (const SrBlob *) (gpointer) blobs->data;
  sr_pack_table_encode (first, blobs->len, &written);
  g_assert_cmpmem (written.data, written.length, data, size);
  g_assert_cmpuint (sr_pack_get_expected_size (first, blobs->len), ==, pack_size);
  return 0;
}
