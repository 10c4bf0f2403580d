/* SPDX-License-Identifier: GPL-3.0-or-later */

/* ThreadSanitizer says nothing about what GLib orders, and still finds what nothing orders. */

#include "config.h"

#include <gio/gio.h>

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean ready; /* (locked by mutex) */
  int counter; /* (locked by mutex), but for the planted race */
} Shared;

static gpointer
count_locked (gpointer data)
{
  Shared *shared = data;

  g_mutex_lock (&shared->mutex);
  shared->counter++;
  shared->ready = TRUE;
  g_cond_signal (&shared->cond);
  g_mutex_unlock (&shared->mutex);
  return NULL;
}

static void
test_locked (void)
{
  Shared shared = { .counter = 0 };
  GThread *thread;

  g_mutex_init (&shared.mutex);
  g_cond_init (&shared.cond);
  thread = g_thread_new ("count", count_locked, &shared);
  g_mutex_lock (&shared.mutex);
  while (!shared.ready)
    g_cond_wait (&shared.cond, &shared.mutex);
  shared.counter++;
  g_assert_cmpint (shared.counter, ==, 2);
  g_mutex_unlock (&shared.mutex);
  g_thread_join (thread);
  g_mutex_clear (&shared.mutex);
  g_cond_clear (&shared.cond);
}

static void
count_in_task (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  ((Shared *) task_data)->counter++;
  g_task_return_boolean (task, TRUE);
}

static void
on_task_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shared *shared = g_task_get_task_data (G_TASK (result));

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  shared->counter++;
  g_main_loop_quit (user_data);
}

static void
test_task (void)
{
  Shared *shared = g_new0 (Shared, 1);
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  GTask *task = g_task_new (NULL, NULL, on_task_done, loop);

  shared->counter = 1;
  g_task_set_task_data (task, shared, g_free);
  g_task_run_in_thread (task, count_in_task);
  g_object_unref (task);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
}

typedef struct
{
  GMainLoop *loop; /* (owned) */
  int counter;
} Posted;

static gboolean
on_posted (gpointer data)
{
  Posted *posted = data;

  posted->counter++;
  g_main_loop_quit (posted->loop);
  return G_SOURCE_REMOVE;
}

static void
posted_clear (gpointer data)
{
  Posted *posted = data;

  g_assert_cmpint (posted->counter, ==, 3);
  g_main_loop_unref (posted->loop);
}

static void
posted_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, posted_clear);
}

static gpointer
post (gpointer data)
{
  Posted *posted = data;
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, on_posted, g_atomic_rc_box_acquire (posted), posted_unref);
  posted->counter = 2;
  g_source_attach (source, NULL);
  g_source_unref (source);
  posted_unref (posted);
  return NULL;
}

static void
test_source (void)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  Posted *posted = g_atomic_rc_box_new0 (Posted);
  GThread *thread;

  posted->loop = g_main_loop_ref (loop);
  thread = g_thread_new ("post", post, posted);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  g_thread_join (thread);
}

static gpointer
count_unlocked (gpointer data)
{
  for (int i = 0; i < 1000; i++)
    ((Shared *) data)->counter++;
  return NULL;
}

static void
test_race (void)
{
  if (g_test_subprocess ())
    {
      Shared shared = { .counter = 0 };
      GThread *one = g_thread_new ("one", count_unlocked, &shared);
      GThread *two = g_thread_new ("two", count_unlocked, &shared);

      g_thread_join (one);
      g_thread_join (two);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*data race*");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tsan-shim/locked", test_locked);
  g_test_add_func ("/tsan-shim/task", test_task);
  g_test_add_func ("/tsan-shim/source", test_source);
  g_test_add_func ("/tsan-shim/race", test_race);
  return g_test_run ();
}
