/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-id.h"

G_BEGIN_DECLS

/* SHA-256. A context belongs to one thread at a time, and is reused without allocating. */
typedef struct _SrHash SrHash;

SrHash *sr_hash_new (void);
void sr_hash_free (SrHash *self);
void sr_hash_reset (SrHash *self);
void sr_hash_update (SrHash *self, const void *data, gsize length);
void sr_hash_finish (SrHash *self, SrId *out_id); /* to be reset before the next use */
void sr_hash_digest (SrHash *self, const void *data, gsize length, SrId *out_id); /* all in one */
void sr_hash_data (const void *data, gsize length, SrId *out_id); /* without a context at hand */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrHash, sr_hash_free)

G_END_DECLS
