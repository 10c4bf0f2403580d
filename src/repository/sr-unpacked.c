/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The form of index, snapshot and lock files: one sealed message around JSON (FORMAT.md, "Unpacked
 * files"). Version 1 has the JSON as it is. Version 2 has a byte 2 and a zstd frame; after an
 * upgrade from version 1 it still has plain JSON files, which begin with a brace or bracket. */

#include "config.h"

#include "sr-unpacked.h"

#include <glib/gi18n-lib.h>
#include <zstd.h>

#include "base/sr-error.h"

#define ENCODING_COMPRESSED 2

/**
 * sr_unpacked_open:
 * @cipher: the repository's
 * @version: the repository's, 1 or 2
 * @message: (array length=length): the file; opened in place
 * @length: its length in bytes
 * @out_unpacked: (out): where in @message the JSON or its frame is
 *
 * Fails with %SR_ERROR_DAMAGED.
 */
gboolean
sr_unpacked_open (SrCipher *cipher,
                  guint version,
                  guint8 *message,
                  gsize length,
                  SrUnpacked *out_unpacked,
                  GError **error)
{
  guint8 *plain = message + SR_CIPHER_NONCE_SIZE;

  if (!sr_cipher_open (cipher, message, length, plain, error))
    return FALSE;

  length -= SR_CIPHER_OVERHEAD;
  *out_unpacked = (SrUnpacked){ plain, length, FALSE };
  if (length > 0 && (plain[0] == '{' || plain[0] == '['))
    return TRUE;

  if (version < 2 || length == 0 || plain[0] != ENCODING_COMPRESSED)
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED, _ ("Its encoding is not known"));
      return FALSE;
    }
  *out_unpacked = (SrUnpacked){ plain + 1, length - 1, TRUE };
  return TRUE;
}

/**
 * sr_unpacked_seal:
 * @cipher: the repository's
 * @compressor: one that compresses; not used for version 1
 * @version: the repository's, 1 or 2
 * @json: (array length=length): what to store
 * @length: its length in bytes
 * @out: (inout): emptied, and filled with the file
 *
 * Fails only where the generator of random numbers does.
 */
gboolean
sr_unpacked_seal (SrCipher *cipher,
                  SrCompressor *compressor,
                  guint version,
                  const guint8 *json,
                  gsize length,
                  SrBuffer *out,
                  GError **error)
{
  const guint8 *plain = json;

  out->length = 0;
  if (version >= 2)
    {
      gsize capacity = ZSTD_compressBound (length);
      guint8 *encoded;

      sr_buffer_reserve (out, capacity + 1 + SR_CIPHER_OVERHEAD);
      encoded = out->data + SR_CIPHER_NONCE_SIZE;
      encoded[0] = ENCODING_COMPRESSED;
      length = 1 + sr_compressor_compress (compressor, json, length, encoded + 1, capacity);
      g_assert (length > 1);
      plain = encoded;
    }
  sr_buffer_reserve (out, length + SR_CIPHER_OVERHEAD);
  out->length = length + SR_CIPHER_OVERHEAD;
  return sr_cipher_seal (cipher, plain, length, out->data, error);
}
