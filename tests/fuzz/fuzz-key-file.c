/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A key file as it may lie in a storage, and the document that the right password finds in it: the
 * first byte of the input says which. A key is derived with the cheapest costs only. */

#include "config.h"

#include <stdint.h>
#include <string.h>

#include "crypto/sr-cipher.h"
#include "repository/sr-key-file.h"

static const SrScryptParameters cheapest = { 2, 1, 1 };
static const guint8 salt[64];

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The input as a file. Its parameters are not run: the largest allowed take half a minute. */
static void
try_file (const guint8 *data, gsize size)
{
  g_autoptr (SrKeyFile) file = sr_key_file_decode ((const char *) data, size, NULL);

  if (file == NULL)
    return;
  g_assert_nonnull (sr_key_file_get_username (file));
  g_assert_nonnull (sr_key_file_get_hostname (file));
}

static void
try_document (const guint8 *data, gsize size)
{
  g_autoptr (SrSecret) password = sr_secret_new ("x", 1);
  g_autoptr (SrSecret) key = sr_key_derive (password, salt, sizeof salt, &cheapest, NULL, NULL);
  g_autoptr (SrCipher) cipher = sr_cipher_new (key, NULL);
  g_autofree guint8 *message = g_malloc (size + SR_CIPHER_OVERHEAD);
  g_autofree char *salt_text = g_base64_encode (salt, sizeof salt);
  g_autofree char *data_text = NULL;
  g_autofree char *json = NULL;
  g_autoptr (SrKeyFile) file = NULL;
  g_autoptr (SrSecret) master = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_cipher_seal (cipher, data, size, message, NULL));
  data_text = g_base64_encode (message, size + SR_CIPHER_OVERHEAD);
  json = g_strdup_printf ("{\"kdf\":\"scrypt\",\"N\":2,\"r\":1,\"p\":1,\"salt\":\"%s\","
                          "\"data\":\"%s\"}",
                          salt_text, data_text);
  file = sr_key_file_decode (json, strlen (json), NULL);
  if (file == NULL) /* too long */
    return;

  master = sr_key_file_unlock (file, password, NULL, &error);
  g_assert_true ((master == NULL) == (error != NULL));
  g_assert_true (master == NULL || sr_key_is_usable (master));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  if (data[0] == 'D')
    try_document (data + 1, size - 1);
  else
    try_file (data + 1, size - 1);
  return 0;
}
