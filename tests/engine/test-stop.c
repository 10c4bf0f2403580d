/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How the threads of one operation end together, and which error is left. */

#include "config.h"

#include "engine/sr-stop.h"

#include "base/sr-error.h"

static void
test_never_set (void)
{
  g_autoptr (GCancellable) owner = g_cancellable_new ();
  g_autoptr (SrStop) stop = sr_stop_new (owner);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_stop_is_set (stop));
  g_assert_true (sr_stop_finish (stop, &error));
  g_assert_no_error (error);
}

static void
test_first_error_counts (void)
{
  g_autoptr (SrStop) stop = sr_stop_new (NULL);
  g_autoptr (GError) error = NULL;

  sr_stop_fail (stop, g_error_new_literal (SR_ERROR, SR_ERROR_STORAGE, "first"));
  sr_stop_fail (stop, g_error_new_literal (SR_ERROR, SR_ERROR_DAMAGED, "second"));
  g_assert_true (sr_stop_is_set (stop));
  g_assert_true (g_cancellable_is_cancelled (sr_stop_get_cancellable (stop)));
  g_assert_false (sr_stop_finish (stop, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
}

/* The others' calls end as cancelled; that is not why it stopped. */
static void
test_cancellation_is_no_reason (void)
{
  g_autoptr (SrStop) stop = sr_stop_new (NULL);
  g_autoptr (GError) error = NULL;

  sr_stop_fail (stop, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "ended"));
  sr_stop_fail (stop, g_error_new_literal (SR_ERROR, SR_ERROR_STORAGE, "why"));
  g_assert_false (sr_stop_finish (stop, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
}

static void
test_owner_cancels (void)
{
  g_autoptr (GCancellable) owner = g_cancellable_new ();
  g_autoptr (SrStop) stop = sr_stop_new (owner);
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (owner);
  sr_stop_fail (stop, g_error_new_literal (SR_ERROR, SR_ERROR_STORAGE, "follows from that"));
  g_assert_true (sr_stop_is_set (stop));
  g_assert_false (sr_stop_finish (stop, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_owner_had_cancelled (void)
{
  g_autoptr (GCancellable) owner = g_cancellable_new ();
  g_autoptr (SrStop) stop = NULL;

  g_cancellable_cancel (owner);
  stop = sr_stop_new (owner);
  g_assert_true (sr_stop_is_set (stop));
}

static gpointer
pop_thread (gpointer queue)
{
  return sr_bounded_queue_pop (queue);
}

static void
test_wakes_queues (void)
{
  g_autoptr (SrStop) stop = sr_stop_new (NULL);
  SrBoundedQueue *waiting = sr_bounded_queue_new (1, NULL);
  SrBoundedQueue *late = sr_bounded_queue_new (1, NULL);
  SrBoundedQueue *left = sr_bounded_queue_new (1, NULL);
  GThread *thread;

  sr_stop_watch_queue (stop, waiting);
  sr_stop_watch_queue (stop, left);
  sr_stop_unwatch_queue (stop, left);
  thread = g_thread_new ("pop", pop_thread, waiting);
  sr_stop_fail (stop, NULL);
  g_assert_null (g_thread_join (thread));

  sr_stop_watch_queue (stop, late);
  g_assert_false (sr_bounded_queue_push (late, GUINT_TO_POINTER (1), 1));
  g_assert_true (sr_bounded_queue_push (left, GUINT_TO_POINTER (1), 1));
  sr_bounded_queue_free (waiting);
  sr_bounded_queue_free (late);
  sr_bounded_queue_free (left);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stop/never-set", test_never_set);
  g_test_add_func ("/stop/first-error-counts", test_first_error_counts);
  g_test_add_func ("/stop/cancellation-is-no-reason", test_cancellation_is_no_reason);
  g_test_add_func ("/stop/owner-cancels", test_owner_cancels);
  g_test_add_func ("/stop/owner-had-cancelled", test_owner_had_cancelled);
  g_test_add_func ("/stop/wakes-queues", test_wakes_queues);
  return g_test_run ();
}
