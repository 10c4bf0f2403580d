/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The JSON reader on any bytes, in pieces of any size, asked for any values in any order; and what
 * was read and written again has to read the same.
 *
 * The first byte of the input is the size of the pieces, the second one seeds what is asked for. */

#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"

#define N_REQUESTS 100000 /* more than an input of libFuzzer's usual size can answer */

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct
{
  const guint8 *data;
  gsize left;
  gsize piece;
} Pieces;

static gssize
fill (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  Pieces *pieces = user_data;
  gsize n = MIN (MIN (pieces->left, pieces->piece), size);

  if (n > 0)
    memcpy (buffer, pieces->data, n);
  pieces->data += n;
  pieces->left -= n;
  return (gssize) n;
}

static void
assert_text (const char *text, gsize length)
{
  g_assert (text[length] == '\0');
  /* To GLib a NUL is not valid UTF-8. */
  g_assert (g_utf8_validate_len (text, length, NULL) == (memchr (text, '\0', length) == NULL));
}

/* One of the calls that a parser may make where a value may be due. */
static void
request (SrJsonReader *reader, guint which)
{
  g_autofree char *copy = NULL;
  const char *text;
  gsize length;
  guint64 uint64;
  gint64 int64;
  gboolean truth;

  switch (which % 10)
    {
    case 0:
      sr_json_reader_begin_object (reader);
      break;
    case 1:
      sr_json_reader_begin_array (reader);
      break;
    case 2:
      if (sr_json_reader_read_string (reader, &text, &length))
        assert_text (text, length);
      break;
    case 3:
      sr_json_reader_dup_string (reader, &copy);
      break;
    case 4:
      sr_json_reader_read_uint64 (reader, &uint64);
      break;
    case 5:
      sr_json_reader_read_int64 (reader, &int64);
      break;
    case 6:
      sr_json_reader_read_boolean (reader, &truth);
      break;
    case 7:
      sr_json_reader_read_null (reader);
      break;
    case 8:
      sr_json_reader_skip_value (reader);
      break;
    default:
      sr_json_reader_dup_value (reader, &copy);
      break;
    }
}

/* Asks mostly for what is there, so that inputs get far, and now and then for something else. */
static void
read_at_random (const guint8 *data, gsize size, gsize piece, guint seed)
{
  static const guint fitting[] = {
    [SR_JSON_NONE] = 8,   [SR_JSON_OBJECT] = 0,  [SR_JSON_ARRAY] = 1, [SR_JSON_STRING] = 2,
    [SR_JSON_NUMBER] = 4, [SR_JSON_BOOLEAN] = 6, [SR_JSON_NULL] = 7,
  };
  Pieces pieces = { data, size, piece };
  g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill, &pieces);
  g_autoptr (GError) error = NULL;

  sr_json_reader_set_text_limit (reader, 1 + seed * 16);
  for (guint i = 0; i < N_REQUESTS && !sr_json_reader_has_failed (reader); i++)
    {
      seed = seed * 1103515245 + 12345;
      switch (seed >> 16 & 15)
        {
        case 0:
          request (reader, seed >> 20);
          break;
        case 1:
        case 2:
        case 3:
        case 4:
          if (sr_json_reader_next_member (reader))
            sr_json_reader_member_is (reader, "id");
          break;
        case 5:
        case 6:
        case 7:
        case 8:
          sr_json_reader_next_element (reader);
          break;
        default:
          request (reader, fitting[sr_json_reader_peek (reader)]);
        }
    }
  g_assert (sr_json_reader_finish (reader, &error) == (error == NULL));
}

static char *
dup_as_json (const guint8 *data, gsize size, gsize piece)
{
  Pieces pieces = { data, size, piece };
  g_autoptr (SrJsonReader) reader = sr_json_reader_new (fill, &pieces);
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;

  sr_json_reader_dup_value (reader, &json);
  if (sr_json_reader_finish (reader, &error))
    return g_steal_pointer (&json);

  g_assert (error != NULL);
  return NULL;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *json = NULL;
  g_autofree char *again = NULL;
  g_autofree char *whole = NULL;
  gsize piece;

  if (size < 2)
    return 0;
  piece = data[0] + 1u;

  read_at_random (data + 2, size - 2, piece, data[1]);

  json = dup_as_json (data + 2, size - 2, piece);
  whole = dup_as_json (data + 2, size - 2, G_MAXSSIZE);
  g_assert_cmpstr (json, ==, whole);
  if (json != NULL)
    {
      again = dup_as_json ((const guint8 *) json, strlen (json), piece);
      g_assert_cmpstr (json, ==, again);
    }
  return 0;
}
