/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean sr_test_mount (const char *folder, const char *options);
void sr_test_mount_read_only (const char *folder);
void sr_test_unmount (const char *folder);

G_END_DECLS
