/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Open packs, lent to one sealer at a time, and what happens to a pack when it is full.
 *
 * A sealer takes an open pack, appends what it has, and gives it back; only when all are lent does
 * another one come into being. So sealers never wait for one another, a small backup still makes one pack of
 * each type, and a large one mixes the chunks of several files, which hides their sizes from whoever
 * keeps the packs (restic does so since 0.18).
 *
 * Storing means waiting for the disk or the network, so two threads do it while the sealers go on. A pack comes
 * into an index file when it is durable, never earlier. */

#include "config.h"

#include "sr-pack-set.h"

#include "base/sr-bounded-queue.h"
#include "repository/sr-index-writer.h"

#define N_STORERS 2
/* Full packs wait in their spool files, so this bounds disk space, not memory. */
#define MAX_WAITING_PACKS 2
/* So that a stopped operation ends within two seconds, whatever the storage does. */
#define SALVAGE_USEC (1 * G_TIME_SPAN_SECOND)

struct _SrPackSet
{
  SrRepository *repository; /* (owned) */
  SrStop *stop; /* lent */
  SrBoundedQueue *full; /* (owned) of SrPackWriter */
  GThread *threads[N_STORERS]; /* (owned) (nullable) */

  GMutex mutex;
  GPtrArray *open[SR_N_BLOB_TYPES]; /* (locked by mutex) (element-type SrPackWriter): not lent */
  SrIndexWriter *index_writer; /* (owned) (locked by mutex) */
  guint64 stored_bytes; /* (locked by mutex) bytes of packs */
};

static gboolean
add_to_index (SrPackSet *self, SrPackWriter *pack, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->stored_bytes += sr_pack_writer_get_size (pack);
  return sr_index_writer_add_pack (
      self->index_writer, sr_pack_writer_get_id (pack), sr_pack_writer_get_blobs (pack),
      sr_pack_writer_get_n_blobs (pack), sr_stop_get_cancellable (self->stop), error);
}

static gpointer
store_stage (gpointer user_data)
{
  SrPackSet *self = user_data;
  SrPackWriter *next;

  while ((next = sr_bounded_queue_pop (self->full)) != NULL)
    {
      g_autoptr (SrPackWriter) pack = next;
      GError *error = NULL;

      if (!sr_pack_writer_store (pack, sr_stop_get_cancellable (self->stop), &error) ||
          !add_to_index (self, pack, &error))
        sr_stop_fail (self->stop, error);
    }
  return NULL;
}

/**
 * sr_pack_set_new:
 * @repository: where the packs go; kept
 * @stop: of the operation; outlives the set
 *
 * Returns: (transfer full): a set without packs, its threads running
 */
SrPackSet *
sr_pack_set_new (SrRepository *repository, SrStop *stop)
{
  SrPackSet *self = g_new0 (SrPackSet, 1);

  self->repository = g_object_ref (repository);
  self->stop = stop;
  self->full = sr_bounded_queue_new (MAX_WAITING_PACKS, (GDestroyNotify) sr_pack_writer_free);
  self->index_writer = sr_index_writer_new (repository);
  g_mutex_init (&self->mutex);
  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    self->open[type] = g_ptr_array_new_with_free_func ((GDestroyNotify) sr_pack_writer_free);
  sr_stop_watch_queue (stop, self->full);
  for (guint i = 0; i < N_STORERS; i++)
    self->threads[i] = g_thread_new ("sr-store", store_stage, self);
  return self;
}

static void
join_threads (SrPackSet *self)
{
  sr_bounded_queue_close (self->full);
  for (guint i = 0; i < N_STORERS; i++)
    g_clear_pointer (&self->threads[i], g_thread_join);
}

/**
 * sr_pack_set_free:
 * @self: (transfer full) (nullable): a set that was finished, or whose stop is set
 */
void
sr_pack_set_free (SrPackSet *self)
{
  if (self == NULL)
    return;

  join_threads (self);
  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    g_ptr_array_unref (self->open[type]);
  sr_index_writer_free (self->index_writer);
  sr_stop_unwatch_queue (self->stop, self->full);
  sr_bounded_queue_free (self->full);
  g_mutex_clear (&self->mutex);
  g_object_unref (self->repository);
  g_free (self);
}

/**
 * sr_pack_set_take:
 * @self: a set
 * @type: of the blobs to be appended
 *
 * Returns: (transfer full): a pack that is not full, the caller's alone until sr_pack_set_give(); NULL: no spool
 *   could be made
 */
SrPackWriter *
sr_pack_set_take (SrPackSet *self, SrBlobType type, GError **error)
{
  SrPackWriter *pack = NULL;

  g_mutex_lock (&self->mutex);
  if (self->open[type]->len > 0)
    pack = g_ptr_array_steal_index (self->open[type], self->open[type]->len - 1);
  g_mutex_unlock (&self->mutex);

  return pack != NULL ? pack : sr_pack_writer_new (self->repository, type, error);
}

/* Waits while the storing threads have enough to do. */
static gboolean
store (SrPackSet *self, SrPackWriter *pack, GError **error)
{
  GCancellable *cancellable = sr_stop_get_cancellable (self->stop);

  if (!sr_pack_writer_seal_table (pack, cancellable, error))
    {
      sr_pack_writer_free (pack);
      return FALSE;
    }
  return sr_bounded_queue_push (self->full, pack, 1) ||
         !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/**
 * sr_pack_set_give:
 * @self: a set
 * @pack: (transfer full): a pack of sr_pack_set_take()
 *
 * Takes a pack back; a full one is completed and handed to the threads that store.
 */
gboolean
sr_pack_set_give (SrPackSet *self, SrPackWriter *pack, GError **error)
{
  if (sr_pack_writer_is_full (pack))
    return store (self, pack, error);

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->open[sr_pack_writer_get_blob_type (pack)], pack);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static gboolean
store_open_packs (SrPackSet *self, GError **error)
{
  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    while (self->open[type]->len > 0)
      {
        SrPackWriter *pack = g_ptr_array_steal_index (self->open[type], 0);

        if (sr_pack_writer_get_n_blobs (pack) == 0)
          sr_pack_writer_free (pack);
        else if (!store (self, pack, error))
          return FALSE;
      }
  return TRUE;
}

/**
 * sr_pack_set_finish:
 * @self: a set of which no pack is lent
 *
 * Stores what is open and waits until all is durable and in an index file. TRUE means that everything appended is safe;
 * a stop that was set meanwhile makes it FALSE without @error, since the stop has it.
 */
gboolean
sr_pack_set_finish (SrPackSet *self, GError **error)
{
  gboolean stored = store_open_packs (self, error);

  join_threads (self);
  return stored && !sr_stop_is_set (self->stop) &&
         sr_index_writer_flush (self->index_writer, sr_stop_get_cancellable (self->stop), error);
}

typedef struct
{
  SrIndexWriter *index_writer; /* lent */
  GCancellable *cancellable; /* (owned): not the operation's, which is triggered */
  GMutex mutex;
  GCond cond; /* signalled when over is set */
  gboolean over; /* (locked by mutex) */
} Salvage;

static gpointer
salvage_thread (gpointer user_data)
{
  Salvage *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!sr_index_writer_flush (self->index_writer, self->cancellable, &error))
    g_info ("What was stored last has to be stored again: %s", error->message);
  g_mutex_lock (&self->mutex);
  self->over = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

/**
 * sr_pack_set_salvage:
 * @self: a set whose stop is set
 *
 * Tries to put into an index file what is stored and in none yet: it was paid for with the time or the transfer of
 * minutes, and no other run finds it otherwise. Blocks for about a second at most.
 */
void
sr_pack_set_salvage (SrPackSet *self)
{
  gint64 deadline = g_get_monotonic_time () + SALVAGE_USEC;
  Salvage salvage = { self->index_writer };
  GThread *thread;

  join_threads (self);
  salvage.cancellable = g_cancellable_new ();
  g_mutex_init (&salvage.mutex);
  g_cond_init (&salvage.cond);
  thread = g_thread_new ("sr-salvage", salvage_thread, &salvage);

  g_mutex_lock (&salvage.mutex);
  while (!salvage.over && g_cond_wait_until (&salvage.cond, &salvage.mutex, deadline))
    continue;
  g_mutex_unlock (&salvage.mutex);
  g_cancellable_cancel (salvage.cancellable);
  g_thread_join (thread);

  g_object_unref (salvage.cancellable);
  g_mutex_clear (&salvage.mutex);
  g_cond_clear (&salvage.cond);
}

guint64
sr_pack_set_get_stored_bytes (SrPackSet *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->stored_bytes;
}
