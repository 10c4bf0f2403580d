/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A JSON file of tests/files, whole in memory. Whatever is not there, or is of another type than
 * asked for, ends the test. Values are lent by the root. */
typedef struct _SrTestJson SrTestJson;

SrTestJson *sr_test_json_load (const char *name); /* below tests/files */
void sr_test_json_free (SrTestJson *root);

gboolean sr_test_json_has (const SrTestJson *self, const char *member);
const SrTestJson *sr_test_json_get (const SrTestJson *self, const char *member);
guint sr_test_json_length (const SrTestJson *self); /* of an array or object */
const SrTestJson *sr_test_json_at (const SrTestJson *self, guint index); /* in either */
const char *sr_test_json_name (const SrTestJson *self); /* of the member that this value is of */

gboolean sr_test_json_is_null (const SrTestJson *self);
gboolean sr_test_json_boolean (const SrTestJson *self);
guint64 sr_test_json_uint64 (const SrTestJson *self);
gint64 sr_test_json_int64 (const SrTestJson *self);
const char *sr_test_json_string (const SrTestJson *self);
guint8 *sr_test_json_dup_hex (const SrTestJson *self,
                              gsize *out_length); /* a string of hex digits */
guint8 *sr_test_json_dup_base64 (const SrTestJson *self, gsize *out_length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrTestJson, sr_test_json_free)

G_END_DECLS
