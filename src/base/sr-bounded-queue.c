/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A first-in, first-out queue between threads that bounds what waits in it by weight.
 *
 * GAsyncQueue has no bound and no end: a fast reader before a slow network would fill memory, and
 * an end marker would have to be pushed for each consumer. Here the producers wait, and close and
 * abort reach everybody.
 *
 * Each event wakes one thread at most, and a thread that leaves room or items behind wakes the next:
 * many threads woken for one item would only queue up at the mutex. */

#include "config.h"

#include "sr-bounded-queue.h"

#define FIRST_CAPACITY 16 /* items; a power of two, as all capacities are */

typedef struct
{
  gpointer item; /* (owned) */
  gsize weight;
} Entry;

struct _SrBoundedQueue
{
  gsize limit;
  GDestroyNotify item_free; /* (nullable) */

  GMutex mutex;
  GCond can_push;
  GCond can_pop;
  /* All below: (locked by mutex) */
  Entry *entries; /* (owned): a ring */
  guint capacity; /* of entries */
  guint first; /* in entries */
  guint n_entries;
  gsize weight; /* of all entries */
  guint n_pushers_waiting;
  guint n_poppers_waiting;
  gboolean is_closed;
  gboolean is_aborted;
};

/**
 * sr_bounded_queue_new:
 * @limit: weight, usually bytes, from which on producers wait; more than 0
 * @item_free: (nullable): frees an item that nobody will pop
 *
 * Returns: (transfer full): an empty queue
 */
SrBoundedQueue *
sr_bounded_queue_new (gsize limit, GDestroyNotify item_free)
{
  SrBoundedQueue *self = g_new0 (SrBoundedQueue, 1);

  g_assert (limit > 0);
  self->limit = limit;
  self->item_free = item_free;
  self->capacity = FIRST_CAPACITY;
  self->entries = g_new (Entry, self->capacity);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->can_push);
  g_cond_init (&self->can_pop);
  return self;
}

/**
 * sr_bounded_queue_free:
 * @self: (transfer full): a queue that no thread uses any more; items inside are freed
 */
void
sr_bounded_queue_free (SrBoundedQueue *self)
{
  sr_bounded_queue_abort (self);
  g_assert (self->n_pushers_waiting == 0 && self->n_poppers_waiting == 0);
  g_free (self->entries);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->can_push);
  g_cond_clear (&self->can_pop);
  g_free (self);
}

static void
free_item (SrBoundedQueue *self, gpointer item)
{
  if (self->item_free != NULL)
    self->item_free (item);
}

static void
grow_locked (SrBoundedQueue *self)
{
  Entry *entries = g_new (Entry, 2 * (gsize) self->capacity);

  for (guint i = 0; i < self->n_entries; i++)
    entries[i] = self->entries[(self->first + i) & (self->capacity - 1)];

  g_free (self->entries);
  self->entries = entries;
  self->first = 0;
  self->capacity *= 2;
}

static void
append_locked (SrBoundedQueue *self, gpointer item, gsize weight)
{
  Entry *entry;

  if (self->n_entries == self->capacity)
    grow_locked (self);

  entry = &self->entries[(self->first + self->n_entries) & (self->capacity - 1)];
  entry->item = item;
  entry->weight = weight;
  self->n_entries++;
  self->weight += weight;
}

static gpointer
take_locked (SrBoundedQueue *self)
{
  Entry *entry = &self->entries[self->first];

  self->first = (self->first + 1) & (self->capacity - 1);
  self->n_entries--;
  self->weight -= entry->weight;
  return entry->item;
}

static void
wake_next_pusher_locked (SrBoundedQueue *self)
{
  if (self->n_pushers_waiting > 0 && self->weight < self->limit)
    g_cond_signal (&self->can_push);
}

/* Takes an item out for a consumer. While the items of an aborted queue are being freed, there is
 * none for consumers any more. */
static gpointer
pop_locked (SrBoundedQueue *self)
{
  gpointer item;

  if (self->n_entries == 0 || self->is_aborted)
    return NULL;

  item = take_locked (self);
  wake_next_pusher_locked (self);
  return item;
}

/**
 * sr_bounded_queue_push:
 * @self: a queue that has not been closed
 * @item: (transfer full) (not nullable): an item
 * @weight: what it counts towards the limit; 0 counts as 1
 *
 * Waits while the items inside weigh the limit or more. So an item heavier than the limit gets in,
 * and what is inside may weigh almost the limit and one item. Any thread may call it.
 *
 * Returns: FALSE: the queue was aborted, and @item has been freed
 */
gboolean
sr_bounded_queue_push (SrBoundedQueue *self, gpointer item, gsize weight)
{
  gboolean pushed;

  g_assert (item != NULL);
  g_mutex_lock (&self->mutex);
  while (self->weight >= self->limit && !self->is_aborted)
    {
      self->n_pushers_waiting++;
      g_cond_wait (&self->can_push, &self->mutex);
      self->n_pushers_waiting--;
    }

  pushed = !self->is_aborted;
  if (pushed)
    {
      g_assert (!self->is_closed); /* the item would be lost without anybody knowing */
      append_locked (self, item, MAX (weight, 1));
      if (self->n_poppers_waiting > 0)
        g_cond_signal (&self->can_pop);
      wake_next_pusher_locked (self);
    }
  g_mutex_unlock (&self->mutex);

  if (!pushed)
    free_item (self, item);
  return pushed;
}

/**
 * sr_bounded_queue_pop:
 * @self: a queue
 *
 * Waits for an item. Any thread may call it; items come in the order in which they were pushed.
 *
 * Returns: (transfer full) (nullable): the item; NULL: the queue is closed and empty, or aborted
 */
gpointer
sr_bounded_queue_pop (SrBoundedQueue *self)
{
  gpointer item;

  g_mutex_lock (&self->mutex);
  while (self->n_entries == 0 && !self->is_closed && !self->is_aborted)
    {
      self->n_poppers_waiting++;
      g_cond_wait (&self->can_pop, &self->mutex);
      self->n_poppers_waiting--;
    }
  item = pop_locked (self);
  g_mutex_unlock (&self->mutex);

  return item;
}

/**
 * sr_bounded_queue_try_pop:
 * @self: a queue
 *
 * As sr_bounded_queue_pop(), but never waits.
 *
 * Returns: (transfer full) (nullable): the item; NULL: there is none at the moment
 */
gpointer
sr_bounded_queue_try_pop (SrBoundedQueue *self)
{
  gpointer item;

  g_mutex_lock (&self->mutex);
  item = pop_locked (self);
  g_mutex_unlock (&self->mutex);

  return item;
}

/**
 * sr_bounded_queue_close:
 * @self: a queue
 *
 * Tells the consumers that no more comes; they still get what is inside. The last producer calls
 * it, after its last push: pushing into a closed queue ends the program. May be called again.
 */
void
sr_bounded_queue_close (SrBoundedQueue *self)
{
  g_mutex_lock (&self->mutex);
  self->is_closed = TRUE;
  g_cond_broadcast (&self->can_pop);
  g_mutex_unlock (&self->mutex);
}

/**
 * sr_bounded_queue_abort:
 * @self: a queue
 *
 * Frees what is inside and lets all producers and consumers return, now and ever after. Any thread
 * may call it, at any time and again.
 */
void
sr_bounded_queue_abort (SrBoundedQueue *self)
{
  g_mutex_lock (&self->mutex);
  self->is_aborted = TRUE;
  g_cond_broadcast (&self->can_push);
  g_cond_broadcast (&self->can_pop);

  while (self->n_entries > 0)
    {
      gpointer item = take_locked (self);

      /* Outside of the lock: freeing may take long, or use the queue. */
      g_mutex_unlock (&self->mutex);
      free_item (self, item);
      g_mutex_lock (&self->mutex);
    }
  g_mutex_unlock (&self->mutex);
}
