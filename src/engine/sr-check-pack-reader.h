/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-check-packs.h"

G_BEGIN_DECLS

/* Reads one pack after the other from its first byte to its last, for one thread. */
typedef struct _SrCheckPackReader SrCheckPackReader;

SrCheckPackReader *sr_check_pack_reader_new (SrCheckPacks *packs,
                                             SrRepository *repository,
                                             SrProgress *progress,
                                             GCancellable *cancellable,
                                             GError **error);
void sr_check_pack_reader_free (SrCheckPackReader *self);
gboolean sr_check_pack_reader_read (SrCheckPackReader *self, SrCheckPack *pack, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCheckPackReader, sr_check_pack_reader_free)

G_END_DECLS
