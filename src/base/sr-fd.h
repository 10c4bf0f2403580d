/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whole transfers on file descriptors: short reads and writes and EINTR are taken care of, and
 * cancellation is looked at between pieces of 1 MiB. @what names the file in messages. */
gssize sr_fd_pread (int fd,
                    guint8 *buffer,
                    gsize length,
                    guint64 offset,
                    const char *what,
                    GCancellable *cancellable,
                    GError **error);
gssize sr_fd_read (int fd,
                   guint8 *buffer,
                   gsize length,
                   const char *what,
                   GCancellable *cancellable,
                   GError **error);
gboolean sr_fd_pwrite (int fd,
                       const guint8 *data,
                       gsize length,
                       guint64 offset,
                       const char *what,
                       GCancellable *cancellable,
                       GError **error);

G_END_DECLS
