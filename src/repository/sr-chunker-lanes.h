/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-chunker.h"

G_BEGIN_DECLS

/* Inside of the chunker: scans that roll many segments at once, one in each byte of a vector. Other
 * code has no use for this header, apart from tests and measurements of all scans. */

/* The bytes behind each place that one scan returns. */
#define SR_CHUNKER_STRETCH 16

#define SR_CHUNKER_N_PLANES 7

/* A linear function of eight bits to a byte of the state, in both forms that processors like. */
typedef struct
{
  guint64 matrix; /* as GF2P8AFFINEQB wants it: row i at byte 7 - i */
  guint8 nibbles[2]
                [16]; /* as PSHUFB wants it: values for the low four bits, and for the high ones */
} SrChunkerMap;

/* The state of a lane is its remainder times x^3, which fills seven bytes, kept in seven vectors. */
typedef struct
{
  SrChunkerMap reduce[SR_CHUNKER_N_PLANES]; /* of the byte that is shifted out of the state */
  SrChunkerMap leave[SR_CHUNKER_N_PLANES]; /* of the byte that leaves the window */
  SrChunkerMap enter[2]; /* of the new byte; the upper planes get nothing */
} SrChunkerMaps;

typedef struct
{
  const char *name;
  gsize n_segments;
  /* Looks for the first cut in (start, start + n_segments · segment_size] of @data. Returns @start of
   * the stretch (start, start + SR_CHUNKER_STRETCH] that has it, or 0. @segment_size is a multiple of
   * SR_CHUNKER_STRETCH, @start at least 64. */
  gsize (*scan) (const SrChunkerMaps *maps, const guint8 *data, gsize start, gsize segment_size);
} SrChunkerLanes;

const SrChunkerLanes *sr_chunker_lanes_get (guint index); /* the fastest one first; NULL: no more */
void sr_chunker_maps_init (SrChunkerMaps *self,
                           const guint64 reduce[256],
                           const guint64 leave[256]);
void sr_chunker_set_lanes (SrChunker *self, const SrChunkerLanes *lanes); /* NULL: plain C */
guint64 sr_chunker_fingerprint (const SrChunker *self, const guint8 window[64]);

G_END_DECLS
