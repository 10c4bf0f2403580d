/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>
#include <openssl/evp.h>

G_BEGIN_DECLS

/* For the files of this folder alone. */

/* The algorithms of the repository format, fetched once for the whole process. */
typedef struct
{
  EVP_MD *sha256;
  EVP_CIPHER *aes_256_ctr;
  EVP_CIPHER *aes_128_ecb;
  EVP_MAC *poly1305;
} SrOpenssl;

const SrOpenssl *sr_openssl_get (GError **error);
void sr_openssl_set_error (GError **error, const char *what);

G_END_DECLS
