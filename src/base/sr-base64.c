/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads base64 (RFC 4648, section 4) of files that others made.
 *
 * g_base64_decode() passes over whatever is no digit and takes any amount of padding, so damage
 * would go unseen. This writes straight to where the bytes are wanted: keys leave no copies. */

#include "config.h"

#include "sr-base64.h"

/* The value of a digit, or -1. */
static int
digit_value (char digit)
{
  if (digit >= 'A' && digit <= 'Z')
    return digit - 'A';
  if (digit >= 'a' && digit <= 'z')
    return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9')
    return digit - '0' + 52;
  if (digit == '+')
    return 62;
  return digit == '/' ? 63 : -1;
}

/**
 * sr_base64_decode:
 * @text: (array length=length): digits with their padding, no white space
 * @length: bytes of @text
 * @out: (out): room for @length / 4 * 3 bytes; undefined after a failure
 * @out_length: (out): bytes put there
 *
 * The bits of the last digit that belong to no byte may be set, as Go's decoder allows.
 *
 * Returns: FALSE: @text is no base64
 */
gboolean
sr_base64_decode (const char *text, gsize length, guint8 *out, gsize *out_length)
{
  gsize n_digits = length;
  gsize written = 0;
  guint32 bits = 0;

  if (length % 4 != 0)
    return FALSE;
  while (n_digits > 0 && length - n_digits < 2 && text[n_digits - 1] == '=')
    n_digits--;

  for (gsize i = 0; i < n_digits; i++)
    {
      int value = digit_value (text[i]);

      if (value < 0)
        return FALSE;
      bits = bits << 6 | (guint32) value;
      if (i % 4 != 0) /* each digit but the first of four completes a byte */
        out[written++] = (guint8) (bits >> (6 - 2 * (i % 4)));
    }

  *out_length = written;
  return TRUE;
}
