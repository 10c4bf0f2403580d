/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What tests of backups share: something to back up, a repository, and a look at what came of it. What counts is what
 * a restore gives back, so that is compared, not what the repository has inside. */

#include "config.h"

#include "sr-test-backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/sr-list-job.h"
#include "engine/sr-restore-job.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

/**
 * sr_test_backup_set_up:
 * @self: (out): a fixture
 * @data: not used
 */
void
sr_test_backup_set_up (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *made = sr_test_make_folder ();
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;
  g_autoptr (GError) error = NULL;
  SrScryptParameters scrypt = SR_TEST_SCRYPT;

  self->folder = realpath (made, NULL);
  self->source = g_build_filename (self->folder, "source", NULL);
  self->place = g_build_filename (self->folder, "repository", NULL);
  self->problems = g_string_new (NULL);
  g_assert_no_errno (mkdir (self->source, 0755));
  file = g_file_new_for_path (self->place);
  inner = sr_folder_storage_new (file);
  self->storage = sr_fault_storage_new (inner);
  self->repository = sr_repository_create (self->storage, secret, &scrypt, NULL, &error);
  g_assert_no_error (error);
}

void
sr_test_backup_tear_down (SrTestBackup *self, gconstpointer data)
{
  g_clear_object (&self->repository);
  g_clear_object (&self->storage);
  g_free (self->source);
  g_free (self->place);
  g_string_free (self->problems, TRUE);
  sr_test_remove_folder (self->folder);
}

/**
 * sr_test_backup_path:
 * @self: a fixture
 * @name: below the folder to back up
 *
 * Returns: (transfer full) (type filename): its path
 */
char *
sr_test_backup_path (SrTestBackup *self, const char *name)
{
  return g_build_filename (self->source, name, NULL);
}

static void
write_bytes (SrTestBackup *self, const char *name, const void *data, gsize length)
{
  g_autofree char *path = sr_test_backup_path (self, name);
  g_autofree char *folder = g_path_get_dirname (path);
  int fd;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
  while (length > 0)
    {
      ssize_t n_written = write (fd, data, length);

      g_assert_cmpint (n_written, >, 0);
      data = (const guint8 *) data + n_written;
      length -= (gsize) n_written;
    }
  g_assert_no_errno (close (fd));
}

/**
 * sr_test_backup_write:
 * @self: a fixture
 * @name: below the folder to back up; folders on the way are made
 * @content: text
 *
 * Writes a file, where it lies if it is there already.
 */
void
sr_test_backup_write (SrTestBackup *self, const char *name, const char *content)
{
  write_bytes (self, name, content, strlen (content));
}

/**
 * sr_test_backup_write_random:
 * @self: a fixture
 * @name: below the folder to back up
 * @length: in bytes
 *
 * Writes a file of bytes that no compression makes smaller, the same for each @name.
 */
void
sr_test_backup_write_random (SrTestBackup *self, const char *name, gsize length)
{
  g_autofree guint32 *words = g_new (guint32, length / 4 + 1);
  guint64 state = g_str_hash (name) * 2 + 1;

  for (gsize i = 0; i <= length / 4; i++)
    {
      state = state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
      words[i] = (guint32) (state >> 32);
    }
  write_bytes (self, name, words, length);
}

/**
 * sr_test_backup_write_links:
 * @self: a fixture
 * @folder: a new folder below the one to back up
 * @n_links: how many
 *
 * Makes symbolic links, each of which needs more than 4,000 bytes in a tree: few make a large one.
 */
void
sr_test_backup_write_links (SrTestBackup *self, const char *folder, guint n_links)
{
  g_autofree char *path = sr_test_backup_path (self, folder);

  g_assert_no_errno (mkdir (path, 0755));
  for (guint i = 0; i < n_links; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s/link-%u", path, i);
      g_autofree char *target = g_strdup_printf ("%04000u", i);

      g_assert_no_errno (symlink (target, name));
    }
}

void
sr_test_backup_remove (SrTestBackup *self, const char *name)
{
  g_autofree char *path = sr_test_backup_path (self, name);

  g_assert_no_errno (remove (path));
}

/**
 * sr_test_backup_new_job:
 * @self: a fixture
 *
 * Returns: (transfer full): a backup of the whole source
 */
SrBackupJob *
sr_test_backup_new_job (SrTestBackup *self)
{
  g_autoptr (GFile) root = g_file_new_for_path (self->source);

  return sr_backup_job_new (self->repository, &root, 1);
}

/**
 * sr_test_backup_run:
 * @self: a fixture, which keeps the problems
 * @job: a backup
 * @error: (out) (optional): as of sr_job_run_finish()
 *
 * Returns: whether it was complete
 */
gboolean
sr_test_backup_run (SrTestBackup *self, SrBackupJob *job, GError **error)
{
  gboolean done = sr_test_run_job (SR_JOB (job), NULL, error);
  g_autofree char *text = sr_test_describe_problems (SR_JOB (job));
  g_autofree char *prefix = g_strconcat (self->source, "/", NULL);

  g_string_assign (self->problems, text);
  g_string_replace (self->problems, prefix, "", 0);
  return done;
}

/**
 * sr_test_backup_store:
 * @self: a fixture
 *
 * Backs the source up, which must succeed without problems.
 *
 * Returns: (transfer full): the snapshot
 */
SrSnapshot *
sr_test_backup_store (SrTestBackup *self)
{
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;

  sr_test_backup_run (self, job, &error);
  g_assert_cmpstr (self->problems->str, ==, "");
  g_assert_no_error (error);
  return g_object_ref (sr_backup_job_get_snapshot (job));
}

/**
 * sr_test_backup_store_incomplete:
 * @self: a fixture
 *
 * Backs the source up, which must end with a snapshot and with problems.
 *
 * Returns: (transfer full): the snapshot
 */
SrSnapshot *
sr_test_backup_store_incomplete (SrTestBackup *self)
{
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_backup_run (self, job, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_assert_nonnull (sr_backup_job_get_snapshot (job));
  return g_object_ref (sr_backup_job_get_snapshot (job));
}

static void
on_entries (SrListJob *job, GListModel *entries, GString *listed)
{
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (SrEntry) entry = g_list_model_get_item (entries, i);

      g_string_append_printf (listed, "%s\n", sr_entry_get_path (entry));
    }
}

/**
 * sr_test_backup_list:
 * @self: a fixture
 * @snapshot: of its source
 *
 * Returns: (transfer full): paths below the source, a line for each, in the order of the snapshot
 */
char *
sr_test_backup_list (SrTestBackup *self, SrSnapshot *snapshot)
{
  g_autoptr (SrListJob) job = sr_list_job_new (self->repository, snapshot, self->source, TRUE);
  g_autofree char *own_line = g_strconcat (self->source, "\n", NULL);
  g_autofree char *prefix = g_strconcat (self->source, "/", NULL);
  GString *listed = g_string_new (NULL);

  g_signal_connect (job, "entries", G_CALLBACK (on_entries), listed);
  sr_test_assert_run_job (job);
  g_assert_true (g_str_has_prefix (listed->str, own_line));
  g_string_erase (listed, 0, (gssize) strlen (own_line));
  g_string_replace (listed, prefix, "", 0);
  return g_string_free (listed, FALSE);
}

/**
 * sr_test_backup_assert_restorable:
 * @self: a fixture
 * @snapshot: of its source, which has not changed since
 *
 * Restores the snapshot from the repository as it stands on disk, and compares.
 */
void
sr_test_backup_assert_restorable (SrTestBackup *self, SrSnapshot *snapshot)
{
  char *target = sr_test_make_folder ();
  g_autoptr (GFile) file = g_file_new_for_path (target);
  g_autoptr (SrRepository) repository = sr_test_open_repository (self->place, SR_TEST_PASSWORD);
  g_autoptr (SrRestoreJob) job = sr_restore_job_new (repository, snapshot, file);
  g_autofree char *restored = g_build_filename (target, self->source, NULL);

  sr_test_assert_run_job (job);
  sr_test_assert_same_folder (self->source, restored);
  sr_test_remove_folder (target);
}

static void
compare_xattrs (const char *path, const char *other)
{
  char names[4096], other_names[4096], value[4096], other_value[4096];
  ssize_t length = llistxattr (path, names, sizeof names);

  g_assert_cmpint (length, ==, llistxattr (other, other_names, sizeof other_names));
  for (const char *name = names; length > 0 && name < names + length; name += strlen (name) + 1)
    {
      ssize_t size = lgetxattr (path, name, value, sizeof value);
      ssize_t other_size = lgetxattr (other, name, other_value, sizeof other_value);

      g_assert_cmpint (size, >=, 0);
      g_assert_cmpmem (value, size, other_value, other_size);
    }
}

static void
compare_contents (const char *path, const char *other)
{
  g_autoptr (GMappedFile) mapped = NULL;
  g_autoptr (GMappedFile) other_mapped = NULL;
  g_autoptr (GError) error = NULL;

  mapped = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  other_mapped = g_mapped_file_new (other, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_mapped_file_get_length (mapped), ==, g_mapped_file_get_length (other_mapped));
  if (g_mapped_file_get_length (mapped) > 0)
    g_assert_cmpint (memcmp (g_mapped_file_get_contents (mapped),
                             g_mapped_file_get_contents (other_mapped),
                             g_mapped_file_get_length (mapped)),
                     ==, 0);
}

static void
compare_links (const char *path, const char *other)
{
  g_autofree char *link = g_file_read_link (path, NULL);
  g_autofree char *other_link = g_file_read_link (other, NULL);

  g_assert_nonnull (link);
  g_assert_cmpstr (link, ==, other_link);
}

static void
compare_entries (const char *path, const char *other, struct stat *out_status)
{
  struct stat status, other_status;

  if (lstat (path, &status) != 0 || lstat (other, &other_status) != 0)
    g_error ("%s or %s is not there", path, other);
  g_assert_cmpuint (status.st_mode, ==, other_status.st_mode);
  g_assert_cmpuint (status.st_uid, ==, other_status.st_uid);
  g_assert_cmpuint (status.st_gid, ==, other_status.st_gid);
  g_assert_cmpuint (status.st_rdev, ==, other_status.st_rdev);
  g_assert_cmpint (status.st_mtim.tv_sec, ==, other_status.st_mtim.tv_sec);
  g_assert_cmpint (status.st_mtim.tv_nsec, ==, other_status.st_mtim.tv_nsec);
  if (!S_ISDIR (status.st_mode))
    g_assert_cmpuint (status.st_nlink, ==, other_status.st_nlink);
  compare_xattrs (path, other);
  if (S_ISREG (status.st_mode))
    compare_contents (path, other);
  else if (S_ISLNK (status.st_mode))
    compare_links (path, other);
  *out_status = status;
}

static guint
count_entries (const char *folder)
{
  DIR *directory = opendir (folder);
  guint n_entries = 0;

  g_assert_nonnull (directory);
  while (readdir (directory) != NULL)
    n_entries++;
  closedir (directory);
  return n_entries;
}

/**
 * sr_test_assert_same_folder:
 * @folder: a folder
 * @other: another one
 *
 * Asserts that all in them is the same: names, bytes, mode, owner, times, attributes, links and devices. Sockets,
 * which backups leave out, must not be there.
 */
void
sr_test_assert_same_folder (const char *folder, const char *other)
{
  DIR *directory;
  struct dirent *entry;
  struct stat status;

  compare_entries (folder, other, &status);
  g_assert_cmpuint (count_entries (folder), ==, count_entries (other));
  directory = opendir (folder);
  while ((entry = readdir (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, entry->d_name, NULL);
      g_autofree char *other_path = g_build_filename (other, entry->d_name, NULL);

      if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
        continue;
      if (entry->d_type == DT_DIR)
        sr_test_assert_same_folder (path, other_path);
      else
        compare_entries (path, other_path, &status);
    }
  closedir (directory);
}
