/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Key files of restic, files of ours, and files that somebody changed. */

#include "config.h"

#include "repository/sr-key-file.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "support/sr-test-files.h"
#include "support/sr-test-json.h"
#include "support/sr-test-memory.h"

#define SALT \
  "Z2EzmS06PyLCFkC6Yoevs4kW8J99M2u4nJY3yubJX9Jj3K42JnapLdmRVhXyt4etxhZ4UGcKRI4BbDRc/e6IFA=="
#define DATA "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=" /* 32 bytes */
#define COSTS "\"N\":1024,\"r\":8,\"p\":1"
#define SCRYPT "\"kdf\":\"scrypt\""
#define REST "\"salt\":\"" SALT "\",\"data\":\"" DATA "\""
#define ACCEPTED -1

static const SrScryptParameters cheap = { 1024, 8, 1 };

static SrSecret *
new_password (const char *text)
{
  return sr_secret_new (text, strlen (text));
}

static const struct
{
  const char *name;
  const char *json;
  int code; /* of SrError, or ACCEPTED */
} cases[] = {
  { "shortest", "{" SCRYPT "," COSTS "," REST "}", ACCEPTED },
  { "other-layout", "\n{ " REST ",\n" COSTS " , " SCRYPT " }\n", ACCEPTED },
  { "unknown-members", "{\"x\":[{}]," SCRYPT "," COSTS "," REST ",\"y\":null}", ACCEPTED },
  { "names-of-other-types",
    "{\"created\":1,\"username\":null,\"hostname\":{}," SCRYPT "," COSTS "," REST "}", ACCEPTED },
  { "broken-time", "{\"created\":\"yesterday\"," SCRYPT "," COSTS "," REST "}", ACCEPTED },
  { "other-kdf", "{\"kdf\":\"argon2id\"," COSTS "," REST "}", SR_ERROR_UNSUPPORTED },
  { "no-kdf", "{" COSTS "," REST "}", SR_ERROR_DAMAGED },
  { "no-n", "{" SCRYPT ",\"r\":8,\"p\":1," REST "}", SR_ERROR_DAMAGED },
  { "n-text", "{" SCRYPT ",\"N\":\"1024\",\"r\":8,\"p\":1," REST "}", SR_ERROR_DAMAGED },
  { "n-negative", "{" SCRYPT ",\"N\":-1024,\"r\":8,\"p\":1," REST "}", SR_ERROR_DAMAGED },
  { "r-wraps", "{" SCRYPT ",\"N\":1024,\"r\":4294967304,\"p\":1," REST "}", SR_ERROR_DAMAGED },
  { "p-wraps", "{" SCRYPT ",\"N\":1024,\"r\":8,\"p\":4294967297," REST "}", SR_ERROR_DAMAGED },
  { "no-salt", "{" SCRYPT "," COSTS ",\"data\":\"" DATA "\"}", SR_ERROR_DAMAGED },
  { "short-salt", "{" SCRYPT "," COSTS ",\"salt\":\"" DATA "\",\"data\":\"" DATA "\"}",
    SR_ERROR_DAMAGED },
  { "broken-salt", "{" SCRYPT "," COSTS ",\"salt\":\"" SALT "!\",\"data\":\"" DATA "\"}",
    SR_ERROR_DAMAGED },
  { "no-data", "{" SCRYPT "," COSTS ",\"salt\":\"" SALT "\"}", SR_ERROR_DAMAGED },
  { "short-data", "{" SCRYPT "," COSTS ",\"salt\":\"" SALT "\",\"data\":\"AAAA\"}",
    SR_ERROR_DAMAGED },
  { "nonce-of-zeros",
    "{" SCRYPT "," COSTS ",\"salt\":\"" SALT
    "\",\"data\":\"AAAAAAAAAAAAAAAAAAAAAAEBAQEBAQEBAQEBAQEBAQE=\"}",
    SR_ERROR_DAMAGED },
  { "lines-in-data",
    "{" SCRYPT "," COSTS ",\"salt\":\"" SALT
    "\",\"data\":\"AQEBAQEBAQEBAQEBAQEBAQEB\\nAQEBAQEBAQEBAQEBAQE=\"}",
    SR_ERROR_DAMAGED },
  { "empty-object", "{}", SR_ERROR_DAMAGED },
  { "empty", "", SR_ERROR_DAMAGED },
  { "cut-off", "{" SCRYPT "," COSTS "," REST, SR_ERROR_DAMAGED },
  { "more-behind", "{" SCRYPT "," COSTS "," REST "}x", SR_ERROR_DAMAGED },
};

static void
test_decode (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrKeyFile) file =
      sr_key_file_decode (cases[row].json, strlen (cases[row].json), &error);

  if (cases[row].code != ACCEPTED)
    {
      g_assert_null (file);
      g_assert_error (error, SR_ERROR, cases[row].code);
      return;
    }

  g_assert_no_error (error);
  g_assert_true (sr_time_is_unset (sr_key_file_get_created (file)));
  g_assert_cmpstr (sr_key_file_get_username (file), ==, "");
  g_assert_cmpstr (sr_key_file_get_hostname (file), ==, "");
}

/* Costs that scrypt does not know, or that nobody wants to pay, end before any work. */
static const struct
{
  const char *name;
  const char *costs;
  int code;
} costs[] = {
  { "no-power-of-two", "\"N\":1000,\"r\":8,\"p\":1", SR_ERROR_DAMAGED },
  { "no-p", "\"N\":1024,\"r\":8", SR_ERROR_DAMAGED },
  { "memory", "\"N\":1073741824,\"r\":8,\"p\":1", SR_ERROR_LIMIT },
  { "hours", "\"N\":1048576,\"r\":8,\"p\":1000000", SR_ERROR_LIMIT },
};

static void
test_costs (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autofree char *json = g_strdup_printf ("{" SCRYPT ",%s," REST "}", costs[row].costs);
  g_autoptr (SrKeyFile) file = sr_key_file_decode (json, strlen (json), &error);
  g_autoptr (SrSecret) password = new_password ("x");

  g_assert_no_error (error);
  g_assert_null (sr_key_file_unlock (file, password, NULL, &error));
  g_assert_error (error, SR_ERROR, costs[row].code);
}

static void
test_size_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *spaces = g_strnfill (SR_KEY_FILE_SIZE_LIMIT, ' ');
  g_autofree char *json = g_strconcat ("{" SCRYPT "," COSTS "," REST "}", spaces, NULL);
  g_autoptr (SrKeyFile) file = sr_key_file_decode (json, SR_KEY_FILE_SIZE_LIMIT, &error);

  g_assert_no_error (error);
  g_assert_nonnull (file);
  g_assert_null (sr_key_file_decode (json, SR_KEY_FILE_SIZE_LIMIT + 1, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

static void
test_vector (void)
{
  static const char *const members[] = { "master_encrypt_key_hex", "master_mac_k_hex",
                                         "master_mac_r_hex" };
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/crypto-vectors.json");
  const SrTestJson *vector = sr_test_json_get (root, "keyfile");
  const char *text = sr_test_json_string (sr_test_json_get (vector, "file_text"));
  g_autoptr (SrSecret) password =
      new_password (sr_test_json_string (sr_test_json_get (vector, "password_utf8")));
  g_autoptr (GError) error = NULL;
  g_autoptr (SrKeyFile) file = sr_key_file_decode (text, strlen (text), &error);
  g_autoptr (SrSecret) master = NULL;
  const guint8 *data;

  g_assert_no_error (error);
  g_assert_cmpstr (sr_key_file_get_username (file), ==, "joe");
  g_assert_cmpstr (sr_key_file_get_hostname (file), ==, "box");
  g_assert_cmpint (sr_key_file_get_created (file)->seconds, ==, 1767323045);

  master = sr_key_file_unlock (file, password, NULL, &error);
  g_assert_no_error (error);
  data = sr_secret_get_data (master, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      gsize length;
      g_autofree guint8 *part =
          sr_test_json_dup_hex (sr_test_json_get (vector, members[i]), &length);

      g_assert_cmpmem (data, length, part, length);
      data += length;
    }
}

/* The two key files that restic wrote have one master key, each for its own password. */
static void
test_restic (void)
{
  static const struct
  {
    const char *name;
    const char *password;
    const char *username;
  } keys[] = {
    { "216298a8c77dfa4523e0d5442bc42970e27aed0d316023cadf9d5c5687e07498",
      "zweites Paßwort – ünïcode", "bob" },
    { "82db3790d9b6c1aaab998f589ba9b70b6180735af3117002f1370bb14ed02f65",
      "correct horse battery staple", "alice" },
  };
  SrSecret *masters[2];

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_strconcat ("restic-v2/repo/keys/", keys[i].name, NULL);
      gsize length;
      g_autofree char *text = sr_test_load (name, &length);
      g_autoptr (SrKeyFile) file = sr_key_file_decode (text, length, &error);
      g_autoptr (SrSecret) password = new_password (keys[i].password);
      g_autoptr (SrSecret) wrong = new_password (keys[1 - i].password);

      g_assert_no_error (error);
      g_assert_cmpstr (sr_key_file_get_username (file), ==, keys[i].username);
      masters[i] = sr_key_file_unlock (file, password, NULL, &error);
      g_assert_no_error (error);
      g_assert_null (sr_key_file_unlock (file, wrong, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD);
    }
  g_assert_true (sr_secret_equal (masters[0], masters[1]));
  sr_secret_unref (masters[0]);
  sr_secret_unref (masters[1]);
}

static SrKeyFile *
create_and_decode (SrSecret *master, SrSecret *password)
{
  g_autoptr (GError) error = NULL;
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  SrKeyFile *file;

  sr_buffer_append (&out, "kept", 4);
  sr_key_file_create (master, password, &cheap, "jürgen", "haus\n", &out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (out.data, 4, "kept", 4);
  file = sr_key_file_decode ((const char *) out.data + 4, out.length - 4, &error);
  g_assert_no_error (error);
  return file;
}

static void
test_create (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) master = sr_key_new_random (NULL);
  g_autoptr (SrSecret) password = new_password ("pass");
  g_autoptr (SrSecret) wrong = new_password ("pass ");
  g_autoptr (SrSecret) unlocked = NULL;
  g_autoptr (SrKeyFile) file = NULL;
  SrTime before, after;

  sr_time_now (&before);
  file = create_and_decode (master, password);
  sr_time_now (&after);
  g_assert_cmpstr (sr_key_file_get_username (file), ==, "jürgen");
  g_assert_cmpstr (sr_key_file_get_hostname (file), ==, "haus\n");
  g_assert_cmpint (sr_time_compare (&before, sr_key_file_get_created (file)), <=, 0);
  g_assert_cmpint (sr_time_compare (sr_key_file_get_created (file), &after), <=, 0);
  g_assert_cmpint (sr_key_file_get_created (file)->utc_offset, ==, before.utc_offset);

  unlocked = sr_key_file_unlock (file, password, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (sr_secret_equal (unlocked, master));
  g_assert_null (sr_key_file_unlock (file, wrong, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD);
}

static void
test_create_refused (void)
{
  g_autoptr (GError) error = NULL;
  guint8 *data;
  g_autoptr (SrSecret) zeros = sr_secret_new_uninitialized (SR_KEY_SIZE, &data);
  g_autoptr (SrSecret) master = sr_key_new_random (NULL);
  g_autoptr (SrSecret) password = new_password ("pass");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  const SrScryptParameters wrong = { 1000, 8, 1 };

  memset (data, 1, 48); /* r is missing */
  g_assert_false (sr_key_file_create (zeros, password, &cheap, "", "", &out, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_false (sr_key_file_create (master, password, &wrong, "", "", &out, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_key_file_create (master, password, &cheap, "", "", &out, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (out.length, ==, 0);
}

static void
mask (guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    bytes[i] ^= SR_TEST_MEMORY_MASK;
}

/* Once a key file was made and opened, nothing of the key stays behind: neither its bytes nor their
 * base64, neither on the heap nor on the stack. */
static void
test_no_copies (void)
{
  g_autoptr (SrSecret) master = sr_key_new_random (NULL);
  g_autoptr (SrSecret) password = new_password ("pass");
  g_autoptr (SrSecret) unlocked = NULL;
  g_autoptr (SrKeyFile) file = create_and_decode (master, password);
  guint8 raw[32], text[44 + 8];
  int state = 0, save = 0;

  unlocked = sr_key_file_unlock (file, password, NULL, NULL);
  g_assert_nonnull (unlocked);
  for (gsize i = 0; i < sizeof raw; i++)
    raw[i] = sr_secret_get_data (master, NULL)[i] ^ SR_TEST_MEMORY_MASK;
  g_assert_cmpuint (sr_test_memory_count (raw, sizeof raw), ==, 2); /* master and unlocked */
  g_clear_pointer (&unlocked, sr_secret_unref);
  g_assert_cmpuint (sr_test_memory_count (raw, sizeof raw), ==, 1);

  g_base64_encode_step (sr_secret_get_data (master, NULL), 32, FALSE, (char *) text, &state, &save);
  mask (text, 40);
  g_assert_cmpuint (sr_test_memory_count (text, 40), ==, 0);
}

#define K16 "AQEBAQEBAQEBAQEBAQEBAQ=="
#define K32 "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define Z16 "AAAAAAAAAAAAAAAAAAAAAA=="

/* What the right password finds inside. */
static const struct
{
  const char *name;
  const char *document;
  int code;
} documents[] = {
  { "usual", "{\"mac\":{\"k\":\"" K16 "\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}", ACCEPTED },
  { "other-layout",
    "{\"x\":{\"k\":1}, \"encrypt\" : \"" K32 "\",\n\"mac\":{\"y\":[],\"r\":\"" K16 "\",\"k\":\"" K16
    "\"}}",
    ACCEPTED },
  { "escapes",
    "{\"mac\":{\"k\":\"\\u0041QEBAQEBAQEBAQEBAQEBAQ==\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32
    "\"}",
    ACCEPTED },
  { "no-k", "{\"mac\":{\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}", SR_ERROR_DAMAGED },
  { "no-mac", "{\"encrypt\":\"" K32 "\"}", SR_ERROR_DAMAGED },
  { "no-encrypt", "{\"mac\":{\"k\":\"" K16 "\",\"r\":\"" K16 "\"}}", SR_ERROR_DAMAGED },
  { "short-encrypt", "{\"mac\":{\"k\":\"" K16 "\",\"r\":\"" K16 "\"},\"encrypt\":\"" K16 "\"}",
    SR_ERROR_DAMAGED },
  { "long-k", "{\"mac\":{\"k\":\"" K32 "\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}",
    SR_ERROR_DAMAGED },
  { "no-padding",
    "{\"mac\":{\"k\":\"AQEBAQEBAQEBAQEBAQEBAQEB\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}",
    SR_ERROR_DAMAGED },
  { "broken-base64",
    "{\"mac\":{\"k\":\"AQEBAQEBAQEBAQEBAQEB-Q==\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}",
    SR_ERROR_DAMAGED },
  { "zeros", "{\"mac\":{\"k\":\"" Z16 "\",\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}",
    SR_ERROR_DAMAGED },
  { "number", "{\"mac\":{\"k\":1,\"r\":\"" K16 "\"},\"encrypt\":\"" K32 "\"}", SR_ERROR_DAMAGED },
  { "empty", "", SR_ERROR_DAMAGED },
  { "cut-off", "{\"mac\":{\"k\":\"" K16, SR_ERROR_DAMAGED },
  { "not-json", "\x28\xb5\x2f\xfd", SR_ERROR_DAMAGED },
};

/* A key file with @document sealed in it. */
static SrKeyFile *
seal_document (const char *document, SrSecret *password)
{
  static const guint8 salt[64] = { 1 };
  g_autoptr (SrSecret) key = sr_key_derive (password, salt, sizeof salt, &cheap, NULL, NULL);
  g_autoptr (SrCipher) cipher = sr_cipher_new (key, NULL);
  gsize length = strlen (document);
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
  g_autofree char *salt_text = g_base64_encode (salt, sizeof salt);
  g_autofree char *data_text = NULL;
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;
  SrKeyFile *file;

  sr_cipher_seal (cipher, (const guint8 *) document, length, message, &error);
  g_assert_no_error (error);
  data_text = g_base64_encode (message, length + SR_CIPHER_OVERHEAD);
  json = g_strdup_printf ("{" SCRYPT "," COSTS ",\"salt\":\"%s\",\"data\":\"%s\"}", salt_text,
                          data_text);
  file = sr_key_file_decode (json, strlen (json), &error);
  g_assert_no_error (error);
  return file;
}

static void
test_document (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) password = new_password ("pass");
  g_autoptr (SrKeyFile) file = seal_document (documents[row].document, password);
  g_autoptr (SrSecret) master = sr_key_file_unlock (file, password, NULL, &error);

  if (documents[row].code == ACCEPTED)
    {
      guint8 ones[SR_KEY_SIZE];

      g_assert_no_error (error);
      memset (ones, 1, sizeof ones);
      g_assert_cmpmem (sr_secret_get_data (master, NULL), SR_KEY_SIZE, ones, SR_KEY_SIZE);
    }
  else
    {
      g_assert_null (master);
      g_assert_error (error, SR_ERROR, documents[row].code);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/key-file/decode/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_decode);
    }
  for (guint row = 0; row < G_N_ELEMENTS (costs); row++)
    {
      g_autofree char *path = g_strconcat ("/key-file/costs/", costs[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_costs);
    }
  for (guint row = 0; row < G_N_ELEMENTS (documents); row++)
    {
      g_autofree char *path = g_strconcat ("/key-file/document/", documents[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_document);
    }
  g_test_add_func ("/key-file/size-limit", test_size_limit);
  g_test_add_func ("/key-file/vector", test_vector);
  g_test_add_func ("/key-file/restic", test_restic);
  g_test_add_func ("/key-file/create", test_create);
  g_test_add_func ("/key-file/no-copies", test_no_copies);
  g_test_add_func ("/key-file/create-refused", test_create_refused);

  return g_test_run ();
}
