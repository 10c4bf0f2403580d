/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Second backups: what has not changed is not read again, what has changed is never missed, and nothing is believed of
 * a parent snapshot that is damaged or not there. */

#include "config.h"

#include "engine/sr-backup-job.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "repository/sr-blob-reader.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

/* The folders from "/" to the source change with every run of a test; those in the source do not. */
#define MAX_CHANGING_TREES 4

static void
set_up (SrTestBackup *self, gconstpointer data)
{
  sr_test_backup_set_up (self, data);
  sr_test_backup_write (self, "a", "content of a");
  sr_test_backup_write (self, "b/c", "content of c");
  sr_test_backup_write (self, "b/d/e", "content of e");
  sr_test_backup_write (self, "z", "");
}

static void
test_unchanged (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = sr_test_backup_store (self);
  const SrSnapshotSummary *summary = sr_snapshot_get_summary (second);

  g_assert_null (sr_snapshot_get_parent (first));
  g_assert_true (sr_id_equal (sr_snapshot_get_parent (second), sr_snapshot_get_id (first)));
  g_assert_cmpuint (summary->files_unmodified, ==, 4);
  g_assert_cmpuint (summary->files_new + summary->files_changed, ==, 0);
  g_assert_cmpuint (summary->dirs_unmodified, >=, 3);
  g_assert_cmpuint (summary->dirs_new, ==, 0);
  g_assert_cmpuint (summary->data_blobs, ==, 0);
  g_assert_cmpuint (summary->tree_blobs, <=, MAX_CHANGING_TREES);
  g_assert_cmpuint (summary->total_files_processed, ==, 4);
  g_assert_cmpuint (summary->total_bytes_processed, ==, 36);
  sr_test_backup_assert_restorable (self, second);
}

static void
set_mtime (SrTestBackup *self, const char *name, const struct timespec *mtime)
{
  g_autofree char *path = sr_test_backup_path (self, name);
  const struct timespec times[2] = { *mtime, *mtime };

  g_assert_no_errno (utimensat (AT_FDCWD, path, times, 0));
}

static void
change_content (SrTestBackup *self)
{
  sr_test_backup_write (self, "a", "longer content of a");
}

/* A program that puts the old time back; only the ctime tells. */
static void
change_secretly (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "b/c");
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  sr_test_backup_write (self, "b/c", "CONTENT OF C");
  set_mtime (self, "b/c", &status.st_mtim);
}

static void
touch (SrTestBackup *self)
{
  const struct timespec mtime = { 1000000000, 5 };

  set_mtime (self, "b/d/e", &mtime);
}

static void
change_mode (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "b/c");

  g_assert_no_errno (chmod (path, 0400));
}

static void
change_mode_of_folder (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "b/d");

  g_assert_no_errno (chmod (path, 0700));
}

static void
add_attribute (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "a");

  if (setxattr (path, "user.new", "value", 5, 0) != 0)
    touch (self); /* a file system without attributes */
}

static void
add_hard_link (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "a");
  g_autofree char *other = sr_test_backup_path (self, "b/d/hard");

  g_assert_no_errno (link (path, other));
}

static void
rename_file (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "b/c");
  g_autofree char *other = sr_test_backup_path (self, "b/renamed");

  g_assert_no_errno (rename (path, other));
}

static void
rename_folder (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "b");
  g_autofree char *other = sr_test_backup_path (self, "y");

  g_assert_no_errno (rename (path, other));
}

static void
remove_first (SrTestBackup *self)
{
  sr_test_backup_remove (self, "a");
}

static void
remove_last (SrTestBackup *self)
{
  sr_test_backup_remove (self, "z");
}

static void
remove_in_folder (SrTestBackup *self)
{
  sr_test_backup_remove (self, "b/d/e");
}

static void
file_becomes_folder (SrTestBackup *self)
{
  sr_test_backup_remove (self, "a");
  sr_test_backup_write (self, "a/new", "new");
}

static void
folder_becomes_file (SrTestBackup *self)
{
  sr_test_backup_remove (self, "b/d/e");
  sr_test_backup_remove (self, "b/d");
  sr_test_backup_write (self, "b/d", "a file now");
}

static void
file_becomes_link (SrTestBackup *self)
{
  g_autofree char *path = sr_test_backup_path (self, "a");

  sr_test_backup_remove (self, "a");
  g_assert_no_errno (symlink ("b/c", path));
}

static void
add_files (SrTestBackup *self)
{
  sr_test_backup_write (self, "A-first", "1");
  sr_test_backup_write (self, "b/d/f", "2");
  sr_test_backup_write (self, "b/d/g/h", "3");
  sr_test_backup_write (self, "zz-last", "4");
}

static const struct
{
  const char *name;
  void (*change) (SrTestBackup *self);
  guint n_new;
  guint n_changed;
  guint n_unmodified;
  guint n_data_blobs;
} changes[] = {
  { "content", change_content, 0, 1, 3, 1 },
  { "content-with-the-old-time", change_secretly, 0, 1, 3, 1 },
  { "time-only", touch, 0, 1, 3, 0 },
  { "mode", change_mode, 0, 1, 3, 0 },
  { "mode-of-a-folder", change_mode_of_folder, 0, 0, 4, 0 },
  { "attribute", add_attribute, 0, 1, 3, 0 },
  { "hard-link", add_hard_link, 1, 1, 3, 0 },
  { "renamed-file", rename_file, 1, 0, 3, 0 },
  { "renamed-folder", rename_folder, 2, 0, 2, 0 },
  { "removed-first", remove_first, 0, 0, 3, 0 },
  { "removed-last", remove_last, 0, 0, 3, 0 },
  { "removed-in-folder", remove_in_folder, 0, 0, 3, 0 },
  { "file-becomes-folder", file_becomes_folder, 1, 0, 3, 1 },
  { "folder-becomes-file", folder_becomes_file, 0, 1, 3, 1 },
  { "file-becomes-link", file_becomes_link, 0, 0, 3, 0 },
  { "new-files", add_files, 4, 0, 4, 4 },
};

static void
test_change (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = NULL;
  const SrSnapshotSummary *summary;

  changes[row].change (self);
  second = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, second);

  summary = sr_snapshot_get_summary (second);
  g_assert_cmpuint (summary->files_new, ==, changes[row].n_new);
  g_assert_cmpuint (summary->files_changed, ==, changes[row].n_changed);
  g_assert_cmpuint (summary->files_unmodified, ==, changes[row].n_unmodified);
  g_assert_cmpuint (summary->data_blobs, ==, changes[row].n_data_blobs);
}

/* Snapshots that are no parent: everything is read, and nothing is stored twice. */
static void
assert_without_parent (SrTestBackup *self, SrBackupJob *job)
{
  const SrSnapshotSummary *summary;
  g_autoptr (GError) error = NULL;

  sr_test_backup_run (self, job, &error);
  g_assert_no_error (error);
  summary = sr_snapshot_get_summary (sr_backup_job_get_snapshot (job));
  g_assert_null (sr_snapshot_get_parent (sr_backup_job_get_snapshot (job)));
  g_assert_cmpuint (summary->files_new, ==, 4);
  g_assert_cmpuint (summary->data_blobs, ==, 0);
}

static void
test_other_computer (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);

  sr_backup_job_set_hostname (job, "another");
  assert_without_parent (self, job);
}

static void
test_other_folders (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *other = g_build_filename (self->folder, "other", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (other);
  g_autoptr (GFile) source = g_file_new_for_path (self->source);
  GFile *roots[] = { source, file };
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrBackupJob) job = NULL;

  g_assert_no_errno (mkdir (other, 0700));
  job = sr_backup_job_new (self->repository, roots, 2);
  assert_without_parent (self, job);
}

static void
test_forced (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  const SrSnapshotSummary *summary;
  g_autoptr (GError) error = NULL;

  sr_backup_job_set_force_rescan (job, TRUE);
  g_assert_true (sr_test_backup_run (self, job, &error));
  summary = sr_snapshot_get_summary (sr_backup_job_get_snapshot (job));
  g_assert_cmpuint (summary->files_changed, ==, 4);
  g_assert_cmpuint (summary->files_unmodified, ==, 0);
  g_assert_cmpuint (summary->data_blobs, ==, 0);
}

/* The newest of several is the one to compare with. */
static void
test_newest_is_parent (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) third = sr_test_backup_store (self);

  g_assert_true (sr_id_equal (sr_snapshot_get_parent (third), sr_snapshot_get_id (second)));
}

static void
test_unreadable_parent (SrTestBackup *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_WRONG_BYTES,
                    .verbs = SR_VERB_READ,
                    .kinds = SR_KIND_BIT (SR_FILE_PACK) };
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &fault);
  second = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->files_new, ==, 4);
  sr_test_backup_assert_restorable (self, second);
}

/* The tree of "source" in a snapshot of it. */
static void
find_source_tree (SrTestBackup *self,
                  SrRepository *repository,
                  SrSnapshot *snapshot,
                  SrId *out_tree)
{
  g_autoptr (SrBlobReader) reader = sr_blob_reader_new (repository, NULL);
  g_auto (GStrv) names = g_strsplit (self->source + 1, "/", -1);

  *out_tree = *sr_snapshot_get_tree (snapshot);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr (SrTreeReader) tree = sr_blob_reader_open_tree (reader, out_tree, NULL, NULL);
      const SrNode *node = sr_tree_reader_next (tree, NULL);

      g_assert_cmpstr (node->name, ==, names[i]);
      *out_tree = node->subtree;
    }
}

static void
flip_bit (SrTestBackup *self, const SrBlobPlace *place)
{
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *path = NULL;
  guint8 byte;
  int fd;

  sr_id_to_hex (&place->pack, hex);
  path = g_strdup_printf ("%s/data/%.2s/%s", self->place, hex, hex);
  g_assert_no_errno (chmod (path, 0600));
  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (pread (fd, &byte, 1, place->blob.offset + 20), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, place->blob.offset + 20), ==, 1);
  g_assert_no_errno (close (fd));
}

/* Damage in the parent does not pass on to the new snapshot, though the tree is the same. */
static void
test_damaged_parent_tree (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = NULL;
  g_autoptr (GError) error = NULL;
  SrBlobPlace place;
  SrId tree;

  sr_repository_load_index (self->repository, NULL, NULL, &error);
  g_assert_no_error (error);
  find_source_tree (self, self->repository, first, &tree);
  g_assert_true (
      sr_index_lookup (sr_repository_get_index (self->repository), SR_BLOB_TREE, &tree, 0, &place));
  flip_bit (self, &place);

  second = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, second);
}

static void
remove_files (SrTestBackup *self, SrFileKind kind)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, kind, NULL, NULL);

  g_assert_cmpuint (files->len, >, 0);
  for (guint i = 0; i < files->len; i++)
    {
      SrFileName name = { kind, g_array_index (files, SrFileInfo, i).id };

      g_assert_true (sr_storage_remove (self->storage, &name, NULL, NULL));
    }
}

static void
test_lost_index (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = NULL;

  remove_files (self, SR_FILE_INDEX);
  second = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->files_unmodified, ==, 0);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->data_blobs, ==, 3);
  sr_test_backup_assert_restorable (self, second);
}

/* The trees are known, but not what is in the files. */
static void
test_lost_blobs (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = sr_test_backup_store (self);
  g_autoptr (SrSnapshot) second = NULL;
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  g_autoptr (GError) error = NULL;
  SrIndex *index = sr_repository_get_index (self->repository);

  sr_repository_load_index (self->repository, NULL, NULL, &error);
  g_assert_no_error (error);
  remove_files (self, SR_FILE_INDEX);
  for (guint i = 0; i < sr_index_get_n_packs (index); i++)
    {
      SrId pack;

      sr_index_get_pack (index, i, &pack, blobs);
      if (g_array_index (blobs, SrBlob, 0).type == SR_BLOB_TREE)
        sr_test_store_index (self->repository, &pack, (SrBlob *) (gpointer) blobs->data, blobs->len,
                             NULL);
    }

  second = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->files_changed, ==, 3);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->files_unmodified, ==, 1); /* the empty one */
  g_assert_cmpuint (sr_snapshot_get_summary (second)->data_blobs, ==, 3);
  sr_test_backup_assert_restorable (self, second);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  sr_job_run_finish (SR_JOB (source), result, &error);
  g_assert_no_error (error);
  --*(guint *) user_data;
}

/* Two runs of the same files, through one handle, at once. */
static void
test_two_at_once (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrBackupJob) one = sr_test_backup_new_job (self);
  g_autoptr (SrBackupJob) other = sr_test_backup_new_job (self);
  g_autoptr (GMainContext) context = g_main_context_new ();
  guint n_running = 2;

  sr_test_backup_write_random (self, "large", 10 * 1024 * 1024);
  g_main_context_push_thread_default (context);
  sr_job_run_async (SR_JOB (one), NULL, on_ended, &n_running);
  sr_job_run_async (SR_JOB (other), NULL, on_ended, &n_running);
  while (n_running > 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  sr_test_backup_assert_restorable (self, sr_backup_job_get_snapshot (one));
  sr_test_backup_assert_restorable (self, sr_backup_job_get_snapshot (other));
}

static void
write_config_of_version_1 (SrTestBackup *self)
{
  g_autofree char *path = g_build_filename (self->place, "config", NULL);
  g_autoptr (SrCipher) cipher = sr_cipher_new (sr_repository_get_key (self->repository), NULL);
  SrConfig config = *sr_repository_get_config (self->repository);
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_autofree guint8 *message = NULL;
  g_autoptr (GError) error = NULL;

  config.version = 1;
  sr_config_encode (&config, &json);
  message = g_malloc (json.length + SR_CIPHER_OVERHEAD);
  g_assert_true (sr_cipher_seal (cipher, json.data, json.length, message, NULL));
  g_file_set_contents (path, (char *) message, (gssize) (json.length + SR_CIPHER_OVERHEAD), &error);
  g_assert_no_error (error);
}

/* It knows no compression. */
static void
test_version_1 (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  g_autoptr (SrSnapshot) first = NULL, second = NULL;
  g_autoptr (GArray) blobs = g_array_new (FALSE, FALSE, sizeof (SrBlob));
  g_autoptr (GError) error = NULL;
  SrIndex *index;

  write_config_of_version_1 (self);
  g_clear_object (&self->repository);
  self->repository = sr_repository_open (self->storage, secret, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sr_repository_get_config (self->repository)->version, ==, 1);
  sr_test_backup_write (self, "compressible", "                                             ");
  sr_test_backup_write_links (self, "large", 700);
  first = sr_test_backup_store (self);
  second = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (second)->files_unmodified, ==, 5);
  sr_test_backup_assert_restorable (self, second);

  sr_repository_load_index (self->repository, NULL, NULL, &error);
  g_assert_no_error (error);
  index = sr_repository_get_index (self->repository);
  for (guint i = 0; i < sr_index_get_n_packs (index); i++)
    {
      SrId pack;

      sr_index_get_pack (index, i, &pack, blobs);
      for (guint j = 0; j < blobs->len; j++)
        g_assert_cmpuint (g_array_index (blobs, SrBlob, j).uncompressed_length, ==, 0);
    }
}

static void
add (const char *path, void (*func) (SrTestBackup *self, gconstpointer data), guint row)
{
  g_test_add (path, SrTestBackup, GUINT_TO_POINTER (row), set_up, func, sr_test_backup_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-parent/change/", changes[i].name, NULL);

      add (path, test_change, i);
    }
  add ("/backup-parent/unchanged", test_unchanged, 0);
  add ("/backup-parent/other-computer", test_other_computer, 0);
  add ("/backup-parent/other-folders", test_other_folders, 0);
  add ("/backup-parent/forced", test_forced, 0);
  add ("/backup-parent/newest-is-parent", test_newest_is_parent, 0);
  add ("/backup-parent/unreadable", test_unreadable_parent, 0);
  add ("/backup-parent/damaged-tree", test_damaged_parent_tree, 0);
  add ("/backup-parent/lost-index", test_lost_index, 0);
  add ("/backup-parent/lost-blobs", test_lost_blobs, 0);
  add ("/backup-parent/two-at-once", test_two_at_once, 0);
  add ("/backup-parent/version-1", test_version_1, 0);
  return g_test_run ();
}
