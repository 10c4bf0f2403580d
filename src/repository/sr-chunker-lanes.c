/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Scans for cuts that use what newer processors have; plain C in sr-chunker.c is the reference.
 *
 * Rolling is linear over GF(2): the state after a step is the sum of linear functions of the old state,
 * of the new byte and of the one that leaves the window. Plain C looks them up in tables, one segment at
 * a time. GFNI's GF2P8AFFINEQB applies a linear function of eight bits to 32 bytes at once, and where it
 * is missing AVX2's PSHUFB does it for halves of bytes. So each byte of a vector rolls a segment of its
 * own, with 16 such functions a step: 7 and 4.4 GB/s of file where plain C has 1.9. Vectors of 64 bytes
 * were no faster than those of 32. */

#include "config.h"

#include "sr-chunker-lanes.h"

#ifdef __x86_64__

#include <immintrin.h>

#define N_SEGMENTS 32
#define WINDOW_STRETCHES 4 /* 64 bytes */
#define RING_STRETCHES 8

typedef struct
{
  __m256i plane[SR_CHUNKER_N_PLANES];
} State;

#define TARGET __attribute__ ((target ("avx2")))

TARGET static inline guint32
find_zeros (__m256i bytes)
{
  return _mm256_movemask_epi8 (_mm256_cmpeq_epi8 (bytes, _mm256_setzero_si256 ()));
}

TARGET static inline __m256i
load_two (const guint8 *low, const guint8 *high)
{
  return _mm256_inserti128_si256 (_mm256_castsi128_si256 (_mm_loadu_si128 ((const void *) low)),
                                  _mm_loadu_si128 ((const void *) high), 1);
}

/* The next 16 bytes of each segment, as 16 vectors of a byte of each. Exchanging rows and columns of 16
 * by 16 bytes means turning the eight bits of (row, column) by four; each round turns them by one. */
TARGET static inline void
transpose (const guint8 *data, gsize segment_size, __m256i rows[SR_CHUNKER_STRETCH])
{
  __m256i turned[SR_CHUNKER_STRETCH];

#pragma GCC unroll 16
  for (gsize i = 0; i < 16; i++)
    turned[i] = load_two (data + i * segment_size, data + (i + 16) * segment_size);

#pragma GCC unroll 4
  for (gsize round = 0; round < 4; round++)
    {
#pragma GCC unroll 16
      for (gsize i = 0; i < 16; i++)
        rows[i] = turned[i];
#pragma GCC unroll 8
      for (gsize i = 0; i < 8; i++)
        {
          turned[2 * i] = _mm256_unpacklo_epi8 (rows[i], rows[i + 8]);
          turned[2 * i + 1] = _mm256_unpackhi_epi8 (rows[i], rows[i + 8]);
        }
    }

#pragma GCC unroll 16
  for (gsize i = 0; i < 16; i++)
    rows[i] = turned[i];
}

/* AVX2: Intel since Haswell, AMD since Excavator. */

typedef struct
{
  __m256i low;
  __m256i high;
} Nibbles;

TARGET static inline Nibbles
split (__m256i bytes)
{
  const __m256i low_four = _mm256_set1_epi8 (0x0f);

  return (Nibbles){ bytes & low_four, _mm256_srli_epi16 (bytes, 4) & low_four };
}

TARGET static inline __m256i
apply (const SrChunkerMap *map, Nibbles index)
{
  const __m128i *halves = (const void *) map->nibbles;
  __m256i low = _mm256_broadcastsi128_si256 (_mm_loadu_si128 (&halves[0]));
  __m256i high = _mm256_broadcastsi128_si256 (_mm_loadu_si128 (&halves[1]));

  return _mm256_shuffle_epi8 (low, index.low) ^ _mm256_shuffle_epi8 (high, index.high);
}

#define NAME(x) avx2_##x
#define Index Nibbles
#define SPLIT(bytes) split (bytes)
#define APPLY(map, index) apply (map, index)

#include "sr-chunker-lanes-template.h"

#undef NAME
#undef TARGET
#undef Index
#undef SPLIT
#undef APPLY

/* AVX2 with GFNI: Intel since Ice Lake and Gracemont, AMD since Zen 4. */

#define NAME(x) gfni_##x
#define TARGET __attribute__ ((target ("avx2,gfni")))
#define Index __m256i
#define SPLIT(bytes) (bytes)
#define APPLY(map, index) \
  _mm256_gf2p8affine_epi64_epi8 (index, _mm256_set1_epi64x ((map)->matrix), 0)

#include "sr-chunker-lanes-template.h"

#endif

/**
 * sr_chunker_lanes_get:
 * @index: from 0 on
 *
 * Returns: (transfer none) (nullable): a scan that this processor can do, the fastest one for 0; %NULL
 *   when there is none left
 */
const SrChunkerLanes *
sr_chunker_lanes_get (guint index)
{
#ifdef __x86_64__
  static const SrChunkerLanes all[] = {
    { "gfni", N_SEGMENTS, gfni_scan },
    { "avx2", N_SEGMENTS, avx2_scan },
  };
  const gboolean usable[] = {
    __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("gfni"),
    __builtin_cpu_supports ("avx2") != 0,
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (usable[i] && index-- == 0)
      return &all[i];
#endif
  return NULL;
}

/* The byte at @shift of the linear function whose values for single bits stand in @table. */
static void
init_map (SrChunkerMap *self, const guint64 table[256], guint shift)
{
  self->matrix = 0;
  for (guint out = 0; out < 8; out++)
    for (guint in = 0; in < 8; in++)
      self->matrix |= (table[1u << in] >> (shift + out) & 1) << ((7 - out) * 8 + in);

  for (guint nibble = 0; nibble < 16; nibble++)
    {
      self->nibbles[0][nibble] = table[nibble] >> shift;
      self->nibbles[1][nibble] = table[nibble << 4] >> shift;
    }
}

/**
 * sr_chunker_maps_init:
 * @self: (out caller-allocates): the maps
 * @reduce: what a byte times x^53 leaves modulo the polynomial; above bit 52 there may be anything
 * @leave: what a byte times x^512 leaves
 *
 * Makes the maps of a polynomial out of its tables.
 */
void
sr_chunker_maps_init (SrChunkerMaps *self, const guint64 reduce[256], const guint64 leave[256])
{
  guint64 reduce_shifted[256], leave_shifted[256], enter_shifted[256];

  for (guint64 byte = 0; byte < 256; byte++)
    {
      reduce_shifted[byte] = reduce[byte] << 3;
      leave_shifted[byte] = leave[byte] << 3;
      enter_shifted[byte] = byte << 3;
    }

  for (guint plane = 0; plane < SR_CHUNKER_N_PLANES; plane++)
    {
      init_map (&self->reduce[plane], reduce_shifted, 8 * plane);
      init_map (&self->leave[plane], leave_shifted, 8 * plane);
    }
  for (guint plane = 0; plane < G_N_ELEMENTS (self->enter); plane++)
    init_map (&self->enter[plane], enter_shifted, 8 * plane);
}
