/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What this folder takes from OpenSSL 3: each algorithm is looked up by name once. A lookup walks
 * the providers under a lock and costs microseconds, which is more than sealing a small blob. */

#include "config.h"

#include "sr-openssl.h"

#include <glib/gi18n-lib.h>
#include <openssl/err.h>

#include "base/sr-error.h"

static SrOpenssl algorithms;

static gpointer
fetch_algorithms (gpointer user_data)
{
  algorithms.sha256 = EVP_MD_fetch (NULL, "SHA2-256", NULL);
  algorithms.aes_256_ctr = EVP_CIPHER_fetch (NULL, "AES-256-CTR", NULL);
  algorithms.aes_128_ecb = EVP_CIPHER_fetch (NULL, "AES-128-ECB", NULL);
  algorithms.poly1305 = EVP_MAC_fetch (NULL, "POLY1305", NULL);

  if (algorithms.sha256 == NULL || algorithms.aes_256_ctr == NULL ||
      algorithms.aes_128_ecb == NULL || algorithms.poly1305 == NULL)
    return NULL;
  return &algorithms;
}

/**
 * sr_openssl_get:
 * @error: return location
 *
 * Any thread may call this, at any time. Fails with %SR_ERROR_UNSUPPORTED where OpenSSL is
 * configured without one of the algorithms (as FIPS mode does with Poly1305).
 *
 * Returns: (transfer none) (nullable): the algorithms, for the life of the process
 */
const SrOpenssl *
sr_openssl_get (GError **error)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, fetch_algorithms, NULL);
  if (once.retval == NULL)
    g_set_error_literal (error, SR_ERROR, SR_ERROR_UNSUPPORTED,
                         _ ("This computer's OpenSSL lacks AES-256-CTR, AES-128-ECB, Poly1305 or "
                            "SHA-256; allow its default provider"));
  return once.retval;
}

/**
 * sr_openssl_set_error:
 * @error: return location
 * @what: what could not be done, as _("Could not encrypt with this computer's OpenSSL")
 *
 * Sets %SR_ERROR_UNSUPPORTED with OpenSSL's own words, and empties OpenSSL's queue of errors.
 */
void
sr_openssl_set_error (GError **error, const char *what)
{
  char words[256];
  unsigned long code = ERR_peek_last_error ();

  if (code != 0)
    ERR_error_string_n (code, words, sizeof words);
  else
    g_strlcpy (words, _ ("no reason given"), sizeof words);
  ERR_clear_error ();
  g_set_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED, C_ ("error", "%s: %s"), what, words);
}
