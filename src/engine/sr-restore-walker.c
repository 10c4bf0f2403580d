/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The first stage of a restore: goes through the trees, makes the folders, and hands the files on in batches.
 *
 * Depth first, and in each folder the files before the sub-folders, which is the order in which a backup of ours
 * stores them; so packs are read nearly from beginning to end. A tree is read as a stream, and only the nodes of its
 * sub-folders are kept: of those too a limited number, for the rest of which the tree is read once more.
 * The way down is a list of our own and not recursion, so that a hostile tree cannot overflow a stack. */

#include "config.h"

#include "sr-restore-walker.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "engine/sr-restore-batch.h"
#include "engine/sr-restore-existing.h"
#include "repository/sr-blob-reader.h"

#define DEPTH_LIMIT 10000u
#define SUBFOLDERS_KEPT 4096

/* A folder on the way down. */
typedef struct
{
  SrNode *node; /* (owned) (nullable): of a folder that is not made yet; NULL for the target */
  SrRestoreFolder *folder; /* held; (nullable): not made yet */
  SrId tree;
  gsize path_length; /* of the walker's path, up to and with this folder */
  GQueue subfolders; /* (element-type SrNode): still to be walked */
  guint64 n_taken; /* sub-folders, from the first on, that went through the queue or are in it */
  guint64 n_seen; /* sub-folders in this reading of the tree */
  gboolean more; /* there are more than n_taken */
} Level;

typedef struct
{
  SrRestoreRun *run;
  SrPatternList *include; /* (nullable) */
  SrPatternList *exclude; /* (nullable) */
  SrBlobReader *reader; /* (owned) */
  SrRestoreComparer comparer;
  GPtrArray *levels; /* (owned) (element-type Level) */
  GString *path; /* (owned): of the folder in which we are; empty for the root */
  SrRestoreBatch *batch; /* (owned) */
  char *previous; /* (owned) (nullable): name of the node before, to find doubles */
  gboolean given_up; /* the folder of the current level, or one above it, cannot be made */
  guint64 n_files;
  guint64 n_bytes;
} Walker;

static Level *
level_new (SrNode *node, const SrId *tree)
{
  Level *level = g_new0 (Level, 1);

  level->node = node;
  level->tree = *tree;
  g_queue_init (&level->subfolders);
  return level;
}

static void
level_free (gpointer data)
{
  Level *level = data;

  if (level->folder != NULL)
    sr_restore_folder_release (level->folder);
  g_clear_pointer (&level->node, sr_node_free);
  g_queue_clear_full (&level->subfolders, (GDestroyNotify) sr_node_free);
  g_free (level);
}

static Level *
get_level (Walker *self, guint depth)
{
  return g_ptr_array_index (self->levels, depth);
}

static Level *
get_deepest (Walker *self)
{
  return get_level (self, self->levels->len - 1);
}

/* A problem of an entry of the folder in which we are, or of that folder itself, which may not be made yet. */
static void
report_here (Walker *self, const char *name, const GError *error)
{
  g_autofree char *path = g_strconcat (self->path->str, "/", name, NULL);

  sr_restore_run_report_path (self->run,
                              name != NULL || self->path->len == 0 ? path : self->path->str, error);
}

static void
report_node (Walker *self, const SrNode *node, SrError code, const char *message)
{
  g_autofree char *quoted = sr_node_quote_name (node->name);
  g_autoptr (GError) error =
      g_error_new (SR_ERROR, code, _ ("“%s” was not restored: %s"), quoted, message);

  report_here (self, sr_node_name_is_safe (node->name) ? node->name : NULL, error);
}

/* Makes the folders down to where we are, those that only lead to what was asked for among them. */
static gboolean
make_levels (Walker *self)
{
  gboolean overwrite = self->run->policy == SR_CONFLICT_OVERWRITE;

  for (guint i = 1; i < self->levels->len; i++)
    {
      Level *level = get_level (self, i);
      g_autoptr (GError) error = NULL;

      if (level->folder != NULL)
        continue;
      level->folder = sr_restore_folder_make (get_level (self, i - 1)->folder,
                                              g_steal_pointer (&level->node), overwrite, &error);
      if (level->folder == NULL)
        {
          g_string_truncate (self->path, level->path_length);
          report_here (self, NULL, error);
          g_ptr_array_set_size (self->levels, (int) i);
          self->given_up = TRUE;
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
push_batch (Walker *self)
{
  SrRestoreBatch *batch = g_steal_pointer (&self->batch);

  self->batch = sr_restore_batch_new ();
  if (sr_restore_batch_is_empty (batch))
    {
      sr_restore_batch_free (batch);
      return TRUE;
    }
  return sr_bounded_queue_push (self->run->queue, batch, 1);
}

/* A large file: sections of it in batches of their own, after what came before it. */
static void
add_large_file (Walker *self, SrRestoreFile *file)
{
  guint64 chunk = 0, offset = 0;
  gboolean all = FALSE;

  if (!push_batch (self))
    return;
  sr_restore_look (file, &self->comparer);
  while (!all && !sr_restore_file_is_over (file) && !sr_restore_run_is_over (self->run))
    {
      all = sr_restore_batch_add (self->batch, file, FALSE, &chunk, &offset);
      if (!all && !push_batch (self))
        return;
    }
}

/* The chunks of a file, or its name only when it is to be linked to another one. */
static void
add_to_batch (Walker *self, SrRestoreFile *file)
{
  guint64 chunk = 0, offset = 0;
  g_autoptr (GError) error = NULL;

  if (file->link != NULL && !file->first_name)
    sr_restore_batch_add_name (self->batch, file);
  else if (file->node->type != SR_NODE_FILE)
    sr_restore_batch_add_name (self->batch, file);
  else if (!sr_restore_file_measure (file, &error))
    sr_restore_file_fail (file, error);
  else if (sr_restore_batch_fits (self->batch, file))
    sr_restore_batch_add (self->batch, file, TRUE, &chunk, &offset);
  else
    add_large_file (self, file);
}

static void
add_file (Walker *self, SrNode *node)
{
  SrRestoreFile *file = sr_restore_file_new (self->run, node, get_deepest (self)->folder);

  self->n_files++;
  self->n_bytes += node->size;
  file->link = sr_restore_links_claim (self->run->links, node, &file->first_name);
  add_to_batch (self, file);
  sr_restore_file_unref (file);
  if (sr_restore_batch_is_full (self->batch))
    push_batch (self);
}

/* What the patterns say of an entry. @out_descend: something below it may be wanted, though it is not itself. */
static gboolean
is_wanted (Walker *self, const SrNode *node, gboolean *out_descend)
{
  gsize length = self->path->len;
  gboolean wanted = TRUE;

  *out_descend = TRUE;
  if (self->include == NULL && self->exclude == NULL)
    return TRUE;

  g_string_append_printf (self->path, "/%s", node->name);
  if (self->exclude != NULL && sr_pattern_list_matches (self->exclude, self->path->str, NULL))
    wanted = *out_descend = FALSE;
  else if (self->include != NULL)
    wanted = sr_pattern_list_matches (self->include, self->path->str, out_descend);
  g_string_truncate (self->path, length);
  *out_descend = *out_descend || wanted;
  return wanted;
}

/* Nothing that the repository says is taken on trust: names become parts of paths. */
static gboolean
check_node (Walker *self, const SrNode *node)
{
  if (!sr_node_name_is_safe (node->name))
    report_node (self, node, SR_ERROR_DAMAGED, _ ("no file can have this name"));
  else if (g_strcmp0 (self->previous, node->name) == 0)
    report_node (self, node, SR_ERROR_DAMAGED,
                 _ ("the folder has two entries of this name; the first one was restored"));
  else if (node->type == SR_NODE_UNKNOWN)
    report_node (
        self, node, SR_ERROR_UNSUPPORTED,
        _ ("it is of a kind that this program does not know; use the program that made it"));
  else if (node->type == SR_NODE_FOLDER && (!node->has_subtree || sr_id_is_null (&node->subtree)))
    report_node (self, node, SR_ERROR_DAMAGED, _ ("the snapshot does not say what is in it"));
  else
    return TRUE;
  return FALSE;
}

/* Whether the sub-folder that was just read is one for the queue, now: not taken by an earlier reading of the
 * tree, nor to be left to a later one. */
static gboolean
is_next_subfolder (Level *level)
{
  guint64 position = level->n_seen++;

  if (position < level->n_taken)
    return FALSE;
  level->more = g_queue_get_length (&level->subfolders) >= SUBFOLDERS_KEPT;
  if (!level->more)
    level->n_taken = position + 1;
  return !level->more;
}

/* An entry of the folder in which we are. @again: its tree is being read for more of the sub-folders. */
static void
take_node (Walker *self, SrNode *node, gboolean again)
{
  Level *level = get_deepest (self);
  gboolean folder = node->type == SR_NODE_FOLDER;
  gboolean descend = FALSE;
  gboolean mine = (folder ? is_next_subfolder (level) : !again) && check_node (self, node);
  gboolean wanted = mine && is_wanted (self, node, &descend);

  g_free (self->previous);
  self->previous = g_strdup (node->name);
  if (folder && descend)
    g_queue_push_tail (&level->subfolders, node);
  else if (folder || !wanted || node->type == SR_NODE_SOCKET || !make_levels (self))
    sr_node_free (node); /* sockets belong to a running program, which makes its own */
  else
    add_file (self, node);
}

/* Reads the tree of the folder in which we are. */
static gboolean
read_level (Walker *self, gboolean again, GError **error)
{
  Level *level = get_deepest (self);
  g_autoptr (SrTreeReader) tree =
      sr_blob_reader_open_tree (self->reader, &level->tree, self->run->cancellable, error);
  GError *local_error = NULL;
  SrNode *node;

  level->more = FALSE;
  level->n_seen = 0;
  g_clear_pointer (&self->previous, g_free);
  if (tree == NULL)
    return FALSE;
  while (!sr_restore_run_is_over (self->run) && !self->given_up && !(again && level->more) &&
         (node = sr_tree_reader_steal_next (tree, &local_error)) != NULL)
    take_node (self, node, again);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

static void
read_or_report (Walker *self, gboolean again)
{
  g_autoptr (GError) error = NULL;

  if (!read_level (self, again, &error))
    {
      sr_prefix_error (&error,
                       _ ("Not all of this folder was restored, as its listing is damaged"));
      report_here (self, NULL, error);
    }
  self->given_up = FALSE;
}

/* Goes down into a sub-folder of the folder in which we are. */
static void
enter (Walker *self, SrNode *node)
{
  g_autoptr (GError) error = NULL;
  gboolean descend;
  gboolean wanted = is_wanted (self, node, &descend);
  Level *level = level_new (node, &node->subtree);

  g_string_append_printf (self->path, "/%s", node->name);
  level->path_length = self->path->len;
  g_ptr_array_add (self->levels, level);
  if (self->levels->len > DEPTH_LIMIT)
    {
      error = g_error_new (SR_ERROR, SR_ERROR_LIMIT,
                           _ ("The folder is more than %u folders deep, and was not restored"),
                           DEPTH_LIMIT);
      report_here (self, NULL, error);
    }
  else if (!wanted || make_levels (self))
    {
      read_or_report (self, FALSE);
    }
  self->given_up = FALSE;
}

static void
walk_levels (Walker *self)
{
  while (self->levels->len > 0 && !sr_restore_run_is_over (self->run))
    {
      Level *level = get_deepest (self);
      SrNode *node;

      g_string_truncate (self->path, level->path_length);
      node = g_queue_pop_head (&level->subfolders);
      if (node != NULL)
        enter (self, node);
      else if (level->more)
        read_or_report (self, TRUE);
      else
        g_ptr_array_set_size (self->levels, (int) self->levels->len - 1);
    }
}

static gboolean
walk (Walker *self, const SrId *tree, SrRestoreFolder *target, GError **error)
{
  Level *root = level_new (NULL, tree);

  root->folder = target;
  g_ptr_array_add (self->levels, root);
  sr_restore_folder_hold (target);
  if (!read_level (self, FALSE, error))
    return FALSE;
  walk_levels (self);
  push_batch (self);
  return TRUE;
}

/**
 * sr_restore_walk:
 * @run: the restore
 * @tree: the root tree of the snapshot
 * @target: where it goes
 * @include: (nullable): only what matches is restored, and the folders that lead there
 * @exclude: (nullable): what matches is left out, with all that is in it
 * @out_files: (out): files that were handed on
 * @out_bytes: (out): their bytes, as their nodes have them
 * @error: as for sr_blob_reader_load(), when nothing can be restored because the root tree is damaged
 *
 * Hands all files on to the run's queue, which it leaves open. Also returns when the run is over.
 */
gboolean
sr_restore_walk (SrRestoreRun *run,
                 const SrId *tree,
                 SrRestoreFolder *target,
                 SrPatternList *include,
                 SrPatternList *exclude,
                 guint64 *out_files,
                 guint64 *out_bytes,
                 GError **error)
{
  Walker self = { .run = run, .include = include, .exclude = exclude };
  gboolean walked;

  self.reader = sr_blob_reader_new (run->repository, error);
  if (self.reader == NULL)
    return FALSE;
  sr_restore_comparer_init (&self.comparer);
  self.levels = g_ptr_array_new_with_free_func (level_free);
  self.path = g_string_new (NULL);
  self.batch = sr_restore_batch_new ();

  walked = walk (&self, tree, target, error);

  *out_files = self.n_files;
  *out_bytes = self.n_bytes;
  /* The deepest first: each holds the one above it. */
  while (self.levels->len > 0)
    g_ptr_array_set_size (self.levels, (int) self.levels->len - 1);
  sr_restore_batch_free (self.batch);
  g_ptr_array_unref (self.levels);
  g_string_free (self.path, TRUE);
  g_free (self.previous);
  sr_restore_comparer_clear (&self.comparer);
  sr_blob_reader_free (self.reader);
  return walked;
}
