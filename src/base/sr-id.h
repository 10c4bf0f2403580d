/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SR_ID_SIZE 32
#define SR_ID_HEX_SIZE 65 /* 64 digits and a NUL */

/* The SHA-256 that names a file or a blob. */
typedef struct
{
  guint8 bytes[SR_ID_SIZE];
} SrId;

gboolean sr_id_from_hex (SrId *id, const char *hex, gssize length);
void sr_id_to_hex (const SrId *id, char hex[SR_ID_HEX_SIZE]);
gboolean sr_id_is_null (const SrId *id);
guint sr_id_hash (gconstpointer id);
gboolean sr_id_equal (gconstpointer id, gconstpointer other);
int sr_id_compare (gconstpointer id, gconstpointer other);

G_END_DECLS
