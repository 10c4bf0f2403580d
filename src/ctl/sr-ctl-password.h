/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-secret.h"

G_BEGIN_DECLS

/* Gets a password from where the command line says, or from the person at the terminal. */
void sr_ctl_password_get_async (const char *where,
                                const char *prompt,
                                gboolean twice,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
SrSecret *sr_ctl_password_get_finish (GAsyncResult *result, GError **error);

G_END_DECLS
