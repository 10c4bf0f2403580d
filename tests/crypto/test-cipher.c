/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Messages against vectors that restic accepted; sealed and opened again, whole and in pieces; and
 * what happens to damaged ones. */

#include "config.h"

#include "crypto/sr-cipher.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "support/sr-test-json.h"

static SrCipher *
make_cipher (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) key = sr_key_new_random (&error);
  SrCipher *cipher;

  g_assert_no_error (error);
  cipher = sr_cipher_new (key, &error);
  g_assert_no_error (error);
  return cipher;
}

static guint8 *
make_plain (gsize length)
{
  guint8 *plain = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    plain[i] = (guint8) (i * 7 + (i >> 8));
  return plain;
}

static SrCipher *
new_vector_cipher (const SrTestJson *vector)
{
  static const char *const members[] = { "encrypt_key_hex", "mac_k_hex", "mac_r_hex" };
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

/* Among them nonces at which the counter wraps, and r that has to be clamped. */
static void
test_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vectors = sr_test_json_get (root, "messages");

  g_assert_cmpuint (sr_test_json_length (vectors), ==, 10);
  for (guint i = 0; i < sr_test_json_length (vectors); i++)
    {
      const SrTestJson *vector = sr_test_json_at (vectors, i);
      g_autoptr (SrCipher) cipher = new_vector_cipher (vector);
      g_autoptr (GError) error = NULL;
      gsize length, message_length;
      g_autofree guint8 *plain =
          sr_test_json_dup_hex (sr_test_json_get (vector, "plaintext_hex"), &length);
      g_autofree guint8 *message =
          sr_test_json_dup_hex (sr_test_json_get (vector, "message_hex"), &message_length);
      g_autofree guint8 *sealed = g_malloc (length + SR_CIPHER_OVERHEAD);
      g_autofree guint8 *opened = g_malloc (length + 1);

      g_test_message ("%s", sr_test_json_string (sr_test_json_get (vector, "name")));
      sr_cipher_seal_with_nonce (cipher, message, plain, length, sealed, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (sealed, length + SR_CIPHER_OVERHEAD, message, message_length);
      sr_cipher_open (cipher, message, message_length, opened, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (opened, length, plain, length);
    }
}

static void
test_invalid_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vectors = sr_test_json_get (root, "invalid_messages");

  g_assert_cmpuint (sr_test_json_length (vectors), ==, 6);
  for (guint i = 0; i < sr_test_json_length (vectors); i++)
    {
      const SrTestJson *vector = sr_test_json_at (vectors, i);
      g_autoptr (SrCipher) cipher = new_vector_cipher (vector);
      g_autoptr (GError) error = NULL;
      gsize length;
      g_autofree guint8 *message =
          sr_test_json_dup_hex (sr_test_json_get (vector, "message_hex"), &length);
      g_autofree guint8 *opened = g_malloc (length + 1);

      g_test_message ("%s", sr_test_json_string (sr_test_json_get (vector, "name")));
      g_assert_false (sr_cipher_open (cipher, message, length, opened, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
    }
}

/* The nonce that makes AES-128 under @k yield @s. */
static void
find_nonce (const guint8 k[16], const guint8 s[16], guint8 nonce[16])
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  int length = 0;

  g_assert_cmpint (EVP_DecryptInit_ex2 (context, EVP_aes_128_ecb (), k, NULL, NULL), ==, 1);
  g_assert_cmpint (EVP_CIPHER_CTX_set_padding (context, 0), ==, 1);
  g_assert_cmpint (EVP_DecryptUpdate (context, nonce, &length, s, 16), ==, 1);
  g_assert_cmpint (length, ==, 16);
  EVP_CIPHER_CTX_free (context);
}

/* Vectors of Poly1305 alone: each is the ciphertext of a message with the nonce that gives its s. */
static void
test_poly1305_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vectors = sr_test_json_get (root, "poly1305");

  g_assert_cmpuint (sr_test_json_length (vectors), ==, 10);
  for (guint i = 0; i < sr_test_json_length (vectors); i++)
    {
      const SrTestJson *vector = sr_test_json_at (vectors, i);
      g_autoptr (GError) error = NULL;
      gsize length, r_length, s_length, tag_length;
      g_autofree guint8 *r = sr_test_json_dup_hex (sr_test_json_get (vector, "r_hex"), &r_length);
      g_autofree guint8 *s = sr_test_json_dup_hex (sr_test_json_get (vector, "s_hex"), &s_length);
      g_autofree guint8 *tag =
          sr_test_json_dup_hex (sr_test_json_get (vector, "tag_hex"), &tag_length);
      g_autofree guint8 *text =
          sr_test_json_dup_hex (sr_test_json_get (vector, "message_hex"), &length);
      g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
      guint8 *key_data;
      g_autoptr (SrSecret) key = sr_secret_new_uninitialized (SR_KEY_SIZE, &key_data);
      g_autoptr (SrCipher) cipher = NULL;

      g_assert_true (r_length == 16 && s_length == 16 && tag_length == 16);
      memset (key_data, 5, SR_KEY_SIZE);
      memcpy (key_data + SR_KEY_R_OFFSET, r, 16);
      cipher = sr_cipher_new (key, &error);
      g_assert_no_error (error);

      find_nonce (key_data + SR_KEY_K_OFFSET, s, message);
      memcpy (message + SR_CIPHER_NONCE_SIZE, text, length);
      memcpy (message + SR_CIPHER_NONCE_SIZE + length, tag, SR_CIPHER_TAG_SIZE);
      sr_cipher_open (cipher, message, length + SR_CIPHER_OVERHEAD, message + SR_CIPHER_NONCE_SIZE,
                      &error);
      g_assert_no_error (error);
    }
}

/* Lengths around the blocks of both algorithms and around the pieces that the cipher works in. */
static const gsize lengths[] = { 0, 1, 15, 16, 17, 200, 16383, 16384, 16385, 100000 };

static void
test_round_trip (gconstpointer data)
{
  gsize length = lengths[GPOINTER_TO_UINT (data)];
  g_autoptr (GError) error = NULL;
  g_autoptr (SrCipher) cipher = make_cipher ();
  g_autofree guint8 *plain = make_plain (length);
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
  g_autofree guint8 *opened = g_malloc (length + 1);

  sr_cipher_seal (cipher, plain, length, message, &error);
  g_assert_no_error (error);
  sr_cipher_open (cipher, message, length + SR_CIPHER_OVERHEAD, opened, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (plain, length, opened, length);

  memcpy (message + SR_CIPHER_NONCE_SIZE, plain, length);
  sr_cipher_seal (cipher, message + SR_CIPHER_NONCE_SIZE, length, message, &error);
  g_assert_no_error (error);
  sr_cipher_open (cipher, message, length + SR_CIPHER_OVERHEAD, message + SR_CIPHER_NONCE_SIZE,
                  &error);
  g_assert_no_error (error);
  g_assert_cmpmem (plain, length, message + SR_CIPHER_NONCE_SIZE, length);
}

/* A message sealed in pieces is the one sealed whole, wherever the cuts are. */
static void
test_pieces (gconstpointer data)
{
  gsize length = lengths[GPOINTER_TO_UINT (data)];
  g_autoptr (GError) error = NULL;
  g_autoptr (SrCipher) cipher = make_cipher ();
  g_autofree guint8 *plain = make_plain (length);
  g_autofree guint8 *whole = g_malloc (length + SR_CIPHER_OVERHEAD);
  g_autofree guint8 *pieces = g_malloc (length + SR_CIPHER_OVERHEAD);
  guint8 *sealed = pieces + SR_CIPHER_NONCE_SIZE;
  gsize done = 0;

  memcpy (sealed, plain, length);
  sr_cipher_seal_begin (cipher, pieces, &error);
  g_assert_no_error (error);
  for (gsize piece = 1; done < length; piece = piece * 3 + 1)
    {
      piece = MIN (piece, length - done);
      sr_cipher_seal_update (cipher, sealed + done, piece, sealed + done, &error);
      g_assert_no_error (error);
      done += piece;
    }
  sr_cipher_seal_end (cipher, sealed + length, &error);
  g_assert_no_error (error);

  sr_cipher_seal_with_nonce (cipher, pieces, plain, length, whole, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (whole, length + SR_CIPHER_OVERHEAD, pieces, length + SR_CIPHER_OVERHEAD);
}

/* One changed bit anywhere is found, and nothing is written to the plaintext. */
static void
test_damage (void)
{
  g_autoptr (SrCipher) cipher = make_cipher ();
  g_autofree guint8 *plain = make_plain (50);
  guint8 message[50 + SR_CIPHER_OVERHEAD];

  sr_cipher_seal (cipher, plain, 50, message, NULL);
  for (gsize i = 0; i < 8 * sizeof message; i++)
    {
      g_autoptr (GError) error = NULL;
      guint8 opened[50] = { 0 };
      static const guint8 untouched[50];

      message[i / 8] ^= 1 << i % 8;
      g_assert_false (sr_cipher_open (cipher, message, sizeof message, opened, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
      g_assert_cmpmem (opened, 50, untouched, 50);
      message[i / 8] ^= 1 << i % 8;
    }
}

static void
test_truncated (void)
{
  g_autoptr (SrCipher) cipher = make_cipher ();
  guint8 message[1 + SR_CIPHER_OVERHEAD];
  guint8 plain[1] = { 'x' };

  g_assert_false (sr_cipher_open (cipher, NULL, 0, NULL, NULL)); /* an empty file */
  sr_cipher_seal (cipher, plain, 1, message, NULL);
  for (gsize length = 0; length < sizeof message; length++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (sr_cipher_open (cipher, message, length, plain, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
    }
}

static void
test_foreign_key (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrCipher) ours = make_cipher ();
  g_autoptr (SrCipher) theirs = make_cipher ();
  guint8 message[3 + SR_CIPHER_OVERHEAD];
  guint8 plain[3];

  sr_cipher_seal (theirs, (const guint8 *) "abc", 3, message, NULL);
  g_assert_false (sr_cipher_open (ours, message, sizeof message, plain, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

/* A key of which one of the three parts is zeros is refused. */
static void
test_zero_key (void)
{
  static const gsize parts[][2] = { { 0, 32 }, { 32, 16 }, { 48, 16 } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GError) error = NULL;
      guint8 *data;
      g_autoptr (SrSecret) key = sr_secret_new_uninitialized (SR_KEY_SIZE, &data);

      memset (data, 7, SR_KEY_SIZE);
      memset (data + parts[i][0], 0, parts[i][1]);
      g_assert_null (sr_cipher_new (key, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
    }
}

/* More messages than nonces are drawn at once: none comes twice. */
static void
test_nonces_differ (void)
{
  g_autoptr (SrCipher) cipher = make_cipher ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 1000; i++)
    {
      guint8 message[SR_CIPHER_OVERHEAD];

      g_assert_true (sr_cipher_seal (cipher, NULL, 0, message, NULL));
      g_assert_true (g_hash_table_add (seen, g_base64_encode (message, SR_CIPHER_NONCE_SIZE)));
    }
}

/* Parent and child of a fork go on with different nonces. */
static void
test_nonce_after_fork (void)
{
  g_autoptr (SrCipher) cipher = make_cipher ();
  guint8 ours[SR_CIPHER_OVERHEAD], theirs[SR_CIPHER_OVERHEAD];
  int ends[2], status;
  pid_t child;

  g_assert_true (sr_cipher_seal (cipher, NULL, 0, ours, NULL));
  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      gboolean done = sr_cipher_seal (cipher, NULL, 0, theirs, NULL) &&
                      write (ends[1], theirs, sizeof theirs) == sizeof theirs;
      _exit (done ? 0 : 1);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (read (ends[0], theirs, sizeof theirs), ==, sizeof theirs);
  g_assert_true (sr_cipher_seal (cipher, NULL, 0, ours, NULL));
  g_assert_cmpint (memcmp (ours, theirs, SR_CIPHER_NONCE_SIZE), !=, 0);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (lengths); row++)
    {
      g_autofree char *whole =
          g_strdup_printf ("/cipher/round-trip/%" G_GSIZE_FORMAT, lengths[row]);
      g_autofree char *pieces = g_strdup_printf ("/cipher/pieces/%" G_GSIZE_FORMAT, lengths[row]);

      g_test_add_data_func (whole, GUINT_TO_POINTER (row), test_round_trip);
      g_test_add_data_func (pieces, GUINT_TO_POINTER (row), test_pieces);
    }
  g_test_add_func ("/cipher/vectors", test_vectors);
  g_test_add_func ("/cipher/invalid-vectors", test_invalid_vectors);
  g_test_add_func ("/cipher/poly1305-vectors", test_poly1305_vectors);
  g_test_add_func ("/cipher/damage", test_damage);
  g_test_add_func ("/cipher/truncated", test_truncated);
  g_test_add_func ("/cipher/foreign-key", test_foreign_key);
  g_test_add_func ("/cipher/zero-key", test_zero_key);
  g_test_add_func ("/cipher/nonces-differ", test_nonces_differ);
  g_test_add_func ("/cipher/nonce-after-fork", test_nonce_after_fork);

  return g_test_run ();
}
