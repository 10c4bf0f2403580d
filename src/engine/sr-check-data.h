/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-check-packs.h"

G_BEGIN_DECLS

/* Reads packs whole, and finds out which of their blobs are bad. */
gboolean sr_check_data (SrCheckPacks *packs,
                        gboolean all,
                        SrRepository *repository,
                        SrCheckReport *report,
                        SrProgress *progress,
                        GCancellable *cancellable,
                        GError **error);

G_END_DECLS
