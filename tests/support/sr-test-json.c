/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Test vectors as a tree of values, on our own reader: so it is tested by all of them too. */

#include "config.h"

#include "sr-test-json.h"

#include <string.h>

#include "base/sr-json-reader.h"

#include "sr-test-files.h"

#define TEXT_LIMIT (64 * 1024 * 1024) /* bytes of one string */

struct _SrTestJson
{
  SrJsonType type;
  char *name; /* (owned) (nullable): of the member */
  char *text; /* (owned) (nullable): of a string, the digits of a number */
  gboolean truth; /* of a boolean */
  GPtrArray *children; /* (owned) (nullable): of an array or object */
};

static SrTestJson *read_value (SrJsonReader *reader, const char *name);

static void
read_children (SrJsonReader *reader, SrTestJson *self)
{
  self->children = g_ptr_array_new_with_free_func ((GDestroyNotify) sr_test_json_free);

  if (self->type == SR_JSON_ARRAY)
    {
      sr_json_reader_begin_array (reader);
      while (sr_json_reader_next_element (reader))
        g_ptr_array_add (self->children, read_value (reader, NULL));
      return;
    }

  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    {
      g_autofree char *name = g_strdup (sr_json_reader_get_member (reader));

      g_ptr_array_add (self->children, read_value (reader, name));
    }
}

static SrTestJson *
read_value (SrJsonReader *reader, const char *name)
{
  SrTestJson *self = g_new0 (SrTestJson, 1);

  self->type = sr_json_reader_peek (reader);
  self->name = g_strdup (name);
  switch (self->type)
    {
    case SR_JSON_OBJECT:
    case SR_JSON_ARRAY:
      read_children (reader, self);
      break;
    case SR_JSON_STRING:
      sr_json_reader_dup_string (reader, &self->text);
      break;
    case SR_JSON_NUMBER:
      sr_json_reader_dup_value (reader, &self->text);
      break;
    case SR_JSON_BOOLEAN:
      sr_json_reader_read_boolean (reader, &self->truth);
      break;
    case SR_JSON_NULL:
      sr_json_reader_read_null (reader);
      break;
    case SR_JSON_NONE: /* the reader has failed, and says so at the end */
    default:
      break;
    }
  return self;
}

SrTestJson *
sr_test_json_load (const char *name)
{
  gsize length;
  g_autofree char *text = sr_test_load (name, &length);
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (text, length);
  g_autoptr (GError) error = NULL;
  SrTestJson *root;

  sr_json_reader_set_text_limit (reader, TEXT_LIMIT);
  root = read_value (reader, NULL);
  sr_json_reader_finish (reader, &error);
  g_assert_no_error (error);
  return root;
}

void
sr_test_json_free (SrTestJson *root)
{
  g_free (root->name);
  g_free (root->text);
  g_clear_pointer (&root->children, g_ptr_array_unref);
  g_free (root);
}

static const SrTestJson *
find (const SrTestJson *self, const char *member)
{
  g_assert_cmpint (self->type, ==, SR_JSON_OBJECT);

  for (guint i = 0; i < self->children->len; i++)
    {
      const SrTestJson *child = g_ptr_array_index (self->children, i);

      if (g_str_equal (child->name, member))
        return child;
    }
  return NULL;
}

gboolean
sr_test_json_has (const SrTestJson *self, const char *member)
{
  return find (self, member) != NULL;
}

const SrTestJson *
sr_test_json_get (const SrTestJson *self, const char *member)
{
  const SrTestJson *child = find (self, member);

  if (child == NULL)
    g_error ("The test data have no member “%s” where it is expected", member);
  return child;
}

guint
sr_test_json_length (const SrTestJson *self)
{
  g_assert_nonnull (self->children);
  return self->children->len;
}

const SrTestJson *
sr_test_json_at (const SrTestJson *self, guint index)
{
  g_assert_cmpuint (index, <, sr_test_json_length (self));
  return g_ptr_array_index (self->children, index);
}

const char *
sr_test_json_name (const SrTestJson *self)
{
  g_assert_nonnull (self->name);
  return self->name;
}

gboolean
sr_test_json_is_null (const SrTestJson *self)
{
  return self->type == SR_JSON_NULL;
}

gboolean
sr_test_json_boolean (const SrTestJson *self)
{
  g_assert_cmpint (self->type, ==, SR_JSON_BOOLEAN);
  return self->truth;
}

guint64
sr_test_json_uint64 (const SrTestJson *self)
{
  g_autoptr (GError) error = NULL;
  guint64 value;

  g_assert_cmpint (self->type, ==, SR_JSON_NUMBER);
  g_ascii_string_to_unsigned (self->text, 10, 0, G_MAXUINT64, &value, &error);
  g_assert_no_error (error);
  return value;
}

gint64
sr_test_json_int64 (const SrTestJson *self)
{
  g_autoptr (GError) error = NULL;
  gint64 value;

  g_assert_cmpint (self->type, ==, SR_JSON_NUMBER);
  g_ascii_string_to_signed (self->text, 10, G_MININT64, G_MAXINT64, &value, &error);
  g_assert_no_error (error);
  return value;
}

const char *
sr_test_json_string (const SrTestJson *self)
{
  g_assert_cmpint (self->type, ==, SR_JSON_STRING);
  return self->text;
}

/* A byte more than needed is allocated, a NUL, so that an empty string is not NULL. */
guint8 *
sr_test_json_dup_hex (const SrTestJson *self, gsize *out_length)
{
  const char *digits = sr_test_json_string (self);
  gsize length = strlen (digits) / 2;
  guint8 *bytes = g_malloc0 (length + 1);

  g_assert_cmpuint (strlen (digits) % 2, ==, 0);
  for (gsize i = 0; i < length; i++)
    {
      int high = g_ascii_xdigit_value (digits[2 * i]);
      int low = g_ascii_xdigit_value (digits[2 * i + 1]);

      g_assert_true (high >= 0 && low >= 0);
      bytes[i] = (guint8) (high << 4 | low);
    }
  *out_length = length;
  return bytes;
}

guint8 *
sr_test_json_dup_base64 (const SrTestJson *self, gsize *out_length)
{
  const char *text = sr_test_json_string (self);
  guint8 *bytes = g_malloc0 (strlen (text) + 1);
  int state = 0;
  guint save = 0;

  *out_length = g_base64_decode_step (text, strlen (text), bytes, &state, &save);
  return bytes;
}
