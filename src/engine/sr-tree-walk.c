/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Goes through the trees of a snapshot without holding any of them.
 *
 * A tree is read as a stream from its first node to its last; of its folders only name and id are kept, and gone
 * into afterwards. So a folder of 100,000 entries passes in the memory of one node, and one of 100,000
 * folders in that of their names. Hence the order: all entries of a folder, by name, before what is in the
 * first of its folders (as "ls -R", unlike "find"). No recursion: how deep a tree is, its maker decides. */

#include "config.h"

#include "sr-tree-walk.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

/* Linux opens no path longer than 4,096 bytes; deeper is made only to harm. */
#define MAX_DEPTH 8192

typedef struct
{
  char *name; /* (owned) */
  SrId tree;
} Folder;

/* The folders of one tree that are still to be gone into. */
typedef struct
{
  GArray *folders; /* (owned) (element-type Folder) */
  guint next;
  gsize path_length; /* bytes of the path of the tree itself */
} Level;

typedef struct
{
  SrBlobReader *reader; /* lent */
  const SrTreeWalkFuncs *funcs;
  gpointer user_data;
  GCancellable *cancellable; /* lent */
  GString *path; /* (owned): of what is being looked at */
  GArray *levels; /* (owned) (element-type Level): a stack */
} Walk;

static void
folder_clear (gpointer data)
{
  g_free (((Folder *) data)->name);
}

static void
level_clear (gpointer data)
{
  g_array_unref (((Level *) data)->folders);
}

static void
set_path (Walk *walk, gsize folder_length, const char *name)
{
  g_string_truncate (walk->path, folder_length);
  if (folder_length == 0 || walk->path->str[folder_length - 1] != '/')
    g_string_append_c (walk->path, '/');
  g_string_append (walk->path, name);
}

static gboolean
visit_node (Walk *walk, const SrNode *node, Level *level, GError **error)
{
  gboolean descend = TRUE;

  set_path (walk, level->path_length, node->name);
  if (!walk->funcs->node (walk->path->str, node, &descend, walk->user_data, error))
    return FALSE;

  if (node->type == SR_NODE_FOLDER && node->has_subtree && descend)
    {
      Folder folder = { g_strdup (node->name), node->subtree };

      g_array_append_val (level->folders, folder);
    }
  return TRUE;
}

/* TRUE, also with @out_failure set: the tree is broken, the walk goes on. */
static gboolean
read_nodes (Walk *walk, const SrId *tree, Level *level, GError **out_failure, GError **error)
{
  g_autoptr (SrTreeReader) nodes =
      sr_blob_reader_open_tree (walk->reader, tree, walk->cancellable, out_failure);
  const SrNode *node;

  if (nodes == NULL)
    return TRUE;
  while ((node = sr_tree_reader_next (nodes, out_failure)) != NULL)
    {
      if (!visit_node (walk, node, level, error))
        return FALSE;
      if (g_cancellable_set_error_if_cancelled (walk->cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Reads the tree of the folder at the current path, and puts its folders on the stack. */
static gboolean
visit_tree (Walk *walk, const SrId *tree, GError **error)
{
  Level level = { g_array_new (FALSE, FALSE, sizeof (Folder)), 0, walk->path->len };
  g_autoptr (GError) failure = NULL;

  g_array_set_clear_func (level.folders, folder_clear);
  g_array_append_val (walk->levels, level);
  if (walk->levels->len > MAX_DEPTH)
    g_set_error (&failure, SR_ERROR, SR_ERROR_LIMIT,
                 _ ("The folders are nested more than %d deep, which no file system allows"),
                 MAX_DEPTH);
  else if (!read_nodes (walk, tree, &level, &failure, error))
    return FALSE;
  if (failure == NULL)
    return TRUE;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  g_string_truncate (walk->path, level.path_length);
  return walk->funcs->broken (walk->path->str, tree, failure, walk->user_data, error);
}

/**
 * sr_tree_walk:
 * @reader: of the repository, whose index is loaded; not to be used by @funcs
 * @tree: where to begin
 * @path: that folder's path, "/" for the root of a snapshot
 * @recursive: whether to go into folders
 * @funcs: called for what is met, on this thread
 * @user_data: data for @funcs
 * @cancellable: (nullable): looked at for each node
 * @error: (out) (optional): cancelled, or as @funcs set it
 *
 * Visits all nodes of a tree, then of the trees of its folders. When a tree turns out to be broken
 * in its middle, its nodes before that were visited already.
 */
gboolean
sr_tree_walk (SrBlobReader *reader,
              const SrId *tree,
              const char *path,
              gboolean recursive,
              const SrTreeWalkFuncs *funcs,
              gpointer user_data,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GArray) levels = g_array_new (FALSE, FALSE, sizeof (Level));
  Walk walk = { reader, funcs, user_data, cancellable, g_string_new (path), levels };
  gboolean done;

  g_array_set_clear_func (levels, level_clear);
  done = visit_tree (&walk, tree, error);
  while (done && recursive && levels->len > 0)
    {
      Level *level = &g_array_index (levels, Level, levels->len - 1);

      if (level->next == level->folders->len)
        {
          g_array_set_size (levels, levels->len - 1);
        }
      else
        {
          Folder *folder = &g_array_index (level->folders, Folder, level->next++);

          set_path (&walk, level->path_length, folder->name);
          done = visit_tree (&walk, &folder->tree, error);
        }
    }
  g_string_free (walk.path, TRUE);
  return done;
}
