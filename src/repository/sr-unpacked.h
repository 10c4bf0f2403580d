/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-buffer.h"
#include "crypto/sr-cipher.h"
#include "repository/sr-compressor.h"

G_BEGIN_DECLS

/* Where the JSON of an opened index, snapshot or lock file begins, and whether it is compressed. */
typedef struct
{
  const guint8 *data; /* lent from the message */
  gsize length;
  gboolean compressed; /* data is a zstd frame */
} SrUnpacked;

gboolean sr_unpacked_open (SrCipher *cipher,
                           guint version,
                           guint8 *message,
                           gsize length,
                           SrUnpacked *out_unpacked,
                           GError **error);
gboolean sr_unpacked_seal (SrCipher *cipher,
                           SrCompressor *compressor,
                           guint version,
                           const guint8 *json,
                           gsize length,
                           SrBuffer *out,
                           GError **error);

G_END_DECLS
