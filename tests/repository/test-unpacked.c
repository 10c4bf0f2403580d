/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The form around the JSON of index, snapshot and lock files, also as other programs write it. */

#include "config.h"

#include "repository/sr-unpacked.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-key.h"
#include "tests/support/sr-test-json.h"

typedef struct
{
  SrSecret *key;
  SrCipher *cipher;
  SrCompressor *compressor;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->key = sr_key_new_random (NULL);
  self->cipher = sr_cipher_new (self->key, NULL);
  self->compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_compressor_free (self->compressor);
  sr_cipher_free (self->cipher);
  sr_secret_unref (self->key);
}

/* NULL: not valid. */
static char *
open_text (Fixture *self, guint version, guint8 *message, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrUnpacked unpacked;

  if (!sr_unpacked_open (self->cipher, version, message, length, &unpacked, &error))
    {
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
      return NULL;
    }
  if (!unpacked.compressed)
    return g_strndup ((const char *) unpacked.data, unpacked.length);
  g_assert_true (sr_compressor_decompress (self->compressor, unpacked.data, unpacked.length, 100000,
                                           &json, &error));
  g_assert_no_error (error);
  return g_strndup ((const char *) json.data, json.length);
}

static char *
seal_and_open (Fixture *self, guint version, const guint8 *plain, gsize length)
{
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);

  g_assert_true (sr_cipher_seal (self->cipher, plain, length, message, NULL));
  return open_text (self, version, message, length + SR_CIPHER_OVERHEAD);
}

static void
test_vectors (Fixture *self, gconstpointer data)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/encoding-vectors.json");
  const SrTestJson *vectors = sr_test_json_get (root, "unpacked");

  g_assert_cmpuint (sr_test_json_length (vectors), >=, 8);
  for (guint i = 0; i < sr_test_json_length (vectors); i++)
    {
      const SrTestJson *vector = sr_test_json_at (vectors, i);
      gsize length;
      g_autofree guint8 *plain =
          sr_test_json_dup_hex (sr_test_json_get (vector, "decrypted_hex"), &length);
      g_autofree char *text = seal_and_open (self, 2, plain, length);

      if (sr_test_json_boolean (sr_test_json_get (vector, "valid_in_v2")))
        g_assert_cmpstr (text, ==, sr_test_json_string (sr_test_json_get (vector, "json_text")));
      else
        g_assert_null (text);
    }
}

static void
test_nothing_in_it (Fixture *self, gconstpointer data)
{
  for (guint version = 1; version <= 2; version++)
    {
      g_autofree char *text = seal_and_open (self, version, (const guint8 *) "", 0);

      g_assert_null (text);
    }
}

/* Version 1 has no compressed files. */
static void
test_compressed_in_version_1 (Fixture *self, gconstpointer data)
{
  static const guint8 plain[] = { 0x02, 0x28, 0xb5, 0x2f, 0xfd, 0x20,
                                  0x02, 0x11, 0x00, 0x00, '{',  '}' };
  g_autofree char *newer = seal_and_open (self, 2, plain, sizeof plain);
  g_autofree char *older = seal_and_open (self, 1, plain, sizeof plain);

  g_assert_cmpstr (newer, ==, "{}");
  g_assert_null (older);
}

static void
test_round_trip (Fixture *self, gconstpointer data)
{
  guint version = GPOINTER_TO_UINT (data);
  g_autofree char *spaces = g_strdup_printf ("{%90000s}", "");
  g_auto (SrBuffer) message = SR_BUFFER_INIT;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_unpacked_seal (self->cipher, self->compressor, version, (const guint8 *) spaces,
                                   strlen (spaces), &message, &error));
  if (version == 1)
    g_assert_cmpuint (message.length, ==, strlen (spaces) + SR_CIPHER_OVERHEAD);
  else
    g_assert_cmpuint (message.length, <, 1000);
  text = open_text (self, version, message.data, message.length);
  g_assert_cmpstr (text, ==, spaces);
}

/* Each byte counts. */
static void
test_flipped (Fixture *self, gconstpointer data)
{
  g_auto (SrBuffer) message = SR_BUFFER_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_unpacked_seal (self->cipher, self->compressor, 2, (const guint8 *) "{}", 2,
                                   &message, &error));
  for (gsize i = 0; i <= message.length; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (message.data, message.length);
      g_autofree char *text = NULL;

      if (i < message.length)
        copy[i] ^= 1;
      text = open_text (self, 2, copy, message.length);
      g_assert_cmpstr (text, ==, i < message.length ? NULL : "{}");
    }
}

static void
test_truncated (Fixture *self, gconstpointer data)
{
  g_auto (SrBuffer) message = SR_BUFFER_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_unpacked_seal (self->cipher, self->compressor, 2, (const guint8 *) "{}", 2,
                                   &message, &error));
  for (gsize length = 0; length < message.length; length++)
    {
      g_autofree guint8 *copy = g_malloc (length + 1);
      g_autofree char *text = NULL;

      memcpy (copy, message.data, length);
      text = open_text (self, 2, copy, length);
      g_assert_null (text);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/unpacked/vectors", Fixture, NULL, set_up, test_vectors, tear_down);
  g_test_add ("/unpacked/nothing-in-it", Fixture, NULL, set_up, test_nothing_in_it, tear_down);
  g_test_add ("/unpacked/compressed-in-version-1", Fixture, NULL, set_up,
              test_compressed_in_version_1, tear_down);
  g_test_add ("/unpacked/round-trip/version-1", Fixture, GUINT_TO_POINTER (1), set_up,
              test_round_trip, tear_down);
  g_test_add ("/unpacked/round-trip/version-2", Fixture, GUINT_TO_POINTER (2), set_up,
              test_round_trip, tear_down);
  g_test_add ("/unpacked/flipped", Fixture, NULL, set_up, test_flipped, tear_down);
  g_test_add ("/unpacked/truncated", Fixture, NULL, set_up, test_truncated, tear_down);
  return g_test_run ();
}
