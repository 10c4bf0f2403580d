/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Walks the folders to back up and decides what has to be read.
 *
 * Each folder is listed, sorted, and run through side by side with the same folder's tree in the
 * parent snapshot: what is there with the same times, size and inode is taken over from it, the rest
 * goes to the readers in groups. Then come the folders inside. They wait on a list of their own, not on
 * the stack, so depth costs nothing; and their files come after those of the folder itself, which is the order in
 * which a restore asks for them. */

#include "config.h"

#include "sr-scanner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-node-source.h"
#include "engine/sr-tree-builder.h"
#include "repository/sr-blob-reader.h"

#define MAX_GROUP_BYTES \
  (4 * 1024 * 1024) /* a group that is larger is shared out among the readers */
#define UNKNOWN_SIZE (512 * 1024) /* what a file that was not looked at counts in a group */
#define MAX_DEPTH 10000

/* A folder that has been seen and is to be walked later. */
typedef struct
{
  SrFolder *parent; /* used */
  guint slot; /* in the parent */
  guint depth;
  const SrBackupRoot *root; /* (nullable) lent: only what it says is in */
  gboolean has_previous;
  SrId previous; /* its tree in the parent snapshot */
} Visit;

typedef struct
{
  SrBackupContext *context; /* lent */
  SrNodeSource *source; /* (owned) */
  SrBlobReader *blob_reader; /* (owned): for the trees of the parent snapshot */
  SrBatcher *batcher; /* (owned) */
  SrTreeBuilder *builder; /* (owned) */
  GArray *visits; /* (owned) (element-type Visit): last in, first out */

  /* The folder being scanned. */
  SrFolder *folder;
  guint depth;
  const SrBackupRoot *root; /* (nullable) */
  GArray *found; /* (owned) (element-type Visit): folders in it, in order */
  SrFileGroup *group; /* (owned) (nullable) */
  guint64 group_bytes;
  SrTreeReader *previous_nodes; /* (owned) (nullable) */
  const SrNode *previous; /* lent: the next node there that has not been passed */
  gboolean previous_found; /* it is the one that was found last */
} Scanner;

static void
scanner_clear (Scanner *self)
{
  g_clear_pointer (&self->previous_nodes, sr_tree_reader_free);
  g_clear_pointer (&self->group, g_free);
  g_clear_pointer (&self->builder, sr_tree_builder_free);
  g_clear_pointer (&self->batcher, sr_batcher_free);
  g_clear_pointer (&self->blob_reader, sr_blob_reader_free);
  g_clear_pointer (&self->source, sr_node_source_free);
  g_clear_pointer (&self->visits, g_array_unref);
  g_clear_pointer (&self->found, g_array_unref);
}

static gboolean
scanner_init (Scanner *self, SrBackupContext *context, GError **error)
{
  self->context = context;
  self->source = sr_node_source_new ();
  self->visits = g_array_new (FALSE, FALSE, sizeof (Visit));
  self->found = g_array_new (FALSE, FALSE, sizeof (Visit));
  self->batcher = sr_batcher_new (context, FALSE);
  self->builder = sr_tree_builder_new (context, self->batcher, error);
  self->blob_reader =
      self->builder != NULL ? sr_blob_reader_new (context->repository, error) : NULL;
  return self->blob_reader != NULL;
}

static void
report_errno (Scanner *self, SrFolder *folder, const char *name, const char *what)
{
  GError *error = NULL;

  sr_set_error_from_errno (&error, errno, "%s", what);
  sr_backup_context_report (self->context, folder, name, error);
}

/* The parent snapshot is a help, not a source: when its tree cannot be read, everything counts as new. A tree that
 * is the same as the broken one is then stored again. */
static void
begin_previous (Scanner *self)
{
  SrFolder *folder = self->folder;
  g_autoptr (GError) error = NULL;

  self->previous = NULL;
  self->previous_found = FALSE;
  if (!folder->has_previous)
    return;

  self->previous_nodes = sr_blob_reader_open_tree (
      self->blob_reader, &folder->previous, sr_stop_get_cancellable (self->context->stop), &error);
  if (self->previous_nodes != NULL)
    self->previous = sr_tree_reader_next (self->previous_nodes, &error);
  if (error != NULL)
    {
      g_autofree char *path = sr_folder_build_path (folder, NULL);

      g_info ("%s is compared with nothing: %s", path, error->message);
      folder->previous_is_broken = TRUE;
      sr_folder_mark_changed (folder);
    }
}

/* Goes on to the next node of the parent snapshot. One that nothing was found for is gone by now. */
static void
pass_previous (Scanner *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->previous_found)
    sr_folder_mark_changed (self->folder);
  self->previous_found = FALSE;
  self->previous = sr_tree_reader_next (self->previous_nodes, &error);
  if (error != NULL)
    {
      self->folder->previous_is_broken = TRUE;
      sr_folder_mark_changed (self->folder);
    }
}

/* The node of that name in the parent snapshot, lent until the next call. */
static const SrNode *
find_previous (Scanner *self, const char *name)
{
  int order = 1;

  while (self->previous != NULL && (order = strcmp (self->previous->name, name)) < 0)
    pass_previous (self);
  self->previous_found = self->previous != NULL && order == 0;
  return self->previous_found ? self->previous : NULL;
}

/* Reads on to the end, where the tree proves to be whole. */
static void
end_previous (Scanner *self)
{
  while (self->previous != NULL && !sr_stop_is_set (self->context->stop))
    pass_previous (self);
  self->previous = NULL;
  g_clear_pointer (&self->previous_nodes, sr_tree_reader_free);
}

static gboolean
has_all_content (Scanner *self, const SrNode *previous)
{
  SrIndex *index = sr_repository_get_index (self->context->repository);

  for (guint64 i = 0; i < previous->n_content; i++)
    if (!sr_index_contains (index, SR_BLOB_DATA, &previous->content[i]))
      return FALSE;
  return TRUE;
}

/* restic's rule (FORMAT.md, "Change detection"). */
static gboolean
is_unchanged (Scanner *self, const struct stat *status, const SrNode *previous)
{
  SrTime mtime, ctime;

  sr_time_from_timespec (&mtime, &status->st_mtim);
  sr_time_from_timespec (&ctime, &status->st_ctim);
  return !self->context->force_rescan && previous->type == SR_NODE_FILE &&
         !previous->content_is_null && previous->error == NULL &&
         previous->size == (guint64) status->st_size && previous->inode == status->st_ino &&
         sr_time_compare (&previous->mtime, &mtime) == 0 &&
         sr_time_compare (&previous->ctime, &ctime) == 0 && has_all_content (self, previous);
}

/* Content and attributes from the parent snapshot (a new attribute would be a new ctime), the rest fresh. */
static void
take_over (Scanner *self, SrNode *node, const SrNode *previous, const struct stat *status)
{
  SrNode copy = { 0 };

  sr_node_copy (previous, &copy);
  sr_node_source_set_status (self->source, node, status);
  node->size = copy.size;
  node->content = g_steal_pointer (&copy.content);
  node->n_content = copy.n_content;
  copy.n_content = 0;
  node->xattrs = g_steal_pointer (&copy.xattrs);
  node->n_xattrs = copy.n_xattrs;
  copy.n_xattrs = 0;
  sr_node_clear (&copy);
  if (!sr_node_equal (node, previous))
    sr_folder_mark_changed (self->folder);

  atomic_fetch_add (&self->context->counters.files_unmodified, 1);
  atomic_fetch_add (&self->context->counters.total_bytes, node->size);
  sr_progress_add_bytes (self->context->progress, node->size);
  sr_progress_add_files (self->context->progress, 1);
}

static void
push_group (Scanner *self)
{
  SrFileGroup *group = g_steal_pointer (&self->group);

  self->group_bytes = 0;
  if (group != NULL)
    sr_bounded_queue_push (self->context->groups, group, 1);
}

static void
add_to_group (Scanner *self, guint slot, gboolean existed, guint64 size)
{
  SrFileGroup *group = self->group;

  if (group == NULL)
    {
      group = self->group = g_new0 (SrFileGroup, 1);
      group->folder = self->folder;
      sr_folder_use (self->folder);
    }
  group->files[group->n_files].slot = slot;
  group->files[group->n_files].existed = existed;
  group->n_files++;
  self->group_bytes += size;
  sr_folder_expect (self->folder, 1);
  if (group->n_files == G_N_ELEMENTS (group->files) || self->group_bytes >= MAX_GROUP_BYTES)
    push_group (self);
}

static void
scan_file (Scanner *self, guint slot, const struct stat *status, const SrNode *previous)
{
  SrNode *node = sr_folder_get_node (self->folder, slot);

  if (previous != NULL && is_unchanged (self, status, previous))
    {
      take_over (self, node, previous, status);
      return;
    }
  sr_folder_mark_changed (self->folder);
  add_to_group (self, slot, previous != NULL, (guint64) status->st_size);
}

/* Links, devices and pipes, and what a folder says of itself. */
static gboolean
scan_metadata (Scanner *self, SrNode *node, const struct stat *status)
{
  SrFolder *folder = self->folder;
  GError *error = NULL;

  sr_node_source_set_status (self->source, node, status);
  if (node->type == SR_NODE_SYMLINK &&
      !sr_node_source_read_link (self->source, node, folder->fd, (gsize) status->st_size, &error))
    {
      sr_backup_context_report (self->context, folder, node->name, error);
      return FALSE;
    }
  /* Attributes that cannot be read are no reason to do without the rest. */
  if (!sr_node_source_read_xattrs (self->source, node, folder->fd, -1, &error))
    sr_backup_context_report (self->context, folder, node->name, error);
  return TRUE;
}

static void
scan_folder_node (Scanner *self, guint slot, const SrNode *previous)
{
  SrNode *node = sr_folder_get_node (self->folder, slot);
  Visit visit = { self->folder, slot, self->depth + 1, NULL, FALSE, { { 0 } } };

  if (previous != NULL && previous->type == SR_NODE_FOLDER && previous->has_subtree)
    {
      visit.has_previous = TRUE;
      visit.previous = previous->subtree;
    }
  /* Equal but for the tree: whether that changes turns out when it is made. */
  node->has_subtree = visit.has_previous;
  node->subtree = visit.previous;
  if (previous == NULL || !sr_node_equal (node, previous))
    sr_folder_mark_changed (self->folder);

  visit.root = self->root != NULL ? sr_backup_root_find_child (self->root, node->name) : NULL;
  if (visit.root != NULL && visit.root->selected)
    visit.root = NULL;
  sr_folder_expect (self->folder, 1);
  sr_folder_use (self->folder);
  g_array_append_val (self->found, visit);
}

static gboolean
is_on_the_way (Scanner *self, const char *name)
{
  const SrBackupRoot *child =
      self->root != NULL ? sr_backup_root_find_child (self->root, name) : NULL;

  return child != NULL;
}

static gboolean
is_taken (Scanner *self, const char *name)
{
  g_autofree char *path = NULL;

  /* Rules are for what is in the named folders, not for these themselves. */
  if (is_on_the_way (self, name) || !sr_backup_rules_has_patterns (self->context->rules))
    return TRUE;

  path = sr_folder_build_path (self->folder, name);
  return sr_backup_rules_take_path (self->context->rules, path);
}

/* Where there is nothing to compare with, a file is looked at by whoever reads it, and not here as well: with many
 * small files that call costs as much as any other step. */
static gboolean
needs_no_look (Scanner *self, const SrNode *node)
{
  return node->type == SR_NODE_FILE && !self->folder->has_previous &&
         sr_backup_rules_take_any_size (self->context->rules);
}

/* FALSE: the node stays out of the tree. */
static gboolean
scan_node (Scanner *self, guint slot)
{
  SrFolder *folder = self->folder;
  SrNode *node = sr_folder_get_node (folder, slot);
  const SrNode *previous;
  struct stat status;

  if (!is_taken (self, node->name))
    return FALSE;
  if (needs_no_look (self, node))
    {
      add_to_group (self, slot, FALSE, UNKNOWN_SIZE);
      return TRUE;
    }
  if (fstatat (folder->fd, node->name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
    {
      report_errno (self, folder, node->name, _ ("The file could not be examined"));
      return FALSE;
    }
  if (!is_on_the_way (self, node->name) &&
      !sr_backup_rules_take_status (self->context->rules, &status))
    return FALSE;

  previous = find_previous (self, node->name);
  if (S_ISREG (status.st_mode))
    {
      scan_file (self, slot, &status, previous);
      return TRUE;
    }
  if (!scan_metadata (self, node, &status))
    {
      self->previous_found = FALSE;
      return FALSE;
    }
  if (S_ISDIR (status.st_mode))
    scan_folder_node (self, slot, previous);
  else if (previous == NULL || !sr_node_equal (node, previous))
    sr_folder_mark_changed (folder);
  return TRUE;
}

static void
scan_nodes (Scanner *self)
{
  SrFolder *folder = self->folder;

  begin_previous (self);
  for (guint slot = 0; slot < folder->n_nodes && !sr_stop_is_set (self->context->stop); slot++)
    if (!scan_node (self, slot))
      sr_folder_drop_node (folder, slot);
  end_previous (self);
  push_group (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const SrFolderName *) a)->name, ((const SrFolderName *) b)->name);
}

static void
add_name (GArray *names, const char *text, gboolean is_file)
{
  SrFolderName name = { g_strdup (text), is_file };

  g_array_append_val (names, name);
}

/* Only the owner may read without leaving a trace. */
static int
open_quietly (int folder_fd, const char *name, int flags)
{
  int fd = openat (folder_fd, name, flags | O_NOATIME);

  return fd >= 0 || errno != EPERM ? fd : openat (folder_fd, name, flags);
}

static gboolean
list_names (Scanner *self, GArray *names)
{
  SrFolder *folder = self->folder;
  gboolean is_cache = sr_backup_rules_is_cache (self->context->rules, folder->fd);
  int fd = open_quietly (folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (directory == NULL)
    {
      report_errno (self, folder, NULL, _ ("The folder could not be opened"));
      if (fd >= 0)
        close (fd);
      return FALSE;
    }

  while (errno = 0, (entry = readdir (directory)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0 &&
        (!is_cache || strcmp (entry->d_name, SR_CACHE_TAG_NAME) == 0))
      add_name (names, entry->d_name, entry->d_type == DT_REG);
  if (errno != 0)
    report_errno (self, folder, NULL, _ ("The folder could not be listed to its end"));
  closedir (directory);
  g_array_sort (names, compare_names);
  return TRUE;
}

/* Of a folder on the way to a selected one, only what leads there. */
static void
list_root (Scanner *self, GArray *names)
{
  for (guint i = 0; i < self->root->children->len; i++)
    {
      const SrBackupRoot *child = g_ptr_array_index (self->root->children, i);

      add_name (names, child->name, FALSE);
    }
}

static void
put_visits (Scanner *self)
{
  for (guint i = self->found->len; i > 0; i--)
    g_array_append_val (self->visits, g_array_index (self->found, Visit, i - 1));
  g_array_set_size (self->found, 0);
}

/* Scans a folder that is open. Those inside are put down for later. */
static gboolean
scan_folder (Scanner *self, SrFolder *folder, gboolean entered, GError **error)
{
  g_autoptr (GArray) names = g_array_new (FALSE, FALSE, sizeof (SrFolderName));
  g_autofree char *path = sr_folder_build_path (folder, NULL);
  gboolean listed = TRUE;

  g_array_set_clear_func (names, sr_folder_name_clear);
  self->folder = folder;
  if (self->root != NULL)
    list_root (self, names);
  else if (entered)
    listed = list_names (self, names);

  sr_progress_set_path (self->context->progress, path);
  sr_folder_set_names (folder, names);
  scan_nodes (self);
  put_visits (self);
  sr_folder_unuse (folder);
  if (!listed && folder->parent != NULL)
    {
      /* Not an empty folder, but one of which nothing is known. */
      sr_folder_drop_node (folder->parent, folder->slot);
      sr_folder_mark_changed (folder->parent);
    }
  return sr_tree_builder_fulfil (self->builder, folder, 1, error);
}

static int
open_folder (const Visit *visit, const char *name)
{
  int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

  /* To pass through a folder, the right to list it is not needed. */
  if (visit->root != NULL)
    return openat (visit->parent->fd, name, flags | O_PATH);

  return open_quietly (visit->parent->fd, name, flags | O_RDONLY);
}

/* A folder that cannot be opened is named in the result and left out. */
static gboolean
drop_visit (Scanner *self, const Visit *visit, const char *name, const char *what, GError **error)
{
  report_errno (self, visit->parent, name, what);
  sr_folder_drop_node (visit->parent, visit->slot);
  sr_folder_mark_changed (visit->parent);
  sr_folder_unuse (visit->parent);
  return sr_tree_builder_fulfil (self->builder, visit->parent, 1, error);
}

static gboolean
make_visit (Scanner *self, const Visit *visit, GError **error)
{
  g_autofree char *name = g_strdup (sr_folder_get_node (visit->parent, visit->slot)->name);
  SrFolder *folder;
  struct stat status;
  int fd;

  errno = ELOOP;
  fd = visit->depth <= MAX_DEPTH ? open_folder (visit, name) : -1;
  if (fd < 0 || fstat (fd, &status) != 0)
    {
      if (fd >= 0)
        close (fd);
      return drop_visit (self, visit, name, _ ("The folder could not be opened"), error);
    }

  folder = sr_folder_new (&self->context->folders, visit->parent, visit->slot, name, fd);
  folder->has_previous = visit->has_previous;
  folder->previous = visit->previous;
  sr_folder_unuse (visit->parent);
  self->depth = visit->depth;
  self->root = visit->root;
  return scan_folder (self, folder, sr_backup_rules_enter (self->context->rules, &status), error);
}

static gboolean
scan_root (Scanner *self, const SrBackupRoot *root, const SrId *previous_tree, GError **error)
{
  int fd = open ("/", O_DIRECTORY | O_CLOEXEC | (root->selected ? O_RDONLY : O_PATH));
  SrFolder *folder;

  if (fd < 0)
    {
      sr_set_error_from_errno (error, errno, _ ("The root folder could not be opened"));
      return FALSE;
    }

  folder = sr_folder_new (&self->context->folders, NULL, 0, "", fd);
  if (previous_tree != NULL)
    {
      folder->has_previous = TRUE;
      folder->previous = *previous_tree;
    }
  self->root = root->selected ? NULL : root;
  return scan_folder (self, folder, TRUE, error);
}

/**
 * sr_scanner_run:
 * @context: of the backup
 * @root: what is to be backed up
 * @previous_tree: (nullable): root tree of the parent snapshot
 * @error: (out): what went wrong with the repository
 *
 * Walks everything. Blocks until all is handed to the readers, whose queue it leaves open.
 */
gboolean
sr_scanner_run (SrBackupContext *context,
                const SrBackupRoot *root,
                const SrId *previous_tree,
                GError **error)
{
  Scanner self = { 0 };
  gboolean scanned =
      scanner_init (&self, context, error) && scan_root (&self, root, previous_tree, error);

  while (scanned && self.visits->len > 0 && !sr_stop_is_set (context->stop))
    {
      Visit visit = g_array_index (self.visits, Visit, self.visits->len - 1);

      g_array_set_size (self.visits, self.visits->len - 1);
      scanned = make_visit (&self, &visit, error);
    }
  if (scanned)
    sr_batcher_flush (self.batcher);
  scanner_clear (&self);
  return scanned;
}
