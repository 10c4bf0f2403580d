/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void sr_restore_set_error (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
