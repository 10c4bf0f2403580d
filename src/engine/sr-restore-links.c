/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which file of several names is where.
 *
 * In a snapshot each name is a complete file, and only device and inode say that two are one (repository-format
 * section 15). The first name that the walk meets is restored as any file; a later one waits until that
 * is done, and is linked to it. No deadlock comes of the waiting: a worker waits only when it has done all else in its
 * batch, and the first name was in the same batch or an earlier one. */

#include "config.h"

#include "sr-restore-links.h"

typedef enum
{
  LINK_PENDING,
  LINK_THERE,
  LINK_FAILED, /* or kept from being restored by the conflict policy */
} LinkState;

struct _SrRestoreLink
{
  guint64 device_id;
  guint64 inode;
  LinkState state; /* (locked by mutex of the links) */
  SrRestoreFolder *folder; /* (owned) (nullable): set once, with state */
  char *name; /* (owned) (nullable): set once, with state */
};

struct _SrRestoreLinks
{
  GHashTable *table; /* (owned) (element-type SrRestoreLink SrRestoreLink): the walker's alone */
  GMutex mutex;
  GCond changed;
  gboolean abandoned; /* (locked by mutex) */
};

static guint
link_hash (gconstpointer key)
{
  const SrRestoreLink *link = key;
  guint64 mixed = (link->inode + link->device_id * 31) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return (guint) (mixed >> 32);
}

static gboolean
link_equal (gconstpointer key, gconstpointer other_key)
{
  const SrRestoreLink *link = key, *other = other_key;

  return link->device_id == other->device_id && link->inode == other->inode;
}

static void
link_free (gpointer data)
{
  SrRestoreLink *link = data;

  if (link->folder != NULL)
    sr_restore_folder_unref (link->folder);
  g_free (link->name);
  g_free (link);
}

SrRestoreLinks *
sr_restore_links_new (void)
{
  SrRestoreLinks *self = g_new0 (SrRestoreLinks, 1);

  self->table = g_hash_table_new_full (link_hash, link_equal, NULL, link_free);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  return self;
}

void
sr_restore_links_free (SrRestoreLinks *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->table);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * sr_restore_links_claim:
 * @self: the links of a restore
 * @node: a node that is to be restored
 * @out_first: (out): whether it is the first name of its file
 *
 * For the walker, in the order in which it hands the nodes on.
 *
 * Returns: (transfer none) (nullable): the file that @node is a name of; NULL when it has one name only
 */
SrRestoreLink *
sr_restore_links_claim (SrRestoreLinks *self, const SrNode *node, gboolean *out_first)
{
  const SrRestoreLink key = { .device_id = node->device_id, .inode = node->inode };
  SrRestoreLink *link;

  *out_first = FALSE;
  if (node->type != SR_NODE_FILE || node->links < 2 || node->inode == 0)
    return NULL;

  link = g_hash_table_lookup (self->table, &key);
  if (link == NULL)
    {
      link = g_new0 (SrRestoreLink, 1);
      link->device_id = node->device_id;
      link->inode = node->inode;
      g_hash_table_add (self->table, link);
      *out_first = TRUE;
    }
  return link;
}

/**
 * sr_restore_links_finish:
 * @self: the links of a restore
 * @link: a file whose first name was claimed
 * @folder: (nullable): where that name is now; NULL: it was not restored
 * @name: (nullable): its name there
 *
 * Wakes those that wait for the file. Any thread, once for each file.
 */
void
sr_restore_links_finish (SrRestoreLinks *self,
                         SrRestoreLink *link,
                         SrRestoreFolder *folder,
                         const char *name)
{
  g_mutex_lock (&self->mutex);
  g_assert (link->state == LINK_PENDING);
  link->state = folder != NULL ? LINK_THERE : LINK_FAILED;
  link->folder = folder != NULL ? sr_restore_folder_ref (folder) : NULL;
  link->name = g_strdup (name);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/**
 * sr_restore_links_wait:
 * @self: the links of a restore
 * @link: a file whose first name another one has claimed
 * @out_folder: (out) (transfer none): where that name is
 * @out_name: (out) (transfer none): the name
 *
 * Waits until the first name is done.
 *
 * Returns: whether there is something to link to
 */
gboolean
sr_restore_links_wait (SrRestoreLinks *self,
                       SrRestoreLink *link,
                       SrRestoreFolder **out_folder,
                       const char **out_name)
{
  gboolean there;

  g_mutex_lock (&self->mutex);
  while (link->state == LINK_PENDING && !self->abandoned)
    g_cond_wait (&self->changed, &self->mutex);
  there = link->state == LINK_THERE;
  *out_folder = link->folder;
  *out_name = link->name;
  g_mutex_unlock (&self->mutex);
  return there;
}

/**
 * sr_restore_links_abandon:
 * @self: the links of a restore that has failed or was cancelled
 *
 * Nobody waits any longer.
 */
void
sr_restore_links_abandon (SrRestoreLinks *self)
{
  g_mutex_lock (&self->mutex);
  self->abandoned = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}
