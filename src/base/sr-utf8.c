/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One character of UTF-8 at a time, for text in which any byte may be wrong.
 *
 * restic replaces or escapes each byte that begins no valid sequence by itself. So the question is
 * not whether a text is valid, as g_utf8_validate() answers it, but how long the character here
 * is. The ranges are those of table 3-7, “Well-Formed UTF-8 Byte Sequences”, of the Unicode
 * Standard: shortest form only, no surrogates, nothing above U+10FFFF. */

#include "config.h"

#include "sr-utf8.h"

static gboolean
is_continuation (guint8 byte)
{
  return (byte & 0xc0) == 0x80;
}

/**
 * sr_utf8_character_length:
 * @text: (array length=length): bytes; U+0000 is a character as any other
 * @length: how many there are
 *
 * Returns: how many bytes the first character has, 1 to 4; 0 if @text is empty or does not begin
 *   with a valid sequence, and then one byte is to be dealt with
 */
gsize
sr_utf8_character_length (const guint8 *text, gsize length)
{
  guint8 first = length > 0 ? text[0] : 0xff;

  if (first < 0x80)
    return 1;

  if (first < 0xc2 || first > 0xf4)
    return 0;

  if (first < 0xe0)
    return length >= 2 && is_continuation (text[1]) ? 2 : 0;

  if (first < 0xf0)
    {
      guint8 least = first == 0xe0 ? 0xa0 : 0x80;
      guint8 most = first == 0xed ? 0x9f : 0xbf;

      return length >= 3 && text[1] >= least && text[1] <= most && is_continuation (text[2]) ? 3
                                                                                             : 0;
    }
  else
    {
      guint8 least = first == 0xf0 ? 0x90 : 0x80;
      guint8 most = first == 0xf4 ? 0x8f : 0xbf;

      return length >= 4 && text[1] >= least && text[1] <= most && is_continuation (text[2]) &&
                     is_continuation (text[3])
                 ? 4
                 : 0;
    }
}
