/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of the character at the start of text; 0: there is none. Strict, as Go's decoder is. */
gsize sr_utf8_character_length (const guint8 *text, gsize length);

G_END_DECLS
