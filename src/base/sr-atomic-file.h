/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whole small files of our own, replaced so that after a power cut the old or the new one is there.
 * Blocking: for worker threads. */
gboolean sr_atomic_file_write (const char *path,
                               const void *data,
                               gsize length,
                               guint mode,
                               GCancellable *cancellable,
                               GError **error);
GBytes *sr_atomic_file_read (const char *path,
                             gsize limit,
                             GCancellable *cancellable,
                             GError **error);

G_END_DECLS
