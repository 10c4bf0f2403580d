/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Keys of passwords, and which costs of scrypt are accepted. */

#include "config.h"

#include "crypto/sr-key.h"

#include <string.h>

#include "base/sr-error.h"
#include "support/sr-test-json.h"

static const struct
{
  const char *name;
  SrScryptParameters parameters;
  int code; /* of SrError; -1: accepted */
} cases[] = {
  { "default", { 32768, 8, 1 }, -1 },
  { "smallest", { 2, 1, 1 }, -1 },
  { "largest-of-restic", { 65536, 8, 10 }, -1 },
  { "one-gigabyte", { 1 << 20, 8, 1 }, -1 },
  { "most-work", { 1 << 20, 8, 8 }, -1 },
  { "n-zero", { 0, 8, 1 }, SR_ERROR_DAMAGED },
  { "n-one", { 1, 8, 1 }, SR_ERROR_DAMAGED },
  { "n-no-power-of-two", { 32767, 8, 1 }, SR_ERROR_DAMAGED },
  { "r-zero", { 32768, 0, 1 }, SR_ERROR_DAMAGED },
  { "p-zero", { 32768, 8, 0 }, SR_ERROR_DAMAGED },
  { "r-times-p", { 2, 1 << 15, 1 << 15 }, SR_ERROR_DAMAGED },
  { "r-times-p-above-32-bits", { 2, G_MAXUINT32, G_MAXUINT32 }, SR_ERROR_DAMAGED },
  { "two-gigabytes", { 1 << 21, 8, 1 }, SR_ERROR_LIMIT },
  { "n-largest", { G_GUINT64_CONSTANT (1) << 63, 8, 1 }, SR_ERROR_LIMIT },
  { "memory-in-p", { 2, 1, 1 << 24 }, SR_ERROR_LIMIT },
  { "memory-in-r", { 2, 1 << 23, 1 }, SR_ERROR_LIMIT },
  { "hours", { 32768, 8, 100000 }, SR_ERROR_LIMIT },
};

static void
test_parameters (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  gboolean accepted = sr_scrypt_parameters_check (&cases[row].parameters, &error);

  if (cases[row].code == -1)
    {
      g_assert_no_error (error);
      g_assert_true (accepted);
    }
  else
    {
      g_autoptr (SrSecret) password = sr_secret_new ("x", 1);

      g_assert_error (error, SR_ERROR, cases[row].code);
      g_clear_error (&error);
      g_assert_null (sr_key_derive (password, (const guint8 *) "salt", 4, &cases[row].parameters,
                                    NULL, &error));
      g_assert_error (error, SR_ERROR, cases[row].code);
    }
}

/* RFC 7914, section 12: the first example, of which both texts are empty, and the second. */
static void
test_rfc_7914 (void)
{
  static const guint8 first[8] = { 0x77, 0xd6, 0x57, 0x62, 0x38, 0x65, 0x7b, 0x20 };
  static const guint8 second[8] = { 0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00 };
  const SrScryptParameters small = { 16, 1, 1 }, usual = { 1024, 8, 16 };
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) empty = sr_secret_new (NULL, 0);
  g_autoptr (SrSecret) password = sr_secret_new ("password", 8);
  g_autoptr (SrSecret) key = NULL;
  g_autoptr (SrSecret) other = NULL;

  key = sr_key_derive (empty, (const guint8 *) "", 0, &small, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sr_secret_get_length (key), ==, SR_KEY_SIZE);
  g_assert_cmpmem (sr_secret_get_data (key, NULL), 8, first, 8);

  other = sr_key_derive (password, (const guint8 *) "NaCl", 4, &usual, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (sr_secret_get_data (other, NULL), 8, second, 8);
}

static void
test_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vectors = sr_test_json_get (root, "kdf");

  g_assert_cmpuint (sr_test_json_length (vectors), ==, 3);
  for (guint i = 0; i < sr_test_json_length (vectors); i++)
    {
      const SrTestJson *vector = sr_test_json_at (vectors, i);
      const char *text = sr_test_json_string (sr_test_json_get (vector, "password_utf8"));
      g_autoptr (SrSecret) password = sr_secret_new (text, strlen (text));
      const SrScryptParameters parameters = {
        sr_test_json_uint64 (sr_test_json_get (vector, "N")),
        (guint32) sr_test_json_uint64 (sr_test_json_get (vector, "r")),
        (guint32) sr_test_json_uint64 (sr_test_json_get (vector, "p")),
      };
      gsize salt_length, length;
      g_autofree guint8 *salt =
          sr_test_json_dup_hex (sr_test_json_get (vector, "salt_hex"), &salt_length);
      g_autofree guint8 *expected =
          sr_test_json_dup_hex (sr_test_json_get (vector, "derived64_hex"), &length);
      g_autoptr (GError) error = NULL;
      g_autoptr (SrSecret) key =
          sr_key_derive (password, salt, salt_length, &parameters, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (sr_secret_get_data (key, NULL), SR_KEY_SIZE, expected, length);
    }
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrSecret) password = sr_secret_new ("x", 1);

  g_cancellable_cancel (cancellable);
  g_assert_null (sr_key_derive (password, (const guint8 *) "salt", 4, &SR_SCRYPT_DEFAULT,
                                cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_random (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) one = sr_key_new_random (&error);
  g_autoptr (SrSecret) two = sr_key_new_random (&error);

  g_assert_no_error (error);
  g_assert_true (sr_key_is_usable (one));
  g_assert_false (sr_secret_equal (one, two));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/key/parameters/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_parameters);
    }
  g_test_add_func ("/key/rfc-7914", test_rfc_7914);
  g_test_add_func ("/key/vectors", test_vectors);
  g_test_add_func ("/key/cancelled", test_cancelled);
  g_test_add_func ("/key/random", test_random);

  return g_test_run ();
}
