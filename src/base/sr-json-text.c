/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The content of JSON strings and numbers (RFC 8259, sections 6 and 7), decoded as Go does it.
 *
 * What Go's encoding/json accepts, restic has written or read without complaint: lone surrogates
 * and bytes that are not UTF-8 become U+FFFD, one for each; anything else wrong is an error. */

#include "config.h"

#include "sr-json-text.h"

#include "base/sr-utf8.h"

#define REPLACEMENT 0xfffd
#define ESCAPE_SIZE 6 /* bytes of \uXXXX */

static void
append_character (SrBuffer *out, gunichar character)
{
  char utf8[6];

  sr_buffer_append (out, utf8, (gsize) g_unichar_to_utf8 (character, utf8));
}

/* The value of \uXXXX at the start of text, or -1. */
static int
read_unicode_escape (const guint8 *text, gsize length)
{
  int value = 0;

  if (length < ESCAPE_SIZE || text[0] != '\\' || text[1] != 'u')
    return -1;

  for (guint i = 2; i < ESCAPE_SIZE; i++)
    {
      int digit = g_ascii_xdigit_value ((char) text[i]);

      if (digit < 0)
        return -1;
      value = value << 4 | digit;
    }

  return value;
}

/* Returns the bytes that the escape has in text; 0: it is none. */
static gsize
unescape_unicode (const guint8 *text, gsize length, SrBuffer *out)
{
  int first = read_unicode_escape (text, length);
  int second;

  if (first < 0)
    return 0;

  if (first < 0xd800 || first > 0xdfff)
    {
      append_character (out, (gunichar) first);
      return ESCAPE_SIZE;
    }

  second = first < 0xdc00 ? read_unicode_escape (text + ESCAPE_SIZE, length - ESCAPE_SIZE) : -1;
  if (second < 0xdc00 || second > 0xdfff)
    {
      append_character (out, REPLACEMENT); /* what follows stands for itself */
      return ESCAPE_SIZE;
    }

  append_character (out,
                    0x10000 + ((gunichar) (first - 0xd800) << 10) + (gunichar) (second - 0xdc00));
  return 2 * ESCAPE_SIZE;
}

static gsize
unescape_one (const guint8 *text, gsize length, SrBuffer *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  const char *letter;

  if (length < 2)
    return 0;
  if (text[1] == 'u')
    return unescape_unicode (text, length, out);

  letter = memchr (letters, text[1], sizeof letters - 1);
  if (letter == NULL)
    return 0;

  sr_buffer_append (out, &meanings[letter - letters], 1);
  return 2;
}

/**
 * sr_json_text_unescape:
 * @text: (array length=length): what stands between the quotes of a string; its end is a quote
 *   followed by %SR_JSON_TEXT_PADDING bytes that can be read
 * @length: bytes of @text
 * @out: what it means is appended there; may have NUL within. Up to three times as long
 * @out_wrong: (out): after a failure, the first byte that is wrong
 *
 * Returns: FALSE: there is an unknown or incomplete escape, or a control character
 */
gboolean
sr_json_text_unescape (const guint8 *text, gsize length, SrBuffer *out, gsize *out_wrong)
{
  gsize i = 0;

  while (i < length)
    {
      gsize plain = MIN ((gsize) (sr_json_text_scan (text + i) - (text + i)), length - i);
      gsize size;

      sr_buffer_append (out, text + i, plain);
      i += plain;
      if (i == length)
        break;

      if (text[i] >= 0x80)
        {
          size = sr_utf8_character_length (text + i, length - i);
          if (size > 0)
            sr_buffer_append (out, text + i, size);
          else
            append_character (out, REPLACEMENT);
          size = MAX (size, 1);
        }
      else
        size = text[i] == '\\' ? unescape_one (text + i, length - i, out) : 0;

      if (size == 0)
        {
          *out_wrong = i;
          return FALSE;
        }
      i += size;
    }

  return TRUE;
}

static gsize
count_digits (const guint8 *text, gsize length)
{
  gsize i = 0;

  while (i < length && g_ascii_isdigit (text[i]))
    i++;
  return i;
}

/**
 * sr_json_text_is_number:
 * @text: (array length=length): ASCII characters
 * @length: how many
 *
 * Returns: whether all of @text is one number by JSON's grammar: without a sign but -, without
 *   leading zeros, and with digits on both sides of a point
 */
gboolean
sr_json_text_is_number (const guint8 *text, gsize length)
{
  const guint8 *end = text + length;
  gsize digits;

  if (text < end && *text == '-')
    text++;

  digits = count_digits (text, (gsize) (end - text));
  if (digits == 0 || (digits > 1 && *text == '0'))
    return FALSE;
  text += digits;

  if (text < end && *text == '.')
    {
      digits = count_digits (text + 1, (gsize) (end - text - 1));
      if (digits == 0)
        return FALSE;
      text += 1 + digits;
    }

  if (text < end && (*text == 'e' || *text == 'E'))
    {
      text++;
      if (text < end && (*text == '+' || *text == '-'))
        text++;
      digits = count_digits (text, (gsize) (end - text));
      if (digits == 0)
        return FALSE;
      text += digits;
    }

  return text == end;
}
