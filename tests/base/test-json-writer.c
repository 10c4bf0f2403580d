/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-json-writer.h"

#include <string.h>

#include "support/sr-test-json.h"

static void
assert_written (const SrBuffer *buffer, const char *expected)
{
  g_autofree char *text = g_strndup ((const char *) buffer->data, buffer->length);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_structure (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "a");
  sr_json_writer_begin_array (writer);
  sr_json_writer_end_array (writer);
  sr_json_writer_member (writer, "b");
  sr_json_writer_begin_array (writer);
  sr_json_writer_begin_object (writer);
  sr_json_writer_end_object (writer);
  sr_json_writer_null (writer);
  sr_json_writer_boolean (writer, TRUE);
  sr_json_writer_begin_array (writer);
  sr_json_writer_string (writer, "x", -1);
  sr_json_writer_end_array (writer);
  sr_json_writer_boolean (writer, FALSE);
  sr_json_writer_raw (writer, "{\"raw\":1}", -1);
  sr_json_writer_end_array (writer);
  sr_json_writer_member (writer, "q\"");
  sr_json_writer_uint64 (writer, 0);
  sr_json_writer_end_object (writer);
  sr_json_writer_raw (writer, "\n", 1);
  g_assert_true (sr_json_writer_finish (writer, NULL));

  assert_written (&buffer,
                  "{\"a\":[],\"b\":[{},null,true,[\"x\"],false,{\"raw\":1}],\"q\\\"\":0}\n");
}

static void
test_numbers (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

  sr_buffer_append (&buffer, "before ", 7);
  sr_json_writer_begin_array (writer);
  sr_json_writer_uint64 (writer, G_MAXUINT64);
  sr_json_writer_uint64 (writer, 1234567890);
  sr_json_writer_int64 (writer, G_MININT64);
  sr_json_writer_int64 (writer, -1);
  sr_json_writer_int64 (writer, 0);
  sr_json_writer_int64 (writer, G_MAXINT64);
  sr_json_writer_end_array (writer);

  assert_written (&buffer, "before [18446744073709551615,1234567890,-9223372036854775808,-1,0,"
                           "9223372036854775807]");
}

static void
test_id (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);
  SrId id = { { 0xab, [31] = 0x09 } };

  sr_json_writer_begin_array (writer);
  sr_json_writer_id (writer, &id);
  sr_json_writer_id (writer, &id);
  sr_json_writer_end_array (writer);
  g_assert_cmpuint (buffer.length, ==, 2 * 66 + 3);
  assert_written (&buffer, "[\"ab00000000000000000000000000000000000000000000000000000000000009\","
                           "\"ab00000000000000000000000000000000000000000000000000000000000009\"]");
}

static void
test_base64 (void)
{
  g_autofree guint8 *data = g_malloc (10000);

  for (gsize i = 0; i < 10000; i++)
    data[i] = (guint8) (i * 7 + (i >> 8));

  for (gsize length = 0; length <= 10000; length += length < 10 ? 1 : 333)
    {
      g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
      g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);
      g_autofree char *encoded = g_base64_encode (data, length);
      g_autofree char *expected = g_strdup_printf ("\"%s\"", encoded);

      sr_json_writer_base64 (writer, length > 0 ? data : NULL, length);
      assert_written (&buffer, expected);
    }
}

static void
test_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/encoding-vectors.json");
  const SrTestJson *rows = sr_test_json_get (root, "json_strings");

  g_assert_cmpuint (sr_test_json_length (rows), >=, 8);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      gsize raw_length, length;
      g_autofree guint8 *raw =
          sr_test_json_dup_base64 (sr_test_json_get (row, "raw_base64"), &raw_length);
      g_autofree guint8 *expected =
          sr_test_json_dup_base64 (sr_test_json_get (row, "json_value_base64"), &length);
      g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
      g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

      sr_json_writer_string (writer, (const char *) raw, (gssize) raw_length);
      g_assert_cmpmem (buffer.data, buffer.length, expected, length);
    }
}

static const struct
{
  const char *name;
  const char *text;
  const char *written;
} strings[] = {
  { "empty", "", "\"\"" },
  { "plain", "a /b~\x7f", "\"a /b~\x7f\"" },
  { "escapes-at-ends", "\"<\"", "\"\\\"\\u003c\\\"\"" },
  { "between-separators", "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
    "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"" },
  { "like-separators", "\xe2\x81\xa8\xe1\x80\xa8", "\"\xe2\x81\xa8\xe1\x80\xa8\"" },
  { "cut-character", "a\xe2\x80", "\"a\\ufffd\\ufffd\"" },
  { "surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
  { "overlong", "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
};

static void
test_string (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

  sr_json_writer_string (writer, strings[row].text, -1);
  assert_written (&buffer, strings[row].written);
}

typedef struct
{
  GString *text;
  gsize largest; /* bytes of a call */
  guint fail_at; /* the call that fails, from 1; 0: none */
  guint n_calls;
} Sink;

static gboolean
take (gpointer user_data, const guint8 *data, gsize length, GError **error)
{
  Sink *sink = user_data;

  sink->n_calls++;
  sink->largest = MAX (sink->largest, length);
  if (sink->n_calls == sink->fail_at)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
      return FALSE;
    }
  g_string_append_len (sink->text, (const char *) data, (gssize) length);
  return TRUE;
}

/* Far more than the writer's own buffer, with strings across its ends and longer than it. */
static void
write_much (SrJsonWriter *writer)
{
  g_autofree char *large = g_strnfill (200000, 'x');
  SrId id = { { 1, 2, 3 } };

  large[100000] = '\n';
  sr_json_writer_begin_array (writer);
  for (guint i = 0; i < 5000; i++)
    {
      sr_json_writer_uint64 (writer, i);
      sr_json_writer_string (writer, "text & more", -1);
      sr_json_writer_id (writer, &id);
    }
  sr_json_writer_string (writer, large, 200000);
  sr_json_writer_base64 (writer, large, 200000);
  sr_json_writer_end_array (writer);
}

static void
test_sink (void)
{
  Sink sink = { g_string_new (NULL), 0, 0, 0 };
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) to_buffer = sr_json_writer_new_for_buffer (&buffer);
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new (take, &sink);
  g_autoptr (GError) error = NULL;

  write_much (to_buffer);
  write_much (writer);
  g_assert_true (sr_json_writer_finish (writer, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (sink.text->str, sink.text->len, buffer.data, buffer.length);
  g_assert_cmpuint (sink.largest, <=, 64 * 1024);
  g_assert_cmpuint (sink.n_calls, <, 2 * buffer.length / (64 * 1024));
  g_string_free (sink.text, TRUE);
}

static void
test_failing_sink (void)
{
  Sink sink = { g_string_new (NULL), 0, 2, 0 };
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new (take, &sink);
  g_autoptr (GError) error = NULL;

  write_much (writer);
  g_assert_false (sr_json_writer_finish (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (sink.n_calls, ==, 2);
  g_clear_error (&error);

  g_assert_false (sr_json_writer_finish (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_string_free (sink.text, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-writer/structure", test_structure);
  g_test_add_func ("/json-writer/numbers", test_numbers);
  g_test_add_func ("/json-writer/id", test_id);
  g_test_add_func ("/json-writer/base64", test_base64);
  g_test_add_func ("/json-writer/vectors", test_vectors);
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-writer/string/%s", strings[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_string);
    }
  g_test_add_func ("/json-writer/sink", test_sink);
  g_test_add_func ("/json-writer/failing-sink", test_failing_sink);

  return g_test_run ();
}
