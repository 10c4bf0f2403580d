/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <string.h>

#include "base/sr-buffer.h"

G_BEGIN_DECLS

/* What stands inside JSON strings and numbers; for SrJsonReader. */

#define SR_JSON_TEXT_PADDING 8 /* bytes that can be read behind a text given to the scan */

/* The first byte that cannot be passed over within a string: a quote, a backslash, a control
 * character or the start of a non-ASCII character. The text ends with one. Looks at eight bytes at
 * a time: x - 0x20 borrows from the highest bit of the bytes below 0x20, x - 1 from that of the
 * zero bytes that the exclusive or leaves of a match. Borrows run upwards only, so the lowest bit
 * found is always right. */
static inline const guint8 *
sr_json_text_scan (const guint8 *text)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  const guint64 highs = ones * 0x80;

  for (;; text += 8)
    {
      guint64 word, quote, backslash, found;

      memcpy (&word, text, sizeof word);
      word = GUINT64_FROM_LE (word);
      quote = word ^ ones * '"';
      backslash = word ^ ones * '\\';
      found = ((word - ones * 0x20) | word | (quote - ones) | (backslash - ones)) & highs;
      if (found != 0)
        return text + (guint) __builtin_ctzll (found) / 8;
    }
}

gboolean sr_json_text_unescape (const guint8 *text, gsize length, SrBuffer *out, gsize *out_wrong);
gboolean sr_json_text_is_number (const guint8 *text, gsize length);

G_END_DECLS
