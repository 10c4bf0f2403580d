/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-secret.h"

G_BEGIN_DECLS

/* A set of keys: 32 bytes encrypt (AES-256), then 16 bytes k (AES-128) and 16 bytes r (Poly1305),
 * as scrypt yields them. */
#define SR_KEY_SIZE 64
#define SR_KEY_ENCRYPT_OFFSET 0
#define SR_KEY_K_OFFSET 32
#define SR_KEY_R_OFFSET 48

/* The parameters of scrypt, as they stand in a key file. */
typedef struct
{
  guint64 n; /* a power of two above 1 */
  guint32 r;
  guint32 p;
} SrScryptParameters;

#define SR_SCRYPT_DEFAULT ((SrScryptParameters){ 32768, 8, 1 })

/* What a key file may ask for: bytes of memory, and 128-byte blocks mixed (n * r * p). */
#define SR_SCRYPT_MEMORY_LIMIT (G_GUINT64_CONSTANT (1) << 30)
#define SR_SCRYPT_WORK_LIMIT (G_GUINT64_CONSTANT (1) << 26)

SrSecret *sr_key_new_random (GError **error);
SrSecret *sr_key_derive (SrSecret *password,
                         const guint8 *salt,
                         gsize salt_length,
                         const SrScryptParameters *parameters,
                         GCancellable *cancellable,
                         GError **error);
gboolean sr_key_is_usable (SrSecret *key);

gboolean sr_scrypt_parameters_check (const SrScryptParameters *parameters, GError **error);
gboolean sr_random_fill (void *buffer, gsize length, GError **error);

G_END_DECLS
