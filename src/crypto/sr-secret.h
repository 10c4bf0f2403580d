/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes that nobody else shall see: kept out of core dumps, locked against swapping where the limit
 * allows it, wiped when the last reference goes. References are counted atomically, and the bytes
 * do not change once others have the secret, so any thread may use it. */
typedef struct _SrSecret SrSecret;

SrSecret *sr_secret_new (const void *data, gsize length);
SrSecret *sr_secret_new_uninitialized (gsize length, guint8 **out_data);
SrSecret *sr_secret_new_random (gsize length, GError **error);
/* From a path, "fd:N" or "-" (sr-secret-password.c). */
SrSecret *sr_secret_read_password (const char *where, GCancellable *cancellable, GError **error);
SrSecret *sr_secret_ref (SrSecret *self);
void sr_secret_unref (SrSecret *self);

/* A NUL stands behind the data, which does not count. */
const guint8 *sr_secret_get_data (SrSecret *self, gsize *out_length);
gsize sr_secret_get_length (SrSecret *self);
gboolean sr_secret_equal (SrSecret *self, SrSecret *other); /* in constant time */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrSecret, sr_secret_unref)

G_END_DECLS
