/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Compares what the index files say with the packs that are there (FORMAT.md, "Index files", "What check
 * verifies"): missing packs, wrong sizes, packs in no index file, in several, or in parts.
 *
 * Which blobs are bad is kept by pack, 4 bytes for each: a repository may have lost many. */

#include "config.h"

#include "sr-check-packs.h"

#include <glib/gi18n-lib.h>

#include "repository/sr-index-loader.h"
#include "repository/sr-pack-table.h"

#define PACK_REMEDY \
  N_ ("To mend it, put the file back from another copy of the repository; where there is " \
      "none, “restic repair packs” and “restic repair index” take out what is lost, and a " \
      "new backup stores again what is still on this computer")
#define INDEX_REMEDY \
  N_ ("To mend it, put the file back from another copy of the repository; where there is " \
      "none, “restic repair index” makes a new one from the packs")

struct _SrCheckPacks
{
  SrRepository *repository; /* (owned) */
  SrCheckReport *report; /* lent */
  GHashTable *by_id; /* (owned): SrId, its own → SrCheckPack */
  GPtrArray *all; /* (owned) (element-type SrCheckPack) */
};

static void
check_pack_free (gpointer data)
{
  SrCheckPack *pack = data;

  g_array_unref (pack->numbers);
  g_clear_pointer (&pack->bad_offsets, g_array_unref);
  g_free (pack);
}

/**
 * sr_check_packs_new:
 * @repository: a handle with an empty index; kept
 * @report: where to say what is found; outlives the packs
 *
 * Returns: (transfer full): no packs yet
 */
SrCheckPacks *
sr_check_packs_new (SrRepository *repository, SrCheckReport *report)
{
  SrCheckPacks *self = g_new0 (SrCheckPacks, 1);

  self->repository = g_object_ref (repository);
  self->report = report;
  self->by_id = g_hash_table_new (sr_id_hash, sr_id_equal);
  self->all = g_ptr_array_new_with_free_func (check_pack_free);
  return self;
}

/**
 * sr_check_packs_free:
 * @self: (transfer full) (nullable): packs
 */
void
sr_check_packs_free (SrCheckPacks *self)
{
  if (self == NULL)
    return;
  g_object_unref (self->repository);
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->all);
  g_free (self);
}

static SrCheckPack *
get_or_add (SrCheckPacks *self, const SrId *id)
{
  SrCheckPack *pack = g_hash_table_lookup (self->by_id, id);

  if (pack == NULL)
    {
      pack = g_new0 (SrCheckPack, 1);
      pack->id = *id;
      pack->unusable = TRUE; /* until it is listed */
      pack->n_smallest_entry = G_MAXSIZE;
      pack->numbers = g_array_new (FALSE, FALSE, sizeof (guint));
      g_ptr_array_add (self->all, pack);
      g_hash_table_insert (self->by_id, &pack->id, pack);
    }
  return pack;
}

static void
note_entries (SrCheckPacks *self, SrIndexLoader *loader)
{
  for (guint i = 0; i < sr_index_loader_get_n_packs (loader); i++)
    {
      gsize n_blobs;
      SrCheckPack *pack = get_or_add (self, sr_index_loader_get_pack (loader, i, &n_blobs));

      pack->n_entries++;
      pack->n_smallest_entry = MIN (pack->n_smallest_entry, n_blobs);
    }
}

static int
compare_packs (gconstpointer a, gconstpointer b)
{
  return sr_id_compare (&(*(SrCheckPack *const *) a)->id, &(*(SrCheckPack *const *) b)->id);
}

/* Once the index is complete: what it calls each pack, and how large that should be. */
static gboolean
sum_up (SrCheckPacks *self, GCancellable *cancellable, GError **error)
{
  SrIndex *index = sr_repository_get_index (self->repository);
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));

  for (guint number = 0; number < sr_index_get_n_packs (index); number++)
    {
      SrId id;

      sr_index_get_pack (index, number, &id, NULL);
      g_array_append_val (get_or_add (self, &id)->numbers, number);
    }
  g_ptr_array_sort (self->all, compare_packs);

  for (guint i = 0; i < self->all->len; i++)
    {
      SrCheckPack *pack = g_ptr_array_index (self->all, i);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      sr_check_packs_get_blobs (self, pack, blobs);
      pack->expected_size =
          sr_pack_get_expected_size ((const SrBlob *) (gpointer) blobs->data, blobs->len);
    }
  return TRUE;
}

/**
 * sr_check_packs_load_index:
 * @self: packs
 * @cancellable: (nullable): looked at between index files and in them
 * @error: (out) (optional): cancelled, or the storage is not there
 *
 * Reads all index files; damaged ones go into the report.
 */
gboolean
sr_check_packs_load_index (SrCheckPacks *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (sr_repository_get_storage (self->repository),
                                              SR_FILE_INDEX, cancellable, error);
  g_autoptr (SrIndexLoader) loader = NULL;

  if (files == NULL || (loader = sr_index_loader_new (self->repository, error)) == NULL)
    return FALSE;

  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_INDEX, g_array_index (files, SrFileInfo, i).id };
      g_autoptr (GError) failure = NULL;

      if (sr_index_loader_load (loader, &name.id, cancellable, &failure))
        note_entries (self, loader);
      else if (sr_check_report_pass_over (self->report, failure, error))
        sr_check_report_add (self->report, &name, INDEX_REMEDY, failure->message);
      else
        return FALSE;
    }
  return sum_up (self, cancellable, error);
}

static void
note_listed (SrCheckPacks *self, const SrFileInfo *info)
{
  SrFileName name = { SR_FILE_PACK, info->id };
  SrCheckPack *pack = g_hash_table_lookup (self->by_id, &info->id);

  if (pack == NULL)
    {
      sr_check_report_add_hint (
          self->report, &name,
          _ ("It is in no index file: nothing needs it, or a damaged index file "
             "named it; a backup that was interrupted leaves such packs, and "
             "“restic prune” removes them"));
      return;
    }
  pack->size = info->size;
  pack->unusable = FALSE;
}

static gboolean
is_mixed (GArray *blobs)
{
  for (guint i = 1; i < blobs->len; i++)
    if (g_array_index (blobs, SrBlob, i).type != g_array_index (blobs, SrBlob, 0).type)
      return TRUE;
  return FALSE;
}

static void
examine_entries (SrCheckPacks *self, SrCheckPack *pack, GArray *blobs)
{
  SrFileName name = { SR_FILE_PACK, pack->id };

  sr_check_packs_get_blobs (self, pack, blobs);
  if (is_mixed (blobs))
    sr_check_report_add_hint (self->report, &name,
                              _ ("It holds both trees and data, as old programs wrote packs"));
  if (pack->n_entries < 2)
    return;
  if (pack->n_smallest_entry >= blobs->len)
    sr_check_report_add_hint (self->report, &name, _ ("It is named by several index files"));
  else
    sr_check_report_add (
        self->report, &name,
        N_ ("To mend it, run “restic repair index --read-all-packs”, which makes new index files "
            "from the packs; without that switch restic 0.18 loses blobs of this pack"),
        _ ("Several index files name different parts of this pack"));
}

static void
examine_size (SrCheckPacks *self, SrCheckPack *pack)
{
  g_autofree char *what = NULL;

  if (pack->unusable)
    what = g_strdup (_ ("The pack is missing"));
  else if (pack->size != pack->expected_size)
    {
      g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, pack->size);
      g_autofree char *expected = g_strdup_printf ("%" G_GUINT64_FORMAT, pack->expected_size);

      what = g_strdup_printf (_ ("The pack has %s bytes where the index says %s"), size, expected);
    }
  if (what != NULL)
    sr_check_packs_add_damage (self, &pack->id, what);
}

/**
 * sr_check_packs_compare:
 * @self: packs, of which the index is loaded
 * @cancellable: (nullable): looked at for each pack
 * @error: (out) (optional): cancelled, or the storage cannot be listed
 *
 * Compares the index with the packs that the storage has.
 */
gboolean
sr_check_packs_compare (SrCheckPacks *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (sr_repository_get_storage (self->repository),
                                              SR_FILE_PACK, cancellable, error);
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));

  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    note_listed (self, &g_array_index (files, SrFileInfo, i));

  for (guint i = 0; i < self->all->len; i++)
    {
      SrCheckPack *pack = g_ptr_array_index (self->all, i);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      examine_size (self, pack);
      examine_entries (self, pack, blobs);
    }
  return TRUE;
}

/**
 * sr_check_packs_get_all:
 * @self: packs
 *
 * Returns: (transfer none) (element-type SrCheckPack): those that index files name, in the order of their ids
 */
GPtrArray *
sr_check_packs_get_all (SrCheckPacks *self)
{
  return self->all;
}

/**
 * sr_check_packs_lookup:
 * @self: packs
 * @id: of a pack that the index names
 *
 * Returns: (transfer none): the pack
 */
SrCheckPack *
sr_check_packs_lookup (SrCheckPacks *self, const SrId *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

static int
compare_offsets (gconstpointer a, gconstpointer b)
{
  const SrBlob *left = a;
  const SrBlob *right = b;

  if (left->offset != right->offset)
    return left->offset < right->offset ? -1 : 1;
  return sr_id_compare (&left->id, &right->id);
}

/**
 * sr_check_packs_get_blobs:
 * @self: packs
 * @pack: one of them
 * @out_blobs: (element-type SrBlob): emptied, and filled with what all index files together say is in it: in the
 *   order of their offsets, each once
 */
void
sr_check_packs_get_blobs (SrCheckPacks *self, SrCheckPack *pack, GArray *out_blobs)
{
  SrIndex *index = sr_repository_get_index (self->repository);
  guint n_kept = 0;
  SrId id;

  if (pack->numbers->len == 0)
    {
      g_array_set_size (out_blobs, 0);
      return;
    }
  sr_index_get_pack (index, g_array_index (pack->numbers, guint, 0), &id, out_blobs);
  for (guint i = 1; i < pack->numbers->len; i++)
    {
      g_autoptr (GArray) more = g_array_new (FALSE, FALSE, sizeof (SrBlob));

      sr_index_get_pack (index, g_array_index (pack->numbers, guint, i), &id, more);
      g_array_append_vals (out_blobs, more->data, more->len);
    }

  g_array_sort (out_blobs, compare_offsets);
  for (guint i = 0; i < out_blobs->len; i++)
    {
      SrBlob blob = g_array_index (out_blobs, SrBlob, i);
      const SrBlob *last = n_kept > 0 ? &g_array_index (out_blobs, SrBlob, n_kept - 1) : NULL;

      if (last == NULL || compare_offsets (last, &blob) != 0 || last->length != blob.length)
        g_array_index (out_blobs, SrBlob, n_kept++) = blob;
    }
  g_array_set_size (out_blobs, n_kept);
}

/**
 * sr_check_packs_add_damage:
 * @self: packs
 * @pack: id of one
 * @what: (nullable): what is wrong with it; NULL: nothing that was not said
 *
 * Returns: (transfer none): the damage of that pack
 */
SrCheckDamage *
sr_check_packs_add_damage (SrCheckPacks *self, const SrId *pack, const char *what)
{
  SrFileName name = { SR_FILE_PACK, *pack };

  return sr_check_report_add (self->report, &name, PACK_REMEDY, what);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint32 left = *(const guint32 *) a;
  guint32 right = *(const guint32 *) b;

  return left < right ? -1 : left > right;
}

static gboolean
is_bad (SrCheckPacks *self, const SrBlobPlace *place)
{
  const SrCheckPack *pack = g_hash_table_lookup (self->by_id, &place->pack);

  if (pack == NULL || pack->unusable)
    return TRUE;
  return pack->bad_offsets != NULL &&
         g_array_binary_search (pack->bad_offsets, &place->blob.offset, compare_numbers, NULL);
}

/**
 * sr_check_packs_get_blob:
 * @self: packs
 * @type: of a blob
 * @id: its id
 * @out_place: (out): where it is: the first good copy, else the first one; not set for an unknown one
 *
 * Returns: whether it can be read, as far as is known
 */
SrCheckBlobState
sr_check_packs_get_blob (SrCheckPacks *self,
                         SrBlobType type,
                         const SrId *id,
                         SrBlobPlace *out_place)
{
  SrIndex *index = sr_repository_get_index (self->repository);
  SrBlobPlace place;
  guint copy;

  for (copy = 0; sr_index_lookup (index, type, id, copy, &place); copy++)
    {
      gboolean bad = is_bad (self, &place);

      if (copy == 0 || !bad)
        *out_place = place;
      if (!bad)
        return SR_CHECK_BLOB_GOOD;
    }
  return copy > 0 ? SR_CHECK_BLOB_LOST : SR_CHECK_BLOB_UNKNOWN;
}
