/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-stop.h"
#include "repository/sr-pack-writer.h"

G_BEGIN_DECLS

/* The packs that a run is filling, and the threads that store those that are full. Any thread. */
typedef struct _SrPackSet SrPackSet;

SrPackSet *sr_pack_set_new (SrRepository *repository, SrStop *stop);
void sr_pack_set_free (SrPackSet *self);
SrPackWriter *sr_pack_set_take (SrPackSet *self, SrBlobType type, GError **error);
gboolean sr_pack_set_give (SrPackSet *self, SrPackWriter *pack, GError **error);
gboolean sr_pack_set_finish (SrPackSet *self, GError **error);
void sr_pack_set_salvage (SrPackSet *self);
guint64 sr_pack_set_get_stored_bytes (SrPackSet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrPackSet, sr_pack_set_free)

G_END_DECLS
