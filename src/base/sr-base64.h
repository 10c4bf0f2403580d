/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Strict base64 of the standard alphabet. @out has room for @length / 4 * 3 bytes. */
gboolean sr_base64_decode (const char *text, gsize length, guint8 *out, gsize *out_length);

G_END_DECLS
