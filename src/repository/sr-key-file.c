/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Key files (repository/FORMAT.md, “Key files”): clear JSON with the costs of scrypt, a salt, and
 * the master key, sealed under what scrypt makes of a password. A repository has one for each.
 *
 * The file itself is no secret, the document sealed in it is. That one is built and read in secrets
 * only; the JSON reader has to copy it and wipes its copy, as is done with what stands on the stack
 * here. */

#include "config.h"

#include "sr-key-file.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-base64.h"
#include "base/sr-error.h"
#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"
#include "crypto/sr-cipher.h"

#define SALT_SIZE 64
#define DOCUMENT_SIZE 256 /* bytes; more than the master key's document has */
#define PART_LIMIT 32 /* bytes of the longest of the three keys */
#define DOCUMENT_TEXT_LIMIT 200 /* see sr_json_reader_set_secret() */

struct _SrKeyFile
{
  SrTime created;
  char *username; /* (owned) (nullable) */
  char *hostname; /* (owned) (nullable) */
  char *kdf; /* (owned) (nullable) */
  guint64 n, r, p; /* as they stand there; 0: missing */
  guint8 *salt; /* (owned) (nullable) */
  gsize salt_length;
  guint8 *message; /* (owned) (nullable): the sealed master key */
  gsize message_length;
};

/* Where each part of the master key stands in its document, and in a set of keys. */
typedef enum
{
  PART_ENCRYPT,
  PART_K,
  PART_R,
} Part;

static const struct
{
  gsize offset;
  gsize size;
} parts[] = {
  [PART_ENCRYPT] = { SR_KEY_ENCRYPT_OFFSET, 32 },
  [PART_K] = { SR_KEY_K_OFFSET, 16 },
  [PART_R] = { SR_KEY_R_OFFSET, 16 },
};

static void
set_damaged (GError **error, const char *what)
{
  g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED, what);
}

/* The texts are for people only, so null or a number there is no damage. */
static void
read_text (SrJsonReader *reader, char **text)
{
  if (sr_json_reader_peek (reader) != SR_JSON_STRING)
    {
      sr_json_reader_skip_value (reader);
      return;
    }
  g_clear_pointer (text, g_free);
  sr_json_reader_dup_string (reader, text);
}

static void
read_time (SrJsonReader *reader, SrTime *time)
{
  const char *text;
  gsize length;

  if (sr_json_reader_peek (reader) != SR_JSON_STRING)
    sr_json_reader_skip_value (reader);
  else if (sr_json_reader_read_string (reader, &text, &length) &&
           !sr_time_parse (time, text, length))
    sr_time_set_unset (time);
}

static void
read_bytes (SrJsonReader *reader, guint8 **bytes, gsize *out_length)
{
  GError *error = NULL;
  const char *text;
  gsize length;

  if (!sr_json_reader_read_string (reader, &text, &length))
    return;

  g_free (*bytes);
  *bytes = g_malloc (length / 4 * 3 + 1);
  if (sr_base64_decode (text, length, *bytes, out_length))
    return;
  set_damaged (&error, _ ("Its salt or data are not base64"));
  sr_json_reader_fail (reader, error);
}

static void
read_member (SrJsonReader *reader, SrKeyFile *self)
{
  if (sr_json_reader_member_is (reader, "created"))
    read_time (reader, &self->created);
  else if (sr_json_reader_member_is (reader, "username"))
    read_text (reader, &self->username);
  else if (sr_json_reader_member_is (reader, "hostname"))
    read_text (reader, &self->hostname);
  else if (sr_json_reader_member_is (reader, "kdf"))
    read_text (reader, &self->kdf);
  else if (sr_json_reader_member_is (reader, "N"))
    sr_json_reader_read_uint64 (reader, &self->n);
  else if (sr_json_reader_member_is (reader, "r"))
    sr_json_reader_read_uint64 (reader, &self->r);
  else if (sr_json_reader_member_is (reader, "p"))
    sr_json_reader_read_uint64 (reader, &self->p);
  else if (sr_json_reader_member_is (reader, "salt"))
    read_bytes (reader, &self->salt, &self->salt_length);
  else if (sr_json_reader_member_is (reader, "data"))
    read_bytes (reader, &self->message, &self->message_length);
  else
    sr_json_reader_skip_value (reader);
}

/* All but the tag of the message, which only the password can show to be right. */
static gboolean
check (SrKeyFile *self, GError **error)
{
  static const guint8 zeros[SR_CIPHER_NONCE_SIZE];

  if (self->kdf == NULL)
    set_damaged (error, _ ("It does not say how a key is made of the password"));
  else if (!g_str_equal (self->kdf, "scrypt"))
    g_set_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED,
                 _ ("It makes a key of the password by “%s”, and only scrypt is known here; update "
                    "this program"),
                 self->kdf);
  else if (self->r > G_MAXUINT32 || self->p > G_MAXUINT32 || self->n == 0)
    set_damaged (error, _ ("Its scrypt parameters are missing or not valid"));
  else if (self->salt_length != SALT_SIZE)
    set_damaged (error, _ ("Its salt does not have 64 bytes"));
  else if (self->message_length < SR_CIPHER_OVERHEAD)
    set_damaged (error, _ ("Its data are missing or too short"));
  else if (memcmp (self->message, zeros, SR_CIPHER_NONCE_SIZE) == 0)
    set_damaged (error, _ ("Its data have a nonce of zeros"));
  else
    return TRUE;
  return FALSE;
}

/**
 * sr_key_file_decode:
 * @json: (array length=length): the content of the file
 * @length: bytes of @json
 * @error: return location
 *
 * Fails with %SR_ERROR_DAMAGED, with %SR_ERROR_UNSUPPORTED for another key derivation than scrypt,
 * and with %SR_ERROR_LIMIT above %SR_KEY_FILE_SIZE_LIMIT. The messages speak of “it”: callers put
 * the file's name before them.
 *
 * Returns: (transfer full) (nullable): what the file says
 */
SrKeyFile *
sr_key_file_decode (const char *json, gsize length, GError **error)
{
  g_autoptr (SrKeyFile) self = NULL;
  g_autoptr (SrJsonReader) reader = NULL;

  if (length > SR_KEY_FILE_SIZE_LIMIT)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT, _ ("It has %zu bytes, more than are accepted"),
                   length);
      return NULL;
    }

  self = g_new0 (SrKeyFile, 1);
  sr_time_set_unset (&self->created);
  reader = sr_json_reader_new_for_data (json, length);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    read_member (reader, self);

  if (!sr_json_reader_finish (reader, error) || !check (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * sr_key_file_free:
 * @self: (nullable) (transfer full): a key file
 */
void
sr_key_file_free (SrKeyFile *self)
{
  if (self == NULL)
    return;

  g_free (self->username);
  g_free (self->hostname);
  g_free (self->kdf);
  g_free (self->salt);
  g_free (self->message);
  g_free (self);
}

/**
 * sr_key_file_get_created:
 * @self: a key file
 *
 * Returns: (transfer none): when it was made, by the clock of who made it; may be unset
 */
const SrTime *
sr_key_file_get_created (SrKeyFile *self)
{
  return &self->created;
}

/**
 * sr_key_file_get_username:
 * @self: a key file
 *
 * Returns: (transfer none): who made it, as he calls himself; may be empty
 */
const char *
sr_key_file_get_username (SrKeyFile *self)
{
  return self->username != NULL ? self->username : "";
}

/**
 * sr_key_file_get_hostname:
 * @self: a key file
 *
 * Returns: (transfer none): on which computer; may be empty
 */
const char *
sr_key_file_get_hostname (SrKeyFile *self)
{
  return self->hostname != NULL ? self->hostname : "";
}

/* Puts a part of the master key in its place; @found has a bit for each. */
static void
read_part (SrJsonReader *reader, Part part, guint8 *key, guint *found)
{
  guint8 bytes[PART_LIMIT + 2]; /* two more: of a text without padding */
  gsize size = parts[part].size;
  const char *text;
  gsize length, n;

  if (!sr_json_reader_read_string (reader, &text, &length))
    return;

  if (length == (size + 2) / 3 * 4 && sr_base64_decode (text, length, bytes, &n) && n == size)
    {
      memcpy (key + parts[part].offset, bytes, size);
      *found |= 1u << part;
    }
  explicit_bzero (bytes, sizeof bytes);
}

static void
read_document (SrJsonReader *reader, guint8 *key, guint *found)
{
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    {
      if (sr_json_reader_member_is (reader, "encrypt"))
        {
          read_part (reader, PART_ENCRYPT, key, found);
          continue;
        }
      if (!sr_json_reader_member_is (reader, "mac"))
        continue; /* skipped */

      sr_json_reader_begin_object (reader);
      while (sr_json_reader_next_member (reader))
        if (sr_json_reader_member_is (reader, "k"))
          read_part (reader, PART_K, key, found);
        else if (sr_json_reader_member_is (reader, "r"))
          read_part (reader, PART_R, key, found);
    }
}

static SrSecret *
decode_document (SrSecret *document, GError **error)
{
  guint8 *data;
  g_autoptr (SrSecret) key = sr_secret_new_uninitialized (SR_KEY_SIZE, &data);
  gsize length;
  const guint8 *json = sr_secret_get_data (document, &length);
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, length);
  guint found = 0;

  sr_json_reader_set_secret (reader);
  sr_json_reader_set_text_limit (reader, DOCUMENT_TEXT_LIMIT);
  read_document (reader, data, &found);
  if (!sr_json_reader_finish (reader, error))
    {
      sr_prefix_error (error, _ ("The password fits, but the master key is damaged"));
      return NULL;
    }

  if (found == (1u << G_N_ELEMENTS (parts)) - 1 && sr_key_is_usable (key))
    return g_steal_pointer (&key);
  set_damaged (error,
               _ ("The password fits, but the master key is incomplete or consists of zeros"));
  return NULL;
}

/**
 * sr_key_file_unlock:
 * @self: a key file
 * @password: what the user typed
 * @cancellable: (nullable): see sr_key_derive()
 * @error: return location
 *
 * Blocks for the key derivation: for worker threads. Fails with %SR_ERROR_WRONG_PASSWORD when the
 * password is not for this file (or its data were changed, which looks the same), %SR_ERROR_DAMAGED
 * when it is but no master key is inside, and as sr_key_derive() does.
 *
 * Returns: (transfer full) (nullable): the master key, %SR_KEY_SIZE bytes
 */
SrSecret *
sr_key_file_unlock (SrKeyFile *self, SrSecret *password, GCancellable *cancellable, GError **error)
{
  SrScryptParameters parameters = { self->n, (guint32) self->r, (guint32) self->p };
  g_autoptr (GError) local_error = NULL;
  g_autoptr (SrSecret) user_key = NULL;
  g_autoptr (SrCipher) cipher = NULL;
  g_autoptr (SrSecret) document = NULL;
  guint8 *plain;

  user_key =
      sr_key_derive (password, self->salt, self->salt_length, &parameters, cancellable, error);
  if (user_key == NULL)
    return NULL;
  cipher = sr_cipher_new (user_key, error);
  if (cipher == NULL)
    return NULL;

  document = sr_secret_new_uninitialized (self->message_length - SR_CIPHER_OVERHEAD, &plain);
  if (sr_cipher_open (cipher, self->message, self->message_length, plain, &local_error))
    return decode_document (document, error);

  /* Length and nonce have been looked at before, so damage means the tag. */
  if (g_error_matches (local_error, SR_ERROR, SR_ERROR_DAMAGED))
    g_set_error_literal (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD,
                         _ ("The password does not open this key file"));
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static guint8 *
put_text (guint8 *to, const char *text)
{
  return (guint8 *) stpcpy ((char *) to, text);
}

static guint8 *
put_part (guint8 *to, const guint8 *key, Part part)
{
  int state = 0, save = 0;

  to += g_base64_encode_step (key + parts[part].offset, parts[part].size, FALSE, (char *) to,
                              &state, &save);
  to += g_base64_encode_close (FALSE, (char *) to, &state, &save);
  explicit_bzero (&save, sizeof save);
  return to;
}

/* Written by hand, as a JSON writer would leave copies. */
static gsize
encode_document (SrSecret *master, guint8 document[DOCUMENT_SIZE])
{
  const guint8 *key = sr_secret_get_data (master, NULL);
  guint8 *end = put_text (document, "{\"mac\":{\"k\":\"");

  end = put_part (end, key, PART_K);
  end = put_text (end, "\",\"r\":\"");
  end = put_part (end, key, PART_R);
  end = put_text (end, "\"},\"encrypt\":\"");
  end = put_part (end, key, PART_ENCRYPT);
  end = put_text (end, "\"}");
  return (gsize) (end - document);
}

static void
write_json (const SrKeyFile *file, SrBuffer *out)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);
  char created[SR_TIME_TEXT_SIZE];
  gsize length = sr_time_format (&file->created, created);

  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "created");
  sr_json_writer_string (writer, created, (gssize) length);
  sr_json_writer_member (writer, "username");
  sr_json_writer_string (writer, file->username, -1);
  sr_json_writer_member (writer, "hostname");
  sr_json_writer_string (writer, file->hostname, -1);
  sr_json_writer_member (writer, "kdf");
  sr_json_writer_string (writer, "scrypt", -1);
  sr_json_writer_member (writer, "N");
  sr_json_writer_uint64 (writer, file->n);
  sr_json_writer_member (writer, "r");
  sr_json_writer_uint64 (writer, file->r);
  sr_json_writer_member (writer, "p");
  sr_json_writer_uint64 (writer, file->p);
  sr_json_writer_member (writer, "salt");
  sr_json_writer_base64 (writer, file->salt, file->salt_length);
  sr_json_writer_member (writer, "data");
  sr_json_writer_base64 (writer, file->message, file->message_length);
  sr_json_writer_end_object (writer);
  sr_json_writer_finish (writer, NULL); /* a buffer takes everything */
}

static gboolean
seal_master (SrKeyFile *self, SrSecret *master, SrSecret *user_key, GError **error)
{
  g_autoptr (SrCipher) cipher = sr_cipher_new (user_key, error);
  guint8 *plain;
  g_autoptr (SrSecret) document G_GNUC_UNUSED = sr_secret_new_uninitialized (DOCUMENT_SIZE, &plain);
  gsize length = encode_document (master, plain);

  if (cipher == NULL)
    return FALSE;
  self->message_length = length + SR_CIPHER_OVERHEAD;
  self->message = g_malloc (self->message_length);
  return sr_cipher_seal (cipher, plain, length, self->message, error);
}

/**
 * sr_key_file_create:
 * @master: the repository's key, %SR_KEY_SIZE bytes
 * @password: what shall open it
 * @parameters: the costs of scrypt, usually %SR_SCRYPT_DEFAULT
 * @username: who makes the file; the storage can read it
 * @hostname: on which computer; the storage can read it
 * @out: the content of the file is appended there
 * @cancellable: (nullable): see sr_key_derive()
 * @error: return location
 *
 * Blocks for the key derivation: for worker threads. Fails as sr_key_derive() does, and with
 * %SR_ERROR_DAMAGED for a @master with a part of zeros, which restic would not open.
 */
gboolean
sr_key_file_create (SrSecret *master,
                    SrSecret *password,
                    const SrScryptParameters *parameters,
                    const char *username,
                    const char *hostname,
                    SrBuffer *out,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (SrKeyFile) self = g_new0 (SrKeyFile, 1);
  g_autoptr (SrSecret) user_key = NULL;

  if (!sr_key_is_usable (master))
    {
      set_damaged (error, _ ("A part of the master key is missing or consists of zeros"));
      return FALSE;
    }

  sr_time_now (&self->created);
  self->username = g_strdup (username);
  self->hostname = g_strdup (hostname);
  self->n = parameters->n;
  self->r = parameters->r;
  self->p = parameters->p;
  self->salt_length = SALT_SIZE;
  self->salt = g_malloc (SALT_SIZE);
  if (!sr_random_fill (self->salt, SALT_SIZE, error))
    return FALSE;

  user_key = sr_key_derive (password, self->salt, SALT_SIZE, parameters, cancellable, error);
  if (user_key == NULL || !seal_master (self, master, user_key, error))
    return FALSE;
  write_json (self, out);
  return TRUE;
}
