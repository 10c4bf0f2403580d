/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Snapshots made by hand, well formed or hostile, and the folder into which tests restore them. */

#include "config.h"

#include "sr-test-restore.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/sr-restore-file.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"

/**
 * sr_test_restore_new:
 *
 * Returns: (transfer full): an empty repository behind a storage that can fail, and an empty target
 */
SrTestRestore *
sr_test_restore_new (void)
{
  SrTestRestore *self = g_new0 (SrTestRestore, 1);
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = sr_test_make_folder ();
  self->target = sr_test_make_folder ();
  g_object_unref (sr_test_create_repository (self->folder));
  file = g_file_new_for_path (self->folder);
  inner = sr_folder_storage_new (file);
  self->storage = sr_fault_storage_new (inner);
  self->repository = sr_repository_open (self->storage, secret, NULL, &error);
  g_assert_no_error (error);
  self->pack = sr_test_pack_new (self->repository);
  return self;
}

/**
 * sr_test_restore_free:
 * @self: (transfer full): removed with its folders
 */
void
sr_test_restore_free (SrTestRestore *self)
{
  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  if (self->pack != NULL)
    sr_test_pack_store (self->pack, NULL);
  g_clear_object (&self->snapshot);
  g_object_unref (self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->target);
  sr_test_remove_folder (self->folder);
  g_free (self);
}

/**
 * sr_test_node:
 * @name: its name, escaped as in a tree
 * @type: "file", "dir", …
 * @more: (nullable): further members, as "\"mode\":420"
 *
 * Returns: (transfer full): a node of ours, last changed at %SR_TEST_MTIME
 */
char *
sr_test_node (const char *name, const char *type, const char *more)
{
  return g_strdup_printf ("{\"name\":\"%s\",\"type\":\"%s\",\"mtime\":\"2020-01-02T03:04:05Z\","
                          "\"uid\":%u,\"gid\":%u%s%s}",
                          name, type, geteuid (), getegid (), more != NULL ? "," : "",
                          more != NULL ? more : "");
}

/**
 * sr_test_restore_new_pack:
 * @self: a restore that is not committed yet
 *
 * What is added from now on goes into another pack.
 */
void
sr_test_restore_new_pack (SrTestRestore *self)
{
  sr_test_pack_store (g_steal_pointer (&self->pack), NULL);
  self->pack = sr_test_pack_new (self->repository);
}

/**
 * sr_test_restore_chunk:
 * @self: a restore that is not committed yet
 * @data: a chunk
 * @length: its bytes; -1: text
 *
 * Returns: (transfer full): its id, in quotes, for the content of a node
 */
char *
sr_test_restore_chunk (SrTestRestore *self, const void *data, gssize length)
{
  char hex[SR_ID_HEX_SIZE];
  SrId id;

  sr_test_pack_add (self->pack, SR_BLOB_DATA, data, length, &id);
  sr_id_to_hex (&id, hex);
  return g_strdup_printf ("\"%s\"", hex);
}

/**
 * sr_test_restore_file:
 * @self: a restore that is not committed yet
 * @name: its name
 * @content: text, one chunk; "": an empty file
 *
 * Returns: (transfer full): the node of a file of mode 0644
 */
char *
sr_test_restore_file (SrTestRestore *self, const char *name, const char *content)
{
  g_autofree char *chunk =
      *content != '\0' ? sr_test_restore_chunk (self, content, -1) : g_strdup ("");
  g_autofree char *more = g_strdup_printf (
      "\"mode\":420,\"size\":%" G_GSIZE_FORMAT ",\"content\":[%s]", strlen (content), chunk);

  return sr_test_node (name, "file", more);
}

static void
add_tree (SrTestRestore *self, const char *nodes, char hex[SR_ID_HEX_SIZE], SrId *id)
{
  g_autofree char *json = g_strdup_printf ("{\"nodes\":[%s]}\n", nodes);

  sr_test_pack_add (self->pack, SR_BLOB_TREE, json, -1, id);
  sr_id_to_hex (id, hex);
}

/**
 * sr_test_restore_subfolder:
 * @self: a restore that is not committed yet
 * @name: its name
 * @nodes: what is in it, with commas between
 *
 * Returns: (transfer full): the node of a folder of mode 0755
 */
char *
sr_test_restore_subfolder (SrTestRestore *self, const char *name, const char *nodes)
{
  g_autofree char *more = NULL;
  char hex[SR_ID_HEX_SIZE];
  SrId id;

  add_tree (self, nodes, hex, &id);
  more = g_strdup_printf ("\"mode\":2147484141,\"subtree\":\"%s\"", hex);
  return sr_test_node (name, "dir", more);
}

/**
 * sr_test_restore_commit:
 * @self: a restore
 * @nodes: what is in the root, with commas between
 *
 * Stores the snapshot.
 */
void
sr_test_restore_commit (SrTestRestore *self, const char *nodes)
{
  char hex[SR_ID_HEX_SIZE];
  SrId tree;

  add_tree (self, nodes, hex, &tree);
  sr_test_pack_store (g_steal_pointer (&self->pack), NULL);
  self->snapshot = sr_test_store_snapshot (self->repository, &tree);
}

/**
 * sr_test_restore_job:
 * @self: a restore that is committed
 * @policy: for conflicts
 *
 * Returns: (transfer full): a job that restores the snapshot to the target
 */
SrRestoreJob *
sr_test_restore_job (SrTestRestore *self, SrConflictPolicy policy)
{
  g_autoptr (GFile) target = g_file_new_for_path (self->target);
  SrRestoreJob *job = sr_restore_job_new (self->repository, self->snapshot, target);

  sr_restore_job_set_conflict_policy (job, policy);
  return job;
}

void
sr_test_restore_all (SrTestRestore *self)
{
  g_autoptr (SrRestoreJob) job = sr_test_restore_job (self, SR_CONFLICT_OVERWRITE);

  sr_test_assert_run_job (job);
}

/**
 * sr_test_restore_run:
 * @self: a restore that is committed
 * @policy: for conflicts
 *
 * Restores; all must be done, but for problems.
 *
 * Returns: (transfer full): the problems, each a line "PATH: MESSAGE"
 */
char *
sr_test_restore_run (SrTestRestore *self, SrConflictPolicy policy)
{
  g_autoptr (SrRestoreJob) job = sr_test_restore_job (self, policy);
  g_autoptr (GError) error = NULL;

  if (!sr_test_run_job (SR_JOB (job), NULL, &error))
    g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  return sr_test_describe_problems (SR_JOB (job));
}

gpointer
sr_test_restore_cancel_when_stalled (gpointer user_data)
{
  SrTestRestoreCancel *cancel = user_data;

  sr_fault_storage_wait_for_stall (cancel->storage, 1);
  g_cancellable_cancel (cancel->cancellable);
  return NULL;
}

char *
sr_test_restore_path (SrTestRestore *self, const char *name)
{
  return g_build_filename (self->target, name, NULL);
}

/**
 * sr_test_restore_put:
 * @self: a restore
 * @name: a name in the target
 * @content: text
 * @mtime: when it was last changed, seconds
 *
 * Puts a file there that the restore then meets.
 */
void
sr_test_restore_put (SrTestRestore *self, const char *name, const char *content, gint64 mtime)
{
  g_autofree char *path = sr_test_restore_path (self, name);
  const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

void
sr_test_restore_assert_content (SrTestRestore *self, const char *name, const char *content)
{
  g_autofree char *path = sr_test_restore_path (self, name);
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &found, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, content);
}

void
sr_test_restore_assert_absent (SrTestRestore *self, const char *name)
{
  g_autofree char *path = sr_test_restore_path (self, name);
  struct stat status;

  g_assert_cmpint (lstat (path, &status), ==, -1);
}

static int
compare_names (gconstpointer name, gconstpointer other)
{
  return strcmp (*(char *const *) name, *(char *const *) other);
}

static GPtrArray *
list_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

/**
 * sr_test_restore_assert_names:
 * @self: a restore
 * @names: the names that are in the target, and no others; sorted, with a bar between
 */
void
sr_test_restore_assert_names (SrTestRestore *self, const char *names)
{
  g_autoptr (GPtrArray) found = list_names (self->target);
  g_autofree char *joined = NULL;

  g_ptr_array_add (found, NULL);
  joined = g_strjoinv ("|", (char **) found->pdata);
  g_assert_cmpstr (joined, ==, names);
}

/**
 * sr_test_restore_find_temporary:
 * @self: a restore
 *
 * Returns: (transfer full) (nullable): path of the file that an interrupted restore has left at the top of the target
 */
char *
sr_test_restore_find_temporary (SrTestRestore *self)
{
  g_autoptr (GPtrArray) found = list_names (self->target);

  for (guint i = 0; i < found->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (found, i), SR_RESTORE_TEMPORARY_PREFIX))
      return sr_test_restore_path (self, g_ptr_array_index (found, i));
  return NULL;
}
