/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-buffer.h"
#include "base/sr-id.h"

G_BEGIN_DECLS

/* Writes compact JSON with the escapes that restic writes, so that equal values give equal bytes.
 * Commas come by themselves. The first failure of the sink sticks, as in SrJsonReader. */
typedef struct _SrJsonWriter SrJsonWriter;

/* Takes @length bytes; FALSE with @error set ends the writing. */
typedef gboolean (*SrJsonSink) (gpointer user_data,
                                const guint8 *data,
                                gsize length,
                                GError **error);

SrJsonWriter *sr_json_writer_new (SrJsonSink sink, gpointer user_data);
SrJsonWriter *sr_json_writer_new_for_buffer (SrBuffer *buffer);
void sr_json_writer_free (SrJsonWriter *self);

void sr_json_writer_begin_object (SrJsonWriter *self);
void sr_json_writer_end_object (SrJsonWriter *self);
void sr_json_writer_begin_array (SrJsonWriter *self);
void sr_json_writer_end_array (SrJsonWriter *self);
void sr_json_writer_member (SrJsonWriter *self, const char *name);
void sr_json_writer_string (SrJsonWriter *self, const char *text, gssize length);
void sr_json_writer_uint64 (SrJsonWriter *self, guint64 value);
void sr_json_writer_int64 (SrJsonWriter *self, gint64 value);
void sr_json_writer_boolean (SrJsonWriter *self, gboolean value);
void sr_json_writer_null (SrJsonWriter *self);
void sr_json_writer_id (SrJsonWriter *self, const SrId *id);
void sr_json_writer_base64 (SrJsonWriter *self, const void *data, gsize length);
/* A whole value as it is; behind the last value also a newline. */
void sr_json_writer_raw (SrJsonWriter *self, const char *text, gssize length);
gboolean sr_json_writer_finish (SrJsonWriter *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrJsonWriter, sr_json_writer_free)

G_END_DECLS
