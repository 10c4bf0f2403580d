/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Ids, and the hexadecimal digits in which files, JSON and people write them.
 *
 * An index file has millions of ids, so the digits are looked up in tables rather than computed.
 * Only lower case is read: ids are file names, and a name in capitals is another file. */

#include "config.h"

#include "sr-id.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* The value of a digit plus one, so that all bytes left out here read as zero: no digit. */
static const guint8 digit_values[256] = {
  ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
  ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/**
 * sr_id_from_hex:
 * @id: (out caller-allocates): undefined after a failure
 * @hex: 64 digits 0-9 and a-f
 * @length: bytes of @hex, or -1 when a NUL ends it
 *
 * Returns: FALSE: @hex is no id, being of another length or with other characters
 */
gboolean
sr_id_from_hex (SrId *id, const char *hex, gssize length)
{
  const guint8 *digits = (const guint8 *) hex;
  guint wrong = 0;

  if ((length < 0 ? strlen (hex) : (gsize) length) != 2 * SR_ID_SIZE)
    return FALSE;

  for (guint i = 0; i < SR_ID_SIZE; i++)
    {
      /* No digit: 0 - 1 wraps and sets bits above the lowest four. */
      guint high = digit_values[digits[2 * i]] - 1u;
      guint low = digit_values[digits[2 * i + 1]] - 1u;

      wrong |= high | low;
      id->bytes[i] = (guint8) (high << 4 | (low & 0xf));
    }

  return (wrong & ~0xfu) == 0;
}

/**
 * sr_id_to_hex:
 * @id: an id
 * @hex: (out): 64 digits in lower case, and a NUL
 */
void
sr_id_to_hex (const SrId *id, char hex[SR_ID_HEX_SIZE])
{
  for (guint i = 0; i < SR_ID_SIZE; i++)
    {
      hex[2 * i] = hex_digits[id->bytes[i] >> 4];
      hex[2 * i + 1] = hex_digits[id->bytes[i] & 0xf];
    }

  hex[2 * SR_ID_SIZE] = '\0';
}

/**
 * sr_id_is_null:
 * @id: an id
 *
 * Returns: whether all bytes are zero, which stands for no id
 */
gboolean
sr_id_is_null (const SrId *id)
{
  static const SrId null_id;

  return memcmp (id, &null_id, sizeof null_id) == 0;
}

/**
 * sr_id_hash:
 * @id: (type SrId): an id
 *
 * Returns: its first four bytes, which are as good as random: a #GHashFunc. Ids may be chosen by
 *   whoever writes a repository, but only with the work of finding such SHA-256 values
 */
guint
sr_id_hash (gconstpointer id)
{
  guint hash;

  memcpy (&hash, id, sizeof hash);
  return hash;
}

/**
 * sr_id_equal:
 * @id: (type SrId): an id
 * @other: (type SrId): an id
 *
 * Returns: whether they are the same: a #GEqualFunc
 */
gboolean
sr_id_equal (gconstpointer id, gconstpointer other)
{
  return memcmp (id, other, SR_ID_SIZE) == 0;
}

/**
 * sr_id_compare:
 * @id: (type SrId): an id
 * @other: (type SrId): an id
 *
 * Returns: less than, equal to or greater than 0, in the order of the bytes and so of the digits:
 *   a #GCompareFunc
 */
int
sr_id_compare (gconstpointer id, gconstpointer other)
{
  return memcmp (id, other, SR_ID_SIZE);
}
