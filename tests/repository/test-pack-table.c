/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tables of packs: restic's vectors both ways, and tables that lie. */

#include "config.h"

#include "repository/sr-pack-table.h"

#include <string.h>

#include "base/sr-error.h"
#include "support/sr-test-json.h"

#define VECTORS "restic-v2/encoding-vectors.json"

static SrTestJson *vectors;

static void
check_entry (const SrBlob *blob, const SrTestJson *entry)
{
  const SrTestJson *uncompressed = sr_test_json_get (entry, "uncompressed_length");
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (&blob->id, hex);
  g_assert_cmpstr (hex, ==, sr_test_json_string (sr_test_json_get (entry, "id")));
  g_assert_cmpstr (sr_blob_type_to_string (blob->type), ==,
                   sr_test_json_string (sr_test_json_get (entry, "type")));
  g_assert_cmpuint (blob->offset, ==, sr_test_json_uint64 (sr_test_json_get (entry, "offset")));
  g_assert_cmpuint (blob->length, ==, sr_test_json_uint64 (sr_test_json_get (entry, "length")));
  g_assert_cmpuint (blob->uncompressed_length, ==,
                    sr_test_json_is_null (uncompressed) ? 0 : sr_test_json_uint64 (uncompressed));
}

static void
test_vector (gconstpointer data)
{
  const SrTestJson *vector = data;
  const SrTestJson *entries = sr_test_json_get (vector, "entries");
  guint64 pack_size = sr_test_json_uint64 (sr_test_json_get (vector, "file_size"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) blobs = NULL;
  g_auto (SrBuffer) written = SR_BUFFER_INIT;
  g_autofree guint8 *table = NULL;
  gsize length;

  table = sr_test_json_dup_hex (sr_test_json_get (vector, "header_plaintext_hex"), &length);
  blobs = sr_pack_table_decode (table, length, pack_size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (blobs->len, ==, sr_test_json_length (entries));
  for (guint i = 0; i < blobs->len; i++)
    check_entry (&g_array_index (blobs, SrBlob, i), sr_test_json_at (entries, i));

  sr_buffer_append (&written, "before", 6);
  sr_pack_table_encode ((SrBlob *) (gpointer) blobs->data, blobs->len, &written);
  g_assert_cmpmem (written.data + 6, written.length - 6, table, length);
  g_assert_cmpuint (sr_pack_table_get_size ((SrBlob *) (gpointer) blobs->data, blobs->len), ==,
                    length);
  g_assert_cmpuint (sr_pack_get_expected_size ((SrBlob *) (gpointer) blobs->data, blobs->len), ==,
                    pack_size);
}

/* Tables of up to two entries, of which only the part that matters is given. */
typedef struct
{
  guint type;
  guint32 length;
  guint32 uncompressed_length; /* written for types 2 and 3 */
} Entry;

static const struct
{
  const char *name;
  Entry entries[2];
  guint n_entries;
  gint64 cut; /* bytes missing at the table's end */
  gint64 pack_size; /* more than the right one */
  gboolean is_good;
} cases[] = {
  { "good", { { 0, 100 }, { 3, 50, 7 } }, 2, 0, 0, TRUE },
  { "empty-raw-blob", { { 0, 32 } }, 1, 0, 0, TRUE },
  { "mixed-types", { { 0, 32 }, { 1, 40 } }, 2, 0, 0, TRUE },
  { "four-gibibytes", { { 0, G_MAXUINT32 } }, 1, 0, 0, TRUE },
  { "no-entry", { { 0 } }, 0, 0, 0, FALSE },
  { "unknown-type", { { 4, 100 } }, 1, 0, 0, FALSE },
  { "high-type", { { 0x80, 100 } }, 1, 0, 0, FALSE },
  { "cut-by-one", { { 0, 100 } }, 1, 1, 0, FALSE },
  { "cut-to-the-type", { { 2, 100, 8 } }, 1, 40, 0, FALSE },
  { "cut-between-sizes", { { 2, 100, 8 } }, 1, 4, 0, FALSE },
  { "pack-too-long", { { 0, 100 } }, 1, 0, 1, FALSE },
  { "pack-too-short", { { 0, 100 } }, 1, 0, -1, FALSE },
  { "pack-of-nothing", { { 0, 100 } }, 1, 0, -173, FALSE },
  { "too-short-to-be-sealed", { { 0, 31 } }, 1, 0, 0, FALSE },
  { "of-no-length", { { 1, 0 } }, 1, 0, 0, FALSE },
  { "empty-compressed", { { 2, 40, 0 } }, 1, 0, 0, FALSE },
  { "compressed-to-nothing", { { 2, 32, 5 } }, 1, 0, 0, FALSE },
  { "beyond-four-gibibytes", { { 0, G_MAXUINT32 }, { 0, 100 } }, 2, 0, 0, FALSE },
  { "sum-wraps", { { 0, G_MAXUINT32 }, { 0, 101 } }, 2, 0, -(G_GINT64_CONSTANT (1) << 32), FALSE },
};

static void
put_entry (GByteArray *table, const Entry *entry)
{
  const guint8 type = entry->type;
  const guint32 length = GUINT32_TO_LE (entry->length);
  const guint32 uncompressed_length = GUINT32_TO_LE (entry->uncompressed_length);
  const SrId id = { { 1, 2, 3 } };

  g_byte_array_append (table, &type, 1);
  g_byte_array_append (table, (const guint8 *) &length, 4);
  if ((type & 2) != 0)
    g_byte_array_append (table, (const guint8 *) &uncompressed_length, 4);
  g_byte_array_append (table, id.bytes, SR_ID_SIZE);
}

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GByteArray) table = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) blobs = NULL;
  g_autofree guint8 *exact = NULL; /* so that a read beyond is noticed */
  guint64 pack_size;

  pack_size = 36;
  for (guint i = 0; i < cases[row].n_entries; i++)
    {
      put_entry (table, &cases[row].entries[i]);
      pack_size += cases[row].entries[i].length;
    }
  g_byte_array_set_size (table, table->len - (guint) cases[row].cut);
  pack_size += table->len + (guint64) cases[row].pack_size;
  exact = g_memdup2 (table->data, table->len);

  blobs = sr_pack_table_decode (exact, table->len, pack_size, &error);
  if (cases[row].is_good)
    {
      g_assert_no_error (error);
      g_assert_cmpuint (blobs->len, ==, cases[row].n_entries);
    }
  else
    {
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
      g_assert_null (blobs);
    }
}

static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *table = g_malloc0 (SR_PACK_TABLE_LIMIT);

  g_assert_null (sr_pack_table_decode (table, SR_PACK_TABLE_LIMIT, G_MAXUINT32, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

int
main (int argc, char **argv)
{
  const SrTestJson *headers;
  int status;

  g_test_init (&argc, &argv, NULL);
  vectors = sr_test_json_load (VECTORS);
  headers = sr_test_json_get (vectors, "pack_headers");
  for (guint i = 0; i < sr_test_json_length (headers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/pack-table/vector/%u", i);

      g_test_add_data_func (path, sr_test_json_at (headers, i), test_vector);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/pack-table/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/pack-table/too-large", test_too_large);
  status = g_test_run ();
  sr_test_json_free (vectors);
  return status;
}
