/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-polynomial.h"

G_BEGIN_DECLS

#define SR_CHUNK_MIN_SIZE (512 * 1024)
#define SR_CHUNK_MAX_SIZE (8 * 1024 * 1024)

/* The tables of one polynomial: read-only once made, shared by all threads. */
typedef struct _SrChunker SrChunker;

SrChunker *sr_chunker_new (SrPolynomial polynomial);
void sr_chunker_free (SrChunker *self);
gsize sr_chunker_cut (const SrChunker *self,
                      const guint8 *data,
                      gsize length,
                      gsize from,
                      gboolean at_end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrChunker, sr_chunker_free)

G_END_DECLS
