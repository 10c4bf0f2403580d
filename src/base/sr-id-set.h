/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-id.h"

G_BEGIN_DECLS

/* A set of ids that only grows: 43 to 85 bytes for each. One thread at a time. */
typedef struct _SrIdSet SrIdSet;

SrIdSet *sr_id_set_new (void);
void sr_id_set_free (SrIdSet *self);
gboolean sr_id_set_add (SrIdSet *self, const SrId *id);
gboolean sr_id_set_contains (SrIdSet *self, const SrId *id);
gsize sr_id_set_get_size (SrIdSet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrIdSet, sr_id_set_free)

G_END_DECLS
