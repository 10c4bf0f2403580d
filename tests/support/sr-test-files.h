/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sr_test_file (const char *name);
char *sr_test_load (const char *name, gsize *out_length);
char *sr_test_make_folder (void);
void sr_test_remove_folder (char *folder);

G_END_DECLS
