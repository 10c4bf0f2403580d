/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes that nobody else shall see: kept out of core dumps (MADV_DONTDUMP), locked against
 * swapping where the limit allows it, wiped when the last reference goes. Counts references
 * atomically; the bytes never change after sr_secret_new*(). */
typedef struct _SrSecret SrSecret;

SrSecret *sr_secret_new (const void *data, gsize length); /* copies; the caller wipes its own */
SrSecret *sr_secret_new_uninitialized (gsize length,
                                       guint8 **out_data); /* to be filled by the caller */
SrSecret *sr_secret_new_random (gsize length, GError **error);
SrSecret *sr_secret_ref (SrSecret *self);
void sr_secret_unref (SrSecret *self);
const guint8 *sr_secret_get_data (SrSecret *self,
                                  gsize *out_length); /* a NUL stands behind the data */
gsize sr_secret_get_length (SrSecret *self);
gboolean sr_secret_equal (SrSecret *self, SrSecret *other); /* in constant time */

/* Reads a password from a file, "-" (standard input) or "fd:N"; white space around it is cut off, as restic does. */
SrSecret *sr_secret_read_password (const char *where, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrSecret, sr_secret_unref)

G_END_DECLS
