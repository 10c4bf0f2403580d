/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-backup-context.h"

G_BEGIN_DECLS

/* The stage that compresses and encrypts chunks and puts them into packs. */
gpointer sr_sealer_thread (gpointer context);

G_END_DECLS
