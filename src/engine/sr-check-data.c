/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hands packs to the threads that read them.
 *
 * Two threads: hashing and opening cost about as much time as reading from a disk, and each has buffers
 * of its own. */

#include "config.h"

#include "sr-check-data.h"

#include "engine/sr-check-pack-reader.h"

#define N_THREADS 2

typedef struct
{
  SrCheckPacks *packs;
  SrRepository *repository;
  SrCheckReport *report;
  SrProgress *progress;
  GCancellable *cancellable; /* (owned): of the threads; follows that of the caller */
  GPtrArray *queue; /* (owned) (element-type SrCheckPack): the packs to read */
  gint next; /* (atomic): position in queue */

  GMutex mutex;
  GError *error; /* (owned) (nullable) (locked by mutex): the first one ends all threads */
} Reading;

static void
fail (Reading *reading, GError *error)
{
  g_mutex_lock (&reading->mutex);
  if (reading->error == NULL)
    reading->error = error;
  else
    g_error_free (error);
  g_mutex_unlock (&reading->mutex);
  g_cancellable_cancel (reading->cancellable);
}

/* FALSE: the check is over. A pack that cannot be read is lost, and the next ones are read. */
static gboolean
read_pack (Reading *reading, SrCheckPackReader *reader, SrCheckPack *pack)
{
  SrFileName name = { SR_FILE_PACK, pack->id };
  g_autofree char *path = sr_file_name_to_string (&name);
  g_autoptr (GError) failure = NULL;
  GError *end = NULL;

  sr_progress_set_path (reading->progress, path);
  if (!sr_check_pack_reader_read (reader, pack, &failure))
    {
      if (!sr_check_report_pass_over (reading->report, failure, &end))
        {
          fail (reading, end);
          return FALSE;
        }
      pack->unusable = TRUE;
      sr_check_packs_add_damage (reading->packs, &pack->id, failure->message);
    }
  sr_progress_add_files (reading->progress, 1);
  return TRUE;
}

static gpointer
read_thread (gpointer user_data)
{
  Reading *reading = user_data;
  GError *error = NULL;
  g_autoptr (SrCheckPackReader) reader = sr_check_pack_reader_new (
      reading->packs, reading->repository, reading->progress, reading->cancellable, &error);

  if (reader == NULL)
    {
      fail (reading, error);
      return NULL;
    }
  for (;;)
    {
      guint position = (guint) g_atomic_int_add (&reading->next, 1);

      if (position >= reading->queue->len ||
          !read_pack (reading, reader, g_ptr_array_index (reading->queue, position)))
        return NULL;
    }
}

static GPtrArray *
choose_packs (SrCheckPacks *packs, gboolean all, guint64 *out_bytes)
{
  GPtrArray *candidates = sr_check_packs_get_all (packs);
  GPtrArray *queue = g_ptr_array_new ();

  *out_bytes = 0;
  for (guint i = 0; i < candidates->len; i++)
    {
      SrCheckPack *pack = g_ptr_array_index (candidates, i);

      if (pack->unusable || (!all && pack->size == pack->expected_size))
        continue;
      *out_bytes += pack->size;
      g_ptr_array_add (queue, pack);
    }
  return queue;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/**
 * sr_check_data:
 * @packs: packs that were compared with the storage
 * @all: FALSE: reads only packs that have not the size that they should, to find out which blobs that concerns
 * @repository: with its index loaded
 * @report: where to say what is found
 * @progress: gets totals, packs (as files) and bytes
 * @cancellable: (nullable): looked at for each MiB
 * @error: (out) (optional): cancelled, or the storage is not there any more
 *
 * Reads packs on two threads and returns when both have ended.
 */
gboolean
sr_check_data (SrCheckPacks *packs,
               gboolean all,
               SrRepository *repository,
               SrCheckReport *report,
               SrProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  guint64 n_bytes;
  g_autoptr (GPtrArray) queue = choose_packs (packs, all, &n_bytes);
  Reading reading = { packs, repository, report, progress, stop, queue };
  GThread *threads[N_THREADS];
  guint n_threads = MIN (N_THREADS, queue->len);
  gulong handler = 0;

  sr_progress_set_totals (progress, queue->len, n_bytes);
  g_mutex_init (&reading.mutex);
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), stop, NULL);
  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("check", read_thread, &reading);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  g_cancellable_disconnect (cancellable, handler);
  g_mutex_clear (&reading.mutex);

  if (reading.error != NULL)
    g_propagate_error (error, reading.error);
  return reading.error == NULL;
}
