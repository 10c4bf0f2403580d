/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a core does per second of each thing that a backup or restore does to every byte. For tuning:
 * prints the best of several rounds, in MB (10^6 bytes of file) per second of CPU time. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-chunker-lanes.h"
#include "repository/sr-compressor.h"

#define POLYNOMIAL G_GUINT64_CONSTANT (0x3da3358b4dc173)
#define DEFAULT_SIZE (32 * 1024 * 1024)
#define CHUNK_SIZE (1536 * 1024) /* a typical one */
#define SMALL_SIZE (18 * 1024) /* a typical file of source */
#define N_ROUNDS 7

typedef struct
{
  guint8 *data; /* (owned) */
  gsize length;
  gsize piece; /* the bytes of one call */
  guint8 *out; /* (owned): room for all messages or frames */
  gsize *lengths; /* (owned): of the frames in @out */
  SrChunker *chunker; /* (owned) */
  SrHash *hash; /* (owned) */
  SrCipher *cipher; /* (owned) */
  SrCompressor *compressor; /* (owned) */
  SrBuffer plain; /* (owned) */
} Bench;

typedef void (*Work) (Bench *self);

#define FOR_EACH_PIECE(self, at, i) \
  for (gsize at = 0, i = 0; at < (self)->length; at += (self)->piece, i++)

static gsize
piece_at (const Bench *self, gsize at)
{
  return MIN (self->piece, self->length - at);
}

/* Each piece has room for its overhead in @out. */
static guint8 *
out_of (const Bench *self, gsize i)
{
  return self->out + i * (self->piece + SR_CIPHER_OVERHEAD);
}

static void
cut (Bench *self)
{
  for (gsize at = 0; at < self->length;)
    at += sr_chunker_cut (self->chunker, self->data + at, self->length - at, 0, TRUE);
}

static void
name (Bench *self)
{
  SrId id;

  FOR_EACH_PIECE (self, at, i)
  sr_hash_digest (self->hash, self->data + at, piece_at (self, at), &id);
}

static void
seal (Bench *self)
{
  FOR_EACH_PIECE (self, at, i)
  if (!sr_cipher_seal (self->cipher, self->data + at, piece_at (self, at), out_of (self, i), NULL))
    abort ();
}

static void
open_sealed (Bench *self)
{
  sr_buffer_reserve (&self->plain, self->piece);
  FOR_EACH_PIECE (self, at, i)
  if (!sr_cipher_open (self->cipher, out_of (self, i), piece_at (self, at) + SR_CIPHER_OVERHEAD,
                       self->plain.data, NULL))
    abort ();
}

static void
compress (Bench *self)
{
  FOR_EACH_PIECE (self, at, i)
  self->lengths[i] = sr_compressor_compress (self->compressor, self->data + at, piece_at (self, at),
                                             out_of (self, i), piece_at (self, at) - 1);
}

static void
decompress (Bench *self)
{
  FOR_EACH_PIECE (self, at, i)
  if (self->lengths[i] != 0 &&
      !sr_compressor_decompress (self->compressor, out_of (self, i), self->lengths[i], self->piece,
                                 &self->plain, NULL))
    abort ();
}

static double
cpu_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void
measure (Bench *self, const char *what, const char *how, Work work)
{
  double best = G_MAXDOUBLE;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      double began = cpu_now ();

      work (self);
      best = MIN (best, cpu_now () - began);
    }
  printf ("  %-12s %-16s %8.0f MB/s\n", what, how, self->length / best / 1e6);
}

static void
measure_cuts (Bench *self)
{
  const SrChunkerLanes *lanes;
  guint i = 0;

  do
    {
      lanes = sr_chunker_lanes_get (i++);
      sr_chunker_set_lanes (self->chunker, lanes);
      measure (self, "cut", lanes != NULL ? lanes->name : "plain C", cut);
    }
  while (lanes != NULL);
}

static void
measure_pieces (Bench *self, gsize piece, const char *how)
{
  gsize n_pieces = self->length / piece + 1;
  gsize sum = 0;

  self->piece = piece;
  self->out = g_malloc (n_pieces * (piece + SR_CIPHER_OVERHEAD));
  self->lengths = g_new0 (gsize, n_pieces);

  measure (self, "sha-256", how, name);
  measure (self, "seal", how, seal);
  measure (self, "open", how, open_sealed);
  measure (self, "compress", how, compress);
  if (self->lengths[0] != 0)
    measure (self, "decompress", how, decompress);
  FOR_EACH_PIECE (self, at, i)
  sum += self->lengths[i] != 0 ? self->lengths[i] : piece_at (self, at);
  printf ("  %-12s %-16s %7.1f %%\n", "left", how, 100.0 * sum / self->length);

  g_free (self->out);
  g_free (self->lengths);
}

/* Takes @data. */
static void
measure_all (const char *title, guint8 *data, gsize length)
{
  g_autoptr (SrSecret) key = sr_key_new_random (NULL);
  Bench self = { .data = data, .length = length };

  printf ("%s, %.1f MB\n", title, length / 1e6);
  self.chunker = sr_chunker_new (POLYNOMIAL);
  self.hash = sr_hash_new ();
  self.cipher = sr_cipher_new (key, NULL);
  self.compressor = sr_compressor_new (SR_COMPRESSION_AUTO);

  measure_cuts (&self);
  measure_pieces (&self, CHUNK_SIZE, "1.5 MiB");
  measure_pieces (&self, SMALL_SIZE, "18 KiB");

  sr_compressor_free (self.compressor);
  sr_cipher_free (self.cipher);
  sr_hash_free (self.hash);
  sr_chunker_free (self.chunker);
  sr_buffer_clear (&self.plain);
  g_free (self.data);
}

static guint8 *
make_random (gsize length)
{
  guint8 *data = g_malloc (length);

  if (!sr_random_fill (data, length, NULL))
    abort ();
  return data;
}

int
main (int argc, char *argv[])
{
  if (argc < 2)
    {
      measure_all ("random bytes", make_random (DEFAULT_SIZE), DEFAULT_SIZE);
      measure_all ("zeros", g_malloc0 (DEFAULT_SIZE), DEFAULT_SIZE);
      puts ("Name files as arguments to measure with their content.");
    }

  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;
      gsize length;
      char *data;

      if (!g_file_get_contents (argv[i], &data, &length, &error))
        {
          fprintf (stderr, "sr-bench-primitives: %s\n", error->message);
          return EXIT_FAILURE;
        }
      measure_all (argv[i], (guint8 *) data, length);
    }
  return EXIT_SUCCESS;
}
