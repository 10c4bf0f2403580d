/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cuts files into chunks at places that the content chooses.
 *
 * A byte inserted near the start of a file moves all later bytes. Chunks cut at fixed offsets would
 * then all be new and be uploaded again; cut by content, only one or two are. The cut condition is
 * restic's, so that both programs share every chunk: the 64 bytes before a cut, read as a polynomial
 * over GF(2) (first byte and highest bit first), leave a remainder modulo the repository's polynomial
 * whose low 20 bits are zero (repository/FORMAT.md, “Chunker”).
 *
 * A remainder depends on 64 bytes only, never on where the chunk began. One rolled byte by byte waits
 * for a table at each step; so four are rolled side by side, each through a segment of its own. */

#include "config.h"

#include "sr-chunker.h"

#include "sr-chunker-lanes.h"

#define WINDOW 64
#define CUT_MASK 0xfffffu

/* Rolled at once by scan_four(). Not a multiple of 4096: four streams would then share the sets of
 * the first cache. */
#define SEGMENT_SIZE (8192 + 64)

/* The same for segments rolled in lanes: larger ones lose more behind the cut, smaller ones at the
 * start, where each has to take in its first window. */
#define LANE_SIZE (4096 + 64)
#define LANE_MIN_SIZE 256

struct _SrChunker
{
  /* b·x^53 mod P, and b·x^53 itself, so that one XOR takes the top byte away and reduces it. */
  guint64 reduce[256];
  /* b·x^512 mod P: a byte that has left the window, after the step's shift. */
  guint64 leave[256];

  const SrChunkerLanes *lanes; /* (nullable): how to look at much at once, if not in plain C */
  SrChunkerMaps maps;
};

/* The remainder of the window that begins a byte later than that of @remainder: @incoming is its last
 * byte, @leaving the one before its first. What does not need @remainder is put together first,
 * which leaves a shift, a load and an XOR for the next step to wait for. */
static inline guint64
roll (const SrChunker *self, guint64 remainder, guint8 leaving, guint8 incoming)
{
  return (remainder << 8 ^ (self->leave[leaving] ^ incoming)) ^
         self->reduce[remainder >> (SR_POLYNOMIAL_DEGREE - 8)];
}

static inline gboolean
cuts (guint64 remainder)
{
  return (remainder & CUT_MASK) == 0;
}

/* The remainder of the window that ends at @end. */
static guint64
remainder_at (const SrChunker *self, const guint8 *end)
{
  guint64 remainder = 0;

  for (const guint8 *byte = end - WINDOW; byte < end; byte++)
    remainder = roll (self, remainder, 0, *byte);
  return remainder;
}

/* Returns @value·x modulo @polynomial. */
static guint64
multiply_by_x (guint64 value, SrPolynomial polynomial)
{
  value <<= 1;
  return (value >> SR_POLYNOMIAL_DEGREE & 1) != 0 ? value ^ polynomial : value;
}

/**
 * sr_chunker_new:
 * @polynomial: of degree 53; irreducible ones cut best, but any cuts
 *
 * Makes the tables of @polynomial, 4 KiB. They are only read from then on: all threads share one.
 *
 * Returns: (transfer full): the chunker
 */
SrChunker *
sr_chunker_new (SrPolynomial polynomial)
{
  SrChunker *self;
  guint64 power = 1; /* x^i modulo the polynomial */

  g_return_val_if_fail (polynomial >> SR_POLYNOMIAL_DEGREE == 1, NULL);

  self = g_new0 (SrChunker, 1);
  for (guint i = 0; i < WINDOW * 8 + 8; i++)
    {
      if (i >= SR_POLYNOMIAL_DEGREE && i < SR_POLYNOMIAL_DEGREE + 8)
        self->reduce[1u << (i - SR_POLYNOMIAL_DEGREE)] = power ^ (guint64) 1 << i;
      if (i >= WINDOW * 8)
        self->leave[1u << (i - WINDOW * 8)] = power;
      power = multiply_by_x (power, polynomial);
    }

  for (guint byte = 1; byte < 256; byte++)
    {
      guint lowest = byte & -byte;

      self->reduce[byte] = self->reduce[byte ^ lowest] ^ self->reduce[lowest];
      self->leave[byte] = self->leave[byte ^ lowest] ^ self->leave[lowest];
    }

  sr_chunker_maps_init (&self->maps, self->reduce, self->leave);
  self->lanes = sr_chunker_lanes_get (0);
  return self;
}

/**
 * sr_chunker_set_lanes:
 * @self: a chunker that no other thread uses yet
 * @lanes: (nullable): one of sr_chunker_lanes_get(); %NULL for plain C
 *
 * Chooses how to scan, for tests and measurements. The cuts are the same.
 */
void
sr_chunker_set_lanes (SrChunker *self, const SrChunkerLanes *lanes)
{
  self->lanes = lanes;
}

/**
 * sr_chunker_fingerprint:
 * @self: a chunker
 * @window: 64 bytes
 *
 * Returns: what @window leaves modulo the polynomial, for tests
 */
guint64
sr_chunker_fingerprint (const SrChunker *self, const guint8 window[WINDOW])
{
  return remainder_at (self, window + WINDOW);
}

/**
 * sr_chunker_free:
 * @self: (nullable) (transfer full): a chunker that no thread uses any more
 */
void
sr_chunker_free (SrChunker *self)
{
  g_free (self);
}

/* The first cut that is behind @start and not behind @end, or 0. @start is at least 64. */
static gsize
scan_one (const SrChunker *self, const guint8 *data, gsize start, gsize end)
{
  guint64 remainder = remainder_at (self, data + start);

  for (gsize i = start; i < end; i++)
    {
      remainder = roll (self, remainder, data[i - WINDOW], data[i]);
      if (cuts (remainder))
        return i + 1;
    }
  return 0;
}

/* The same for four segments from @start on. */
static gsize
scan_four (const SrChunker *self, const guint8 *data, gsize start)
{
  const guint8 *a = data + start;
  const guint8 *b = a + SEGMENT_SIZE;
  const guint8 *c = b + SEGMENT_SIZE;
  const guint8 *d = c + SEGMENT_SIZE;
  guint64 remainder_a = remainder_at (self, a);
  guint64 remainder_b = remainder_at (self, b);
  guint64 remainder_c = remainder_at (self, c);
  guint64 remainder_d = remainder_at (self, d);

  for (gssize i = 0; i < SEGMENT_SIZE; i++)
    {
      remainder_a = roll (self, remainder_a, a[i - WINDOW], a[i]);
      remainder_b = roll (self, remainder_b, b[i - WINDOW], b[i]);
      remainder_c = roll (self, remainder_c, c[i - WINDOW], c[i]);
      remainder_d = roll (self, remainder_d, d[i - WINDOW], d[i]);

      if (G_UNLIKELY (cuts (remainder_a) || cuts (remainder_b) || cuts (remainder_c) ||
                      cuts (remainder_d)))
        {
          gsize cut = 0;

          /* The rest of an earlier segment may have a cut too, which then is the first. */
          for (gsize segment = 0; cut == 0; segment++)
            cut = scan_one (self, data, start + segment * SEGMENT_SIZE + i,
                            start + (segment + 1) * SEGMENT_SIZE);
          return cut;
        }
    }

  return 0;
}

/* As much as goes into rounds of four segments, *@start being moved behind it. */
static gsize
scan_fours (const SrChunker *self, const guint8 *data, gsize *start, gsize end)
{
  for (; end - *start >= 4 * SEGMENT_SIZE; *start += 4 * SEGMENT_SIZE)
    {
      gsize cut = scan_four (self, data, *start);

      if (cut != 0)
        return cut;
    }
  return 0;
}

/* As much as goes into rounds of many segments, the last of which are shorter. */
static gsize
scan_lanes (const SrChunker *self, const guint8 *data, gsize *start, gsize end)
{
  gsize size;

  while ((size = MIN (LANE_SIZE, (end - *start) / self->lanes->n_segments)) >= LANE_MIN_SIZE)
    {
      gsize stretch;

      size -= size % SR_CHUNKER_STRETCH;
      stretch = self->lanes->scan (&self->maps, data, *start, size);
      if (stretch != 0)
        {
          gsize cut = scan_one (self, data, stretch, stretch + SR_CHUNKER_STRETCH);

          g_assert (cut != 0);
          return cut;
        }
      *start += size * self->lanes->n_segments;
    }
  return 0;
}

static gsize
scan (const SrChunker *self, const guint8 *data, gsize start, gsize end)
{
  gsize cut = self->lanes != NULL ? scan_lanes (self, data, &start, end)
                                  : scan_fours (self, data, &start, end);

  return cut != 0 ? cut : scan_one (self, data, start, end);
}

/**
 * sr_chunker_cut:
 * @self: a chunker
 * @data: the bytes from the chunk's beginning on
 * @length: how many of them are at hand
 * @from: how many of them an earlier call was given that answered 0 for the same chunk; 0 for the
 *   first call
 * @at_end: whether the file ends with these bytes
 *
 * Finds where the chunk that begins at @data ends: at the first cut of the content behind 512 KiB, at
 * 8 MiB, or at the end of the file. Files of up to 512 KiB are one chunk and not looked at. There is
 * no state between calls, so any thread may go on with a chunk.
 *
 * Returns: the chunk's length in bytes; 0 when more bytes are needed to tell, which is never when
 *   @at_end or from %SR_CHUNK_MAX_SIZE on, or when there are none
 */
gsize
sr_chunker_cut (const SrChunker *self,
                const guint8 *data,
                gsize length,
                gsize from,
                gboolean at_end)
{
  gsize end = MIN (length, SR_CHUNK_MAX_SIZE);
  gsize start = CLAMP (from, SR_CHUNK_MIN_SIZE - 1, SR_CHUNK_MAX_SIZE);
  gsize cut;

  if (at_end && length <= SR_CHUNK_MIN_SIZE)
    return length;

  if (start < end)
    {
      cut = scan (self, data, start, end);
      if (cut != 0)
        return cut;
    }

  return at_end || end == SR_CHUNK_MAX_SIZE ? end : 0;
}
