/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads JSON (RFC 8259) from a stream, for texts larger than memory and texts made by others.
 *
 * A window of 64 KiB moves over the text. A string without escapes is handed out where it stands,
 * with a NUL in place of its closing quote; others are decoded into a buffer beside. Behind the
 * bytes in the window there is always a run of NULs, which no token may have in it, so the loops
 * over tokens need not look where the window ends.
 *
 * What a text can make grow is limited: the depth of objects and arrays, and the bytes of a single
 * string or number. */

#include "config.h"

#include "sr-json-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "base/sr-json-text.h"
#include "base/sr-json-writer.h"
#include "base/sr-utf8.h"

#define WINDOW_SIZE (64 * 1024) /* bytes */
#define DEFAULT_TEXT_LIMIT (1024 * 1024) /* bytes */
#define DEPTH_LIMIT 64

/* What a value is by its first byte; all others are SR_JSON_NONE. */
static const guint8 types[256] = {
  ['{'] = SR_JSON_OBJECT,  ['['] = SR_JSON_ARRAY,          ['"'] = SR_JSON_STRING,
  ['t'] = SR_JSON_BOOLEAN, ['f'] = SR_JSON_BOOLEAN,        ['n'] = SR_JSON_NULL,
  ['-'] = SR_JSON_NUMBER,  ['0' ... '9'] = SR_JSON_NUMBER,
};

struct _SrJsonReader
{
  SrJsonFill fill;
  gpointer user_data;
  const guint8 *data; /* (nullable): the rest of a text in memory */
  gsize data_length;

  guint8 *window; /* (owned): capacity bytes, and SR_JSON_TEXT_PADDING more */
  gsize capacity;
  gsize position; /* in window: the next byte */
  gsize end; /* in window: behind the last byte */
  guint64 window_offset; /* where in the text the window begins */
  gboolean at_end; /* fill has nothing more */

  gboolean is_secret; /* to be wiped */
  gsize text_limit; /* bytes of a string or number as it stands in the text */
  SrBuffer decoded; /* the last string that had escapes, and a NUL */
  SrBuffer member; /* the name of the member read last, and a NUL */

  char closers[DEPTH_LIMIT]; /* of the open objects and arrays: } or ] */
  guint depth;
  gboolean is_fresh; /* the innermost of them has had nothing yet */
  gboolean value_due; /* a value comes next */
  GError *error; /* (owned) (nullable): the first failure */
};

static void
fail_with (SrJsonReader *self, SrError code, gsize position, const char *what)
{
  g_autofree char *at = NULL;

  if (self->error != NULL)
    return;

  at = g_strdup_printf ("%" G_GUINT64_FORMAT, self->window_offset + position);
  g_set_error (&self->error, SR_ERROR, code, _ ("The JSON text is not usable at byte %s: %s"), at,
               _ (what));
}

/* Each token fails with a phrase, marked with N_(). */
static gboolean
fail (SrJsonReader *self, const char *what)
{
  fail_with (self, SR_ERROR_DAMAGED, self->position, what);
  return FALSE;
}

static gssize
fill_from_data (gpointer user_data, guint8 *buffer, gsize size, GError **error)
{
  SrJsonReader *self = user_data;
  gsize n = MIN (size, self->data_length);

  if (n > 0)
    memcpy (buffer, self->data, n);
  self->data += n;
  self->data_length -= n;
  return (gssize) n;
}

/* Drops what stands before position and gets more text behind. FALSE: there is none, or failed. */
static gboolean
refill (SrJsonReader *self)
{
  gssize n;

  if (self->at_end || self->error != NULL)
    return FALSE;

  if (self->position > 0)
    {
      memmove (self->window, self->window + self->position, self->end - self->position);
      self->window_offset += self->position;
      self->end -= self->position;
      self->position = 0;
    }

  if (self->end == self->capacity)
    {
      self->capacity *= 2;
      self->window = g_realloc (self->window, self->capacity + SR_JSON_TEXT_PADDING);
    }

  n = self->fill (self->user_data, self->window + self->end, self->capacity - self->end,
                  &self->error);
  g_assert (n <= (gssize) (self->capacity - self->end) && (n < 0) == (self->error != NULL));
  self->at_end = n == 0;
  self->end += (gsize) MAX (n, 0);
  memset (self->window + self->end, 0, SR_JSON_TEXT_PADDING);
  return n > 0;
}

/* The next byte that is not white space, not passed over; 0: a NUL, the end, or a failure. */
static inline guint8
next_byte (SrJsonReader *self)
{
  for (;;)
    {
      guint8 byte = self->window[self->position];

      if (G_LIKELY (byte > ' '))
        return byte;
      if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')
        self->position++;
      else if (self->position < self->end || !refill (self))
        return 0;
    }
}

/* Passes over the string at position. The text between its quotes is in the window until the next
 * refill(); its closing quote is a NUL then. @out_is_plain: it means what it says. */
static gboolean
scan_string (SrJsonReader *self, guint8 **out_text, gsize *out_length, gboolean *out_is_plain)
{
  gsize at = 1; /* from position; what has been looked at and is right */

  *out_is_plain = TRUE;
  for (;;)
    {
      const guint8 *start = self->window + self->position;
      const guint8 *stop = sr_json_text_scan (start + at);
      gsize left = (gsize) (self->window + self->end - stop);

      at = (gsize) (stop - start);
      if (at - 1 > self->text_limit)
        {
          fail_with (self, SR_ERROR_LIMIT, self->position, N_ ("a string is too long"));
          return FALSE;
        }

      if (left > 0 && *stop == '"')
        break;

      if (left >= 2 && *stop == '\\')
        {
          at += 2;
          *out_is_plain = FALSE;
        }
      else if (left > 0 && *stop >= 0x80)
        {
          gsize size = sr_utf8_character_length (stop, left);

          /* A character that the window cuts looks wrong here, and is decoded rightly later. */
          at += MAX (size, 1);
          if (size == 0)
            *out_is_plain = FALSE;
        }
      else if (left > 0 && *stop < ' ')
        {
          fail_with (self, SR_ERROR_DAMAGED, self->position + at, N_ ("a control character"));
          return FALSE;
        }
      else if (!refill (self))
        return fail (self, N_ ("a string has no end"));
    }

  *out_text = self->window + self->position + 1;
  *out_length = at - 1;
  self->position += at + 1;
  return TRUE;
}

/* Reads the string at position. What it returns has a NUL behind it. */
static gboolean
read_string (SrJsonReader *self, const char **out_text, gsize *out_length)
{
  guint8 *text;
  gsize length;
  gsize wrong;
  gboolean is_plain;

  if (!scan_string (self, &text, &length, &is_plain))
    return FALSE;

  if (is_plain)
    {
      text[length] = '\0';
      *out_text = (const char *) text;
      *out_length = length;
      return TRUE;
    }

  self->decoded.length = 0;
  if (!sr_json_text_unescape (text, length, &self->decoded, &wrong))
    {
      fail_with (self, SR_ERROR_DAMAGED, (gsize) (text - self->window) + wrong,
                 N_ ("a wrong escape"));
      return FALSE;
    }

  *out_length = self->decoded.length;
  sr_buffer_append (&self->decoded, "", 1);
  *out_text = (const char *) self->decoded.data;
  return TRUE;
}

/* Whether a string read just now has \u0000 in it: only those with escapes can. */
static gboolean
has_nul (const SrJsonReader *self, const char *text, gsize length)
{
  return text == (const char *) self->decoded.data && memchr (text, '\0', length) != NULL;
}

static inline gboolean
is_number_byte (guint8 byte)
{
  return g_ascii_isdigit (byte) || byte == '-' || byte == '+' || byte == '.' || byte == 'e' ||
         byte == 'E';
}

/* Passes over the number at position; its text is in the window until the next refill(). */
static gboolean
scan_number (SrJsonReader *self, const guint8 **out_text, gsize *out_length)
{
  gsize at = 0;

  for (;;)
    {
      while (is_number_byte (self->window[self->position + at]))
        at++;
      if (at > self->text_limit)
        {
          fail_with (self, SR_ERROR_LIMIT, self->position, N_ ("a number is too long"));
          return FALSE;
        }
      if (self->position + at < self->end || !refill (self))
        break;
    }

  if (self->error != NULL)
    return FALSE;
  *out_text = self->window + self->position;
  *out_length = at;
  if (!sr_json_text_is_number (*out_text, at))
    return fail (self, N_ ("a wrong number"));

  self->position += at;
  return TRUE;
}

/* Passes over a word of which the first letter is known to be right. */
static gboolean
read_word (SrJsonReader *self, const char *word)
{
  gsize length = strlen (word);

  while (self->end - self->position < length)
    if (!refill (self))
      break;

  if (self->end - self->position < length ||
      memcmp (self->window + self->position, word, length) != 0)
    return fail (self, N_ ("a wrong word"));

  self->position += length;
  return TRUE;
}

/* Whether a value of that type comes next; if so it has to be read now. */
static inline gboolean
begin_value (SrJsonReader *self, SrJsonType type, const char *missing)
{
  if (self->error != NULL)
    return FALSE;
  if (!self->value_due || types[next_byte (self)] != type)
    return fail (self, missing);

  self->value_due = FALSE;
  self->is_fresh = FALSE;
  return TRUE;
}

static gboolean
begin_container (SrJsonReader *self, char closer)
{
  if (self->depth == DEPTH_LIMIT)
    {
      fail_with (self, SR_ERROR_LIMIT, self->position,
                 N_ ("objects or arrays are nested too deeply"));
      return FALSE;
    }

  self->position++;
  self->closers[self->depth++] = closer;
  self->is_fresh = TRUE;
  return TRUE;
}

/* Goes on to the next member or element, or passes over the end of what closer closes. */
static inline gboolean
next_in_container (SrJsonReader *self, char closer)
{
  guint8 byte;

  if (self->error != NULL)
    return FALSE;
  if (self->depth == 0 || self->closers[self->depth - 1] != closer)
    return fail (self, N_ ("something else than expected"));
  if (self->value_due && !sr_json_reader_skip_value (self))
    return FALSE;

  byte = next_byte (self);
  if (byte == (guint8) closer)
    {
      self->position++;
      self->depth--;
      self->is_fresh = FALSE;
      return FALSE;
    }

  if (self->is_fresh)
    return TRUE;
  if (byte != ',')
    return fail (self, N_ ("a comma is missing"));

  self->position++;
  return TRUE;
}

/**
 * sr_json_reader_new:
 * @fill: gives the text piece by piece; is called by any function here that reads
 * @user_data: data for @fill
 *
 * A value that @fill sets as its error is what sr_json_reader_finish() fails with. Errors of the
 * text itself are %SR_ERROR_DAMAGED, or %SR_ERROR_LIMIT when it is deeper than 64 objects and
 * arrays or has a string or number longer than sr_json_reader_set_text_limit() allows. Both tell
 * the byte, counted from 0. A reader belongs to one thread at a time.
 *
 * Returns: (transfer full): a reader of one JSON value
 */
SrJsonReader *
sr_json_reader_new (SrJsonFill fill, gpointer user_data)
{
  SrJsonReader *self = g_new0 (SrJsonReader, 1);

  self->fill = fill;
  self->user_data = user_data;
  self->capacity = WINDOW_SIZE;
  self->window = g_malloc (self->capacity + SR_JSON_TEXT_PADDING);
  memset (self->window, 0, SR_JSON_TEXT_PADDING);
  self->text_limit = DEFAULT_TEXT_LIMIT;
  self->value_due = TRUE;
  return self;
}

/**
 * sr_json_reader_new_for_data:
 * @data: (array length=length): a JSON text, neither copied whole nor changed; outlives the reader
 * @length: bytes of @data
 *
 * Returns: (transfer full): a reader of one JSON value; see sr_json_reader_new()
 */
SrJsonReader *
sr_json_reader_new_for_data (const void *data, gsize length)
{
  SrJsonReader *self = g_new0 (SrJsonReader, 1);

  self->fill = fill_from_data;
  self->user_data = self;
  self->data = data;
  self->data_length = length;
  self->capacity =
      length < WINDOW_SIZE ? length + 1 : WINDOW_SIZE; /* room for the last, empty fill */
  self->window = g_malloc (self->capacity + SR_JSON_TEXT_PADDING);
  memset (self->window, 0, SR_JSON_TEXT_PADDING);
  self->text_limit = DEFAULT_TEXT_LIMIT;
  self->value_due = TRUE;
  return self;
}

static void
wipe_buffer (SrBuffer *buffer)
{
  if (buffer->data != NULL)
    explicit_bzero (buffer->data, buffer->capacity);
}

/**
 * sr_json_reader_free:
 * @self: (transfer full): a reader; texts that it lent end with it
 */
void
sr_json_reader_free (SrJsonReader *self)
{
  if (self->is_secret)
    {
      explicit_bzero (self->window, self->capacity + SR_JSON_TEXT_PADDING);
      wipe_buffer (&self->decoded);
      wipe_buffer (&self->member);
    }
  g_free (self->window);
  sr_buffer_clear (&self->decoded);
  sr_buffer_clear (&self->member);
  g_clear_error (&self->error);
  g_free (self);
}

/**
 * sr_json_reader_set_text_limit:
 * @self: a reader
 * @limit: bytes; 1 MiB unless set
 *
 * Sets how long a single string, member name or number may be, as it stands in the text with its
 * escapes, and also what sr_json_reader_dup_value() may return.
 */
void
sr_json_reader_set_text_limit (SrJsonReader *self, gsize limit)
{
  self->text_limit = limit;
}

/**
 * sr_json_reader_set_secret:
 * @self: a reader at its start
 *
 * Has the reader wipe, when it is freed, all memory in which it had any of the text. So that none
 * of it is moved before, the text has to be shorter than 64 KiB and its strings are to be limited to
 * 200 bytes, by sr_json_reader_set_text_limit().
 */
void
sr_json_reader_set_secret (SrJsonReader *self)
{
  self->is_secret = TRUE;
}

/**
 * sr_json_reader_peek:
 * @self: a reader
 *
 * Looks at the value that comes next and leaves it there.
 *
 * Returns: what it is; %SR_JSON_NONE if no value is due here or the reader has failed
 */
SrJsonType
sr_json_reader_peek (SrJsonReader *self)
{
  SrJsonType type;

  if (self->error != NULL || !self->value_due)
    return SR_JSON_NONE;

  type = types[next_byte (self)];
  if (type == SR_JSON_NONE)
    fail (self, N_ ("a value is missing"));
  return type;
}

/**
 * sr_json_reader_begin_object:
 * @self: a reader before an object
 *
 * Goes into the object, to be left by sr_json_reader_next_member().
 *
 * Returns: FALSE: something else comes next
 */
gboolean
sr_json_reader_begin_object (SrJsonReader *self)
{
  return begin_value (self, SR_JSON_OBJECT, N_ ("an object is missing")) &&
         begin_container (self, '}');
}

/**
 * sr_json_reader_next_member:
 * @self: a reader in an object
 *
 * Reads the next member's name. Its value is read next; a value that was not is skipped. Members
 * come as they stand in the text, the same name perhaps again. A name with \u0000 in it is an error.
 *
 * Returns: FALSE: the object is over, or the reader has failed
 */
gboolean
sr_json_reader_next_member (SrJsonReader *self)
{
  const char *name;
  gsize length;

  if (!next_in_container (self, '}'))
    return FALSE;
  if (next_byte (self) != '"')
    return fail (self, N_ ("a member is missing"));
  if (!read_string (self, &name, &length))
    return FALSE;
  if (has_nul (self, name, length))
    return fail (self, N_ ("a NUL character in a name"));

  /* A copy: reading the value may move the window. */
  self->member.length = 0;
  sr_buffer_append (&self->member, name, length + 1);

  if (next_byte (self) != ':')
    return fail (self, N_ ("a colon is missing"));

  self->position++;
  self->value_due = TRUE;
  return TRUE;
}

/**
 * sr_json_reader_member_is:
 * @self: a reader
 * @name: a name
 *
 * Returns: whether the member that sr_json_reader_next_member() read last is @name, in the same
 *   case; FALSE when the reader has failed
 */
gboolean
sr_json_reader_member_is (SrJsonReader *self, const char *name)
{
  return self->error == NULL && self->member.length > 0 &&
         strcmp ((const char *) self->member.data, name) == 0;
}

/**
 * sr_json_reader_get_member:
 * @self: a reader
 *
 * Returns: the name of the member read last, lent until the next member, in whatever object, is
 *   read
 */
const char *
sr_json_reader_get_member (SrJsonReader *self)
{
  return self->member.length > 0 ? (const char *) self->member.data : "";
}

/**
 * sr_json_reader_begin_array:
 * @self: a reader before an array
 *
 * Goes into the array, to be left by sr_json_reader_next_element().
 *
 * Returns: FALSE: something else comes next
 */
gboolean
sr_json_reader_begin_array (SrJsonReader *self)
{
  return begin_value (self, SR_JSON_ARRAY, N_ ("an array is missing")) &&
         begin_container (self, ']');
}

/**
 * sr_json_reader_next_element:
 * @self: a reader in an array
 *
 * Goes on to the next value, which is read next; a value that was not is skipped.
 *
 * Returns: FALSE: the array is over, or the reader has failed
 */
gboolean
sr_json_reader_next_element (SrJsonReader *self)
{
  if (!next_in_container (self, ']'))
    return FALSE;

  self->value_due = TRUE;
  return TRUE;
}

/**
 * sr_json_reader_read_string:
 * @self: a reader
 * @out_text: (out): the string in valid UTF-8, and a NUL; lent until the next call of the reader.
 *   The empty string after a failure
 * @out_length: (out) (optional): bytes without the last NUL; \u0000 is an ordinary character
 *
 * Lone surrogates and bytes that are not UTF-8 are read as U+FFFD, as restic reads them.
 *
 * Returns: FALSE: no string comes next, or a broken one
 */
gboolean
sr_json_reader_read_string (SrJsonReader *self, const char **out_text, gsize *out_length)
{
  gsize length = 0;
  gboolean read = begin_value (self, SR_JSON_STRING, N_ ("a string is missing")) &&
                  read_string (self, out_text, &length);

  if (!read)
    {
      *out_text = "";
      length = 0;
    }
  if (out_length != NULL)
    *out_length = length;
  return read;
}

/**
 * sr_json_reader_dup_string:
 * @self: a reader
 * @out_text: (out) (transfer full): the string; left alone after a failure
 *
 * As sr_json_reader_read_string(), but a string with \u0000 in it is an error.
 *
 * Returns: FALSE: no string comes next, or a broken one
 */
gboolean
sr_json_reader_dup_string (SrJsonReader *self, char **out_text)
{
  const char *text;
  gsize length;

  if (!sr_json_reader_read_string (self, &text, &length))
    return FALSE;
  if (has_nul (self, text, length))
    return fail (self, N_ ("a NUL character in a string"));

  *out_text = g_strndup (text, length);
  return TRUE;
}

/**
 * sr_json_reader_read_id:
 * @self: a reader
 * @out_id: (out): the id; undefined after a failure
 *
 * Returns: FALSE: no string of 64 hexadecimal digits comes next
 */
gboolean
sr_json_reader_read_id (SrJsonReader *self, SrId *out_id)
{
  const char *text;
  gsize length;

  if (!sr_json_reader_read_string (self, &text, &length))
    return FALSE;
  if (!sr_id_from_hex (out_id, text, (gssize) length))
    return fail (self, N_ ("a string that is not an id of 64 hexadecimal digits"));

  return TRUE;
}

/* The fast way for nearly all numbers: up to 19 digits that the window does not cut. FALSE, with
 * nothing done: it is another one. */
static inline gboolean
read_plain_number (SrJsonReader *self, guint64 *out_value)
{
  const guint8 *text = self->window + self->position;
  guint64 value = 0;
  gsize n = 0;

  while (n < 19 && g_ascii_isdigit (text[n]))
    value = value * 10 + (text[n++] - (guint) '0');

  if (is_number_byte (text[n]) || self->position + n >= self->end || (text[0] == '0' && n > 1))
    return FALSE;

  self->position += n;
  *out_value = value;
  return TRUE;
}

static gboolean
parse_digits (const guint8 *text, gsize length, guint64 *out_value)
{
  guint64 value = 0;

  for (gsize i = 0; i < length; i++)
    {
      guint digit = text[i] - (guint) '0';

      if (digit > 9)
        return FALSE;
      if (i >= 19 && (value > G_MAXUINT64 / 10 || value * 10 > G_MAXUINT64 - digit))
        return FALSE;
      value = value * 10 + digit;
    }

  *out_value = value;
  return length > 0;
}

/**
 * sr_json_reader_read_uint64:
 * @self: a reader
 * @out_value: (out): the number; left alone after a failure
 *
 * Returns: FALSE: no number comes next, or it has a sign, a point or an exponent, or is 2^64 or more
 */
gboolean
sr_json_reader_read_uint64 (SrJsonReader *self, guint64 *out_value)
{
  const guint8 *text;
  gsize length;

  if (!begin_value (self, SR_JSON_NUMBER, N_ ("a number is missing")))
    return FALSE;
  if (read_plain_number (self, out_value))
    return TRUE;
  if (!scan_number (self, &text, &length))
    return FALSE;
  if (!parse_digits (text, length, out_value))
    return fail (self, N_ ("a number that is not whole, or out of range"));

  return TRUE;
}

/**
 * sr_json_reader_read_uint32:
 * @self: a reader
 * @out_value: (out): the number; left alone after a failure
 *
 * Returns: FALSE: as sr_json_reader_read_uint64(), and for 2^32 or more
 */
gboolean
sr_json_reader_read_uint32 (SrJsonReader *self, guint32 *out_value)
{
  guint64 value;

  if (!sr_json_reader_read_uint64 (self, &value))
    return FALSE;
  if (value > G_MAXUINT32)
    return fail (self, N_ ("a number that is out of range"));

  *out_value = (guint32) value;
  return TRUE;
}

/**
 * sr_json_reader_read_int64:
 * @self: a reader
 * @out_value: (out): the number; left alone after a failure
 *
 * Returns: FALSE: no number comes next, or it has a point or an exponent, or is out of range
 */
gboolean
sr_json_reader_read_int64 (SrJsonReader *self, gint64 *out_value)
{
  const guint8 *text;
  gsize length;
  guint64 value;
  gsize sign;

  if (!begin_value (self, SR_JSON_NUMBER, N_ ("a number is missing")) ||
      !scan_number (self, &text, &length))
    return FALSE;

  sign = text[0] == '-' ? 1 : 0;
  if (!parse_digits (text + sign, length - sign, &value) || value > (guint64) G_MAXINT64 + sign)
    return fail (self, N_ ("a number that is not whole, or out of range"));

  *out_value = (gint64) (sign == 0 ? value : -value);
  return TRUE;
}

/**
 * sr_json_reader_read_boolean:
 * @self: a reader
 * @out_value: (out): TRUE or FALSE; left alone after a failure
 *
 * Returns: FALSE: neither true nor false comes next
 */
gboolean
sr_json_reader_read_boolean (SrJsonReader *self, gboolean *out_value)
{
  gboolean value;

  if (!begin_value (self, SR_JSON_BOOLEAN, N_ ("true or false is missing")))
    return FALSE;

  value = self->window[self->position] == 't';
  if (!read_word (self, value ? "true" : "false"))
    return FALSE;

  *out_value = value;
  return TRUE;
}

/**
 * sr_json_reader_read_null:
 * @self: a reader
 *
 * Returns: FALSE: something else than null comes next
 */
gboolean
sr_json_reader_read_null (SrJsonReader *self)
{
  return begin_value (self, SR_JSON_NULL, N_ ("null is missing")) && read_word (self, "null");
}

/* Reads a scalar, or goes into an object or array. */
static void
copy_token (SrJsonReader *self, SrJsonWriter *writer)
{
  const char *text;
  const guint8 *number;
  gsize length;
  gboolean value;

  switch (sr_json_reader_peek (self))
    {
    case SR_JSON_OBJECT:
      if (sr_json_reader_begin_object (self) && writer != NULL)
        sr_json_writer_begin_object (writer);
      break;
    case SR_JSON_ARRAY:
      if (sr_json_reader_begin_array (self) && writer != NULL)
        sr_json_writer_begin_array (writer);
      break;
    case SR_JSON_STRING:
      if (sr_json_reader_read_string (self, &text, &length) && writer != NULL)
        sr_json_writer_string (writer, text, (gssize) length);
      break;
    case SR_JSON_NUMBER:
      if (begin_value (self, SR_JSON_NUMBER, N_ ("a number is missing")) &&
          scan_number (self, &number, &length) && writer != NULL)
        sr_json_writer_raw (writer, (const char *) number, (gssize) length);
      break;
    case SR_JSON_BOOLEAN:
      if (sr_json_reader_read_boolean (self, &value) && writer != NULL)
        sr_json_writer_boolean (writer, value);
      break;
    case SR_JSON_NULL:
      if (sr_json_reader_read_null (self) && writer != NULL)
        sr_json_writer_null (writer);
      break;
    case SR_JSON_NONE:
      fail (self, N_ ("a value is missing"));
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Goes on in the innermost object or array. FALSE: it is over, and has been left. */
static gboolean
copy_next (SrJsonReader *self, SrJsonWriter *writer)
{
  gboolean is_object = self->closers[self->depth - 1] == '}';
  gboolean more =
      is_object ? sr_json_reader_next_member (self) : sr_json_reader_next_element (self);

  if (writer == NULL || self->error != NULL)
    return more;

  if (more && is_object)
    sr_json_writer_member (writer, sr_json_reader_get_member (self));
  else if (!more && is_object)
    sr_json_writer_end_object (writer);
  else if (!more)
    sr_json_writer_end_array (writer);
  return more;
}

/* Reads a value whole; the memory needed does not depend on it. @writer: (nullable) */
static gboolean
copy_value (SrJsonReader *self, SrJsonWriter *writer, const SrBuffer *written)
{
  guint outer = self->depth;

  do
    {
      copy_token (self, writer);
      while (self->error == NULL && self->depth > outer && !copy_next (self, writer))
        continue;
      if (written != NULL && written->length > self->text_limit)
        fail_with (self, SR_ERROR_LIMIT, self->position, N_ ("a value is too long"));
    }
  while (self->error == NULL && self->depth > outer);

  return self->error == NULL;
}

/**
 * sr_json_reader_skip_value:
 * @self: a reader
 *
 * Passes over the next value. It has to be right, all the same.
 *
 * Returns: FALSE: no value comes next, or a broken one
 */
gboolean
sr_json_reader_skip_value (SrJsonReader *self)
{
  return copy_value (self, NULL, NULL);
}

/**
 * sr_json_reader_dup_value:
 * @self: a reader
 * @out_json: (out) (transfer full): the value as compact JSON; left alone after a failure
 *
 * Copies the next value, whatever it is, so that it can be kept and written again by
 * sr_json_writer_raw(). Numbers keep their digits, and members their order.
 *
 * Returns: FALSE: no value comes next, or a broken or too long one
 */
gboolean
sr_json_reader_dup_value (SrJsonReader *self, char **out_json)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&buffer);

  if (!copy_value (self, writer, &buffer))
    return FALSE;

  *out_json = g_strndup ((const char *) buffer.data, buffer.length);
  return TRUE;
}

/**
 * sr_json_reader_fail:
 * @self: a reader
 * @error: (transfer full): what is wrong; its message can do without the byte
 *
 * Ends the reading, when what was read breaks a rule of the caller. A failure before that stays.
 */
void
sr_json_reader_fail (SrJsonReader *self, GError *error)
{
  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
}

/**
 * sr_json_reader_has_failed:
 * @self: a reader
 *
 * Returns: whether a call before has failed; sr_json_reader_finish() tells how
 */
gboolean
sr_json_reader_has_failed (SrJsonReader *self)
{
  return self->error != NULL;
}

/**
 * sr_json_reader_finish:
 * @self: a reader
 * @error: the first failure
 *
 * Ends the reading of a value that was read whole. Behind it there may be white space only.
 *
 * Returns: FALSE with @error set: something failed, or was left, or stands behind
 */
gboolean
sr_json_reader_finish (SrJsonReader *self, GError **error)
{
  if (self->error == NULL && (self->depth > 0 || self->value_due))
    fail (self, N_ ("an end is missing"));
  else if (self->error == NULL && (next_byte (self) != 0 || self->position < self->end))
    fail (self, N_ ("there is more than one value"));

  if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  return self->error == NULL;
}
