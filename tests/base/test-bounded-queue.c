/* SPDX-License-Identifier: GPL-3.0-or-later */

/* No test waits for time to pass: each that shows a thread waiting also lets it go on, and what must
 * not happen would hang or break a count. */

#include "config.h"

#include "base/sr-bounded-queue.h"

#define N_ITEMS 5000 /* of each producer */
#define N_THREADS 4

static guint n_freed; /* (atomic) */

static void
count_freed (gpointer item)
{
  g_atomic_int_inc (&n_freed);
}

static SrBoundedQueue *
make_queue (gsize limit)
{
  g_atomic_int_set (&n_freed, 0);
  return sr_bounded_queue_new (limit, count_freed);
}

static void
test_order (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (1000000);

  /* Grows while its ring has gone round. */
  for (guint round = 1, next = 1, first = 1; round < 100; round++)
    {
      for (guint i = 0; i < 5; i++)
        g_assert_true (sr_bounded_queue_push (queue, GUINT_TO_POINTER (next++), 10));
      for (guint i = 0; i < 3; i++)
        g_assert_cmpuint (GPOINTER_TO_UINT (sr_bounded_queue_pop (queue)), ==, first++);
    }
  g_assert_cmpuint (n_freed, ==, 0);
}

static void
test_close (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (10);

  g_assert_null (sr_bounded_queue_try_pop (queue));
  g_assert_true (sr_bounded_queue_push (queue, GUINT_TO_POINTER (1), 1));
  g_assert_true (sr_bounded_queue_push (queue, GUINT_TO_POINTER (2), 1));
  sr_bounded_queue_close (queue);
  sr_bounded_queue_close (queue);
  g_assert_cmpuint (GPOINTER_TO_UINT (sr_bounded_queue_pop (queue)), ==, 1);
  g_assert_cmpuint (GPOINTER_TO_UINT (sr_bounded_queue_try_pop (queue)), ==, 2);
  g_assert_null (sr_bounded_queue_pop (queue));
  g_assert_null (sr_bounded_queue_pop (queue));
  g_assert_null (sr_bounded_queue_try_pop (queue));
}

static void
test_abort (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (10);

  g_assert_true (sr_bounded_queue_push (queue, GUINT_TO_POINTER (1), 9));
  g_assert_true (sr_bounded_queue_push (queue, GUINT_TO_POINTER (2), 100));
  sr_bounded_queue_abort (queue);
  g_assert_cmpuint (n_freed, ==, 2);
  g_assert_null (sr_bounded_queue_pop (queue));
  g_assert_null (sr_bounded_queue_try_pop (queue));
  g_assert_false (sr_bounded_queue_push (queue, GUINT_TO_POINTER (3), 1));
  g_assert_cmpuint (n_freed, ==, 3);

  sr_bounded_queue_abort (queue);
  sr_bounded_queue_close (queue);
  g_assert_false (sr_bounded_queue_push (queue, GUINT_TO_POINTER (4), 1));
  g_assert_cmpuint (n_freed, ==, 4);
}

static void
test_free_frees (void)
{
  SrBoundedQueue *queue = make_queue (10);

  sr_bounded_queue_push (queue, GUINT_TO_POINTER (1), 1);
  sr_bounded_queue_push (queue, GUINT_TO_POINTER (2), 1);
  sr_bounded_queue_close (queue);
  sr_bounded_queue_free (queue);
  g_assert_cmpuint (n_freed, ==, 2);
}

static void
test_no_item_free (void)
{
  g_autoptr (SrBoundedQueue) queue = sr_bounded_queue_new (10, NULL);

  sr_bounded_queue_push (queue, queue, 1);
  sr_bounded_queue_abort (queue);
  g_assert_false (sr_bounded_queue_push (queue, queue, 1));
}

static void
push_into_closed (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (10);

  sr_bounded_queue_close (queue);
  sr_bounded_queue_push (queue, queue, 1);
}

static void
test_closed_too_early (void)
{
  if (g_test_subprocess ())
    {
      push_into_closed ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*is_closed*");
}

typedef struct
{
  SrBoundedQueue *queue;
  gsize weight; /* of each item */
  guint inside; /* (atomic): a bound of the items pushed and not popped */
  guint most_inside; /* (atomic) */
  guint sum; /* (atomic): of all items popped */
  guint n_results; /* (atomic): of threads that came to an end as they should */
} Traffic;

static void
note_most (Traffic *traffic, guint inside)
{
  guint most = (guint) g_atomic_int_get (&traffic->most_inside);

  while (inside > most && !g_atomic_int_compare_and_exchange (&traffic->most_inside, most, inside))
    most = (guint) g_atomic_int_get (&traffic->most_inside);
}

static gpointer
produce (gpointer data)
{
  Traffic *traffic = data;

  for (guint i = 1; i <= N_ITEMS; i++)
    {
      g_assert_true (sr_bounded_queue_push (traffic->queue, GUINT_TO_POINTER (i), traffic->weight));
      note_most (traffic, (guint) g_atomic_int_add (&traffic->inside, 1) + 1);
    }
  return NULL;
}

static gpointer
consume (gpointer data)
{
  Traffic *traffic = data;
  gpointer item;

  while ((item = sr_bounded_queue_pop (traffic->queue)) != NULL)
    {
      g_atomic_int_add (&traffic->inside, -1);
      g_atomic_int_add (&traffic->sum, (int) (GPOINTER_TO_UINT (item) % 10));
    }
  g_atomic_int_inc (&traffic->n_results);
  return NULL;
}

static const struct
{
  const char *name;
  gsize limit;
  gsize weight;
  guint n_producers;
  guint n_consumers;
  guint most; /* items inside */
} rows[] = {
  { "one-to-one", 50, 10, 1, 1, 5 },
  { "many-to-one", 50, 10, N_THREADS, 1, 5 },
  { "one-to-many", 50, 10, 1, N_THREADS, 5 },
  { "many-to-many", 50, 10, N_THREADS, N_THREADS, 5 },
  { "heavier-than-limit", 1, 1000, N_THREADS, N_THREADS, 1 },
  { "without-weight", 3, 0, N_THREADS, N_THREADS, 3 },
};

/* Every item comes out once, everybody ends, and the bound holds: the count of what is inside is
 * raised after a push and lowered after a pop, so each thread may make it wrong by one. */
static void
test_traffic (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrBoundedQueue) queue = make_queue (rows[row].limit);
  Traffic traffic = { queue, rows[row].weight };
  GThread *producers[N_THREADS];
  GThread *consumers[N_THREADS];

  for (guint i = 0; i < rows[row].n_consumers; i++)
    consumers[i] = g_thread_new ("consumer", consume, &traffic);
  for (guint i = 0; i < rows[row].n_producers; i++)
    producers[i] = g_thread_new ("producer", produce, &traffic);

  for (guint i = 0; i < rows[row].n_producers; i++)
    g_thread_join (producers[i]);
  sr_bounded_queue_close (queue);
  for (guint i = 0; i < rows[row].n_consumers; i++)
    g_thread_join (consumers[i]);

  g_assert_cmpuint (traffic.n_results, ==, rows[row].n_consumers);
  g_assert_cmpuint (traffic.sum, ==, rows[row].n_producers * (N_ITEMS / 10 * 45));
  g_assert_cmpint ((int) traffic.most_inside, <=, (int) (rows[row].most + rows[row].n_consumers));
  g_assert_cmpuint (n_freed, ==, 0);
}

static gpointer
produce_until_aborted (gpointer data)
{
  Traffic *traffic = data;

  while (sr_bounded_queue_push (traffic->queue, traffic, 1))
    g_atomic_int_inc (&traffic->inside);
  g_atomic_int_inc (&traffic->n_results);
  return NULL;
}

static void
wait_for_producers (Traffic *traffic)
{
  while (g_atomic_int_get (&traffic->inside) < 3)
    g_thread_yield ();
}

/* More producers than there is room for: they are in push, or on the way there, when it comes. */
static void
test_abort_wakes_producers (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (3);
  Traffic traffic = { queue, 1 };
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("producer", produce_until_aborted, &traffic);
  wait_for_producers (&traffic);
  sr_bounded_queue_abort (queue);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpuint (traffic.n_results, ==, N_THREADS);
  g_assert_cmpuint (traffic.inside, ==, 3);
  g_assert_cmpuint (n_freed, ==, 3 + N_THREADS);
}

static void
test_abort_wakes_consumers (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (3);
  Traffic traffic = { queue, 1 };
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("consumer", consume, &traffic);
  sr_bounded_queue_abort (queue);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (traffic.n_results, ==, N_THREADS);
}

/* One pop of a heavy item makes room for all who wait, though it wakes one. */
static void
test_room_for_many (void)
{
  g_autoptr (SrBoundedQueue) queue = make_queue (N_THREADS);
  Traffic traffic = { queue, 1 };
  GThread *threads[N_THREADS];

  g_assert_true (sr_bounded_queue_push (queue, queue, 1000));
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("producer", produce_until_aborted, &traffic);
  g_assert_true (sr_bounded_queue_pop (queue) == queue);
  while (g_atomic_int_get (&traffic.inside) < N_THREADS)
    g_thread_yield ();
  sr_bounded_queue_abort (queue);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (traffic.inside, ==, N_THREADS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/bounded-queue/order", test_order);
  g_test_add_func ("/bounded-queue/close", test_close);
  g_test_add_func ("/bounded-queue/abort", test_abort);
  g_test_add_func ("/bounded-queue/free-frees", test_free_frees);
  g_test_add_func ("/bounded-queue/no-item-free", test_no_item_free);
  g_test_add_func ("/bounded-queue/closed-too-early", test_closed_too_early);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/bounded-queue/traffic/%s", rows[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_traffic);
    }
  g_test_add_func ("/bounded-queue/abort-wakes-producers", test_abort_wakes_producers);
  g_test_add_func ("/bounded-queue/abort-wakes-consumers", test_abort_wakes_consumers);
  g_test_add_func ("/bounded-queue/room-for-many", test_room_for_many);

  return g_test_run ();
}
