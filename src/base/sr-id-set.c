/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Remembers which ids were met, for walks through millions of trees.
 *
 * A table of the ids themselves with open addressing: a GHashTable would need twice the memory and an
 * allocation for each. Ids are SHA-256 values, so any part of one is a good hash. */

#include "config.h"

#include "sr-id-set.h"

#include <string.h>

#define FIRST_N_SLOTS 256 /* a power of two, as all later sizes */

struct _SrIdSet
{
  SrId *slots; /* (owned) (array length=n_slots): zeros in free ones */
  gsize n_slots;
  gsize n_used;
  gboolean has_null; /* the id of zeros, which stands for free slots */
};

/**
 * sr_id_set_new:
 *
 * Returns: (transfer full): an empty set
 */
SrIdSet *
sr_id_set_new (void)
{
  SrIdSet *self = g_new0 (SrIdSet, 1);

  self->n_slots = FIRST_N_SLOTS;
  self->slots = g_new0 (SrId, self->n_slots);
  return self;
}

/**
 * sr_id_set_free:
 * @self: (transfer full) (nullable): a set
 */
void
sr_id_set_free (SrIdSet *self)
{
  if (self == NULL)
    return;
  g_free (self->slots);
  g_free (self);
}

/* The slot of @id, or the free one where it belongs. */
static SrId *
find_slot (SrIdSet *self, const SrId *id)
{
  guint64 hash;
  gsize slot;

  memcpy (&hash, id->bytes, sizeof hash);
  slot = hash & (self->n_slots - 1);
  while (!sr_id_is_null (&self->slots[slot]) && !sr_id_equal (&self->slots[slot], id))
    slot = (slot + 1) & (self->n_slots - 1);
  return &self->slots[slot];
}

static void
grow (SrIdSet *self)
{
  g_autofree SrId *old = self->slots;
  gsize n_old = self->n_slots;

  self->n_slots *= 2;
  self->slots = g_new0 (SrId, self->n_slots);
  for (gsize i = 0; i < n_old; i++)
    if (!sr_id_is_null (&old[i]))
      *find_slot (self, &old[i]) = old[i];
}

/**
 * sr_id_set_add:
 * @self: a set
 * @id: any id; copied
 *
 * Returns: TRUE: it was not in the set before
 */
gboolean
sr_id_set_add (SrIdSet *self, const SrId *id)
{
  SrId *slot;

  if (sr_id_is_null (id))
    {
      gboolean is_new = !self->has_null;

      self->has_null = TRUE;
      return is_new;
    }
  slot = find_slot (self, id);
  if (!sr_id_is_null (slot))
    return FALSE;

  *slot = *id;
  if (++self->n_used > self->n_slots / 4 * 3)
    grow (self);
  return TRUE;
}

/**
 * sr_id_set_contains:
 * @self: a set
 * @id: any id
 *
 * Returns: whether it was added
 */
gboolean
sr_id_set_contains (SrIdSet *self, const SrId *id)
{
  return sr_id_is_null (id) ? self->has_null : !sr_id_is_null (find_slot (self, id));
}

/**
 * sr_id_set_get_size:
 * @self: a set
 *
 * Returns: number of ids in it
 */
gsize
sr_id_set_get_size (SrIdSet *self)
{
  return self->n_used + (self->has_null ? 1 : 0);
}
