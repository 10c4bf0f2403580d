/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Messages sealed and opened again, whole and in pieces, and what happens to damaged ones. */

#include "config.h"

#include "crypto/sr-cipher.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sr-error.h"

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
  g_test_add_func ("/cipher/damage", test_damage);
  g_test_add_func ("/cipher/truncated", test_truncated);
  g_test_add_func ("/cipher/foreign-key", test_foreign_key);
  g_test_add_func ("/cipher/zero-key", test_zero_key);
  g_test_add_func ("/cipher/nonces-differ", test_nonces_differ);
  g_test_add_func ("/cipher/nonce-after-fork", test_nonce_after_fork);

  return g_test_run ();
}
