/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Encrypted messages (repository/FORMAT.md, “Encrypted message”): AES-256 in counter mode, and over
 * the ciphertext Poly1305-AES (D. J. Bernstein, “The Poly1305-AES message-authentication code”).
 *
 * Every blob, header and small file is one message, so what a message costs beside its bytes
 * counts. The three contexts of OpenSSL are therefore kept for the life of the cipher: the two of
 * AES with their expanded keys, so that a message sets the counter block only; the one of Poly1305
 * takes a new key (r, s) for each message. The bytes are worked on in pieces that stay in the
 * processor's nearest cache from the encryption to the authentication.
 *
 * Two messages with one nonce would give away both texts. Nonces are 16 random bytes. They are
 * drawn many at once, as each draw has a price, and each is wiped as it is used. A forked process
 * must not use those drawn before: a count of forks tells. */

#include "config.h"

#include "sr-cipher.h"

#include <glib/gi18n-lib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "base/sr-error.h"

#include "sr-openssl.h"

#define PIECE_SIZE (16 * 1024) /* half of a usual first-level cache; a multiple of 16 */
#define N_NONCES 256 /* drawn at once: 4 KiB */

struct _SrCipher
{
  SrSecret *key; /* (owned) */
  EVP_CIPHER_CTX *stream; /* (owned): AES-256-CTR under encrypt */
  EVP_CIPHER_CTX *block; /* (owned): AES-128-ECB under k */
  EVP_MAC_CTX *mac; /* (owned): Poly1305 */
  gboolean sealing; /* between sr_cipher_seal_begin() and _end() */

  guint8 nonces[N_NONCES][SR_CIPHER_NONCE_SIZE];
  guint n_nonces; /* how many from the start are unused */
  int n_forks; /* when they were drawn */
};

static int n_forks; /* (atomic): how many forks lie between this process and the first */

static void
on_forked (void)
{
  g_atomic_int_inc (&n_forks);
}

static gpointer
watch_forks (gpointer user_data)
{
  if (pthread_atfork (NULL, NULL, on_forked) != 0)
    g_error ("Could not register a function for forks");
  return NULL;
}

static gboolean
make_contexts (SrCipher *self, GError **error)
{
  const SrOpenssl *openssl = sr_openssl_get (error);
  const guint8 *key = sr_secret_get_data (self->key, NULL);

  if (openssl == NULL)
    return FALSE;

  self->stream = EVP_CIPHER_CTX_new ();
  self->block = EVP_CIPHER_CTX_new ();
  self->mac = EVP_MAC_CTX_new (openssl->poly1305);
  if (self->stream != NULL && self->block != NULL && self->mac != NULL &&
      EVP_EncryptInit_ex2 (self->stream, openssl->aes_256_ctr, key + SR_KEY_ENCRYPT_OFFSET, NULL,
                           NULL) == 1 &&
      EVP_EncryptInit_ex2 (self->block, openssl->aes_128_ecb, key + SR_KEY_K_OFFSET, NULL, NULL) ==
          1 &&
      EVP_CIPHER_CTX_set_padding (self->block, 0) == 1)
    return TRUE;

  sr_openssl_set_error (error, _ ("Could not prepare encryption with this computer's OpenSSL"));
  return FALSE;
}

/**
 * sr_cipher_new:
 * @key: a set of keys, %SR_KEY_SIZE bytes; the cipher keeps a reference
 * @error: return location
 *
 * Fails with %SR_ERROR_DAMAGED when one of the keys is all zeros (restic refuses them too).
 *
 * Returns: (transfer full) (nullable): a cipher for one thread at a time
 */
SrCipher *
sr_cipher_new (SrSecret *key, GError **error)
{
  static GOnce once = G_ONCE_INIT;
  g_autoptr (SrCipher) self = NULL;

  g_assert (sr_secret_get_length (key) == SR_KEY_SIZE);

  if (!sr_key_is_usable (key))
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED,
                           _ ("The repository's key consists of zeros and protects nothing"));
      return NULL;
    }

  g_once (&once, watch_forks, NULL);
  self = g_new0 (SrCipher, 1);
  self->key = sr_secret_ref (key);
  if (!make_contexts (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * sr_cipher_free:
 * @self: (nullable) (transfer full): a cipher
 *
 * Wipes what it knew; so does OpenSSL with its contexts.
 */
void
sr_cipher_free (SrCipher *self)
{
  if (self == NULL)
    return;

  EVP_CIPHER_CTX_free (self->stream);
  EVP_CIPHER_CTX_free (self->block);
  EVP_MAC_CTX_free (self->mac);
  sr_secret_unref (self->key);
  OPENSSL_cleanse (self->nonces, sizeof self->nonces);
  g_free (self);
}

static gboolean
draw_nonce (SrCipher *self, guint8 nonce[SR_CIPHER_NONCE_SIZE], GError **error)
{
  int forks = g_atomic_int_get (&n_forks);
  guint8 *drawn;

  if (self->n_nonces == 0 || self->n_forks != forks)
    {
      if (RAND_bytes (self->nonces[0], sizeof self->nonces) != 1)
        {
          sr_openssl_set_error (error,
                                _ ("Could not draw random bytes with this computer's OpenSSL"));
          return FALSE;
        }
      self->n_nonces = N_NONCES;
      self->n_forks = forks;
    }

  drawn = self->nonces[--self->n_nonces];
  memcpy (nonce, drawn, SR_CIPHER_NONCE_SIZE);
  OPENSSL_cleanse (drawn, SR_CIPHER_NONCE_SIZE);
  return TRUE;
}

/* Poly1305 under r and s = AES-128 (k, nonce); OpenSSL clamps r by itself. */
static gboolean
start_mac (SrCipher *self, const guint8 nonce[SR_CIPHER_NONCE_SIZE])
{
  guint8 one_time_key[32];
  int length = 0;
  gboolean done;

  memcpy (one_time_key, sr_secret_get_data (self->key, NULL) + SR_KEY_R_OFFSET, 16);
  done = EVP_EncryptUpdate (self->block, one_time_key + 16, &length, nonce, SR_CIPHER_NONCE_SIZE) ==
             1 &&
         length == 16 && EVP_MAC_init (self->mac, one_time_key, sizeof one_time_key, NULL) == 1;
  OPENSSL_cleanse (one_time_key, sizeof one_time_key);
  return done;
}

static gboolean
start_stream (SrCipher *self, const guint8 nonce[SR_CIPHER_NONCE_SIZE])
{
  return EVP_EncryptInit_ex2 (self->stream, NULL, NULL, nonce, NULL) == 1;
}

static gboolean
encrypt (SrCipher *self, const guint8 *from, gsize length, guint8 *to)
{
  int written = 0;

  return EVP_EncryptUpdate (self->stream, to, &written, from, (int) length) == 1 &&
         (gsize) written == length;
}

static gboolean
encrypt_and_mac (SrCipher *self, const guint8 *plain, gsize length, guint8 *sealed)
{
  while (length > 0)
    {
      gsize piece = MIN (length, PIECE_SIZE);

      if (!encrypt (self, plain, piece, sealed) || EVP_MAC_update (self->mac, sealed, piece) != 1)
        return FALSE;
      plain += piece;
      sealed += piece;
      length -= piece;
    }
  return TRUE;
}

static gboolean
finish_mac (SrCipher *self, guint8 tag[SR_CIPHER_TAG_SIZE])
{
  gsize length = 0;

  return EVP_MAC_final (self->mac, tag, &length, SR_CIPHER_TAG_SIZE) == 1 &&
         length == SR_CIPHER_TAG_SIZE;
}

/**
 * sr_cipher_seal_with_nonce:
 * @self: a cipher
 * @nonce: 16 bytes that no other message under this key has; not all zeros
 * @plain: (nullable): bytes; may be %NULL when @length is 0, or @message + 16
 * @length: how many
 * @message: (out): @length + %SR_CIPHER_OVERHEAD bytes
 * @error: return location
 *
 * For tests with fixed messages; everybody else uses sr_cipher_seal().
 */
gboolean
sr_cipher_seal_with_nonce (SrCipher *self,
                           const guint8 nonce[SR_CIPHER_NONCE_SIZE],
                           const guint8 *plain,
                           gsize length,
                           guint8 *message,
                           GError **error)
{
  guint8 *sealed = message + SR_CIPHER_NONCE_SIZE;

  g_assert (!self->sealing);

  if (start_mac (self, nonce) && start_stream (self, nonce) &&
      encrypt_and_mac (self, plain, length, sealed) && finish_mac (self, sealed + length))
    {
      memcpy (message, nonce, SR_CIPHER_NONCE_SIZE);
      return TRUE;
    }

  sr_openssl_set_error (error, _ ("Could not encrypt with this computer's OpenSSL"));
  return FALSE;
}

/**
 * sr_cipher_seal:
 * @self: a cipher
 * @plain: (nullable): bytes; may be %NULL when @length is 0, or @message + 16 (sealed in place)
 * @length: how many
 * @message: (out): @length + %SR_CIPHER_OVERHEAD bytes
 * @error: return location
 */
gboolean
sr_cipher_seal (SrCipher *self, const guint8 *plain, gsize length, guint8 *message, GError **error)
{
  guint8 nonce[SR_CIPHER_NONCE_SIZE];

  return draw_nonce (self, nonce, error) &&
         sr_cipher_seal_with_nonce (self, nonce, plain, length, message, error);
}

static gboolean
check_tag (SrCipher *self, const guint8 *message, gsize sealed_length, GError **error)
{
  static const guint8 zeros[SR_CIPHER_NONCE_SIZE];
  const guint8 *sealed = message + SR_CIPHER_NONCE_SIZE;
  guint8 tag[SR_CIPHER_TAG_SIZE];

  if (!start_mac (self, message) || EVP_MAC_update (self->mac, sealed, sealed_length) != 1 ||
      !finish_mac (self, tag))
    {
      sr_openssl_set_error (error,
                            _ ("Could not check encrypted data with this computer's OpenSSL"));
      return FALSE;
    }

  if (CRYPTO_memcmp (tag, sealed + sealed_length, SR_CIPHER_TAG_SIZE) != 0)
    g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED,
                         _ ("The encrypted data do not match their authentication tag"));
  else if (memcmp (message, zeros, SR_CIPHER_NONCE_SIZE) == 0)
    g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED,
                         _ ("The encrypted data have a nonce of zeros"));
  else
    return TRUE;
  return FALSE;
}

/**
 * sr_cipher_open:
 * @self: a cipher
 * @message: a message as sr_cipher_seal() makes it
 * @length: its length in bytes
 * @plain: (out): @length - %SR_CIPHER_OVERHEAD bytes; may be @message + 16 (opened in place)
 * @error: return location
 *
 * Checks the tag, in constant time, before it writes anything to @plain. Fails with
 * %SR_ERROR_DAMAGED when the tag is wrong, the message too short or its nonce all zeros. That the
 * message is the one wanted is not known by this: callers compare ids.
 */
gboolean
sr_cipher_open (SrCipher *self, const guint8 *message, gsize length, guint8 *plain, GError **error)
{
  const guint8 *sealed;
  gsize left;

  g_assert (!self->sealing);

  if (length < SR_CIPHER_OVERHEAD)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("The encrypted data have %zu bytes, %d at least belong there"), length,
                   SR_CIPHER_OVERHEAD);
      return FALSE;
    }

  sealed = message + SR_CIPHER_NONCE_SIZE;
  left = length - SR_CIPHER_OVERHEAD;
  if (!check_tag (self, message, left, error))
    return FALSE;

  if (!start_stream (self, message))
    goto failed;
  for (gsize piece; left > 0; sealed += piece, plain += piece, left -= piece)
    {
      piece = MIN (left, G_MAXINT & ~(gsize) 15); /* OpenSSL counts in int */
      if (!encrypt (self, sealed, piece, plain)) /* in counter mode the same both ways */
        goto failed;
    }
  return TRUE;

failed:
  sr_openssl_set_error (error, _ ("Could not decrypt with this computer's OpenSSL"));
  return FALSE;
}

/**
 * sr_cipher_seal_begin:
 * @self: a cipher
 * @out_nonce: (out): the first 16 bytes of the message
 * @error: return location
 *
 * Begins a message in pieces. Until sr_cipher_seal_end() the cipher does nothing else; a message
 * that is given up is ended all the same.
 */
gboolean
sr_cipher_seal_begin (SrCipher *self, guint8 out_nonce[SR_CIPHER_NONCE_SIZE], GError **error)
{
  g_assert (!self->sealing);

  if (!draw_nonce (self, out_nonce, error))
    return FALSE;
  if (!start_mac (self, out_nonce) || !start_stream (self, out_nonce))
    {
      sr_openssl_set_error (error, _ ("Could not begin encrypting with this computer's OpenSSL"));
      return FALSE;
    }
  self->sealing = TRUE;
  return TRUE;
}

/**
 * sr_cipher_seal_update:
 * @self: a cipher with a message begun
 * @plain: the next bytes of it
 * @length: how many, any number
 * @sealed: (out): as many bytes of the message; may be @plain
 * @error: return location
 */
gboolean
sr_cipher_seal_update (SrCipher *self,
                       const guint8 *plain,
                       gsize length,
                       guint8 *sealed,
                       GError **error)
{
  g_assert (self->sealing);

  if (encrypt_and_mac (self, plain, length, sealed))
    return TRUE;
  sr_openssl_set_error (error, _ ("Could not encrypt with this computer's OpenSSL"));
  return FALSE;
}

/**
 * sr_cipher_seal_end:
 * @self: a cipher with a message begun
 * @out_tag: (out): the last 16 bytes of the message
 * @error: return location
 *
 * The cipher is free for other messages afterwards, also when this fails.
 */
gboolean
sr_cipher_seal_end (SrCipher *self, guint8 out_tag[SR_CIPHER_TAG_SIZE], GError **error)
{
  g_assert (self->sealing);

  self->sealing = FALSE;
  if (finish_mac (self, out_tag))
    return TRUE;
  sr_openssl_set_error (error, _ ("Could not finish encrypting with this computer's OpenSSL"));
  return FALSE;
}
