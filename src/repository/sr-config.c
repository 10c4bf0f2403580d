/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The file that makes a folder a repository (repository/FORMAT.md, “Config”).
 *
 * Other programs put members of their own into it (rustic does); they are passed over, but for one
 * that says how files are cut. As the file is never written again, nothing of theirs is lost. */

#include "config.h"

#include "sr-config.h"

#include <glib/gi18n-lib.h>

#include "base/sr-error.h"
#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"
#include "crypto/sr-key.h"

typedef struct
{
  guint64 version; /* 0: not there */
  gboolean has_id, has_polynomial; /* there, and well formed */
} Found;

/* 1 to 16 hexadecimal digits, upper case too, as restic reads them. */
static gboolean
parse_polynomial (const char *text, gsize length, SrPolynomial *out_polynomial)
{
  SrPolynomial polynomial = 0;

  if (length == 0 || length > 16)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      int value = g_ascii_xdigit_value (text[i]);

      if (value < 0)
        return FALSE;
      polynomial = polynomial << 4 | (guint) value;
    }
  *out_polynomial = polynomial;
  return TRUE;
}

static void
read_member (SrJsonReader *reader, SrConfig *config, Found *found)
{
  const char *text;
  gsize length;

  if (sr_json_reader_member_is (reader, "version"))
    sr_json_reader_read_uint64 (reader, &found->version);
  else if (sr_json_reader_peek (reader) != SR_JSON_STRING)
    sr_json_reader_skip_value (reader);
  else if (sr_json_reader_member_is (reader, "id"))
    found->has_id = sr_json_reader_read_string (reader, &text, &length) &&
                    sr_id_from_hex (&config->id, text, (gssize) length);
  else if (sr_json_reader_member_is (reader, "chunker_polynomial"))
    found->has_polynomial = sr_json_reader_read_string (reader, &text, &length) &&
                            parse_polynomial (text, length, &config->polynomial);
  else if (sr_json_reader_member_is (reader, "chunker"))
    config->foreign_chunker = sr_json_reader_read_string (reader, &text, &length) &&
                              g_ascii_strcasecmp (text, "rabin") != 0;
  else
    sr_json_reader_skip_value (reader);
}

/* The version first: a newer one may have changed all the rest. */
static gboolean
check (SrConfig *config, const Found *found, GError **error)
{
  const char *wrong = NULL;

  if (found->version > 2)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, found->version);

      g_set_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED,
                   _ ("The repository has format version %s, and versions 1 and 2 are known here; "
                      "update this program"),
                   text);
      return FALSE;
    }
  config->version = (guint) found->version;

  if (found->version == 0)
    wrong = _ ("its version is missing");
  else if (!found->has_id)
    wrong = _ ("its id is missing or no id");
  else if (config->foreign_chunker)
    return TRUE;
  else if (!found->has_polynomial)
    wrong = _ ("its chunker polynomial is missing or no number");
  else if (!sr_polynomial_is_irreducible (config->polynomial))
    wrong = _ ("its chunker polynomial is not irreducible");
  else
    return TRUE;

  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED, _ ("The repository's config is damaged: %s"),
               wrong);
  return FALSE;
}

/**
 * sr_config_decode:
 * @config: (out): what it says; undefined after a failure
 * @json: (array length=length): the decrypted file
 * @length: bytes of @json
 * @error: return location
 *
 * Fails with %SR_ERROR_UNSUPPORTED for versions other than 1 and 2, %SR_ERROR_LIMIT above
 * %SR_CONFIG_SIZE_LIMIT, and %SR_ERROR_DAMAGED when something is missing or wrong.
 */
gboolean
sr_config_decode (SrConfig *config, const char *json, gsize length, GError **error)
{
  g_autoptr (SrJsonReader) reader = NULL;
  Found found = { 0 };

  if (length > SR_CONFIG_SIZE_LIMIT)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
                   _ ("The repository's config has %zu bytes, more than are accepted"), length);
      return FALSE;
    }

  *config = (SrConfig){ 0 };
  reader = sr_json_reader_new_for_data (json, length);
  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    read_member (reader, config, &found);
  if (!sr_json_reader_finish (reader, error))
    {
      sr_prefix_error (error, _ ("The repository's config is damaged"));
      return FALSE;
    }
  return check (config, &found, error);
}

/**
 * sr_config_encode:
 * @config: what it shall say
 * @out: the JSON text is appended there
 */
void
sr_config_encode (const SrConfig *config, SrBuffer *out)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);
  char polynomial[17];

  g_snprintf (polynomial, sizeof polynomial, "%" G_GINT64_MODIFIER "x", config->polynomial);
  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "version");
  sr_json_writer_uint64 (writer, config->version);
  sr_json_writer_member (writer, "id");
  sr_json_writer_id (writer, &config->id);
  sr_json_writer_member (writer, "chunker_polynomial");
  sr_json_writer_string (writer, polynomial, -1);
  sr_json_writer_end_object (writer);
  sr_json_writer_finish (writer, NULL); /* a buffer takes everything */
}

/**
 * sr_config_generate:
 * @config: (out): a config of version 2 with a random id and polynomial
 * @error: return location; see sr_random_fill()
 */
gboolean
sr_config_generate (SrConfig *config, GError **error)
{
  *config = (SrConfig){ .version = 2 };
  return sr_random_fill (config->id.bytes, SR_ID_SIZE, error) &&
         sr_polynomial_generate (&config->polynomial, error);
}
