/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-id.h"

G_BEGIN_DECLS

/* Pulls the values of one JSON text out of a stream, in order, within fixed memory.
 *
 * The first failure sticks: from then on every call does nothing and returns FALSE, and
 * sr_json_reader_finish() tells what it was and at which byte. So a parser is written straight
 * down, without a check after each call:
 *
 *   sr_json_reader_begin_object (reader);
 *   while (sr_json_reader_next_member (reader))
 *     if (sr_json_reader_member_is (reader, "size"))
 *       sr_json_reader_read_uint64 (reader, &size);
 *     else
 *       sr_json_reader_skip_value (reader);
 *   return sr_json_reader_finish (reader, error);
 */
typedef struct _SrJsonReader SrJsonReader;

/* Fills @buffer; returns the bytes put there, 0 at the end of the text, -1 with @error set. */
typedef gssize (*SrJsonFill) (gpointer user_data, guint8 *buffer, gsize size, GError **error);

typedef enum
{
  SR_JSON_NONE, /* the text is over, or broken */
  SR_JSON_OBJECT,
  SR_JSON_ARRAY,
  SR_JSON_STRING,
  SR_JSON_NUMBER,
  SR_JSON_BOOLEAN,
  SR_JSON_NULL,
} SrJsonType;

SrJsonReader *sr_json_reader_new (SrJsonFill fill, gpointer user_data);
SrJsonReader *sr_json_reader_new_for_data (const void *data, gsize length);
void sr_json_reader_free (SrJsonReader *self);

void sr_json_reader_set_text_limit (SrJsonReader *self, gsize limit);
void sr_json_reader_set_secret (SrJsonReader *self); /* wipes what it copied of the text */
SrJsonType sr_json_reader_peek (SrJsonReader *self);
gboolean sr_json_reader_begin_object (SrJsonReader *self);
gboolean sr_json_reader_next_member (SrJsonReader *self);
gboolean sr_json_reader_member_is (SrJsonReader *self, const char *name);
const char *sr_json_reader_get_member (SrJsonReader *self);
gboolean sr_json_reader_begin_array (SrJsonReader *self);
gboolean sr_json_reader_next_element (SrJsonReader *self);
gboolean sr_json_reader_read_string (SrJsonReader *self, const char **out_text, gsize *out_length);
gboolean sr_json_reader_dup_string (SrJsonReader *self, char **out_text);
gboolean sr_json_reader_read_id (SrJsonReader *self, SrId *out_id);
gboolean sr_json_reader_read_uint32 (SrJsonReader *self, guint32 *out_value);
gboolean sr_json_reader_read_uint64 (SrJsonReader *self, guint64 *out_value);
gboolean sr_json_reader_read_int64 (SrJsonReader *self, gint64 *out_value);
gboolean sr_json_reader_read_boolean (SrJsonReader *self, gboolean *out_value);
gboolean sr_json_reader_read_null (SrJsonReader *self);
gboolean sr_json_reader_skip_value (SrJsonReader *self);
gboolean sr_json_reader_dup_value (SrJsonReader *self, char **out_json);
void sr_json_reader_fail (SrJsonReader *self, GError *error);
gboolean sr_json_reader_has_failed (SrJsonReader *self);
gboolean sr_json_reader_finish (SrJsonReader *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrJsonReader, sr_json_reader_free)

G_END_DECLS
