/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The scan of 32 segments at once, included by sr-chunker-lanes.c for each set of instructions that can
 * apply linear functions to vectors. It says before, in macros, what they are:
 *
 *   NAME (x), TARGET       x with the set's name; the attribute for its functions
 *   Index, SPLIT (vector)  bytes made ready for the functions
 *   APPLY (map, index)     the function *map of all bytes
 *
 * Byte i of each vector belongs to segment i. A step takes a byte of each segment: the state moves up by
 * a plane, which is a multiplication by x^8, and three linear functions are added, of the byte moved
 * out of it, of the byte that leaves the window and of the new one. */

/* Rolls all segments by 16 bytes. Returns a vector with zeros for the segments that have a cut. */
TARGET static inline __m256i
NAME (roll) (const SrChunkerMaps *maps,
             State *state,
             const __m256i *leaving,
             const __m256i *entering)
{
  const __m256i low_seven = _mm256_set1_epi8 (0x7f);
  __m256i p0 = state->plane[0], p1 = state->plane[1], p2 = state->plane[2], p3 = state->plane[3];
  __m256i p4 = state->plane[4], p5 = state->plane[5], p6 = state->plane[6];
  __m256i lowest = _mm256_set1_epi8 (-1);

  for (gsize i = 0; i < SR_CHUNKER_STRETCH; i++)
    {
      const Index top = SPLIT (p6);
      const Index old = SPLIT (leaving[i]);
      const Index new = SPLIT (entering[i]);

      p6 = p5 ^ APPLY (&maps->reduce[6], top) ^ APPLY (&maps->leave[6], old);
      p5 = p4 ^ APPLY (&maps->reduce[5], top) ^ APPLY (&maps->leave[5], old);
      p4 = p3 ^ APPLY (&maps->reduce[4], top) ^ APPLY (&maps->leave[4], old);
      p3 = p2 ^ APPLY (&maps->reduce[3], top) ^ APPLY (&maps->leave[3], old);
      p2 = p1 ^ APPLY (&maps->reduce[2], top) ^ APPLY (&maps->leave[2], old);
      p1 = p0 ^ APPLY (&maps->reduce[1], top) ^ APPLY (&maps->leave[1], old) ^
           APPLY (&maps->enter[1], new);
      p0 = APPLY (&maps->reduce[0], top) ^ APPLY (&maps->leave[0], old) ^
           APPLY (&maps->enter[0], new);

      /* The 20 bits of the cut condition, above the three that are always zero. */
      lowest = _mm256_min_epu8 (lowest, p0 | p1 | (p2 & low_seven));
    }

  *state = (State){ { p0, p1, p2, p3, p4, p5, p6 } };
  return lowest;
}

TARGET static gsize
NAME (scan) (const SrChunkerMaps *maps, const guint8 *data, gsize start, gsize segment_size)
{
  /* The bytes on their way through the window; at first nothing leaves it. */
  __m256i ring[RING_STRETCHES][SR_CHUNKER_STRETCH] = { 0 };
  const guint8 *base = data + start - WINDOW_STRETCHES * SR_CHUNKER_STRETCH;
  const gsize n_stretches = WINDOW_STRETCHES + segment_size / SR_CHUNKER_STRETCH;
  guint32 open = G_MAXUINT32; /* the segments before the first cut that is known */
  gsize found = 0;
  State state = { 0 };

  for (gsize i = 0; i < n_stretches && open != 0; i++)
    {
      __m256i *entering = ring[i % RING_STRETCHES];
      const __m256i *leaving = ring[(i - WINDOW_STRETCHES) % RING_STRETCHES];
      guint32 cut;

      transpose (base + i * SR_CHUNKER_STRETCH, segment_size, entering);
      cut = find_zeros (NAME (roll) (maps, &state, leaving, entering)) & open;

      if (G_UNLIKELY (cut != 0) && i >= WINDOW_STRETCHES)
        {
          guint segment = __builtin_ctz (cut);

          found = start + segment * segment_size + (i - WINDOW_STRETCHES) * SR_CHUNKER_STRETCH;
          open = ((guint32) 1 << segment) - 1;
        }
    }

  return found;
}
