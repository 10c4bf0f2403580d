/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean sr_restore_write_sparse (int fd,
                                  guint64 offset,
                                  const guint8 *data,
                                  gsize length,
                                  gboolean fresh,
                                  const char *what,
                                  guint64 *out_end,
                                  GCancellable *cancellable,
                                  GError **error);

G_END_DECLS
