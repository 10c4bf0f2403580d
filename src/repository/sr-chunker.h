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
/* The length of the chunk that begins at @data, of which @length bytes are at hand; 0: not decided yet,
 * more bytes are needed (never when @at_end or @length >= SR_CHUNK_MAX_SIZE). Keeps no state between calls;
 * @from: bytes of this chunk that an earlier call with fewer bytes has looked at (then no cut is
 * before @from), so that nothing is rolled twice. */
gsize sr_chunker_cut (const SrChunker *self,
                      const guint8 *data,
                      gsize length,
                      gsize from,
                      gboolean at_end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrChunker, sr_chunker_free)

G_END_DECLS
