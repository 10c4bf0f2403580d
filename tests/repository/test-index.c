/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The index in memory: what is found, in which copy, and who may store what is not there. */

#include "config.h"

#include "repository/sr-index.h"

#include <string.h>

#include "base/sr-error.h"

#define N_MANY 50000 /* more than a segment, and more than the first table of slots */

static SrId
make_id (guint64 number)
{
  SrId id = { { 0 } };
  guint32 hash =
      (guint32) (number / 4) * 3; /* several ids share a slot, so that probing is needed */

  memcpy (id.bytes, &hash, sizeof hash);
  memcpy (id.bytes + 8, &number, sizeof number);
  return id;
}

static SrBlob
make_blob (guint64 number, SrBlobType type)
{
  SrBlob blob = { make_id (number), (guint32) number * 100, 100, 0, (guint8) type };

  return blob;
}

static void
add (SrIndex *index, guint64 pack, const SrBlob *blobs, gsize n_blobs)
{
  SrId id = make_id (pack);
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_index_add_pack (index, &id, blobs, n_blobs, &error));
  g_assert_no_error (error);
}

static void
test_empty (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  SrId id = make_id (1);
  SrBlobPlace place;

  g_assert_false (sr_index_contains (index, SR_BLOB_DATA, &id));
  g_assert_false (sr_index_lookup (index, SR_BLOB_DATA, &id, 0, &place));
  g_assert_false (sr_index_has_pack (index, &id));
  g_assert_cmpuint (sr_index_get_n_blobs (index), ==, 0);
  g_assert_cmpuint (sr_index_get_n_packs (index), ==, 0);
}

static void
test_types_are_apart (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  SrBlob blob = make_blob (1, SR_BLOB_TREE);
  SrBlobPlace place;

  blob.uncompressed_length = 500;
  add (index, 9, &blob, 1);
  g_assert_false (sr_index_contains (index, SR_BLOB_DATA, &blob.id));
  g_assert_true (sr_index_lookup (index, SR_BLOB_TREE, &blob.id, 0, &place));
  g_assert_cmpuint (place.blob.type, ==, SR_BLOB_TREE);
  g_assert_cmpuint (place.blob.offset, ==, 100);
  g_assert_cmpuint (place.blob.length, ==, 100);
  g_assert_cmpuint (place.blob.uncompressed_length, ==, 500);
  g_assert_true (sr_index_reserve (index, SR_BLOB_DATA, &blob.id));
  g_assert_false (sr_index_reserve (index, SR_BLOB_TREE, &blob.id));
}

static void
test_copies (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  SrBlob blob = make_blob (1, SR_BLOB_DATA);
  SrBlobPlace place;

  add (index, 10, &blob, 1);
  add (index, 11, &blob, 1);
  for (guint copy = 0; copy < 2; copy++)
    {
      SrId pack = make_id (10 + copy);

      g_assert_true (sr_index_lookup (index, SR_BLOB_DATA, &blob.id, copy, &place));
      g_assert_true (sr_id_equal (&place.pack, &pack));
    }
  g_assert_false (sr_index_lookup (index, SR_BLOB_DATA, &blob.id, 2, &place));
}

/* Two index files that list a pack whole, and two that list a half each. */
static void
test_same_pack_again (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  SrBlob blobs[] = { make_blob (1, SR_BLOB_DATA), make_blob (2, SR_BLOB_DATA) };

  add (index, 10, blobs, 2);
  add (index, 10, blobs, 2);
  g_assert_cmpuint (sr_index_get_n_blobs (index), ==, 2);
  g_assert_cmpuint (sr_index_get_n_packs (index), ==, 1);

  add (index, 11, blobs, 1);
  add (index, 11, blobs + 1, 1);
  g_assert_cmpuint (sr_index_get_n_blobs (index), ==, 4);
}

static void
test_reserving (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  SrBlob blob = make_blob (1, SR_BLOB_DATA);

  g_assert_true (sr_index_reserve (index, SR_BLOB_DATA, &blob.id));
  g_assert_false (sr_index_reserve (index, SR_BLOB_DATA, &blob.id));
  g_assert_false (sr_index_contains (index, SR_BLOB_DATA, &blob.id));
  add (index, 10, &blob, 1);
  g_assert_false (sr_index_reserve (index, SR_BLOB_DATA, &blob.id));
  g_assert_true (sr_index_contains (index, SR_BLOB_DATA, &blob.id));
}

static void
test_many (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  SrId pack;

  for (guint i = 0; i < N_MANY / 500; i++)
    {
      SrBlob some[500];

      for (guint j = 0; j < 500; j++)
        some[j] = make_blob (i * 500 + j, SR_BLOB_DATA);
      add (index, 1000000 + i, some, 500);
    }
  g_assert_cmpuint (sr_index_get_n_blobs (index), ==, N_MANY);
  g_assert_cmpuint (sr_index_get_n_packs (index), ==, N_MANY / 500);
  for (guint i = 0; i < N_MANY; i++)
    {
      SrBlob wanted = make_blob (i, SR_BLOB_DATA);
      SrBlobPlace place;

      pack = make_id (1000000 + i / 500);
      g_assert_true (sr_index_lookup (index, SR_BLOB_DATA, &wanted.id, 0, &place));
      g_assert_cmpuint (place.blob.offset, ==, wanted.offset);
      g_assert_true (sr_id_equal (&place.pack, &pack));
    }

  sr_index_get_pack (index, 60, &pack, blobs);
  g_assert_cmpuint (blobs->len, ==, 500);
  g_assert_cmpuint (g_array_index (blobs, SrBlob, 3).offset, ==, 30003 * 100);
  g_assert_true (sr_index_has_pack (index, &pack));
}

static gpointer
reserve_thread (gpointer user_data)
{
  SrIndex *index = user_data;
  guint n_reserved = 0;

  for (guint i = 0; i < 5000; i++)
    {
      SrBlob blob = make_blob (i, SR_BLOB_DATA);

      if (!sr_index_reserve (index, SR_BLOB_DATA, &blob.id))
        continue;
      n_reserved++;
      if (i % 10 == 0)
        add (index, 100000 + i, &blob, 1);
    }
  return GUINT_TO_POINTER (n_reserved);
}

static void
test_threads (void)
{
  g_autoptr (SrIndex) index = sr_index_new ();
  GThread *one = g_thread_new ("one", reserve_thread, index);
  GThread *other = g_thread_new ("other", reserve_thread, index);
  guint n_reserved = GPOINTER_TO_UINT (g_thread_join (one));

  n_reserved += GPOINTER_TO_UINT (g_thread_join (other));
  g_assert_cmpuint (n_reserved, ==, 5000);
  g_assert_cmpuint (sr_index_get_n_blobs (index), ==, 500);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/index/empty", test_empty);
  g_test_add_func ("/index/types-are-apart", test_types_are_apart);
  g_test_add_func ("/index/copies", test_copies);
  g_test_add_func ("/index/same-pack-again", test_same_pack_again);
  g_test_add_func ("/index/reserving", test_reserving);
  g_test_add_func ("/index/many", test_many);
  g_test_add_func ("/index/threads", test_threads);
  return g_test_run ();
}
