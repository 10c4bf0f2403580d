/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The master index: all index files of a repository together, and what this run adds.
 *
 * A repository of a million files has more blobs than a general hash table can hold in little
 * memory, so the records lie packed in segments that never move (48 bytes each), in the order of
 * their packs, and a table of 32-bit record numbers with open addressing finds them by id. The ids
 * are SHA-256 values: their first bytes serve as hash. */

#include "config.h"

#include "sr-index.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

#define SEGMENT_BITS 14
#define SEGMENT_SIZE (1u << SEGMENT_BITS)
#define SEGMENT_MASK (SEGMENT_SIZE - 1)
#define FIRST_N_SLOTS 4096u
#define MAX_RECORDS 0x7ffffffeu

typedef struct
{
  SrId id;
  guint32 offset;
  guint32 length;
  guint32 uncompressed_length;
  guint32 pack_and_type; /* number of the pack, shifted left; the type in the lowest bit */
} Record;

typedef struct
{
  SrId id;
  guint32 first; /* record */
  guint32 n_blobs;
} Pack;

struct _SrIndex
{
  GMutex mutex;
  GPtrArray *segments; /* (locked by mutex) of SEGMENT_SIZE records each, never moved */
  guint32 n_records; /* (locked by mutex) */
  guint32 *slots; /* (locked by mutex) record number + 1; 0: free */
  guint32 n_slots; /* (locked by mutex) a power of two */
  GArray *packs; /* (locked by mutex) (element-type Pack) */
  GHashTable *pack_numbers; /* (locked by mutex) SrId → number + 1; the keys are the values' own */
  GHashTable *reserved[SR_N_BLOB_TYPES]; /* (locked by mutex) set of SrId: being stored */
};

/**
 * sr_index_new:
 *
 * Returns: (transfer full): an index without any blob
 */
SrIndex *
sr_index_new (void)
{
  SrIndex *self = g_new0 (SrIndex, 1);

  g_mutex_init (&self->mutex);
  self->segments = g_ptr_array_new_with_free_func (g_free);
  self->n_slots = FIRST_N_SLOTS;
  self->slots = g_new0 (guint32, self->n_slots);
  self->packs = g_array_new (FALSE, FALSE, sizeof (Pack));
  self->pack_numbers = g_hash_table_new_full (sr_id_hash, sr_id_equal, g_free, NULL);
  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    self->reserved[type] = g_hash_table_new_full (sr_id_hash, sr_id_equal, g_free, NULL);
  return self;
}

void
sr_index_free (SrIndex *self)
{
  if (self == NULL)
    return;

  for (guint type = 0; type < SR_N_BLOB_TYPES; type++)
    g_hash_table_unref (self->reserved[type]);
  g_hash_table_unref (self->pack_numbers);
  g_array_unref (self->packs);
  g_free (self->slots);
  g_ptr_array_unref (self->segments);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static Record *
get_record (SrIndex *self, guint32 number)
{
  Record *segment = g_ptr_array_index (self->segments, number >> SEGMENT_BITS);

  return &segment[number & SEGMENT_MASK];
}

static guint32
first_slot (SrIndex *self, const SrId *id)
{
  guint32 hash;

  memcpy (&hash, id->bytes, sizeof hash);
  return hash & (self->n_slots - 1);
}

static void
insert_slot (SrIndex *self, guint32 number)
{
  guint32 slot = first_slot (self, &get_record (self, number)->id);

  while (self->slots[slot] != 0)
    slot = (slot + 1) & (self->n_slots - 1);
  self->slots[slot] = number + 1;
}

static void
grow_slots (SrIndex *self)
{
  g_free (self->slots);
  self->n_slots *= 2;
  self->slots = g_new0 (guint32, self->n_slots);
  for (guint32 number = 0; number < self->n_records; number++)
    insert_slot (self, number);
}

/* The @nth_copy'th record of a blob. Copies stand behind one another in the order in which they
 * were added, because linear probing takes the next free slot. */
static const Record *
find_record (SrIndex *self, SrBlobType type, const SrId *id, guint nth_copy)
{
  guint32 slot = first_slot (self, id);

  for (; self->slots[slot] != 0; slot = (slot + 1) & (self->n_slots - 1))
    {
      const Record *record = get_record (self, self->slots[slot] - 1);

      if ((record->pack_and_type & 1) == (guint32) type && sr_id_equal (&record->id, id) &&
          nth_copy-- == 0)
        return record;
    }
  return NULL;
}

static void
add_record (SrIndex *self, guint32 pack, const SrBlob *blob)
{
  guint32 number = self->n_records;
  Record *record;

  if ((number & SEGMENT_MASK) == 0)
    g_ptr_array_add (self->segments, g_new (Record, SEGMENT_SIZE));
  self->n_records++;
  record = get_record (self, number);
  record->id = blob->id;
  record->offset = blob->offset;
  record->length = blob->length;
  record->uncompressed_length = blob->uncompressed_length;
  record->pack_and_type = pack << 1 | blob->type;

  if ((guint64) self->n_records * 4 > (guint64) self->n_slots * 3)
    grow_slots (self);
  else
    insert_slot (self, number);
}

static void
fill_blob (const Record *record, SrBlob *out_blob)
{
  out_blob->id = record->id;
  out_blob->offset = record->offset;
  out_blob->length = record->length;
  out_blob->uncompressed_length = record->uncompressed_length;
  out_blob->type = record->pack_and_type & 1;
}

/* Index files may overlap: a pack listed whole in two of them is normal. */
static gboolean
has_record (SrIndex *self, guint32 pack, const SrBlob *blob)
{
  const Record *record;

  for (guint copy = 0; (record = find_record (self, blob->type, &blob->id, copy)) != NULL; copy++)
    if (record->pack_and_type >> 1 == pack && record->offset == blob->offset &&
        record->length == blob->length && record->uncompressed_length == blob->uncompressed_length)
      return TRUE;
  return FALSE;
}

/* Compared blob by blob: the halves of a pack that two index files share may be of one length. */
static gboolean
is_known_pack (SrIndex *self, const SrId *id, const SrBlob *blobs, gsize n_blobs)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->pack_numbers, id));

  if (number == 0)
    return FALSE;
  for (gsize i = 0; i < n_blobs; i++)
    if (!has_record (self, number - 1, &blobs[i]))
      return FALSE;
  return TRUE;
}

/**
 * sr_index_add_pack:
 * @self: an index
 * @pack: name of a pack
 * @blobs: (array length=n_blobs): all that is in it
 * @n_blobs: how many
 *
 * Makes the blobs of a pack known; what was reserved of them no longer is. A pack that is known with these
 * blobs is passed over. Fails with %SR_ERROR_LIMIT at 2³¹ blobs or packs.
 */
gboolean
sr_index_add_pack (SrIndex *self,
                   const SrId *pack,
                   const SrBlob *blobs,
                   gsize n_blobs,
                   GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Pack entry = { *pack, self->n_records, (guint32) n_blobs };

  if (n_blobs > MAX_RECORDS - self->n_records || self->packs->len >= MAX_RECORDS)
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_LIMIT,
                           _ ("The repository has more than 2,147,483,647 blobs"));
      return FALSE;
    }
  if (is_known_pack (self, pack, blobs, n_blobs))
    return TRUE;

  for (gsize i = 0; i < n_blobs; i++)
    {
      add_record (self, self->packs->len, &blobs[i]);
      g_hash_table_remove (self->reserved[blobs[i].type], &blobs[i].id);
    }
  g_array_append_val (self->packs, entry);
  g_hash_table_insert (self->pack_numbers, g_memdup2 (pack, sizeof *pack),
                       GUINT_TO_POINTER (self->packs->len));
  return TRUE;
}

/**
 * sr_index_lookup:
 * @self: an index
 * @type: data and tree blobs of one id are different blobs
 * @id: SHA-256 of the plaintext
 * @nth_copy: 0 for the first place; a blob may be stored more than once
 * @out_place: (out): where it is
 *
 * Returns: whether the blob has so many copies
 */
gboolean
sr_index_lookup (SrIndex *self,
                 SrBlobType type,
                 const SrId *id,
                 guint nth_copy,
                 SrBlobPlace *out_place)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const Record *record = find_record (self, type, id, nth_copy);

  if (record == NULL)
    return FALSE;

  fill_blob (record, &out_place->blob);
  out_place->pack = g_array_index (self->packs, Pack, record->pack_and_type >> 1).id;
  return TRUE;
}

gboolean
sr_index_contains (SrIndex *self, SrBlobType type, const SrId *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return find_record (self, type, id, 0) != NULL;
}

/**
 * sr_index_reserve:
 * @self: an index
 * @type: type of a blob
 * @id: its id
 *
 * Decides which of several threads stores a blob that all have found new. It stays reserved until
 * sr_index_add_pack() makes it known.
 *
 * Returns: TRUE: nobody has it, the caller is to store it; FALSE: it is stored, or being stored
 */
gboolean
sr_index_reserve (SrIndex *self, SrBlobType type, const SrId *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (find_record (self, type, id, 0) != NULL || g_hash_table_contains (self->reserved[type], id))
    return FALSE;

  return g_hash_table_add (self->reserved[type], g_memdup2 (id, sizeof *id));
}

guint64
sr_index_get_n_blobs (SrIndex *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->n_records;
}

/**
 * sr_index_get_n_packs:
 * @self: an index
 *
 * Returns: how many packs were added; one that index files list with different blobs counts for each
 */
guint
sr_index_get_n_packs (SrIndex *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->packs->len;
}

/**
 * sr_index_get_pack:
 * @self: an index
 * @pack: number of a pack, below sr_index_get_n_packs()
 * @out_id: (out): its name
 * @blobs: (nullable) (element-type SrBlob): emptied, and filled with its blobs
 */
void
sr_index_get_pack (SrIndex *self, guint pack, SrId *out_id, GArray *blobs)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const Pack *entry = &g_array_index (self->packs, Pack, pack);

  *out_id = entry->id;
  if (blobs == NULL)
    return;

  g_array_set_size (blobs, entry->n_blobs);
  for (guint i = 0; i < entry->n_blobs; i++)
    fill_blob (get_record (self, entry->first + i), &g_array_index (blobs, SrBlob, i));
}

gboolean
sr_index_has_pack (SrIndex *self, const SrId *pack)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_hash_table_contains (self->pack_numbers, pack);
}
