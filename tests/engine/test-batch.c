/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Batches: where chunks lie in them, and that they come back to their pool empty. */

#include "config.h"

#include "engine/sr-batch.h"

#include <string.h>

static const guint8 *
put (SrBatch *batch, const char *text)
{
  gsize room;
  guint8 *place = sr_batch_get_room (batch, &room);

  g_assert_cmpuint (room, >=, strlen (text));
  memcpy (place, text, strlen (text));
  sr_batch_take_room (batch, strlen (text));
  return place;
}

static void
test_chunks (void)
{
  g_autoptr (SrBatch) batch = sr_batch_new (100);
  const guint8 *one = put (batch, "one");
  const guint8 *two = put (batch, "two!");
  const SrBatchChunk *chunks;
  SrId id = { { 5 } };
  guint n_chunks;
  gsize room;

  sr_batch_add_chunk (batch, SR_BLOB_DATA, &id, one, 3);
  sr_batch_add_chunk (batch, SR_BLOB_TREE, &id, two, 4);
  chunks = sr_batch_get_chunks (batch, &n_chunks);
  g_assert_cmpuint (n_chunks, ==, 2);
  g_assert_cmpuint (chunks[1].type, ==, SR_BLOB_TREE);
  g_assert_cmpmem (sr_batch_get_data (batch) + chunks[1].offset, chunks[1].length, "two!", 4);
  g_assert_true (sr_id_equal (&chunks[0].id, &id));
  sr_batch_get_room (batch, &room);
  g_assert_cmpuint (room, ==, 93);
}

static void
test_truncated (void)
{
  g_autoptr (SrBatch) batch = sr_batch_new (100);
  const guint8 *two;
  gsize room;

  put (batch, "one");
  two = put (batch, "two");
  sr_batch_truncate (batch, two);
  g_assert_cmpuint (sr_batch_get_length (batch), ==, 3);
  g_assert_true (sr_batch_get_room (batch, &room) == two);
  g_assert_cmpuint (room, ==, 97);
}

static void
test_pool (void)
{
  SrBoundedQueue *pool = sr_bounded_queue_new (G_MAXSIZE, (GDestroyNotify) sr_batch_free);
  SrBatch *batch = sr_batch_new_pooled (100, pool);
  SrId id = { { 5 } };
  guint n_chunks;

  sr_batch_add_chunk (batch, SR_BLOB_DATA, &id, put (batch, "one"), 3);
  sr_batch_recycle (batch);
  g_assert_true (sr_bounded_queue_pop (pool) == batch);
  g_assert_cmpuint (sr_batch_get_length (batch), ==, 0);
  sr_batch_get_chunks (batch, &n_chunks);
  g_assert_cmpuint (n_chunks, ==, 0);

  sr_bounded_queue_abort (pool);
  sr_batch_recycle (batch); /* the pool is gone, so is the batch */
  sr_bounded_queue_free (pool);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batch/chunks", test_chunks);
  g_test_add_func ("/batch/truncated", test_truncated);
  g_test_add_func ("/batch/pool", test_pool);
  return g_test_run ();
}
