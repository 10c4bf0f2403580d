/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Whoever owns the files does not want a backup to count as an access: access times stay as they were. */

#include "config.h"

#include "engine/sr-scanner.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/support/sr-test-backup.h"

#define LONG_AGO \
  1000000000 /* seconds; older than the last change, so that "relatime" would set it anew */

static void
make_old (const char *path)
{
  struct timespec times[2] = { { LONG_AGO, 0 }, { 0, UTIME_OMIT } };

  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void
assert_old (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  g_assert_cmpint (status.st_atim.tv_sec, ==, LONG_AGO);
}

static void
test_stays (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *folder = sr_test_backup_path (self, "folder");
  g_autofree char *file = sr_test_backup_path (self, "folder/file");
  g_autoptr (SrSnapshot) snapshot = NULL;

  sr_test_backup_write (self, "folder/file", "content");
  make_old (folder);
  make_old (file);
  snapshot = sr_test_backup_store (self);
  assert_old (folder);
  assert_old (file);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/backup-access-time/stays", SrTestBackup, NULL, sr_test_backup_set_up, test_stays,
              sr_test_backup_tear_down);
  return g_test_run ();
}
