/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SR_TEST_MEMORY_MASK 0xa5

/* How often the bytes stand in this process's memory. They are given with each byte xor
 * SR_TEST_MEMORY_MASK, as they would be found otherwise where they are asked for. */
guint sr_test_memory_count (const guint8 *masked, gsize length);

G_END_DECLS
