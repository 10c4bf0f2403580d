/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Configs of restic and of others, and what is refused. */

#include "config.h"

#include "repository/sr-config.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "support/sr-test-json.h"

#define ID "\"id\":\"bd8539a645d92dbad08e8aed9ebf467b487f7d1b40ed7ea22613543eeabb2e98\""
#define POLYNOMIAL "\"chunker_polynomial\":\"3da3358b4dc173\""
#define ACCEPTED -1

static const struct
{
  const char *name;
  const char *json;
  int code; /* of SrError, or ACCEPTED */
  guint version;
  gboolean foreign;
} cases[] = {
  { "version-1", "{\"version\":1," ID "," POLYNOMIAL "}", ACCEPTED, 1, FALSE },
  { "version-2", "{\"version\":2," ID "," POLYNOMIAL "}", ACCEPTED, 2, FALSE },
  { "other-layout", " {" POLYNOMIAL " ,\n\t" ID ", \"version\" : 2 }\n", ACCEPTED, 2, FALSE },
  { "capitals", "{\"version\":2," ID ",\"chunker_polynomial\":\"3DA3358B4DC173\"}", ACCEPTED, 2,
    FALSE },
  { "zeros-in-front", "{\"version\":2," ID ",\"chunker_polynomial\":\"003da3358b4dc173\"}",
    ACCEPTED, 2, FALSE },
  { "unknown-members",
    "{\"append_only\":true,\"x\":{\"id\":1,\"version\":9},\"version\":2," ID "," POLYNOMIAL
    ",\"datapack_size\":32}",
    ACCEPTED, 2, FALSE },
  { "rabin", "{\"version\":2," ID "," POLYNOMIAL ",\"chunker\":\"rabin\"}", ACCEPTED, 2, FALSE },
  { "no-chunker", "{\"version\":2," ID "," POLYNOMIAL ",\"chunker\":null}", ACCEPTED, 2, FALSE },
  { "foreign-chunker", "{\"version\":2," ID "," POLYNOMIAL ",\"chunker\":\"fixed_size\"}", ACCEPTED,
    2, TRUE },
  { "foreign-chunker-without-polynomial", "{\"version\":2," ID ",\"chunker\":\"fixed_size\"}",
    ACCEPTED, 2, TRUE },
  { "version-3", "{\"version\":3," ID "," POLYNOMIAL "}", SR_ERROR_UNSUPPORTED, 0, FALSE },
  { "version-3-changed", "{\"version\":3,\"id\":7}", SR_ERROR_UNSUPPORTED, 0, FALSE },
  { "version-0", "{\"version\":0," ID "," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "version-negative", "{\"version\":-1," ID "," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "version-text", "{\"version\":\"2\"," ID "," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "no-version", "{" ID "," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "no-id", "{\"version\":2," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "short-id", "{\"version\":2,\"id\":\"bd85\"," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "no-polynomial", "{\"version\":2," ID "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "empty-polynomial", "{\"version\":2," ID ",\"chunker_polynomial\":\"\"}", SR_ERROR_DAMAGED, 0,
    FALSE },
  { "polynomial-with-0x", "{\"version\":2," ID ",\"chunker_polynomial\":\"0x3da3358b4dc173\"}",
    SR_ERROR_DAMAGED, 0, FALSE },
  { "long-polynomial", "{\"version\":2," ID ",\"chunker_polynomial\":\"0003da3358b4dc173\"}",
    SR_ERROR_DAMAGED, 0, FALSE },
  { "reducible-polynomial", "{\"version\":2," ID ",\"chunker_polynomial\":\"3059369f767c45\"}",
    SR_ERROR_DAMAGED, 0, FALSE },
  { "small-polynomial", "{\"version\":2," ID ",\"chunker_polynomial\":\"11b\"}", SR_ERROR_DAMAGED,
    0, FALSE },
  { "empty", "", SR_ERROR_DAMAGED, 0, FALSE },
  { "cut-off", "{\"version\":2," ID "," POLYNOMIAL, SR_ERROR_DAMAGED, 0, FALSE },
  { "array", "[]", SR_ERROR_DAMAGED, 0, FALSE },
  { "version-byte", "\x02{\"version\":2," ID "," POLYNOMIAL "}", SR_ERROR_DAMAGED, 0, FALSE },
  { "more-behind", "{\"version\":2," ID "," POLYNOMIAL "}{}", SR_ERROR_DAMAGED, 0, FALSE },
};

static void
test_decode (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  SrConfig config;
  gboolean decoded = sr_config_decode (&config, cases[row].json, strlen (cases[row].json), &error);

  if (cases[row].code != ACCEPTED)
    {
      g_assert_false (decoded);
      g_assert_error (error, SR_ERROR, cases[row].code);
      return;
    }

  g_assert_no_error (error);
  g_assert_true (decoded);
  g_assert_cmpuint (config.version, ==, cases[row].version);
  g_assert_cmpint (config.foreign_chunker, ==, cases[row].foreign);
  g_assert_cmphex (config.id.bytes[0], ==, 0xbd);
  if (!config.foreign_chunker)
    g_assert_cmphex (config.polynomial, ==, G_GUINT64_CONSTANT (0x3da3358b4dc173));
}

static void
test_size_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *spaces = g_strnfill (SR_CONFIG_SIZE_LIMIT, ' ');
  g_autofree char *json = g_strconcat ("{\"version\":2," ID "," POLYNOMIAL "}", spaces, NULL);
  SrConfig config;

  g_assert_true (sr_config_decode (&config, json, SR_CONFIG_SIZE_LIMIT, &error));
  g_assert_no_error (error);
  g_assert_false (sr_config_decode (&config, json, SR_CONFIG_SIZE_LIMIT + 1, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

static SrCipher *
open_vector_cipher (const SrTestJson *vector)
{
  static const char *const members[] = { "master_encrypt_key_hex", "master_mac_k_hex",
                                         "master_mac_r_hex" };
  g_autoptr (GError) error = NULL;
  guint8 *data;
  g_autoptr (SrSecret) key = sr_secret_new_uninitialized (SR_KEY_SIZE, &data);
  SrCipher *cipher;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      gsize length;
      g_autofree guint8 *part =
          sr_test_json_dup_hex (sr_test_json_get (vector, members[i]), &length);

      memcpy (data, part, length);
      data += length;
    }
  cipher = sr_cipher_new (key, &error);
  g_assert_no_error (error);
  return cipher;
}

/* A file that restic accepted: opened, read, and written again to the same bytes. */
static void
test_vector (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vector = sr_test_json_get (root, "keyfile");
  const char *expected = sr_test_json_string (sr_test_json_get (vector, "config_plaintext"));
  g_autoptr (SrCipher) cipher = open_vector_cipher (vector);
  g_autoptr (GError) error = NULL;
  gsize length;
  g_autofree guint8 *file =
      sr_test_json_dup_hex (sr_test_json_get (vector, "config_file_hex"), &length);
  const char *plain = (const char *) file + SR_CIPHER_NONCE_SIZE;
  g_auto (SrBuffer) encoded = SR_BUFFER_INIT;
  SrConfig config;

  sr_cipher_open (cipher, file, length, file + SR_CIPHER_NONCE_SIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (plain, length - SR_CIPHER_OVERHEAD, expected, strlen (expected));

  sr_config_decode (&config, plain, length - SR_CIPHER_OVERHEAD, &error);
  g_assert_no_error (error);
  sr_config_encode (&config, &encoded);
  g_assert_cmpmem (encoded.data, encoded.length, expected, strlen (expected));
}

static void
test_generate (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (SrBuffer) encoded = SR_BUFFER_INIT;
  SrConfig config, other, decoded;

  sr_config_generate (&config, &error);
  g_assert_no_error (error);
  sr_config_generate (&other, &error);
  g_assert_no_error (error);
  g_assert_false (sr_id_equal (&config.id, &other.id));
  g_assert_cmphex (config.polynomial, !=, other.polynomial);

  sr_config_encode (&config, &encoded);
  sr_config_decode (&decoded, (const char *) encoded.data, encoded.length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (decoded.version, ==, 2);
  g_assert_true (sr_id_equal (&decoded.id, &config.id));
  g_assert_cmphex (decoded.polynomial, ==, config.polynomial);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/config/decode/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_decode);
    }
  g_test_add_func ("/config/size-limit", test_size_limit);
  g_test_add_func ("/config/vector", test_vector);
  g_test_add_func ("/config/generate", test_generate);

  return g_test_run ();
}
