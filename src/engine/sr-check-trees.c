/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Walks the trees of all snapshots (FORMAT.md, "Trees", "What check verifies").
 *
 * Snapshots share most of their trees, so each tree is read once: under the newest snapshot that has it, as that is
 * the one its owner is likeliest to restore. What it takes in memory are the ids of the trees met.
 *
 * The walk comes after the packs were compared and read, and knows which blobs are bad. So it also tells
 * which files need them. */

#include "config.h"

#include "sr-check-trees.h"

#include <glib/gi18n-lib.h>

#include "base/sr-id-set.h"
#include "engine/sr-tree-walk.h"

#define SNAPSHOT_REMEDY \
  N_ ("To mend it, put the file back from another copy of the repository; where there is " \
      "none, this one backup is lost, and “restic forget” or deleting the file takes it " \
      "out of the list")
#define TREE_REMEDY \
  N_ ("To mend it, make a new backup of these files; “restic repair snapshots” takes what " \
      "is broken out of the old one")
#define INDEX_REMEDY \
  N_ ("To mend it, run “restic repair index”, in case that an index file was lost; if this " \
      "does not help, make a new backup of these files")

typedef struct
{
  SrCheckPacks *packs;
  SrRepository *repository;
  SrCheckReport *report;
  SrProgress *progress;
  GCancellable *cancellable;
  SrBlobReader *reader; /* (owned) */
  SrIdSet *visited; /* (owned): trees */
  const SrId *snapshot; /* that is being walked */
} Walk;

/* Something that the snapshot itself says, and cannot be so. */
static void
add_wrong (Walk *walk, const char *path, const char *remedy, const char *what)
{
  SrFileName name = { SR_FILE_SNAPSHOT, *walk->snapshot };
  SrCheckDamage *damage = sr_check_report_add (walk->report, &name, remedy, what);

  sr_check_report_add_affected (walk->report, damage, path, walk->snapshot);
}

static void
add_lost (Walk *walk, const char *path, const SrId *pack, const char *what)
{
  SrCheckDamage *damage = sr_check_packs_add_damage (walk->packs, pack, what);

  sr_check_report_add_affected (walk->report, damage, path, walk->snapshot);
}

/* Names the file once, however many of its chunks are gone. */
static void
check_content (Walk *walk, const char *path, const SrNode *node)
{
  guint64 n_bytes = 0;

  for (guint64 i = 0; i < node->n_content; i++)
    {
      SrBlobPlace place;

      switch (sr_check_packs_get_blob (walk->packs, SR_BLOB_DATA, &node->content[i], &place))
        {
        case SR_CHECK_BLOB_GOOD:
          n_bytes += sr_blob_get_plain_length (&place.blob);
          break;
        case SR_CHECK_BLOB_LOST:
          add_lost (walk, path, &place.pack, NULL);
          return;
        case SR_CHECK_BLOB_UNKNOWN:
        default:
          add_wrong (walk, path, INDEX_REMEDY, _ ("It needs data that no index file names"));
          return;
        }
    }
  if (n_bytes != node->size)
    add_wrong (walk, path, TREE_REMEDY, _ ("The size of a file is not that of its content"));
}

static gboolean
check_folder (Walk *walk, const char *path, const SrNode *node)
{
  if (!node->has_subtree || sr_id_is_null (&node->subtree))
    {
      add_wrong (walk, path, TREE_REMEDY, _ ("A folder has no list of what is in it"));
      return FALSE;
    }
  return sr_id_set_add (walk->visited, &node->subtree);
}

static gboolean
on_node (const char *path,
         const SrNode *node,
         gboolean *out_descend,
         gpointer user_data,
         GError **error)
{
  Walk *walk = user_data;

  if (!sr_node_name_is_safe (node->name))
    add_wrong (walk, path, TREE_REMEDY, _ ("A name is none that a file can have"));

  switch ((SrNodeType) node->type)
    {
    case SR_NODE_FOLDER:
      *out_descend = check_folder (walk, path, node);
      break;
    case SR_NODE_FILE:
      if (node->content_is_null)
        add_wrong (walk, path, TREE_REMEDY, _ ("A file has no list of its content"));
      else
        check_content (walk, path, node);
      break;
    case SR_NODE_UNKNOWN:
      add_wrong (walk, path, TREE_REMEDY, _ ("An entry is of no known type"));
      break;
    case SR_NODE_SYMLINK:
    case SR_NODE_BLOCK_DEVICE:
    case SR_NODE_CHARACTER_DEVICE:
    case SR_NODE_FIFO:
    case SR_NODE_SOCKET:
    default:
      break;
    }
  return TRUE;
}

static gboolean
on_broken (const char *path,
           const SrId *tree,
           const GError *failure,
           gpointer user_data,
           GError **error)
{
  Walk *walk = user_data;
  g_autofree char *inside = g_strdup_printf (_ ("%s and all in it"), path);
  g_autoptr (GError) blob_failure = NULL;
  SrCheckBlobState state;
  SrBlobPlace place;
  const guint8 *data;
  gsize length;

  if (!sr_check_report_pass_over (walk->report, failure, error))
    return FALSE;

  state = sr_check_packs_get_blob (walk->packs, SR_BLOB_TREE, tree, &place);
  if (state == SR_CHECK_BLOB_LOST)
    add_lost (walk, inside, &place.pack, NULL);
  else if (state == SR_CHECK_BLOB_UNKNOWN)
    add_wrong (walk, inside, INDEX_REMEDY, _ ("It needs a tree that no index file names"));
  else if (sr_blob_reader_load (walk->reader, SR_BLOB_TREE, tree, &data, &length, walk->cancellable,
                                &blob_failure))
    add_wrong (walk, inside, TREE_REMEDY, failure->message); /* well stored, but written badly */
  else if (sr_check_report_pass_over (walk->report, blob_failure, error))
    add_lost (walk, inside, &place.pack, _ ("Blobs in it are damaged"));
  else
    return FALSE;
  return TRUE;
}

static const SrTreeWalkFuncs walk_funcs = { on_node, on_broken };

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  SrSnapshot *left = *(SrSnapshot *const *) a;
  SrSnapshot *right = *(SrSnapshot *const *) b;

  return sr_time_compare (sr_snapshot_get_time (right), sr_snapshot_get_time (left));
}

/* All snapshots that can be read, newest first. */
static GPtrArray *
load_snapshots (Walk *walk, GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (sr_repository_get_storage (walk->repository),
                                              SR_FILE_SNAPSHOT, walk->cancellable, error);
  g_autoptr (GPtrArray) snapshots = g_ptr_array_new_with_free_func (g_object_unref);

  if (files == NULL)
    return NULL;
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { SR_FILE_SNAPSHOT, g_array_index (files, SrFileInfo, i).id };
      g_autoptr (GError) failure = NULL;
      SrSnapshot *snapshot =
          sr_repository_load_snapshot (walk->repository, &name.id, walk->cancellable, &failure);

      if (snapshot != NULL)
        g_ptr_array_add (snapshots, snapshot);
      else if (sr_check_report_pass_over (walk->report, failure, error))
        sr_check_report_add (walk->report, &name, SNAPSHOT_REMEDY, failure->message);
      else
        return NULL;
    }
  g_ptr_array_sort (snapshots, compare_newest_first);
  return g_steal_pointer (&snapshots);
}

static gboolean
walk_snapshot (Walk *walk, SrSnapshot *snapshot, GError **error)
{
  SrFileName name = { SR_FILE_SNAPSHOT, *sr_snapshot_get_id (snapshot) };
  g_autofree char *path = sr_file_name_to_string (&name);
  const SrId *tree = sr_snapshot_get_tree (snapshot);

  walk->snapshot = sr_snapshot_get_id (snapshot);
  sr_progress_set_path (walk->progress, path);
  if (sr_id_set_add (walk->visited, tree) &&
      !sr_tree_walk (walk->reader, tree, "/", TRUE, &walk_funcs, walk, walk->cancellable, error))
    return FALSE;
  sr_progress_add_files (walk->progress, 1);
  return TRUE;
}

/**
 * sr_check_trees:
 * @packs: the packs, with all that is known to be bad in them
 * @repository: with its index loaded
 * @report: where to say what is found
 * @progress: counts snapshots as files
 * @cancellable: (nullable): looked at for each node
 * @error: (out) (optional): cancelled, or the storage is not there any more
 *
 * Reads all snapshots and trees, and looks up what the files in them need.
 */
gboolean
sr_check_trees (SrCheckPacks *packs,
                SrRepository *repository,
                SrCheckReport *report,
                SrProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (SrBlobReader) reader = sr_blob_reader_new (repository, error);
  g_autoptr (SrIdSet) visited = sr_id_set_new ();
  Walk walk = { packs, repository, report, progress, cancellable, reader, visited, NULL };
  g_autoptr (GPtrArray) snapshots = reader != NULL ? load_snapshots (&walk, error) : NULL;
  SrProgressValues values;

  sr_progress_get (progress, &values);
  if (snapshots != NULL)
    sr_progress_set_totals (progress, values.files_done + snapshots->len, values.bytes_done);
  for (guint i = 0; snapshots != NULL && i < snapshots->len; i++)
    if (!walk_snapshot (&walk, g_ptr_array_index (snapshots, i), error))
      return FALSE;
  return snapshots != NULL;
}
