/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-buffer.h"
#include "repository/sr-blob.h"

G_BEGIN_DECLS

#define SR_PACK_ENTRY_RAW_SIZE 37
#define SR_PACK_ENTRY_COMPRESSED_SIZE 41
#define SR_PACK_TABLE_LIMIT (16 * 1024 * 1024) /* bytes, sealed */

/* The plaintext of the table at a pack's end (FORMAT.md section 7). No crypto here. */
void sr_pack_table_encode (const SrBlob *blobs, gsize n_blobs, SrBuffer *out);
GArray *sr_pack_table_decode (const guint8 *data, gsize length, guint64 pack_size, GError **error);
gsize sr_pack_table_get_size (const SrBlob *blobs, gsize n_blobs);
guint64 sr_pack_get_expected_size (const SrBlob *blobs, gsize n_blobs);

G_END_DECLS
