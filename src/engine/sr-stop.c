/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How the threads of one operation end together.
 *
 * Each thread blocks either in a call that takes a cancellable or in a queue. So there is one cancellable of the
 * operation's own, which the owner's triggers, and which aborts all queues when it is triggered. A
 * thread that fails leaves its error here first; the others then see nothing but a cancellation. */

#include "config.h"

#include "sr-stop.h"

struct _SrStop
{
  GCancellable *owner; /* (owned) (nullable) */
  gulong owner_handler;
  GCancellable *cancellable; /* (owned) */

  GMutex mutex;
  GPtrArray *queues; /* (locked by mutex) lent */
  GError *error; /* (owned) (nullable) (locked by mutex): of the thread that failed first */
};

static void
on_owner_cancelled (GCancellable *owner, gpointer user_data)
{
  SrStop *self = user_data;

  sr_stop_fail (self, NULL);
}

/**
 * sr_stop_new:
 * @owner: (nullable): the cancellable of the operation's owner
 *
 * Returns: (transfer full): a stop that is not set, unless @owner is cancelled already
 */
SrStop *
sr_stop_new (GCancellable *owner)
{
  SrStop *self = g_new0 (SrStop, 1);

  g_mutex_init (&self->mutex);
  self->queues = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  if (owner != NULL)
    {
      self->owner = g_object_ref (owner);
      self->owner_handler =
          g_cancellable_connect (owner, G_CALLBACK (on_owner_cancelled), self, NULL);
    }
  return self;
}

void
sr_stop_free (SrStop *self)
{
  if (self == NULL)
    return;

  if (self->owner != NULL)
    g_cancellable_disconnect (self->owner, self->owner_handler);
  g_clear_object (&self->owner);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->queues);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * sr_stop_watch_queue:
 * @self: a stop
 * @queue: aborted when the stop is set, at once if it is; until sr_stop_unwatch_queue()
 */
void
sr_stop_watch_queue (SrStop *self, SrBoundedQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_ptr_array_add (self->queues, queue);
  if (g_cancellable_is_cancelled (self->cancellable))
    sr_bounded_queue_abort (queue);
}

void
sr_stop_unwatch_queue (SrStop *self, SrBoundedQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_ptr_array_remove (self->queues, queue);
}

/**
 * sr_stop_get_cancellable:
 * @self: a stop
 *
 * Returns: (transfer none): for all calls of the operation's threads
 */
GCancellable *
sr_stop_get_cancellable (SrStop *self)
{
  return self->cancellable;
}

/**
 * sr_stop_fail:
 * @self: a stop
 * @error: (transfer full) (nullable): why; kept if it is the first
 *
 * Sets the stop. Any thread.
 */
void
sr_stop_fail (SrStop *self, GError *error)
{
  g_autoptr (GError) own_error = error;

  g_cancellable_cancel (self->cancellable);

  g_mutex_lock (&self->mutex);
  if (self->error == NULL && own_error != NULL &&
      !g_error_matches (own_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_steal_pointer (&own_error);
  for (guint i = 0; i < self->queues->len; i++)
    sr_bounded_queue_abort (g_ptr_array_index (self->queues, i));
  g_mutex_unlock (&self->mutex);
}

gboolean
sr_stop_is_set (SrStop *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

/**
 * sr_stop_finish:
 * @self: a stop, when all threads have ended
 *
 * Returns: TRUE when it was never set; else FALSE with %G_IO_ERROR_CANCELLED if the owner has cancelled, or the
 *   error of the thread that failed first
 */
gboolean
sr_stop_finish (SrStop *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (g_cancellable_set_error_if_cancelled (self->owner, error))
    return FALSE;
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}
