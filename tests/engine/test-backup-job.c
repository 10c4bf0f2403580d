/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Backups of all that a folder may hold: what a restore gives back is what was there. Rules on what is left out are in
 * test-backup-rules.c, failing storages in test-backup-faults.c, files that cannot be read in test-backup-problems.c,
 * and second backups in test-backup-parent.c. */

#include "config.h"

#include "engine/sr-backup-job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define N_LARGE_FOLDER 1000
#else
#define N_LARGE_FOLDER 20000
#endif

static void
test_nothing (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = sr_test_backup_store (self);
  g_autofree char *listed = sr_test_backup_list (self, snapshot);

  g_assert_cmpstr (listed, ==, "");
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_files_of_many_sizes (SrTestBackup *self, gconstpointer data)
{
  static const gsize sizes[] = { 0,       1,       31,      32,      4095,    4096,
                                 524287,  524288,  524289,  1048575, 1048576, 1048577,
                                 8388607, 8388608, 8388609, 9000001, 20000000 };
  g_autoptr (SrSnapshot) snapshot = NULL;
  const SrSnapshotSummary *summary;
  guint64 total = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *name = g_strdup_printf ("of-%" G_GSIZE_FORMAT, sizes[i]);

      sr_test_backup_write_random (self, name, sizes[i]);
      total += sizes[i];
    }
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);

  summary = sr_snapshot_get_summary (snapshot);
  g_assert_cmpuint (summary->files_new, ==, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (summary->total_files_processed, ==, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (summary->total_bytes_processed, ==, total);
  g_assert_cmpuint (summary->data_added_packed, >=, total);
}

static const struct
{
  const char *name;
  SrCompression compression;
  gboolean smaller;
} compressions[] = {
  { "auto", SR_COMPRESSION_AUTO, TRUE },
  { "max", SR_COMPRESSION_MAX, TRUE },
  { "off", SR_COMPRESSION_OFF, FALSE },
};

static void
test_compression (SrTestBackup *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autofree char *text = g_strnfill (100000, 'a');
  const SrSnapshotSummary *summary;
  g_autoptr (GError) error = NULL;

  sr_test_backup_write (self, "letters", text);
  sr_test_backup_write_random (self, "random", 100000);
  sr_backup_job_set_compression (job, compressions[row].compression);
  sr_test_backup_run (self, job, &error);
  g_assert_no_error (error);
  summary = sr_snapshot_get_summary (sr_backup_job_get_snapshot (job));
  if (compressions[row].smaller)
    g_assert_cmpuint (summary->data_added_packed, <, 110000);
  else
    g_assert_cmpuint (summary->data_added_packed, >, 200000);
  sr_test_backup_assert_restorable (self, sr_backup_job_get_snapshot (job));
}

static void
test_same_content_is_stored_once (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *text = g_strnfill (5000, 'a');
  g_autoptr (SrSnapshot) snapshot = NULL;

  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u/copy-%u", i % 7, i);

      sr_test_backup_write (self, name, text);
    }
  snapshot = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->data_blobs, ==, 1);
  sr_test_backup_assert_restorable (self, snapshot);
}

static const struct
{
  const char *name;
  const char *file;
} names[] = {
  { "not-utf-8", "\xff\xfe\x80name" },
  { "newline", "a\nb" },
  { "quotes", "\"'`\\" },
  { "control", "\001\033[31m\177" },
  { "spaces", "  a  " },
  { "unicode", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
  { "line-separator", "\xe2\x80\xa8" },
  { "looks-escaped", "\\xff\\u0041" },
  { "dash", "-rf" },
  { "dots", "..." },
  { "long",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

static void
test_name (SrTestBackup *self, gconstpointer data)
{
  const char *name = names[GPOINTER_TO_UINT (data)].file;
  g_autofree char *nested = g_strconcat ("folder/", name, "/", name, NULL);
  g_autofree char *link_path = sr_test_backup_path (self, "link");
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autofree char *listed = NULL;

  sr_test_backup_write (self, name, "content");
  sr_test_backup_write (self, nested, "more content");
  g_assert_no_errno (symlink (name, link_path));
  snapshot = sr_test_backup_store (self);
  listed = sr_test_backup_list (self, snapshot);
  g_assert_nonnull (strstr (listed, name));
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
set_times (SrTestBackup *self, const char *name, gint64 seconds, long nanoseconds)
{
  g_autofree char *path = sr_test_backup_path (self, name);
  const struct timespec times[2] = { { seconds, nanoseconds }, { seconds, nanoseconds } };

  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void
test_times (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *link_path = sr_test_backup_path (self, "link");
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write (self, "before-1970", "");
  set_times (self, "before-1970", -1000000000, 123456789);
  sr_test_backup_write (self, "just-before-1970", "");
  set_times (self, "just-before-1970", -1, 999999999);
  sr_test_backup_write (self, "1970", "");
  set_times (self, "1970", 0, 0);
  sr_test_backup_write (self, "2100", "");
  set_times (self, "2100", 4102444800, 1);
  sr_test_backup_write (self, "folder/file", "");
  set_times (self, "folder", -86400, 5);
  g_assert_no_errno (symlink ("nowhere", link_path));
  set_times (self, "link", -86400, 7);
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_links_and_pipes (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *file = sr_test_backup_path (self, "file");
  g_autofree char *hard_link = sr_test_backup_path (self, "folder/hard");
  g_autofree char *dangling = sr_test_backup_path (self, "dangling");
  g_autofree char *loop = sr_test_backup_path (self, "folder/loop");
  g_autofree char *pipe_path = sr_test_backup_path (self, "pipe");
  g_autofree char *long_target = g_strnfill (4000, 'x');
  g_autofree char *long_link = sr_test_backup_path (self, "long");
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write (self, "file", "content");
  sr_test_backup_write (self, "folder/other", "content");
  g_assert_no_errno (link (file, hard_link));
  g_assert_no_errno (symlink ("\xff nowhere\n", dangling));
  g_assert_no_errno (symlink ("..", loop));
  g_assert_no_errno (symlink (long_target, long_link));
  g_assert_no_errno (mkfifo (pipe_path, 0640));
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_socket_is_left_out (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *path = sr_test_backup_path (self, "socket");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autofree char *listed = NULL;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  close (fd);
  sr_test_backup_write (self, "file", "");
  snapshot = sr_test_backup_store (self);
  listed = sr_test_backup_list (self, snapshot);
  g_assert_cmpstr (listed, ==, "file\n");
}

static void
test_modes (SrTestBackup *self, gconstpointer data)
{
  static const mode_t modes[] = { 0400, 0444, 0600, 0644, 0755, 01644, 02755, 04755, 07777 };
  g_autoptr (SrSnapshot) snapshot = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *name = g_strdup_printf ("mode-%o", modes[i]);
      g_autofree char *path = sr_test_backup_path (self, name);

      sr_test_backup_write (self, name, "");
      g_assert_no_errno (chmod (path, modes[i]));
    }
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_attributes (SrTestBackup *self, gconstpointer data)
{
  /* user::rw- user:1234:r-- group::r-- mask::r-- other::---, as posix_acl_xattr.h has it */
  static const guint8 acl[] = { 2, 0,   0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                0, 210, 4,   0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                                4, 0,   255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255 };
  g_autofree char *file = sr_test_backup_path (self, "file");
  g_autofree char *folder = sr_test_backup_path (self, "folder");
  g_autofree guint8 *value = g_malloc0 (2000);
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write (self, "file", "content");
  sr_test_backup_write (self, "folder/file", "content");
  if (setxattr (file, "user.empty", "", 0, 0) != 0)
    {
      g_assert_cmpint (errno, ==, ENOTSUP);
      g_test_skip ("the file system has no extended attributes");
      return;
    }
  g_assert_no_errno (setxattr (file, "user.large", value, 2000, 0));
  g_assert_no_errno (setxattr (folder, "user.text", "\xff", 1, 0));
  if (setxattr (file, "system.posix_acl_access", acl, sizeof acl, 0) != 0)
    g_assert_cmpint (errno, ==, ENOTSUP);
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_devices_and_owners (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *character = sr_test_backup_path (self, "character");
  g_autofree char *block = sr_test_backup_path (self, "block");
  g_autofree char *owned = sr_test_backup_path (self, "owned");
  g_autofree char *link_path = sr_test_backup_path (self, "link");
  g_autoptr (SrSnapshot) snapshot = NULL;

  if (mknod (character, S_IFCHR | 0600, makedev (1, 3)) != 0)
    {
      g_assert_cmpint (errno, ==, EPERM);
      g_test_skip ("only root may make devices");
      return;
    }
  g_assert_no_errno (mknod (block, S_IFBLK | 0660, makedev (259, 1048575)));
  sr_test_backup_write (self, "owned", "content");
  g_assert_no_errno (chown (owned, 54321, 12345));
  g_assert_no_errno (symlink ("owned", link_path));
  g_assert_no_errno (lchown (link_path, 1, 2));
  snapshot = sr_test_backup_store (self);
  sr_test_backup_assert_restorable (self, snapshot);
}

/* Trees of more than 2 MiB are too large for the buffer, and are made twice. */
static void
test_large_folder (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = NULL, again = NULL;
  const SrSnapshotSummary *summary;

  for (guint i = 0; i < N_LARGE_FOLDER; i++)
    {
      g_autofree char *name = g_strdup_printf ("%0200u", i);

      sr_test_backup_write (self, name, i % 100 == 0 ? name : "");
    }
  sr_test_backup_write_links (self, "links", 700);
  snapshot = sr_test_backup_store (self);
  summary = sr_snapshot_get_summary (snapshot);
  g_assert_cmpuint (summary->files_new, ==, N_LARGE_FOLDER);
  g_assert_cmpuint (summary->data_added, >, 2 * 1024 * 1024);
  sr_test_backup_assert_restorable (self, snapshot);

  again = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (again)->files_unmodified, ==, N_LARGE_FOLDER);
  g_assert_cmpuint (sr_snapshot_get_summary (again)->data_added, <, 1024 * 1024);
}

/* Each level holds another folder, so that all levels wait at once. */
static void
test_deep_folders (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = NULL;
  struct rlimit limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  if (limit.rlim_max < 4096)
    {
      g_test_skip ("needs a hard limit of more than 4,096 open files");
      return;
    }
  limit.rlim_cur = 1024; /* what programs have by default */
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  fd = open (self->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (guint depth = 0; depth < 1100; depth++)
    {
      int next;

      g_assert_no_errno (mkdirat (fd, "d", 0755));
      g_assert_no_errno (mkdirat (fd, "e", 0755));
      next = openat (fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_cmpint (next, >=, 0);
      close (fd);
      fd = next;
    }
  close (fd);
  snapshot = sr_test_backup_store (self);
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->dirs_new, >, 2200);
}

/* The longest path that a program can name in one call has 4,095 bytes. */
static void
test_long_path (SrTestBackup *self, gconstpointer data)
{
  GString *name = g_string_new (NULL);
  gsize limit = 4094 - strlen (self->source);
  g_autoptr (SrSnapshot) snapshot = NULL;
  g_autofree char *listed = NULL;

  while (name->len + 202 <= limit)
    g_string_append_printf (name, "%0200d/", 7);
  g_string_append (name, "file");
  g_string_truncate (name, limit);
  sr_test_backup_write (self, name->str, "content");
  snapshot = sr_test_backup_store (self);
  listed = sr_test_backup_list (self, snapshot);
  g_assert_nonnull (strstr (listed, name->str));
  g_string_free (name, TRUE);
}

static void
test_holes (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *path = sr_test_backup_path (self, "holes");
  g_autoptr (SrSnapshot) snapshot = NULL;
  struct stat status;

  sr_test_backup_write (self, "holes", "start");
  g_assert_no_errno (truncate (path, 100 * 1024 * 1024));
  snapshot = sr_test_backup_store (self);
  g_assert_no_errno (stat (path, &status));
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->total_bytes_processed, ==,
                    100 * 1024 * 1024);
  g_assert_cmpuint (sr_snapshot_get_summary (snapshot)->data_added_packed, <, 1024 * 1024);
  sr_test_backup_assert_restorable (self, snapshot);
}

static void
test_snapshot_says_what_it_is (SrTestBackup *self, gconstpointer data)
{
  static const char *const tags[] = { "one", "two", NULL };
  static const char *const texts[] = { "*.o", NULL };
  g_autoptr (SrPatternList) patterns = sr_pattern_list_new (texts, FALSE, NULL);
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (SrRepository) reopened = NULL;
  g_autoptr (SrSnapshot) found = NULL;
  SrSnapshot *snapshot;
  g_autoptr (GError) error = NULL;

  sr_backup_job_set_tags (job, tags);
  sr_backup_job_set_excludes (job, patterns, texts);
  sr_backup_job_set_hostname (job, "elsewhere");
  g_assert_true (sr_test_backup_run (self, job, &error));
  snapshot = sr_backup_job_get_snapshot (job);
  reopened = sr_test_open_repository (self->place, SR_TEST_PASSWORD);
  found = sr_repository_find_snapshot (reopened, "latest", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (sr_id_equal (sr_snapshot_get_id (found), sr_snapshot_get_id (snapshot)));
  g_assert_cmpstrv (sr_snapshot_get_tags (found), tags);
  g_assert_cmpstrv (sr_snapshot_get_excludes (found), texts);
  g_assert_cmpstr (sr_snapshot_get_hostname (found), ==, "elsewhere");
  g_assert_cmpstr (sr_snapshot_get_username (found), ==, g_get_user_name ());
  g_assert_cmpstr (sr_snapshot_get_paths (found)[0], ==, self->source);
  g_assert_null (sr_snapshot_get_paths (found)[1]);
  g_assert_true (g_str_has_prefix (sr_snapshot_get_program_version (found), "strongroom "));
}

static void
test_progress (SrTestBackup *self, gconstpointer data)
{
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  guint64 files, bytes, n_new, stored;
  SrPhase phase;
  g_autoptr (GError) error = NULL;

  sr_test_backup_write_random (self, "a", 3000);
  sr_test_backup_write_random (self, "b/c", 2000);
  g_assert_true (sr_test_backup_run (self, job, &error));
  g_object_get (job, "phase", &phase, "files-done", &files, "bytes-done", &bytes, "new-bytes",
                &n_new, "stored-bytes", &stored, NULL);
  g_assert_cmpint (phase, ==, SR_PHASE_DONE);
  g_assert_cmpuint (files, ==, 2);
  g_assert_cmpuint (bytes, ==, 5000);
  g_assert_cmpuint (n_new, >, 5000);
  g_assert_cmpuint (stored, >, 5000);
}

static void
add (const char *path, void (*func) (SrTestBackup *self, gconstpointer data), guint row)
{
  g_test_add (path, SrTestBackup, GUINT_TO_POINTER (row), sr_test_backup_set_up, func,
              sr_test_backup_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (compressions); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-job/compression/", compressions[i].name, NULL);

      add (path, test_compression, i);
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/backup-job/name/", names[i].name, NULL);

      add (path, test_name, i);
    }
  add ("/backup-job/nothing", test_nothing, 0);
  add ("/backup-job/files-of-many-sizes", test_files_of_many_sizes, 0);
  add ("/backup-job/same-content-is-stored-once", test_same_content_is_stored_once, 0);
  add ("/backup-job/times", test_times, 0);
  add ("/backup-job/links-and-pipes", test_links_and_pipes, 0);
  add ("/backup-job/socket-is-left-out", test_socket_is_left_out, 0);
  add ("/backup-job/modes", test_modes, 0);
  add ("/backup-job/attributes", test_attributes, 0);
  add ("/backup-job/devices-and-owners", test_devices_and_owners, 0);
  add ("/backup-job/large-folder", test_large_folder, 0);
  add ("/backup-job/deep-folders", test_deep_folders, 0);
  add ("/backup-job/long-path", test_long_path, 0);
  add ("/backup-job/holes", test_holes, 0);
  add ("/backup-job/snapshot-says-what-it-is", test_snapshot_says_what_it_is, 0);
  add ("/backup-job/progress", test_progress, 0);
  return g_test_run ();
}
