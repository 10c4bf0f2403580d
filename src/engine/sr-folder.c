/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Counts what a folder under backup still waits for, and who needs its descriptor.
 *
 * A folder has its name and not its path: those of 10,000 folders one in another would take gigabytes. */

#include "config.h"

#include "sr-folder.h"

#include <string.h>
#include <unistd.h>

void
sr_folder_set_init (SrFolderSet *self)
{
  g_mutex_init (&self->mutex);
  g_queue_init (&self->folders);
}

/* Frees the folders that are left. */
void
sr_folder_set_clear (SrFolderSet *self)
{
  SrFolder *folder;

  while ((folder = g_queue_peek_head (&self->folders)) != NULL)
    sr_folder_free (folder);
  g_mutex_clear (&self->mutex);
}

/**
 * sr_folder_new:
 * @set: of the backup
 * @parent: (nullable): the folder that it is in, which waits for it
 * @slot: where in the parent's nodes
 * @name: its name there; "" without a parent
 * @fd: (transfer full): open on it; -1: none
 *
 * Returns: (transfer full): a folder that waits for its scanner, who also uses its descriptor
 */
SrFolder *
sr_folder_new (SrFolderSet *set, SrFolder *parent, guint slot, const char *name, int fd)
{
  SrFolder *self = g_new0 (SrFolder, 1);

  self->set = set;
  self->link.data = self;

  self->parent = parent;
  self->slot = slot;
  self->name = g_strdup (name);
  self->fd = fd;
  self->n_pending = 1;
  self->n_users = 1;

  g_mutex_lock (&set->mutex);
  g_queue_push_tail_link (&set->folders, &self->link);
  g_mutex_unlock (&set->mutex);
  return self;
}

void
sr_folder_free (SrFolder *self)
{
  g_mutex_lock (&self->set->mutex);
  g_queue_unlink (&self->set->folders, &self->link);
  g_mutex_unlock (&self->set->mutex);

  for (guint i = 0; i < self->n_nodes; i++)
    sr_node_clear (&self->nodes[i]);
  g_free (self->nodes);
  g_free (self->name);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

/* For g_array_set_clear_func(). */
void
sr_folder_name_clear (gpointer name)
{
  g_free (((SrFolderName *) name)->name);
}

/**
 * sr_folder_set_names:
 * @self: a folder without nodes
 * @names: (element-type SrFolderName): sorted; their texts pass to the nodes. Nodes that are known to
 *   be files have the type, the others are of no known type yet
 */
void
sr_folder_set_names (SrFolder *self, GArray *names)
{
  self->nodes = g_new0 (SrNode, names->len);
  self->n_nodes = names->len;
  for (guint i = 0; i < self->n_nodes; i++)
    {
      SrFolderName *name = &g_array_index (names, SrFolderName, i);

      self->nodes[i].name = g_steal_pointer (&name->name);
      self->nodes[i].type = name->is_file ? SR_NODE_FILE : SR_NODE_UNKNOWN;
    }
}

SrNode *
sr_folder_get_node (SrFolder *self, guint slot)
{
  return &self->nodes[slot];
}

static char *
put_in_front (char *place, const char *name)
{
  gsize length = strlen (name);

  place -= length;
  memcpy (place, name, length);
  *--place = '/';
  return place;
}

/**
 * sr_folder_build_path:
 * @self: a folder, which the caller keeps from being freed
 * @name: (nullable): of something in it; NULL: the folder itself
 *
 * Returns: (transfer full) (type filename): its absolute path
 */
char *
sr_folder_build_path (SrFolder *self, const char *name)
{
  gsize length = name != NULL ? strlen (name) + 1 : 0;
  char *path, *place;

  for (SrFolder *folder = self; folder->parent != NULL; folder = folder->parent)
    length += strlen (folder->name) + 1;
  if (length == 0)
    return g_strdup ("/");

  path = g_malloc (length + 1);
  place = path + length;
  *place = '\0';
  if (name != NULL)
    place = put_in_front (place, name);
  for (SrFolder *folder = self; folder->parent != NULL; folder = folder->parent)
    place = put_in_front (place, folder->name);
  return path;
}

/**
 * sr_folder_drop_node:
 * @self: a folder
 * @slot: a node that will not be in the tree
 */
void
sr_folder_drop_node (SrFolder *self, guint slot)
{
  sr_node_clear (&self->nodes[slot]);
}

void
sr_folder_mark_changed (SrFolder *self)
{
  g_atomic_int_set (&self->changed, TRUE);
}

/**
 * sr_folder_is_changed:
 * @self: a folder that waits for nothing
 *
 * Returns: whether its tree differs from the one in the parent snapshot, or there is none
 */
gboolean
sr_folder_is_changed (SrFolder *self)
{
  return !self->has_previous || g_atomic_int_get (&self->changed);
}

void
sr_folder_use (SrFolder *self)
{
  g_atomic_int_inc (&self->n_users);
}

/* Closes the descriptor with the last user: a wide tree would otherwise hold one for each folder. */
void
sr_folder_unuse (SrFolder *self)
{
  if (g_atomic_int_dec_and_test (&self->n_users) && self->fd >= 0)
    {
      close (self->fd);
      self->fd = -1;
    }
}

void
sr_folder_expect (SrFolder *self, guint n_nodes)
{
  g_atomic_int_add (&self->n_pending, (int) n_nodes);
}

/**
 * sr_folder_fulfil:
 * @self: a folder
 * @n_nodes: how many of the expected nodes are filled now
 *
 * Returns: TRUE: the folder waits for nothing more and is the caller's; FALSE: not to be touched any more
 */
gboolean
sr_folder_fulfil (SrFolder *self, guint n_nodes)
{
  return g_atomic_int_add (&self->n_pending, -(int) n_nodes) == (int) n_nodes;
}
