/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes index files as a backup goes.
 *
 * What an index file lists has been stored once and for all: after an interruption the next run
 * takes it from there. So a file is written at 25,000 blobs (the format's readers expect no more than
 * 50,000) or after ten minutes, whichever comes first. The packs whose blobs it lists are durable by
 * then, and a pack is never split over two files, of which restic's repair would keep only one
 * (FORMAT.md, "Index files"). */

#include "config.h"

#include "sr-index-writer.h"

#include "repository/sr-index-file.h"

#define MAX_BLOBS 25000
#define MAX_AGE_USEC (10 * G_TIME_SPAN_MINUTE)

typedef struct
{
  SrId id;
  gsize n_blobs;
} PendingPack;

struct _SrIndexWriter
{
  SrRepository *repository; /* (owned) */
  GArray *packs; /* (owned) (element-type PendingPack): stored, but in no index file yet */
  GArray *blobs; /* (owned) (element-type SrBlob): theirs, one after the other */
  gint64 since_usec; /* when the first of these packs came, monotonic time */
};

/**
 * sr_index_writer_new:
 * @repository: where the files go; kept
 *
 * Returns: (transfer full): a writer with nothing to write
 */
SrIndexWriter *
sr_index_writer_new (SrRepository *repository)
{
  SrIndexWriter *self = g_new0 (SrIndexWriter, 1);

  self->repository = g_object_ref (repository);
  self->packs = g_array_new (FALSE, FALSE, sizeof (PendingPack));
  self->blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  return self;
}

void
sr_index_writer_free (SrIndexWriter *self)
{
  if (self == NULL)
    return;

  g_array_unref (self->packs);
  g_array_unref (self->blobs);
  g_object_unref (self->repository);
  g_free (self);
}

static void
encode (SrIndexWriter *self, SrBuffer *json)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (json);
  const SrBlob *blobs = (const SrBlob *) self->blobs->data;

  sr_index_file_write_begin (writer);
  for (guint i = 0; i < self->packs->len; i++)
    {
      const PendingPack *pack = &g_array_index (self->packs, PendingPack, i);

      sr_index_file_write_pack (writer, &pack->id, blobs, pack->n_blobs);
      blobs += pack->n_blobs;
    }
  sr_index_file_write_end (writer);
}

/**
 * sr_index_writer_flush:
 * @self: a writer
 * @cancellable: (nullable): ends the transfer
 *
 * Stores an index file of all packs that are in none yet; nothing when there are none.
 */
gboolean
sr_index_writer_flush (SrIndexWriter *self, GCancellable *cancellable, GError **error)
{
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrId id;

  if (self->packs->len == 0)
    return TRUE;

  encode (self, &json);
  if (!sr_repository_save_unpacked (self->repository, SR_FILE_INDEX, json.data, json.length, &id,
                                    cancellable, error))
    return FALSE;

  g_array_set_size (self->packs, 0);
  g_array_set_size (self->blobs, 0);
  return TRUE;
}

/**
 * sr_index_writer_add_pack:
 * @self: a writer
 * @pack: name of a pack that is durably stored
 * @blobs: (array length=n_blobs): what is in it
 * @n_blobs: how many
 * @cancellable: (nullable): ends the transfer
 *
 * Notes a pack, in the repository's index in memory too, and stores an index file when one is due.
 */
gboolean
sr_index_writer_add_pack (SrIndexWriter *self,
                          const SrId *pack,
                          const SrBlob *blobs,
                          gsize n_blobs,
                          GCancellable *cancellable,
                          GError **error)
{
  PendingPack pending = { *pack, n_blobs };

  if (!sr_index_add_pack (sr_repository_get_index (self->repository), pack, blobs, n_blobs, error))
    return FALSE;

  if (self->packs->len == 0)
    self->since_usec = g_get_monotonic_time ();
  g_array_append_val (self->packs, pending);
  g_array_append_vals (self->blobs, blobs, (guint) n_blobs);
  if (self->blobs->len >= MAX_BLOBS || g_get_monotonic_time () - self->since_usec >= MAX_AGE_USEC)
    return sr_index_writer_flush (self, cancellable, error);
  return TRUE;
}
