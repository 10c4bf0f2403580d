/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Index files: the bytes that are written, what is read from other programs, and what is refused. */

#include "config.h"

#include "repository/sr-index-file.h"

#include <string.h>

#include "base/sr-error.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ID_0 "0000000000000000000000000000000000000000000000000000000000000000"

#define PACKS(blobs) "{\"packs\":[{\"id\":\"" ID_A "\",\"blobs\":[" blobs "]}]}\n"
#define BLOB(members) "{\"id\":\"" ID_B "\"," members "}"

/* What a read gives, as one line: "pack=blob:type:offset:length:uncompressed,…;" of first digits. */
static gboolean
note_pack (const SrId *pack, const SrBlob *blobs, gsize n_blobs, gpointer user_data, GError **error)
{
  GString *noted = user_data;

  g_string_append_printf (noted, "%x=", pack->bytes[0] & 0xfu);
  for (gsize i = 0; i < n_blobs; i++)
    g_string_append_printf (noted, "%x:%s:%u:%u:%u,", blobs[i].id.bytes[0] & 0xfu,
                            sr_blob_type_to_string (blobs[i].type), blobs[i].offset,
                            blobs[i].length, blobs[i].uncompressed_length);
  g_string_append_c (noted, ';');
  return TRUE;
}

static const struct
{
  const char *name;
  const char *json;
  const char *noted; /* or NULL: */
  SrError code;
} cases[] = {
  { "empty", "{\"packs\":[]}", "", 0 },
  { "no-packs", "{}", "", 0 },
  { "null-packs", "{\"packs\":null}", "", 0 },
  { "pack-of-null", "{\"packs\":[{\"id\":\"" ID_A "\",\"blobs\":null}]}", "a=;", 0 },
  { "raw", PACKS (BLOB ("\"type\":\"data\",\"offset\":0,\"length\":32")), "a=b:data:0:32:0,;", 0 },
  { "compressed",
    PACKS (BLOB ("\"type\":\"tree\",\"offset\":75,\"length\":75,\"uncompressed_length\":300")),
    "a=b:tree:75:75:300,;", 0 },
  { "explicitly-raw",
    PACKS (BLOB ("\"type\":\"data\",\"offset\":0,\"length\":40,\"uncompressed_length\":0")),
    "a=b:data:0:40:0,;", 0 },
  { "other-order-and-unknown-members",
    "{\"x\":[{}], \"packs\" : [ {\"size\":7,\"blobs\":[{\"length\":33,\"y\":null,\"offset\":1,"
    "\"type\":\"data\",\"id\":\"" ID_C "\"}],\"id\":\"" ID_A "\",\"time\":null} ],\"z\":1.5e3}  ",
    "a=c:data:1:33:0,;", 0 },
  { "to-be-deleted",
    "{\"packs\":[],\"packs_to_delete\":[{\"id\":\"" ID_A
    "\",\"blobs\":[" BLOB ("\"type\":\"data\",\"offset\":0,\"length\":40") "]}]}",
    "", 0 },
  { "last-byte", PACKS (BLOB ("\"type\":\"data\",\"offset\":4294967263,\"length\":33")),
    "a=b:data:4294967263:33:0,;", 0 },
  { "beyond-4-gib", PACKS (BLOB ("\"type\":\"data\",\"offset\":4294967264,\"length\":33")), NULL,
    SR_ERROR_DAMAGED },
  { "offset-of-33-bits", PACKS (BLOB ("\"type\":\"data\",\"offset\":4294967296,\"length\":33")),
    NULL, SR_ERROR_DAMAGED },
  { "length-of-33-bits", PACKS (BLOB ("\"type\":\"data\",\"offset\":0,\"length\":4294967329")),
    NULL, SR_ERROR_DAMAGED },
  { "negative", PACKS (BLOB ("\"type\":\"data\",\"offset\":-1,\"length\":33")), NULL,
    SR_ERROR_DAMAGED },
  { "fraction", PACKS (BLOB ("\"type\":\"data\",\"offset\":0.5,\"length\":33")), NULL,
    SR_ERROR_DAMAGED },
  { "too-short", PACKS (BLOB ("\"type\":\"data\",\"offset\":0,\"length\":31")), NULL,
    SR_ERROR_DAMAGED },
  { "no-length", PACKS (BLOB ("\"type\":\"data\",\"offset\":0")), NULL, SR_ERROR_DAMAGED },
  { "compressed-to-nothing",
    PACKS (BLOB ("\"type\":\"data\",\"offset\":0,\"length\":32,\"uncompressed_length\":1")), NULL,
    SR_ERROR_DAMAGED },
  { "unknown-type", PACKS (BLOB ("\"type\":\"hole\",\"offset\":0,\"length\":33")), NULL,
    SR_ERROR_DAMAGED },
  { "no-type", PACKS (BLOB ("\"offset\":0,\"length\":33")), NULL, SR_ERROR_DAMAGED },
  { "no-blob-id", PACKS ("{\"type\":\"data\",\"offset\":0,\"length\":33}"), NULL,
    SR_ERROR_DAMAGED },
  { "short-id", PACKS ("{\"id\":\"abcd\",\"type\":\"data\",\"offset\":0,\"length\":33}"), NULL,
    SR_ERROR_DAMAGED },
  { "no-pack-id", "{\"packs\":[{\"blobs\":[]}]}", NULL, SR_ERROR_DAMAGED },
  { "zero-pack-id", "{\"packs\":[{\"id\":\"" ID_0 "\",\"blobs\":[]}]}", NULL, SR_ERROR_DAMAGED },
  { "blob-of-another-type", PACKS ("7"), NULL, SR_ERROR_DAMAGED },
  { "pack-of-another-type", "{\"packs\":[[]]}", NULL, SR_ERROR_DAMAGED },
  { "no-json", "packs", NULL, SR_ERROR_DAMAGED },
  { "nothing", "", NULL, SR_ERROR_DAMAGED },
  { "cut", "{\"packs\":[", NULL, SR_ERROR_DAMAGED },
  { "more-behind", "{\"packs\":[]}{}", NULL, SR_ERROR_DAMAGED },
  { "array-of-2014", "[{\"id\":\"" ID_A "\"}]", NULL, SR_ERROR_UNSUPPORTED },
};

static void
test_case (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrJsonReader) reader =
      sr_json_reader_new_for_data (cases[row].json, strlen (cases[row].json));
  g_autoptr (GString) noted = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (sr_index_file_read (reader, note_pack, noted, NULL, &error))
    g_assert_cmpstr (noted->str, ==, cases[row].noted);
  else
    {
      g_assert_null (cases[row].noted);
      g_assert_error (error, SR_ERROR, (int) cases[row].code);
    }
}

static void
test_supersedes (void)
{
  const char *json = "{\"supersedes\":[\"" ID_B "\",\"" ID_C "\"],\"packs\":[]}";
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, strlen (json));
  g_autoptr (GArray) supersedes = g_array_new (FALSE, FALSE, sizeof (SrId));
  g_autoptr (GString) noted = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_index_file_read (reader, note_pack, noted, supersedes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (supersedes->len, ==, 2);
  g_assert_cmpuint (g_array_index (supersedes, SrId, 1).bytes[31], ==, 0xcc);
}

static void
test_write (void)
{
  const SrBlob blobs[] = {
    { .type = SR_BLOB_DATA, .offset = 0, .length = 75, .uncompressed_length = 300 },
    { .type = SR_BLOB_TREE, .offset = 75, .length = 32 },
  };
  const char *expected =
      "{\"packs\":[{\"id\":\"" ID_A "\",\"blobs\":[{\"id\":\"" ID_0 "\",\"type\":\"data\","
      "\"offset\":0,\"length\":75,\"uncompressed_length\":300},{\"id\":\"" ID_0 "\",\"type\":"
      "\"tree\",\"offset\":75,\"length\":32}]},{\"id\":\"" ID_B "\",\"blobs\":[{\"id\":\"" ID_0
      "\",\"type\":\"tree\",\"offset\":75,\"length\":32}]}]}\n";
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);
  SrId pack;

  sr_index_file_write_begin (writer);
  g_assert_true (sr_id_from_hex (&pack, ID_A, -1));
  sr_index_file_write_pack (writer, &pack, blobs, 2);
  g_assert_true (sr_id_from_hex (&pack, ID_B, -1));
  sr_index_file_write_pack (writer, &pack, blobs + 1, 1);
  sr_index_file_write_end (writer);
  g_assert_true (sr_json_writer_finish (writer, NULL));
  g_assert_cmpmem (buffer.data, buffer.length, expected, strlen (expected));
}

static gboolean
refuse_pack (const SrId *pack,
             const SrBlob *blobs,
             gsize n_blobs,
             gpointer user_data,
             GError **error)
{
  guint *n_calls = user_data;

  (*n_calls)++;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "no");
  return FALSE;
}

static void
test_refusal (void)
{
  const char *pack = "{\"id\":\"" ID_A "\",\"blobs\":[]}";
  g_autofree char *json = g_strdup_printf ("{\"packs\":[%s,%s]}", pack, pack);
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, strlen (json));
  g_autoptr (GError) error = NULL;
  guint n_calls = 0;

  g_assert_false (sr_index_file_read (reader, refuse_pack, &n_calls, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_calls, ==, 1);
}

/* A pack that never ends. */
static gssize
fill_endlessly (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  static const char begin[] = "{\"packs\":[{\"id\":\"" ID_A "\",\"blobs\":[";
  static const char blob[] = BLOB ("\"type\":\"data\",\"offset\":0,\"length\":40") ",";
  gboolean *has_begun = user_data;
  gsize used = 0;

  if (!*has_begun)
    {
      g_assert (size >= strlen (begin));
      memcpy (buffer, begin, strlen (begin));
      *has_begun = TRUE;
      return (gssize) strlen (begin);
    }
  for (; size - used >= strlen (blob); used += strlen (blob))
    memcpy (buffer + used, blob, strlen (blob));
  return (gssize) used;
}

static void
test_endless_pack (void)
{
  gboolean has_begun = FALSE;
  g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill_endlessly, &has_begun);
  g_autoptr (GString) noted = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_index_file_read (reader, note_pack, noted, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
  g_assert_cmpstr (noted->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/index-file/read/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/index-file/supersedes", test_supersedes);
  g_test_add_func ("/index-file/write", test_write);
  g_test_add_func ("/index-file/refusal", test_refusal);
  g_test_add_func ("/index-file/endless-pack", test_endless_pack);
  return g_test_run ();
}
