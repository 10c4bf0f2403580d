/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table at the end of a pack: what its blobs are, in their order.
 *
 * The layout is restic's (FORMAT.md section 7). Offsets are not stored, they are the running
 * sum of the lengths. The table is authoritative: an index that was lost or is wrong is made again
 * from it. So it is checked here against the pack's size as strictly as it can be; what passes can
 * be used without further checks of bounds. */

#include "config.h"

#include "sr-pack-table.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

#define SEAL_OVERHEAD 32 /* nonce and tag of an encrypted message */
#define LENGTH_FIELD_SIZE 4 /* behind the table: its sealed length */

/* Entry types: bit 0 is the type of blob, bit 1 says that it is compressed. */
#define ENTRY_TREE 0x01
#define ENTRY_COMPRESSED 0x02

static gsize
get_entry_size (const SrBlob *blob)
{
  return blob->uncompressed_length != 0 ? SR_PACK_ENTRY_COMPRESSED_SIZE : SR_PACK_ENTRY_RAW_SIZE;
}

static guint8 *
put_uint32 (guint8 *position, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (position, &value, sizeof value);
  return position + sizeof value;
}

static guint32
get_uint32 (const guint8 *position)
{
  guint32 value;

  memcpy (&value, position, sizeof value);
  return GUINT32_FROM_LE (value);
}

/**
 * sr_pack_table_get_size:
 * @blobs: (array length=n_blobs): the blobs of a pack
 * @n_blobs: their number
 *
 * Returns: the bytes of the table in the clear
 */
gsize
sr_pack_table_get_size (const SrBlob *blobs, gsize n_blobs)
{
  gsize size = 0;

  for (gsize i = 0; i < n_blobs; i++)
    size += get_entry_size (&blobs[i]);
  return size;
}

/**
 * sr_pack_get_expected_size:
 * @blobs: (array length=n_blobs): all blobs of a pack, in any order
 * @n_blobs: their number
 *
 * Returns: the bytes that a file with exactly these blobs has; restic's check compares the same
 */
guint64
sr_pack_get_expected_size (const SrBlob *blobs, gsize n_blobs)
{
  guint64 size = SEAL_OVERHEAD + LENGTH_FIELD_SIZE;

  for (gsize i = 0; i < n_blobs; i++)
    size += (guint64) blobs[i].length + get_entry_size (&blobs[i]);
  return size;
}

/**
 * sr_pack_table_encode:
 * @blobs: (array length=n_blobs): the blobs of a pack, in the order in which they follow each other
 * @n_blobs: their number, at least 1
 * @out: appended to: the table in the clear
 *
 * A blob with an uncompressed_length is written as compressed; the offsets are not written.
 */
void
sr_pack_table_encode (const SrBlob *blobs, gsize n_blobs, SrBuffer *out)
{
  gsize size = sr_pack_table_get_size (blobs, n_blobs);
  guint8 *position;

  g_assert (n_blobs > 0);
  sr_buffer_reserve (out, out->length + size);
  position = out->data + out->length;
  for (gsize i = 0; i < n_blobs; i++)
    {
      const SrBlob *blob = &blobs[i];

      g_assert (blob->length >= SEAL_OVERHEAD);
      *position++ = (blob->type == SR_BLOB_TREE ? ENTRY_TREE : 0) |
                    (blob->uncompressed_length != 0 ? ENTRY_COMPRESSED : 0);
      position = put_uint32 (position, blob->length);
      if (blob->uncompressed_length != 0)
        position = put_uint32 (position, blob->uncompressed_length);
      memcpy (position, blob->id.bytes, SR_ID_SIZE);
      position += SR_ID_SIZE;
    }
  out->length += size;
}

/* Reads the entry at @data, of which @length bytes are there; returns its size, or 0 with @error. */
static gsize
decode_entry (const guint8 *data, gsize length, SrBlob *blob, GError **error)
{
  gboolean compressed = (data[0] & ENTRY_COMPRESSED) != 0;
  gsize size = compressed ? SR_PACK_ENTRY_COMPRESSED_SIZE : SR_PACK_ENTRY_RAW_SIZE;

  if ((data[0] & ~(ENTRY_TREE | ENTRY_COMPRESSED)) != 0)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("A pack's table has an entry of the unknown type %u"), data[0]);
      return 0;
    }
  if (length < size)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED, _ ("A pack's table ends within an entry"));
      return 0;
    }
  blob->type = (data[0] & ENTRY_TREE) != 0 ? SR_BLOB_TREE : SR_BLOB_DATA;
  blob->length = get_uint32 (data + 1);
  blob->uncompressed_length = compressed ? get_uint32 (data + 5) : 0;
  memcpy (blob->id.bytes, data + size - SR_ID_SIZE, SR_ID_SIZE);

  /* 0 would mean "not compressed" from here on, also for restic, to which such a pack is damaged. */
  if (blob->length < SEAL_OVERHEAD ||
      (compressed && (blob->length == SEAL_OVERHEAD || blob->uncompressed_length == 0)))
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("A pack's table has a blob of an impossible length, %u bytes"), blob->length);
      return 0;
    }
  return size;
}

/**
 * sr_pack_table_decode:
 * @data: (array length=length): the table in the clear
 * @length: bytes in @data
 * @pack_size: bytes in the whole file
 * @error: (out) (optional): where the error goes
 *
 * The lengths in the table must add up to @pack_size exactly, otherwise, and for entries that make
 * no sense, fails with %SR_ERROR_DAMAGED.
 *
 * Returns: (transfer full) (element-type SrBlob): at least one blob, with its offset in the pack
 */
GArray *
sr_pack_table_decode (const guint8 *data, gsize length, guint64 pack_size, GError **error)
{
  g_autoptr (GArray) blobs = NULL;
  guint64 offset = 0;

  if (length > SR_PACK_TABLE_LIMIT - SEAL_OVERHEAD)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT, _ ("A pack's table is too large"));
      return NULL;
    }
  blobs = g_array_sized_new (FALSE, FALSE, sizeof (SrBlob), length / SR_PACK_ENTRY_RAW_SIZE + 1);
  for (gsize position = 0; position < length;)
    {
      SrBlob blob = { 0 };
      gsize size = decode_entry (data + position, length - position, &blob, error);

      if (size == 0)
        return NULL;
      blob.offset = offset;
      offset += blob.length;
      if (offset > MIN (pack_size, G_MAXUINT32))
        break; /* an error below; offset can not have been cut off before */
      g_array_append_val (blobs, blob);
      position += size;
    }

  if (blobs->len == 0 || offset > G_MAXUINT32 ||
      offset + length + SEAL_OVERHEAD + LENGTH_FIELD_SIZE != pack_size)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, pack_size);

      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("A pack of %s bytes does not fit its table"), text);
      return NULL;
    }
  return g_steal_pointer (&blobs);
}
