/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cuts where restic 0.14 and 0.18 cut, whichever instructions scan and however the bytes come in. */

#include "config.h"

#include <string.h>

#include "crypto/sr-hash.h"
#include "repository/sr-chunker-lanes.h"

#include "support/sr-test-json.h"

#define VECTORS "restic-v2/chunker-vectors.json"
#define POLYNOMIAL G_GUINT64_CONSTANT (0x3da3358b4dc173)

static guint64
hex_member (const SrTestJson *json, const char *member)
{
  return g_ascii_strtoull (sr_test_json_string (sr_test_json_get (json, member)), NULL, 16);
}

static guint64
number_member (const SrTestJson *json, const char *member)
{
  return sr_test_json_uint64 (sr_test_json_get (json, member));
}

static void
append_counter (GByteArray *out, const char *seed, gsize length)
{
  g_autoptr (SrHash) hash = sr_hash_new ();

  for (guint64 i = 0; length > 0; i++)
    {
      guint64 counter = GUINT64_TO_LE (i);
      gsize part = MIN (length, SR_ID_SIZE);
      SrId id;

      sr_hash_reset (hash);
      sr_hash_update (hash, seed, strlen (seed));
      sr_hash_update (hash, &counter, sizeof counter);
      sr_hash_finish (hash, &id);
      g_byte_array_append (out, id.bytes, part);
      length -= part;
    }
}

/* The kinds are described in the file, under "generators". */
static void
append_generated (GByteArray *out, const SrTestJson *recipe)
{
  const char *kind = sr_test_json_string (sr_test_json_get (recipe, "kind"));

  if (g_str_equal (kind, "sha256-counter"))
    append_counter (out, sr_test_json_string (sr_test_json_get (recipe, "seed")),
                    number_member (recipe, "length"));
  else if (g_str_equal (kind, "byte"))
    {
      gsize before = out->len;
      gsize length = number_member (recipe, "length");

      g_byte_array_set_size (out, before + length);
      if (length > 0)
        memset (out->data + before, number_member (recipe, "value"), length);
    }
  else if (g_str_equal (kind, "text"))
    {
      const char *text = sr_test_json_string (sr_test_json_get (recipe, "text"));

      g_byte_array_append (out, (const guint8 *) text, strlen (text));
    }
  else if (g_str_equal (kind, "concat"))
    {
      const SrTestJson *parts = sr_test_json_get (recipe, "parts");

      for (guint i = 0; i < sr_test_json_length (parts); i++)
        append_generated (out, sr_test_json_at (parts, i));
    }
  else
    {
      g_assert_cmpstr (kind, ==, "repeat");
      for (guint64 times = number_member (recipe, "times"); times > 0; times--)
        append_generated (out, sr_test_json_get (recipe, "part"));
    }
}

/* A copy of exactly its size, so that the sanitizer sees a look behind the end. */
static guint8 *
generate (const SrTestJson *recipe, gsize *out_length)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_generated (bytes, recipe);
  *out_length = bytes->len;
  return g_memdup2 (bytes->data, bytes->len);
}

static SrChunker *
make_chunker (guint64 polynomial, guint lanes)
{
  SrChunker *chunker = sr_chunker_new (polynomial);

  sr_chunker_set_lanes (chunker, sr_chunker_lanes_get (lanes));
  return chunker;
}

/* All scans that there are here; the last one is plain C. */
static guint
count_scans (void)
{
  guint n = 0;

  while (sr_chunker_lanes_get (n) != NULL)
    n++;
  return n + 1;
}

/* The length of the chunk at @data, when a reader gets @piece bytes at a time. */
static gsize
cut_in_pieces (const SrChunker *chunker, const guint8 *data, gsize length, gsize piece)
{
  gsize before = 0;

  while (TRUE)
    {
      gsize at_hand = MIN (length, before + piece);
      gsize cut = sr_chunker_cut (chunker, data, at_hand, before, at_hand == length);

      if (cut != 0 || length == 0)
        return cut;
      g_assert_cmpuint (at_hand, <, length);
      g_assert_cmpuint (at_hand, <, SR_CHUNK_MAX_SIZE);
      before = at_hand;
    }
}

static void
assert_chunks (const SrChunker *chunker,
               const guint8 *data,
               gsize length,
               gsize piece,
               const SrTestJson *chunks)
{
  gsize offset = 0;

  for (guint i = 0; i < sr_test_json_length (chunks); i++)
    {
      const SrTestJson *chunk = sr_test_json_at (chunks, i);

      g_assert_cmpuint (number_member (chunk, "offset"), ==, offset);
      g_assert_cmpuint (cut_in_pieces (chunker, data + offset, length - offset, piece), ==,
                        number_member (chunk, "length"));
      offset += number_member (chunk, "length");
    }
  g_assert_cmpuint (offset, ==, length);
}

static void
test_cases (void)
{
  static const gsize pieces[] = { SR_CHUNK_MAX_SIZE, 1024 * 1024, 299993 };
  g_autoptr (SrTestJson) root = sr_test_json_load (VECTORS);
  const SrTestJson *cases = sr_test_json_get (root, "cases");

  g_assert_cmpuint (sr_test_json_length (cases), ==, 17);
  for (guint i = 0; i < sr_test_json_length (cases); i++)
    {
      const SrTestJson *row = sr_test_json_at (cases, i);
      const SrTestJson *chunks = sr_test_json_get (row, "chunks");
      gsize length;
      g_autofree guint8 *data = generate (sr_test_json_get (row, "data"), &length);

      g_test_message ("%s", sr_test_json_string (sr_test_json_get (row, "name")));
      g_assert_cmpuint (length, ==, number_member (row, "total_length"));
      for (guint scan = 0; scan < count_scans (); scan++)
        {
          g_autoptr (SrChunker) chunker = make_chunker (hex_member (row, "polynomial"), scan);

          for (guint piece = 0; piece < G_N_ELEMENTS (pieces); piece++)
            assert_chunks (chunker, data, length, pieces[piece], chunks);
        }
    }
}

/* All offsets that may become cuts, found one by one: with its beginning a minimum before a place, a
 * chunk ends at the first candidate that is not before the place. */
static void
test_candidates (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load (VECTORS);
  const SrTestJson *rows = sr_test_json_get (root, "candidates");

  g_assert_cmpuint (sr_test_json_length (rows), ==, 4);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      const SrTestJson *offsets = sr_test_json_get (row, "end_offsets");
      g_autoptr (GByteArray) data = g_byte_array_new ();
      g_autoptr (SrChunker) chunker = make_chunker (hex_member (row, "polynomial"), i);
      gsize begin = 0;

      g_byte_array_set_size (data, SR_CHUNK_MIN_SIZE);
      memset (data->data, 0xff, data->len);
      append_generated (data, sr_test_json_get (row, "data"));
      for (guint j = 0; j < sr_test_json_length (offsets); j++)
        {
          gsize end =
              begin + sr_chunker_cut (chunker, data->data + begin, data->len - begin, 0, TRUE);

          g_assert_cmpuint (end, ==,
                            SR_CHUNK_MIN_SIZE + sr_test_json_uint64 (sr_test_json_at (offsets, j)));
          begin = end + 1 - SR_CHUNK_MIN_SIZE;
        }
      g_assert_cmpuint (sr_chunker_cut (chunker, data->data + begin, data->len - begin, 0, TRUE),
                        ==, data->len - begin);
    }
}

static void
test_fingerprints (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load (VECTORS);
  const SrTestJson *rows = sr_test_json_get (root, "fingerprints");

  g_assert_cmpuint (sr_test_json_length (rows), >, 0);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      g_autoptr (SrChunker) chunker = sr_chunker_new (hex_member (row, "polynomial"));
      gsize length;
      g_autofree guint8 *window =
          sr_test_json_dup_hex (sr_test_json_get (row, "window_hex"), &length);

      g_assert_cmpuint (length, ==, 64);
      g_assert_cmphex (sr_chunker_fingerprint (chunker, window), ==,
                       hex_member (row, "fingerprint_hex"));
    }
}

/* Runs of zeros are cuts, so cuts can be put anywhere: into several segments at once, next to one
 * another, at their borders. All scans have to find the first one. */
static void
test_scans_agree (void)
{
  const gsize size = 1200 * 1024;
  g_autoptr (GRand) rand = g_rand_new_with_seed (53);
  g_autofree guint32 *noise = g_new (guint32, size / sizeof (guint32));
  g_autoptr (SrChunker) plain = make_chunker (POLYNOMIAL, G_MAXUINT);

  for (gsize i = 0; i < size / sizeof (guint32); i++)
    noise[i] = g_rand_int (rand);

  for (guint round = 0; round < 60; round++)
    {
      gsize length = g_rand_int_range (rand, SR_CHUNK_MIN_SIZE - 2, size);
      gsize from = g_rand_boolean (rand) ? g_rand_int_range (rand, 0, length) : 0;
      g_autofree guint8 *data = g_memdup2 (noise, length);
      gsize expected;

      for (guint runs = g_rand_int_range (rand, 0, 12); runs > 0; runs--)
        {
          gsize at = g_rand_int_range (rand, SR_CHUNK_MIN_SIZE - 1000, length);

          memset (data + at, 0, MIN (length - at, (gsize) g_rand_int_range (rand, 60, 200)));
        }

      expected = sr_chunker_cut (plain, data, length, from, FALSE);
      for (guint scan = 0; scan < count_scans (); scan++)
        {
          g_autoptr (SrChunker) chunker = make_chunker (POLYNOMIAL, scan);

          g_assert_cmpuint (sr_chunker_cut (chunker, data, length, from, FALSE), ==, expected);
        }
    }
}

/* What a reader relies on to know when to read more. */
static void
test_undecided (void)
{
  g_autoptr (SrChunker) chunker = sr_chunker_new (POLYNOMIAL);
  g_autofree guint8 *data = g_malloc (SR_CHUNK_MAX_SIZE);

  memset (data, 0x55, SR_CHUNK_MAX_SIZE);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, 0, 0, FALSE), ==, 0);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, 0, 0, TRUE), ==, 0);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, 1000, 0, FALSE), ==, 0);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, 1000, 0, TRUE), ==, 1000);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, SR_CHUNK_MAX_SIZE - 1, 0, FALSE), ==, 0);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, SR_CHUNK_MAX_SIZE, SR_CHUNK_MAX_SIZE - 1, FALSE),
                    ==, SR_CHUNK_MAX_SIZE);

  memset (data, 0, SR_CHUNK_MAX_SIZE);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, SR_CHUNK_MIN_SIZE - 1, 0, FALSE), ==, 0);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, SR_CHUNK_MIN_SIZE, 0, FALSE), ==,
                    SR_CHUNK_MIN_SIZE);
  g_assert_cmpuint (sr_chunker_cut (chunker, data, SR_CHUNK_MAX_SIZE, 0, TRUE), ==,
                    SR_CHUNK_MIN_SIZE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/chunker/cases", test_cases);
  g_test_add_func ("/chunker/candidates", test_candidates);
  g_test_add_func ("/chunker/fingerprints", test_fingerprints);
  g_test_add_func ("/chunker/scans-agree", test_scans_agree);
  g_test_add_func ("/chunker/undecided", test_undecided);

  return g_test_run ();
}
