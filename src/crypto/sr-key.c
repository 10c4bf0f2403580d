/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Keys: drawn at random, or made of a password by scrypt (RFC 7914; repository/FORMAT.md, “Key
 * files”).
 *
 * The parameters of scrypt come from a file that the storage could have changed, so the work that
 * they may ask for is limited. One block of 128 bytes, mixed in both passes, takes about 0.45 µs,
 * and restic picks parameters of about half a second: 5 million blocks (N 65536, r 8, p 10) is the
 * most that was found in practice. SR_SCRYPT_WORK_LIMIT is 67 million, half a minute on an
 * ordinary computer and minutes on a slow one, not hours; SR_SCRYPT_MEMORY_LIMIT is 32 times
 * the memory of restic's usual N 32768, r 8.
 *
 * The memory: OpenSSL takes one block for all of scrypt and wipes it before it frees it. From
 * N 32768, r 8 on that block is above glibc's highest mmap threshold, so it is mapped and unmapped
 * each time; a smaller one can end on the heap, from which malloc_trim() gives it back. */

#include "config.h"

#include "sr-key.h"

#ifdef __GLIBC__
#include <glib/gi18n-lib.h>
#include <malloc.h>
#endif
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/sr-error.h"

#include "sr-openssl.h"

#define BLOCK_SIZE 128 /* scrypt's unit for r = 1 */

/**
 * sr_random_fill:
 * @buffer: (out): where the bytes go
 * @length: how many
 * @error: return location
 *
 * Fills @buffer from OpenSSL's generator, which the system's one seeds, again after a fork. Good
 * for keys. Any thread.
 */
gboolean
sr_random_fill (void *buffer, gsize length, GError **error)
{
  if (RAND_priv_bytes_ex (NULL, buffer, length, 0) == 1)
    return TRUE;

  sr_openssl_set_error (error, _ ("Could not draw random bytes with this computer's OpenSSL"));
  return FALSE;
}

static gboolean
is_all_zero (const guint8 *data, gsize length)
{
  guint8 bits = 0;

  for (gsize i = 0; i < length; i++)
    bits |= data[i];
  return bits == 0;
}

/**
 * sr_key_is_usable:
 * @key: a secret
 *
 * Returns: whether @key has %SR_KEY_SIZE bytes and none of its three keys is all zeros, as restic
 *   demands
 */
gboolean
sr_key_is_usable (SrSecret *key)
{
  gsize length;
  const guint8 *data = sr_secret_get_data (key, &length);

  return length == SR_KEY_SIZE && !is_all_zero (data + SR_KEY_ENCRYPT_OFFSET, 32) &&
         !is_all_zero (data + SR_KEY_K_OFFSET, 16) && !is_all_zero (data + SR_KEY_R_OFFSET, 16);
}

/**
 * sr_key_new_random:
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a new set of keys of %SR_KEY_SIZE bytes; r is not clamped,
 *   that is done where it is used
 */
SrSecret *
sr_key_new_random (GError **error)
{
  return sr_secret_new_random (SR_KEY_SIZE, error);
}

/**
 * sr_scrypt_parameters_check:
 * @parameters: what a key file, or a user, asks for
 * @error: return location
 *
 * Fails with %SR_ERROR_DAMAGED when scrypt does not know such parameters, and with %SR_ERROR_LIMIT
 * when they would take more memory or time than this program gives.
 */
gboolean
sr_scrypt_parameters_check (const SrScryptParameters *parameters, GError **error)
{
  guint64 n = parameters->n, r = parameters->r, p = parameters->p;
  g_autofree char *text = g_strdup_printf (
      "N %" G_GUINT64_FORMAT ", r %" G_GUINT64_FORMAT ", p %" G_GUINT64_FORMAT, n, r, p);

  if (n < 2 || (n & (n - 1)) != 0 || r == 0 || p == 0 || r * p >= 1 << 30)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED, _ ("The scrypt parameters %s are not valid"),
                   text);
      return FALSE;
    }

  /* Divided so that nothing overflows. The table has n blocks of r, the work area p. */
  if (MAX (n, p) > SR_SCRYPT_MEMORY_LIMIT / BLOCK_SIZE / r || n > SR_SCRYPT_WORK_LIMIT / (r * p))
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
                   _ ("The scrypt parameters %s ask for more memory or time than is accepted"),
                   text);
      return FALSE;
    }
  return TRUE;
}

/**
 * sr_key_derive:
 * @password: any bytes
 * @salt: bytes of the key file
 * @salt_length: how many
 * @parameters: the cost
 * @cancellable: (nullable): looked at before and after, as scrypt itself cannot be stopped
 * @error: return location
 *
 * Blocks for 0.1 seconds with %SR_SCRYPT_DEFAULT, and uses 32 MiB meanwhile: for worker threads.
 * Fails as sr_scrypt_parameters_check() does.
 *
 * Returns: (transfer full) (nullable): a set of keys of %SR_KEY_SIZE bytes
 */
SrSecret *
sr_key_derive (SrSecret *password,
               const guint8 *salt,
               gsize salt_length,
               const SrScryptParameters *parameters,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (SrSecret) key = NULL;
  guint8 *data;
  const guint8 *text;
  gsize length;
  guint64 memory;
  gboolean done;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !sr_scrypt_parameters_check (parameters, error))
    return NULL;

  key = sr_secret_new_uninitialized (SR_KEY_SIZE, &data);
  text = sr_secret_get_data (password, &length);
  /* Exactly what OpenSSL counts; its own limit of 32 MiB is below N 32768, r 8. */
  memory = (guint64) BLOCK_SIZE * parameters->r * (parameters->n + parameters->p + 2);
  done = EVP_PBE_scrypt ((const char *) text, length, salt, salt_length, parameters->n,
                         parameters->r, parameters->p, memory, data, SR_KEY_SIZE) == 1;
#ifdef __GLIBC__
  malloc_trim (0);
#endif
  if (!done)
    {
      sr_openssl_set_error (
          error, _ ("Could not make a key of the password with this computer's OpenSSL"));
      return NULL;
    }

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&key);
}
