/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SR_TEST_N_GOLDEN_SNAPSHOTS 3

const char *sr_test_manifest_get_id (guint snapshot); /* 0: the oldest */
guint sr_test_manifest_get_n_nodes (guint snapshot);
void sr_test_manifest_compare (guint snapshot, const char *folder, gboolean owners);

G_END_DECLS
