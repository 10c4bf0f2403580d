/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "repository/sr-blob.h"

G_BEGIN_DECLS

/* Which blob is in which pack, in memory: about 60 bytes a blob. Any thread. */
typedef struct _SrIndex SrIndex;

/* One place where a blob is. */
typedef struct
{
  SrId pack;
  SrBlob blob;
} SrBlobPlace;

SrIndex *sr_index_new (void);
void sr_index_free (SrIndex *self);
gboolean sr_index_add_pack (SrIndex *self,
                            const SrId *pack,
                            const SrBlob *blobs,
                            gsize n_blobs,
                            GError **error);
gboolean sr_index_lookup (SrIndex *self,
                          SrBlobType type,
                          const SrId *id,
                          guint nth_copy,
                          SrBlobPlace *out_place);
gboolean sr_index_contains (SrIndex *self, SrBlobType type, const SrId *id);
gboolean sr_index_reserve (SrIndex *self, SrBlobType type, const SrId *id);
guint64 sr_index_get_n_blobs (SrIndex *self);
guint sr_index_get_n_packs (SrIndex *self);
void sr_index_get_pack (SrIndex *self, guint pack, SrId *out_id, GArray *blobs);
gboolean sr_index_has_pack (SrIndex *self, const SrId *pack);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrIndex, sr_index_free)

G_END_DECLS
