/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Lists what a snapshot holds.
 *
 * First the path is followed down from the root, folder by folder; then what is there is listed, and with
 * folders what is in them. The trees are streams (sr-tree-walk.h), and the owner gets batches, one at a time. */

#include "config.h"

#include "sr-list-job.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "engine/sr-tree-walk.h"

#define BATCH_SIZE 1000

struct _SrEntry
{
  GObject parent_instance;
  char *path; /* (owned) */
  SrNode node; /* owns what is in it */
};

G_DEFINE_FINAL_TYPE (SrEntry, sr_entry, G_TYPE_OBJECT)

struct _SrListJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  SrSnapshot *snapshot; /* (owned) */
  char *path; /* (owned) (nullable) */
  gboolean recursive;
};

G_DEFINE_FINAL_TYPE (SrListJob, sr_list_job, SR_TYPE_JOB)

static guint entries_signal;

typedef struct
{
  SrJob *job;
  GCancellable *cancellable; /* lent */
  GListStore *batch; /* (owned): entries that the owner has not got yet */
} Listing;

static void
sr_entry_finalize (GObject *object)
{
  SrEntry *self = SR_ENTRY (object);

  g_free (self->path);
  sr_node_clear (&self->node);
  G_OBJECT_CLASS (sr_entry_parent_class)->finalize (object);
}

static void
sr_entry_class_init (SrEntryClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_entry_finalize;
}

static void
sr_entry_init (SrEntry *self)
{
}

/* A big file has a megabyte of chunk ids, which no list shows. */
static SrEntry *
entry_new (const char *path, const SrNode *node)
{
  SrEntry *self = g_object_new (SR_TYPE_ENTRY, NULL);
  SrNode lean = *node;

  lean.content = NULL;
  lean.n_content = 0;
  sr_node_copy (&lean, &self->node);
  self->path = g_strdup (path);
  return self;
}

/**
 * sr_entry_get_path:
 * @self: an entry
 *
 * Returns: (transfer none) (type filename): its absolute path in the snapshot, as bytes of the file system
 */
const char *
sr_entry_get_path (SrEntry *self)
{
  return self->path;
}

/**
 * sr_entry_get_node:
 * @self: an entry
 *
 * Returns: (transfer none): what the snapshot says of it, but for the ids of a file's content
 */
const SrNode *
sr_entry_get_node (SrEntry *self)
{
  return &self->node;
}

static void
emit_entries (SrJob *job, gpointer user_data)
{
  g_signal_emit (job, entries_signal, 0, user_data);
}

/* Waits until the owner has taken what was collected. */
static gboolean
flush (Listing *listing, GError **error)
{
  g_autoptr (GListStore) batch = g_steal_pointer (&listing->batch);

  listing->batch = g_list_store_new (SR_TYPE_ENTRY);
  return g_list_model_get_n_items (G_LIST_MODEL (batch)) == 0 ||
         sr_job_call_owner (listing->job, emit_entries, batch, listing->cancellable, error);
}

static gboolean
on_node (const char *path,
         const SrNode *node,
         gboolean *out_descend,
         gpointer user_data,
         GError **error)
{
  Listing *listing = user_data;
  g_autoptr (SrEntry) entry = NULL;

  if (!sr_node_name_is_safe (node->name))
    {
      g_autoptr (GError) problem = g_error_new_literal (
          SR_ERROR, SR_ERROR_INVALID, _ ("Not listed: its name is none that a file can have"));

      *out_descend = FALSE;
      sr_job_add_problem (listing->job, path, problem);
      return TRUE;
    }

  entry = entry_new (path, node);
  g_list_store_append (listing->batch, entry);
  sr_progress_add_files (sr_job_get_progress (listing->job), 1);
  return g_list_model_get_n_items (G_LIST_MODEL (listing->batch)) < BATCH_SIZE ||
         flush (listing, error);
}

static gboolean
on_broken (const char *path,
           const SrId *tree,
           const GError *failure,
           gpointer user_data,
           GError **error)
{
  Listing *listing = user_data;

  sr_job_add_problem (listing->job, path, failure);
  return TRUE;
}

static const SrTreeWalkFuncs walk_funcs = { on_node, on_broken };

static void
set_no_such_path (const char *path, GError **error)
{
  g_set_error (error, SR_ERROR, SR_ERROR_NOT_FOUND,
               _ ("There is no %s in the snapshot; list the folder above to see what there is"),
               path);
}

/* Finds the node @name in a tree; @path is for the message when there is none. */
static gboolean
find_node (SrBlobReader *reader,
           const SrId *tree,
           const char *name,
           const char *path,
           SrNode *out_node,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (SrTreeReader) nodes = sr_blob_reader_open_tree (reader, tree, cancellable, error);
  GError *local_error = NULL;
  const SrNode *node;

  if (nodes == NULL)
    return FALSE;
  while ((node = sr_tree_reader_next (nodes, &local_error)) != NULL)
    if (strcmp (node->name, name) == 0)
      {
        sr_node_copy (node, out_node);
        return TRUE;
      }

  if (local_error != NULL)
    g_propagate_error (error, local_error);
  else
    set_no_such_path (path, error);
  return FALSE;
}

/* Follows the path down from the root. @out_path gets it in its plain form, "/a/b". */
static gboolean
find_path (SrListJob *self,
           SrBlobReader *reader,
           SrNode *out_node,
           GString *out_path,
           GCancellable *cancellable,
           GError **error)
{
  g_auto (GStrv) names = g_strsplit (self->path, "/", -1);
  SrId tree = *sr_snapshot_get_tree (self->snapshot);
  gboolean is_folder = TRUE;

  for (char **name = names; *name != NULL; name++)
    {
      if (**name == '\0' || strcmp (*name, ".") == 0)
        continue;
      g_string_append_printf (out_path, "/%s", *name);
      if (!is_folder)
        {
          set_no_such_path (out_path->str, error);
          return FALSE;
        }
      sr_node_clear (out_node);
      if (!find_node (reader, &tree, *name, out_path->str, out_node, cancellable, error))
        return FALSE;
      is_folder = out_node->type == SR_NODE_FOLDER && out_node->has_subtree;
      tree = out_node->subtree;
    }
  return TRUE;
}

static gboolean
list_from (SrListJob *self, SrBlobReader *reader, Listing *listing, GError **error)
{
  g_autoptr (SrNode) node = sr_node_new ();
  g_autoptr (GString) path = g_string_new (NULL);
  const SrId *tree = sr_snapshot_get_tree (self->snapshot);
  gboolean descend = TRUE;

  if (self->path != NULL && !find_path (self, reader, node, path, listing->cancellable, error))
    return FALSE;

  if (path->len > 0)
    {
      if (!on_node (path->str, node, &descend, listing, error))
        return FALSE;
      if (node->type != SR_NODE_FOLDER || !node->has_subtree || !descend)
        return flush (listing, error);
      tree = &node->subtree;
    }
  return sr_tree_walk (reader, tree, path->len > 0 ? path->str : "/", self->recursive, &walk_funcs,
                       listing, listing->cancellable, error) &&
         flush (listing, error);
}

/* What damaged index files name is missed only by those whose trees it is. */
static gboolean
load_index (SrListJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);

  if (!sr_repository_load_index (self->repository, problems, cancellable, error))
    return FALSE;
  for (guint i = 0; i < problems->len; i++)
    sr_job_add_problem (SR_JOB (self), "index", g_ptr_array_index (problems, i));
  return TRUE;
}

static gboolean
sr_list_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrListJob *self = SR_LIST_JOB (job);
  Listing listing = { job, cancellable, g_list_store_new (SR_TYPE_ENTRY) };
  g_autoptr (SrBlobReader) reader = NULL;
  gboolean done;

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_OPENING);
  done = load_index (self, cancellable, error) &&
         (reader = sr_blob_reader_new (self->repository, error)) != NULL;
  if (done)
    {
      sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_WORKING);
      done = list_from (self, reader, &listing, error);
    }
  g_object_unref (listing.batch);
  return done;
}

static void
sr_list_job_finalize (GObject *object)
{
  SrListJob *self = SR_LIST_JOB (object);

  g_object_unref (self->repository);
  g_object_unref (self->snapshot);
  g_free (self->path);
  G_OBJECT_CLASS (sr_list_job_parent_class)->finalize (object);
}

static void
sr_list_job_class_init (SrListJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_list_job_finalize;
  SR_JOB_CLASS (class)->run = sr_list_job_run;

  /**
   * SrListJob::entries:
   * @self: the job
   * @entries: (element-type SrEntry): the next 1 to 1,000 entries
   *
   * In the job's main context. The handler may keep @entries, which no longer changes.
   */
  entries_signal = g_signal_new ("entries", SR_TYPE_LIST_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_LIST_MODEL);
}

static void
sr_list_job_init (SrListJob *self)
{
}

/**
 * sr_list_job_new:
 * @repository: a repository
 * @snapshot: one of its snapshots
 * @path: (nullable) (type filename): a file or folder in the snapshot; NULL for all of it
 * @recursive: whether to list what is in folders of the folder, too
 *
 * A folder or an index file that cannot be read is a problem of the job, and the rest is listed. The job fails with
 * %SR_ERROR_NOT_FOUND when @path is not in the snapshot.
 *
 * Returns: (transfer full): a job that lists what is at @path and below, all entries of a folder by name, then
 *   what is in the first of its folders
 */
SrListJob *
sr_list_job_new (SrRepository *repository,
                 SrSnapshot *snapshot,
                 const char *path,
                 gboolean recursive)
{
  SrListJob *self = g_object_new (SR_TYPE_LIST_JOB, NULL);

  self->repository = g_object_ref (repository);
  self->snapshot = g_object_ref (snapshot);
  self->path = g_strdup (path);
  self->recursive = recursive;
  return self;
}
