/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-json-reader.h"

#include <string.h>

#include "base/sr-error.h"
#include "base/sr-json-writer.h"

/* Gives a text in pieces, so that each token is cut everywhere. */
typedef struct
{
  const char *text;
  gsize left;
  gsize piece;
} Pieces;

static gssize
fill_piece (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  Pieces *pieces = user_data;
  gsize n = MIN (MIN (pieces->left, pieces->piece), size);

  memcpy (buffer, pieces->text, n);
  pieces->text += n;
  pieces->left -= n;
  return (gssize) n;
}

/* Reads a value whole and returns it as compact JSON, or NULL with @error set. */
static char *
read_in_pieces (const char *text, gsize length, gsize piece, GError **error)
{
  Pieces pieces = { text, length, piece };
  g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill_piece, &pieces);
  g_autofree char *json = NULL;

  sr_json_reader_dup_value (reader, &json);
  return sr_json_reader_finish (reader, error) ? g_steal_pointer (&json) : NULL;
}

static char *
read_at_once (const char *text, gsize length, GError **error)
{
  /* A copy of just that size, for the sanitizer to see what is read behind it. */
  g_autofree char *copy = g_memdup2 (text, length);
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (copy, length);
  g_autofree char *json = NULL;

  sr_json_reader_dup_value (reader, &json);
  return sr_json_reader_finish (reader, error) ? g_steal_pointer (&json) : NULL;
}

static const struct
{
  const char *name;
  const char *text;
  const char *json;
} good[] = {
  { "null", "null", "null" },
  { "true", " true ", "true" },
  { "false", "\r\n\tfalse\n", "false" },
  { "string", "\"abc\"", "\"abc\"" },
  { "empty-string", "\"\"", "\"\"" },
  { "escapes", "\"a\\/\\u0041\\n\\u00E9\"", "\"a/A\\n\xc3\xa9\"" },
  { "utf8", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
  { "not-utf8", "\"a\xff\"", "\"a\xef\xbf\xbd\"" },
  { "escaped-quote", "\"\\\"\"", "\"\\\"\"" },
  { "escaped-backslash", "[\"\\\\\",\"\\\\\"]", "[\"\\\\\",\"\\\\\"]" },
  { "nul", "\"a\\u0000b\"", "\"a\\u0000b\"" },
  { "number", "18446744073709551615", "18446744073709551615" },
  { "other-numbers", "[ -0.50e+7 , 1E3,-0 ]", "[-0.50e+7,1E3,-0]" },
  { "empty-array", "[ ]", "[]" },
  { "empty-object", "{ }", "{}" },
  { "nested", " { \"a\" : [ 1 , { \"b\" : [ ] } , null ] , \"c\" : { } } ",
    "{\"a\":[1,{\"b\":[]},null],\"c\":{}}" },
  { "same-name-twice", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
  { "escaped-name", "{\"\\u0061\":1}", "{\"a\":1}" },
  { "empty-name", "{\"\":1}", "{\"\":1}" },
};

static void
test_good (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *text = good[row].text;
  gsize length = strlen (text);
  g_autoptr (GError) error = NULL;
  g_autofree char *at_once = read_at_once (text, length, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (at_once, ==, good[row].json);
  for (gsize piece = 1; piece <= length; piece++)
    {
      g_autofree char *json = read_in_pieces (text, length, piece, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (json, ==, good[row].json);
    }
}

static const struct
{
  const char *name;
  const char *text;
  guint at; /* the byte that the message names */
} bad[] = {
  { "empty", "", 0 },
  { "blank", " \n", 2 },
  { "word", " nil", 1 },
  { "word-cut", "tru", 0 },
  { "word-in-capitals", "True", 0 },
  { "word-too-long", "nulls", 4 },
  { "string-cut", "[\"abc", 1 },
  { "escape-cut", "\"a\\", 0 },
  { "wrong-escape", "\"abc\\x\"", 4 },
  { "short-escape", "\"\\u12\"", 1 },
  { "control-character", "\"a\nb\"", 2 },
  { "apostrophes", "'a'", 0 },
  { "number-with-zero", "[01]", 1 },
  { "number-with-plus", "+1", 0 },
  { "number-cut", "-", 0 },
  { "number-without-digits", "1.", 0 },
  { "not-a-number", "NaN", 0 },
  { "array-cut", "[1", 2 },
  { "array-cut-at-comma", "[1,", 3 },
  { "comma-at-end", "[1,]", 3 },
  { "comma-at-start", "[,1]", 1 },
  { "no-comma", "[1 2]", 3 },
  { "two-commas", "[1,,2]", 3 },
  { "wrong-end", "[1}", 2 },
  { "object-cut", "{\"a\":1", 6 },
  { "object-comma-at-end", "{\"a\":1,}", 7 },
  { "object-no-colon", "{\"a\" 1}", 5 },
  { "object-no-value", "{\"a\":}", 5 },
  { "object-name-cut", "{\"a", 1 },
  { "object-name-unquoted", "{a:1}", 1 },
  { "object-name-number", "{1:1}", 1 },
  { "object-nul-in-name", "{\"a\\u0000\":1}", 10 },
  { "object-wrong-end", "{\"a\":1]", 6 },
  { "end-only", "]", 0 },
  { "two-values", "1 2", 2 },
  { "garbage-behind", "{}x", 2 },
  { "comment", "[1/* */]", 2 },
  { "byte-order-mark", "\xef\xbb\xbf{}", 0 },
  { "form-feed", "\f1", 0 },
};

static void
assert_damaged_at (const GError *error, guint at)
{
  g_autofree char *place = g_strdup_printf (" at byte %u: ", at);

  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  if (strstr (error->message, place) == NULL)
    g_error ("“%s” should have “%s” in it", error->message, place);
}

static void
test_bad (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *text = bad[row].text;
  gsize length = strlen (text);
  g_autoptr (GError) error = NULL;
  g_autofree char *at_once = read_at_once (text, length, &error);

  g_assert_null (at_once);
  assert_damaged_at (error, bad[row].at);
  for (gsize piece = 1; piece <= length; piece++)
    {
      g_autoptr (GError) again = NULL;
      g_autofree char *json = read_in_pieces (text, length, piece, &again);

      g_assert_null (json);
      assert_damaged_at (again, bad[row].at);
    }
}

/* NULs stand behind the bytes in the window: they must not be taken for its end. */
static void
test_nul_bytes (void)
{
  static const char *const texts[] = { "[1\0]", "\0\0\0\0", "\"a\0b", "[1]\0", "12\0 ", "nul\0" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) again = NULL;
      g_autofree char *at_once = read_at_once (texts[i], 4, &error);
      g_autofree char *json = read_in_pieces (texts[i], 4, 1, &again);

      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
      g_assert_error (again, SR_ERROR, SR_ERROR_DAMAGED);
      g_assert_cmpstr (error->message, ==, again->message);
    }
}

static const struct
{
  const char *text;
  gboolean is_uint64;
  guint64 uint64;
  gboolean is_int64;
  gint64 int64;
} numbers[] = {
  { "0", TRUE, 0, TRUE, 0 },
  { "-0", FALSE, 0, TRUE, 0 },
  { "7", TRUE, 7, TRUE, 7 },
  { "-7", FALSE, 0, TRUE, -7 },
  { "9223372036854775807", TRUE, G_MAXINT64, TRUE, G_MAXINT64 },
  { "9223372036854775808", TRUE, (guint64) G_MAXINT64 + 1, FALSE, 0 },
  { "-9223372036854775808", FALSE, 0, TRUE, G_MININT64 },
  { "-9223372036854775809", FALSE, 0, FALSE, 0 },
  { "9999999999999999999", TRUE, G_GUINT64_CONSTANT (9999999999999999999), FALSE, 0 },
  { "10000000000000000000", TRUE, G_GUINT64_CONSTANT (10000000000000000000), FALSE, 0 },
  { "18446744073709551615", TRUE, G_MAXUINT64, FALSE, 0 },
  { "18446744073709551616", FALSE, 0, FALSE, 0 },
  { "18446744073709551620", FALSE, 0, FALSE, 0 },
  { "28446744073709551615", FALSE, 0, FALSE, 0 },
  { "184467440737095516150", FALSE, 0, FALSE, 0 },
  { "1e3", FALSE, 0, FALSE, 0 },
  { "1.0", FALSE, 0, FALSE, 0 },
  { "01", FALSE, 0, FALSE, 0 },
  { "00", FALSE, 0, FALSE, 0 },
  { "1-1", FALSE, 0, FALSE, 0 },
  { "\"1\"", FALSE, 0, FALSE, 0 },
  { "null", FALSE, 0, FALSE, 0 },
};

static void
assert_number_read (const char *text, guint row)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  g_autoptr (SrJsonReader) again = sr_json_reader_new_for_data (text, strlen (text));
  guint64 uint64 = 42;
  gint64 int64 = 42;

  sr_json_reader_begin_array (reader);
  sr_json_reader_next_element (reader);
  g_assert_cmpint (sr_json_reader_read_uint64 (reader, &uint64), ==, numbers[row].is_uint64);
  g_assert_cmpuint (uint64, ==, numbers[row].is_uint64 ? numbers[row].uint64 : 42);
  g_assert_cmpint (sr_json_reader_has_failed (reader), ==, !numbers[row].is_uint64);

  sr_json_reader_begin_array (again);
  sr_json_reader_next_element (again);
  g_assert_cmpint (sr_json_reader_read_int64 (again, &int64), ==, numbers[row].is_int64);
  g_assert_cmpint (int64, ==, numbers[row].is_int64 ? numbers[row].int64 : 42);
}

static void
test_number (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *inside = g_strdup_printf ("[%s,1]", numbers[row].text);
  g_autofree char *at_window_end = g_strdup_printf ("[%*s%s", 65536 - 5, "", inside + 1);

  assert_number_read (inside, row);
  assert_number_read (at_window_end, row);
}

static void
test_uint32 (void)
{
  static const char text[] = "[4294967295,4294967296]";
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  guint32 number = 0;

  sr_json_reader_begin_array (reader);
  g_assert_true (sr_json_reader_next_element (reader));
  g_assert_true (sr_json_reader_read_uint32 (reader, &number));
  g_assert_cmpuint (number, ==, G_MAXUINT32);
  g_assert_true (sr_json_reader_next_element (reader));
  g_assert_false (sr_json_reader_read_uint32 (reader, &number));
  g_assert_cmpuint (number, ==, G_MAXUINT32);
}

static void
test_id (void)
{
  static const char text[] =
      "[\"ab00000000000000000000000000000000000000000000000000000000000009\","
      "\"ab000000000000000000000000000000000000000000000000000000000009\"]";
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  g_autoptr (GError) error = NULL;
  SrId expected = { { 0xab, [31] = 0x09 } };
  SrId id;

  sr_json_reader_begin_array (reader);
  g_assert_true (sr_json_reader_next_element (reader));
  g_assert_true (sr_json_reader_read_id (reader, &id));
  g_assert_true (sr_id_equal (&id, &expected));
  g_assert_true (sr_json_reader_next_element (reader));
  g_assert_false (sr_json_reader_read_id (reader, &id));
  g_assert_false (sr_json_reader_finish (reader, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

static void
test_written_straight_down (void)
{
  static const char text[] =
      "{\"list\":[\"a\",\"b\\n\"],\"size\":12,\"Size\":13,\"other\":{\"x\":[1]},"
      "\"flag\":true,\"none\":null,\"offset\":-5}";
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) list = g_string_new (NULL);
  guint64 size = 0;
  gint64 offset = 0;
  gboolean flag = FALSE;
  guint n_others = 0;
  const char *item;
  gsize length;

  g_assert_cmpint (sr_json_reader_peek (reader), ==, SR_JSON_OBJECT);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "list"))
      {
        sr_json_reader_begin_array (reader);
        while (sr_json_reader_next_element (reader))
          if (sr_json_reader_read_string (reader, &item, &length))
            g_string_append_printf (list, "%s:%" G_GSIZE_FORMAT " ", item, length);
      }
    else if (sr_json_reader_member_is (reader, "size"))
      sr_json_reader_read_uint64 (reader, &size);
    else if (sr_json_reader_member_is (reader, "flag"))
      sr_json_reader_read_boolean (reader, &flag);
    else if (sr_json_reader_member_is (reader, "none"))
      sr_json_reader_read_null (reader);
    else if (sr_json_reader_member_is (reader, "offset"))
      sr_json_reader_read_int64 (reader, &offset);
    else
      n_others++; /* and their values are skipped by themselves */

  g_assert_true (sr_json_reader_finish (reader, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (list->str, ==, "a:1 b\n:2 ");
  g_assert_cmpuint (size, ==, 12);
  g_assert_cmpint (offset, ==, -5);
  g_assert_true (flag);
  g_assert_cmpuint (n_others, ==, 2);
}

static void
test_failure_sticks (void)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data ("{\"a\":[1]}", 9);
  g_autoptr (GError) error = NULL;
  const char *text = NULL;
  char *copy = NULL;
  guint64 number = 42;
  gsize length = 42;

  sr_json_reader_begin_object (reader);
  g_assert_true (sr_json_reader_next_member (reader));
  g_assert_false (sr_json_reader_read_string (reader, &text, &length));
  g_assert_cmpstr (text, ==, "");
  g_assert_cmpuint (length, ==, 0);

  g_assert_true (sr_json_reader_has_failed (reader));
  g_assert_cmpint (sr_json_reader_peek (reader), ==, SR_JSON_NONE);
  g_assert_false (sr_json_reader_begin_array (reader));
  g_assert_false (sr_json_reader_next_element (reader));
  g_assert_false (sr_json_reader_next_member (reader));
  g_assert_false (sr_json_reader_member_is (reader, "a"));
  g_assert_nonnull (sr_json_reader_get_member (reader));
  g_assert_false (sr_json_reader_read_uint64 (reader, &number));
  g_assert_false (sr_json_reader_skip_value (reader));
  g_assert_false (sr_json_reader_dup_value (reader, &copy));
  g_assert_false (sr_json_reader_dup_string (reader, &copy));
  g_assert_null (copy);
  g_assert_cmpuint (number, ==, 42);

  sr_json_reader_fail (reader, g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "later"));
  g_assert_false (sr_json_reader_finish (reader, &error));
  assert_damaged_at (error, 5);
}

static void
test_rule_of_the_caller (void)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data ("[1,2]", 5);
  g_autoptr (GError) error = NULL;

  sr_json_reader_begin_array (reader);
  g_assert_true (sr_json_reader_next_element (reader));
  sr_json_reader_fail (reader, g_error_new (SR_ERROR, SR_ERROR_UNSUPPORTED, "Too new"));
  g_assert_false (sr_json_reader_next_element (reader));
  g_assert_false (sr_json_reader_finish (reader, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED);
}

/* Callers that expect a fixed form meet texts with fewer, more or other values. */
static void
test_other_form (void)
{
  static const char *const texts[] = { "[]", "[1]", "[1,2,3]", "[[1,2]]", "{\"a\":1}", "1" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (texts[i], strlen (texts[i]));
      g_autoptr (GError) error = NULL;
      guint64 number;

      sr_json_reader_begin_array (reader);
      sr_json_reader_next_element (reader);
      sr_json_reader_read_uint64 (reader, &number);
      sr_json_reader_next_element (reader);
      sr_json_reader_read_uint64 (reader, &number);
      sr_json_reader_next_element (reader);
      sr_json_reader_next_member (reader);
      g_assert_false (sr_json_reader_finish (reader, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
    }
}

static void
test_nothing_read (void)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data ("1", 1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (sr_json_reader_get_member (reader), ==, "");
  g_assert_false (sr_json_reader_member_is (reader, ""));
  g_assert_false (sr_json_reader_finish (reader, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

static void
test_nul_in_string (void)
{
  static const char text[] = "[\"a\\u0000b\",\"a\\u0000b\"]";
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  const char *string;
  gsize length;
  char *copy = NULL;

  sr_json_reader_begin_array (reader);
  sr_json_reader_next_element (reader);
  g_assert_true (sr_json_reader_read_string (reader, &string, &length));
  g_assert_cmpmem (string, length, "a\0b", 3);
  sr_json_reader_next_element (reader);
  g_assert_false (sr_json_reader_dup_string (reader, &copy));
  g_assert_null (copy);
}

static char *
repeat (const char *open, guint n_times, const char *close)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_times; i++)
    g_string_append (text, open);
  for (guint i = 0; i < n_times; i++)
    g_string_append (text, close);
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char *deepest = repeat ("[", 64, "]");
  g_autofree char *too_deep = repeat ("[", 65, "]");
  g_autofree char *objects = repeat ("{\"a\":", 100000, "");
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;

  json = read_at_once (deepest, strlen (deepest), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json, ==, deepest);

  g_assert_null (read_at_once (too_deep, strlen (too_deep), &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_null (read_at_once (objects, strlen (objects), &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

/* Whether a text with that string and limit can be read. */
static gboolean
fits (gsize limit, const char *value, gsize piece, gboolean copy)
{
  Pieces pieces = { value, strlen (value), piece };
  g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill_piece, &pieces);
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;

  if (limit != 0)
    sr_json_reader_set_text_limit (reader, limit);
  if (copy)
    sr_json_reader_dup_value (reader, &json);
  else
    sr_json_reader_skip_value (reader);
  if (sr_json_reader_finish (reader, &error))
    return TRUE;

  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
  return FALSE;
}

static void
test_text_limit (void)
{
  g_autofree char *string = g_strnfill (1024 * 1024 + 3, 'x');
  g_autofree char *number = g_strnfill (1001, '1');

  string[0] = '"';
  string[1024 * 1024 + 2] = '"';
  g_assert_false (fits (0, string, G_MAXSSIZE, FALSE));
  g_assert_true (fits (1024 * 1024 + 1, string, G_MAXSSIZE, FALSE));
  string[1024 * 1024 + 1] = '"';
  string[1024 * 1024 + 2] = '\0';
  g_assert_true (fits (0, string, G_MAXSSIZE, FALSE));
  g_assert_true (fits (0, string, 1000, FALSE));
  string[5] = (char) 0xff;
  g_assert_true (fits (0, string, 1000, FALSE));

  g_assert_true (fits (3, "[\"abc\",\"def\",{\"ghi\":123}]", 1, FALSE));
  g_assert_false (fits (3, "[\"abcd\"]", 1, FALSE));
  g_assert_false (fits (3, "{\"abcd\":1}", 100, FALSE));
  g_assert_false (fits (3, "[1234]", 100, FALSE));
  g_assert_true (fits (1001, number, 10, FALSE));
  g_assert_false (fits (1000, number, 10, FALSE));

  /* Small values that are copied together must not grow without end either. */
  g_assert_true (fits (9, "[1,2,3,4]", 100, TRUE));
  g_assert_false (fits (8, "[1,2,3,4]", 100, TRUE));
}

/* Strings of all lengths around the window, with escapes, read back as they were written. */
static void
test_windows (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);
  g_autofree char *filling = g_strnfill (300000, 'x');
  g_autoptr (GError) error = NULL;

  sr_json_writer_begin_array (writer);
  for (gssize i = 0; i < 40; i++)
    {
      filling[i * 1000] = i % 2 == 0 ? '\n' : (char) 0xc3;
      filling[i * 1000 + 1] = i % 2 == 0 ? '"' : (char) 0xa9;
      sr_json_writer_string (writer, filling, 65536 - 20 + i);
      sr_json_writer_begin_object (writer);
      sr_json_writer_member (writer, "name & more");
      sr_json_writer_string (writer, filling, i * 7500);
      sr_json_writer_end_object (writer);
    }
  sr_json_writer_end_array (writer);

  for (gsize piece = 4093; piece < 200000; piece = piece * 2 + 1)
    {
      Pieces pieces = { (const char *) buffer.data, buffer.length, piece };
      g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill_piece, &pieces);
      g_autofree char *json = NULL;

      sr_json_reader_set_text_limit (reader, buffer.length);
      sr_json_reader_dup_value (reader, &json);
      sr_json_reader_finish (reader, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (json, strlen (json), buffer.data, buffer.length);
    }
}

static void
test_member_outlives_windows (void)
{
  g_autofree char *text = g_strdup_printf ("{\"name\":%*s[\"%*s\"],\"b\":1}", 70000, "", 90000, "");
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, strlen (text));
  const char *name;

  sr_json_reader_begin_object (reader);
  g_assert_true (sr_json_reader_next_member (reader));
  name = sr_json_reader_get_member (reader);
  g_assert_cmpint (sr_json_reader_peek (reader), ==, SR_JSON_ARRAY);
  g_assert_true (sr_json_reader_member_is (reader, "name"));
  g_assert_false (sr_json_reader_member_is (reader, "name "));
  g_assert_false (sr_json_reader_member_is (reader, "names"));
  g_assert_true (sr_json_reader_skip_value (reader));
  g_assert_cmpstr (name, ==, "name");
}

static gssize
fill_and_fail (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  Pieces *pieces = user_data;

  if (pieces->left > 0)
    return fill_piece (user_data, buffer, size, error);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "silent");
  return -1;
}

static void
test_failing_fill (void)
{
  static const char *const texts[] = {
    "", "[", "[\"ab", "[12", "tr", "{\"a\"", "[1", "1", "{\"a\":"
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      Pieces pieces = { texts[i], strlen (texts[i]), 1 };
      g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill_and_fail, &pieces);
      g_autoptr (GError) error = NULL;

      sr_json_reader_skip_value (reader);
      g_assert_false (sr_json_reader_finish (reader, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    }
}

static void
add_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-reader/good/%s", good[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_good);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-reader/bad/%s", bad[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json-reader/number/%s", numbers[i].text);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_number);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_rows ();
  g_test_add_func ("/json-reader/nul-bytes", test_nul_bytes);
  g_test_add_func ("/json-reader/uint32", test_uint32);
  g_test_add_func ("/json-reader/id", test_id);
  g_test_add_func ("/json-reader/written-straight-down", test_written_straight_down);
  g_test_add_func ("/json-reader/failure-sticks", test_failure_sticks);
  g_test_add_func ("/json-reader/rule-of-the-caller", test_rule_of_the_caller);
  g_test_add_func ("/json-reader/other-form", test_other_form);
  g_test_add_func ("/json-reader/nothing-read", test_nothing_read);
  g_test_add_func ("/json-reader/nul-in-string", test_nul_in_string);
  g_test_add_func ("/json-reader/depth", test_depth);
  g_test_add_func ("/json-reader/text-limit", test_text_limit);
  g_test_add_func ("/json-reader/windows", test_windows);
  g_test_add_func ("/json-reader/member-outlives-windows", test_member_outlives_windows);
  g_test_add_func ("/json-reader/failing-fill", test_failing_fill);

  return g_test_run ();
}
