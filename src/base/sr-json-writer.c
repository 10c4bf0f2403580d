/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes JSON byte for byte as restic does (repository-format, “JSON strings”).
 *
 * A tree is named after its bytes, so an escape written in another way would store each folder
 * twice. The rules are those of Go 1.19's encoding/json with HTML escapes; that version writes
 * U+0008 and U+000C as \u0008 and \u000c. */

#include "config.h"

#include "sr-json-writer.h"

#include <string.h>

#include "base/sr-utf8.h"

#define SINK_SIZE (64 * 1024) /* bytes gathered before the sink is called */
#define ID_SIZE (2 * SR_ID_SIZE + 2) /* bytes of an id with its quotes */
#define NUMBER_SIZE 24 /* more bytes than a 64-bit number and its comma have */
#define ESCAPE_SIZE 6 /* bytes of \uXXXX */
#define BASE64_PIECE 3072 /* bytes encoded at once */

struct _SrJsonWriter
{
  SrBuffer *buffer; /* own, or the caller's: what has been written and not yet given to the sink */
  SrBuffer own;
  SrJsonSink sink; /* (nullable): NULL when buffer is the caller's */
  gpointer user_data;
  GError *error; /* (owned) (nullable): the first failure of sink */
  guint depth; /* open objects and arrays */
  gboolean comma_due; /* a value stands before in the same object or array */
};

static const char hex_digits[] = "0123456789abcdef";

/* 0: as it is; 1: an escape, or perhaps not valid UTF-8. */
static const guint8 is_special[256] = {
  [0x00 ... 0x1f] = 1, ['"'] = 1, ['\\'] = 1, ['<'] = 1, ['>'] = 1, ['&'] = 1, [0x80 ... 0xff] = 1,
};

static void
flush (SrJsonWriter *self)
{
  if (self->error == NULL && self->buffer->length > 0)
    {
      if (!self->sink (self->user_data, self->buffer->data, self->buffer->length, &self->error))
        g_assert (self->error != NULL);
    }

  self->buffer->length = 0;
}

/* Makes room for some bytes, far fewer than SINK_SIZE, and returns where they go; the caller adds
 * what it wrote to the length. */
static inline guint8 *
make_room (SrJsonWriter *self, gsize length)
{
  SrBuffer *buffer = self->buffer;

  if (G_UNLIKELY (buffer->capacity - buffer->length < length))
    {
      if (self->sink != NULL)
        flush (self);
      else
        sr_buffer_reserve (buffer, buffer->length + length);
    }

  return buffer->data + buffer->length;
}

static void
put (SrJsonWriter *self, const void *data, gsize length)
{
  const guint8 *bytes = data;

  while (self->sink != NULL && length > SINK_SIZE)
    {
      memcpy (make_room (self, SINK_SIZE), bytes, SINK_SIZE);
      self->buffer->length += SINK_SIZE;
      bytes += SINK_SIZE;
      length -= SINK_SIZE;
    }

  if (length > 0)
    {
      memcpy (make_room (self, length), bytes, length);
      self->buffer->length += length;
    }
}

static inline void
put_byte (SrJsonWriter *self, char byte)
{
  *make_room (self, 1) = (guint8) byte;
  self->buffer->length++;
}

/* What goes before a value or a member. At the top level values follow each other with nothing
 * between, so that a newline can end a line or a blob. */
static inline void
begin_value (SrJsonWriter *self)
{
  if (self->comma_due && self->depth > 0)
    put_byte (self, ',');
  self->comma_due = TRUE;
}

static void
put_escape (SrJsonWriter *self, guint character)
{
  guint8 *out = make_room (self, ESCAPE_SIZE);
  char letter = 0;

  switch (character)
    {
    case '"':
    case '\\':
      letter = (char) character;
      break;
    case '\n':
      letter = 'n';
      break;
    case '\r':
      letter = 'r';
      break;
    case '\t':
      letter = 't';
      break;
    default:
      break;
    }

  out[0] = '\\';
  if (letter != 0)
    {
      out[1] = (guint8) letter;
      self->buffer->length += 2;
      return;
    }

  out[1] = 'u';
  for (guint i = 0; i < 4; i++)
    out[2 + i] = (guint8) hex_digits[character >> (12 - 4 * i) & 0xf];
  self->buffer->length += ESCAPE_SIZE;
}

/* Finds how many bytes at the start of text are written as they are. */
static gsize
count_plain (const guint8 *text, gsize length)
{
  gsize i = 0;

  while (i < length)
    {
      gsize size;

      if (!is_special[text[i]])
        {
          i++;
          continue;
        }

      size = text[i] < 0x80 ? 0 : sr_utf8_character_length (text + i, length - i);
      if (size == 0)
        break;
      if (size == 3 && text[i] == 0xe2 && text[i + 1] == 0x80 && (text[i + 2] | 1) == 0xa9)
        break; /* U+2028 or U+2029 */
      i += size;
    }

  return i;
}

static void
put_quoted (SrJsonWriter *self, const char *text, gsize length)
{
  const guint8 *bytes = (const guint8 *) text;

  put_byte (self, '"');
  while (length > 0)
    {
      gsize plain = count_plain (bytes, length);

      put (self, bytes, plain);
      bytes += plain;
      length -= plain;
      if (length == 0)
        break;

      if (bytes[0] < 0x80)
        {
          put_escape (self, bytes[0]);
          plain = 1;
        }
      else if (sr_utf8_character_length (bytes, length) == 0)
        {
          put_escape (self, 0xfffd);
          plain = 1;
        }
      else
        {
          put_escape (self, bytes[2] == 0xa8 ? 0x2028 : 0x2029);
          plain = 3;
        }
      bytes += plain;
      length -= plain;
    }
  put_byte (self, '"');
}

/**
 * sr_json_writer_new:
 * @sink: takes the bytes, about 64 KiB at a time and the rest in sr_json_writer_finish()
 * @user_data: data for @sink
 *
 * Returns: (transfer full): a writer through a buffer of its own
 */
SrJsonWriter *
sr_json_writer_new (SrJsonSink sink, gpointer user_data)
{
  SrJsonWriter *self = g_new0 (SrJsonWriter, 1);

  self->sink = sink;
  self->user_data = user_data;
  self->buffer = &self->own;
  sr_buffer_reserve (&self->own, SINK_SIZE);
  return self;
}

/**
 * sr_json_writer_new_for_buffer:
 * @buffer: a buffer that outlives the writer
 *
 * What is written is in @buffer at once, behind what was there. Such a writer cannot fail.
 *
 * Returns: (transfer full): a writer
 */
SrJsonWriter *
sr_json_writer_new_for_buffer (SrBuffer *buffer)
{
  SrJsonWriter *self = g_new0 (SrJsonWriter, 1);

  self->buffer = buffer;
  return self;
}

/**
 * sr_json_writer_free:
 * @self: (transfer full): a writer; what sr_json_writer_finish() has not given to the sink is lost
 */
void
sr_json_writer_free (SrJsonWriter *self)
{
  sr_buffer_clear (&self->own);
  g_clear_error (&self->error);
  g_free (self);
}

static void
begin_container (SrJsonWriter *self, char bracket)
{
  begin_value (self);
  put_byte (self, bracket);
  self->depth++;
  self->comma_due = FALSE;
}

static void
end_container (SrJsonWriter *self, char bracket)
{
  g_assert (self->depth > 0);
  put_byte (self, bracket);
  self->depth--;
  self->comma_due = TRUE;
}

/**
 * sr_json_writer_begin_object:
 * @self: a writer
 *
 * Opens an object; members follow.
 */
void
sr_json_writer_begin_object (SrJsonWriter *self)
{
  begin_container (self, '{');
}

/**
 * sr_json_writer_end_object:
 * @self: a writer in an object
 *
 * Closes the object opened last.
 */
void
sr_json_writer_end_object (SrJsonWriter *self)
{
  end_container (self, '}');
}

/**
 * sr_json_writer_begin_array:
 * @self: a writer
 *
 * Opens an array; its elements follow as values.
 */
void
sr_json_writer_begin_array (SrJsonWriter *self)
{
  begin_container (self, '[');
}

/**
 * sr_json_writer_end_array:
 * @self: a writer in an array
 *
 * Closes the array opened last.
 */
void
sr_json_writer_end_array (SrJsonWriter *self)
{
  end_container (self, ']');
}

/**
 * sr_json_writer_member:
 * @self: a writer in an object
 * @name: the member's name; escaped as any string, so it may come from a file
 *
 * Begins a member; its value has to follow.
 */
void
sr_json_writer_member (SrJsonWriter *self, const char *name)
{
  begin_value (self);
  put_quoted (self, name, strlen (name));
  put_byte (self, ':');
  self->comma_due = FALSE;
}

/**
 * sr_json_writer_string:
 * @self: a writer
 * @text: (array length=length): any bytes
 * @length: how many, or -1 when a NUL ends them
 *
 * Writes a string. Each byte that is not part of valid UTF-8 becomes \ufffd.
 */
void
sr_json_writer_string (SrJsonWriter *self, const char *text, gssize length)
{
  begin_value (self);
  put_quoted (self, text, length < 0 ? strlen (text) : (gsize) length);
}

static void
put_number (SrJsonWriter *self, guint64 value, gboolean negative)
{
  char digits[NUMBER_SIZE];
  gsize first = sizeof digits;

  do
    {
      digits[--first] = (char) ('0' + value % 10);
      value /= 10;
    }
  while (value > 0);

  if (negative)
    digits[--first] = '-';

  put (self, digits + first, sizeof digits - first);
}

/**
 * sr_json_writer_uint64:
 * @self: a writer
 * @value: a number, written in decimal
 */
void
sr_json_writer_uint64 (SrJsonWriter *self, guint64 value)
{
  begin_value (self);
  put_number (self, value, FALSE);
}

/**
 * sr_json_writer_int64:
 * @self: a writer
 * @value: a number, written in decimal
 */
void
sr_json_writer_int64 (SrJsonWriter *self, gint64 value)
{
  begin_value (self);
  put_number (self, value < 0 ? -(guint64) value : (guint64) value, value < 0);
}

/**
 * sr_json_writer_boolean:
 * @self: a writer
 * @value: true or false
 */
void
sr_json_writer_boolean (SrJsonWriter *self, gboolean value)
{
  begin_value (self);
  if (value)
    put (self, "true", 4);
  else
    put (self, "false", 5);
}

/**
 * sr_json_writer_null:
 * @self: a writer
 */
void
sr_json_writer_null (SrJsonWriter *self)
{
  begin_value (self);
  put (self, "null", 4);
}

/**
 * sr_json_writer_id:
 * @self: a writer
 * @id: written as a string of 64 hexadecimal digits
 */
void
sr_json_writer_id (SrJsonWriter *self, const SrId *id)
{
  char hex[SR_ID_HEX_SIZE];
  guint8 *out;

  sr_id_to_hex (id, hex);
  begin_value (self);
  out = make_room (self, ID_SIZE);
  out[0] = '"';
  memcpy (out + 1, hex, ID_SIZE - 2);
  out[ID_SIZE - 1] = '"';
  self->buffer->length += ID_SIZE;
}

/**
 * sr_json_writer_base64:
 * @self: a writer
 * @data: (array length=length) (nullable): NULL only if @length is 0
 * @length: bytes of @data
 *
 * Writes a string in standard base 64 with padding, "" for no bytes.
 */
void
sr_json_writer_base64 (SrJsonWriter *self, const void *data, gsize length)
{
  const guint8 *bytes = data;
  int state = 0;
  int save = 0;

  begin_value (self);
  put_byte (self, '"');
  while (length > 0)
    {
      gsize piece = MIN (length, BASE64_PIECE);
      guint8 *out = make_room (self, BASE64_PIECE / 3 * 4 + 4);

      self->buffer->length +=
          g_base64_encode_step (bytes, piece, FALSE, (char *) out, &state, &save);
      bytes += piece;
      length -= piece;
    }
  self->buffer->length +=
      g_base64_encode_close (FALSE, (char *) make_room (self, 8), &state, &save);
  put_byte (self, '"');
}

/**
 * sr_json_writer_raw:
 * @self: a writer
 * @text: (array length=length): a whole JSON value, not checked; at the top level also white space
 * @length: bytes of @text, or -1 when a NUL ends it
 *
 * Writes @text as it is, with a comma before it where a value needs one.
 */
void
sr_json_writer_raw (SrJsonWriter *self, const char *text, gssize length)
{
  begin_value (self);
  put (self, text, length < 0 ? strlen (text) : (gsize) length);
}

/**
 * sr_json_writer_finish:
 * @self: a writer with all objects and arrays closed
 * @error: the first failure of the sink
 *
 * Gives the sink what is left.
 *
 * Returns: FALSE with @error set: the sink has not got all
 */
gboolean
sr_json_writer_finish (SrJsonWriter *self, GError **error)
{
  g_assert (self->depth == 0);
  if (self->sink != NULL)
    flush (self);

  if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  return self->error == NULL;
}
