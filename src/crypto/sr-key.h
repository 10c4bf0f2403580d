/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-secret.h"

G_BEGIN_DECLS

#define SR_KEY_SIZE 64 /* encrypt (32), k (16), r (16), as scrypt yields them */

/* The parameters of scrypt, as they stand in a key file. */
typedef struct
{
  guint64 n; /* a power of two above 1 */
  guint32 r;
  guint32 p;
} SrScryptParameters;

#define SR_SCRYPT_DEFAULT ((SrScryptParameters){ 32768, 8, 1 })
#define SR_SCRYPT_MEMORY_LIMIT \
  (G_GUINT64_CONSTANT (1) << 30) /* bytes; a key file that wants more is refused */

/* A set of keys: the first 32 bytes encrypt (AES-256), then 16 bytes k (AES-128) and 16 bytes r (Poly1305). */
SrSecret *sr_key_new_random (GError **error);
SrSecret *sr_key_derive (SrSecret *password,
                         const guint8 *salt,
                         gsize salt_length,
                         const SrScryptParameters *parameters,
                         GCancellable *cancellable,
                         GError **error);
gboolean sr_random_fill (void *buffer,
                         gsize length,
                         GError **error); /* from the system's generator, through OpenSSL */

G_END_DECLS
