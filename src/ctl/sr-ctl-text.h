/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

#include "base/sr-time.h"

G_BEGIN_DECLS

/* Text for people to read in a terminal. */

char *sr_ctl_text_escape (const char *bytes);
gboolean sr_ctl_text_names (const char *sentence, const char *path);
char *sr_ctl_text_size (guint64 n_bytes);
char *sr_ctl_text_count (guint64 count);
char *sr_ctl_text_seconds (double seconds);
char *sr_ctl_text_time (const SrTime *time);
gboolean sr_ctl_text_parse_size (const char *text, guint64 *out_n_bytes);
guint sr_ctl_text_columns (const char *text, gssize length);
char *sr_ctl_text_keep_end (const char *text, guint n_columns);

G_END_DECLS
