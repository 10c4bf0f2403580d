/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-json-writer.h"
#include "base/sr-time.h"

G_BEGIN_DECLS

/* Standard output or standard error, as text or as JSON, one object a line. */
typedef struct _SrCtlOutput SrCtlOutput;

SrCtlOutput *sr_ctl_output_new (int fd, gboolean json, GCancellable *cancellable);
void sr_ctl_output_free (SrCtlOutput *self);
gboolean sr_ctl_output_is_json (SrCtlOutput *self);
void sr_ctl_output_print (SrCtlOutput *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
SrJsonWriter *sr_ctl_output_begin_json (SrCtlOutput *self, const char *message_type);
void sr_ctl_output_end_json (SrCtlOutput *self);
gboolean sr_ctl_output_flush (SrCtlOutput *self);
gboolean sr_ctl_output_is_closed (SrCtlOutput *self);
int sr_ctl_output_get_error (SrCtlOutput *self);

/* Members of an object. */
void sr_ctl_json_string (SrJsonWriter *json, const char *name, const char *value);
void sr_ctl_json_strv (SrJsonWriter *json, const char *name, const char *const *values);
void sr_ctl_json_path (SrJsonWriter *json, const char *name, const char *path);
void sr_ctl_json_uint64 (SrJsonWriter *json, const char *name, guint64 value);
void sr_ctl_json_seconds (SrJsonWriter *json, const char *name, double seconds);
void sr_ctl_json_id (SrJsonWriter *json, const char *name, const SrId *id);
void sr_ctl_json_time (SrJsonWriter *json, const char *name, const SrTime *time);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCtlOutput, sr_ctl_output_free)

G_END_DECLS
