/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-key.h"

G_BEGIN_DECLS

#define SR_CIPHER_NONCE_SIZE 16
#define SR_CIPHER_TAG_SIZE 16
#define SR_CIPHER_OVERHEAD 32 /* nonce and tag */

/* Seals and opens messages: nonce (16) | AES-256-CTR | Poly1305-AES over the ciphertext (16).
 * Its contexts are made once; a cipher belongs to one thread at a time. */
typedef struct _SrCipher SrCipher;

SrCipher *sr_cipher_new (SrSecret *key, GError **error);
void sr_cipher_free (SrCipher *self);

/* @message has room for @length + 32 bytes; @plain may be @message + 16 (sealed in place). */
gboolean sr_cipher_seal (SrCipher *self,
                         const guint8 *plain,
                         gsize length,
                         guint8 *message,
                         GError **error);
/* For tests with vectors: never seal two messages with one nonce. */
gboolean sr_cipher_seal_with_nonce (SrCipher *self,
                                    const guint8 nonce[SR_CIPHER_NONCE_SIZE],
                                    const guint8 *plain,
                                    gsize length,
                                    guint8 *message,
                                    GError **error);
/* Yields @length - 32 bytes; @plain may be @message + 16 (opened in place). */
gboolean sr_cipher_open (SrCipher *self,
                         const guint8 *message,
                         gsize length,
                         guint8 *plain,
                         GError **error);

/* The same in pieces, for what does not fit into memory. */
gboolean sr_cipher_seal_begin (SrCipher *self,
                               guint8 out_nonce[SR_CIPHER_NONCE_SIZE],
                               GError **error);
gboolean sr_cipher_seal_update (SrCipher *self,
                                const guint8 *plain,
                                gsize length,
                                guint8 *sealed,
                                GError **error);
gboolean sr_cipher_seal_end (SrCipher *self, guint8 out_tag[SR_CIPHER_TAG_SIZE], GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCipher, sr_cipher_free)

G_END_DECLS
