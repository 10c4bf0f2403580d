/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-id.h"

G_BEGIN_DECLS

/* A file on its way into a storage: bytes are appended, hashed on the way, and can then be read
 * and sent as often as needed. Kept in memory, or in an unnamed file. One thread at a time. */
#define SR_TYPE_SPOOL (sr_spool_get_type ())
G_DECLARE_FINAL_TYPE (SrSpool, sr_spool, SR, SPOOL, GObject)

SrSpool *sr_spool_new_for_bytes (GBytes *bytes);
SrSpool *sr_spool_new_for_fd (int fd, const char *folder, guint64 size_hint);
SrSpool *sr_spool_new_in_folder (const char *folder, guint64 size_hint, GError **error);
gboolean sr_spool_append (SrSpool *self,
                          const void *data,
                          gsize length,
                          GCancellable *cancellable,
                          GError **error);
guint64 sr_spool_get_length (SrSpool *self);
void sr_spool_complete (SrSpool *self, SrId *out_sha256);
gboolean sr_spool_is_complete (SrSpool *self);
const SrId *sr_spool_get_sha256 (SrSpool *self);
gboolean sr_spool_flush (SrSpool *self, GCancellable *cancellable, GError **error);
int sr_spool_get_fd (SrSpool *self);
gssize sr_spool_read (SrSpool *self,
                      guint64 offset,
                      guint8 *buffer,
                      gsize length,
                      GCancellable *cancellable,
                      GError **error);

G_END_DECLS
