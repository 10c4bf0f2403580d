/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-context.h"

G_BEGIN_DECLS

/* The stage that reads files: opens, cuts and hashes them, and passes on what the repository does not have. */
gpointer sr_file_reader_thread (gpointer context);

G_END_DECLS
