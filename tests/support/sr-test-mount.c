/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Small file systems for tests of full and read-only drives. They are seen by the test's own thread
 * and those that it starts, and go with it, so that a failed test leaves nothing mounted. */

#include "config.h"

#include "sr-test-mount.h"

#include <sched.h>
#include <sys/mount.h>

/**
 * sr_test_mount:
 * @folder: where
 * @options: of a tmpfs, as "size=512k"
 *
 * Mounts an empty file system. Marks the test as skipped where this user may not do that.
 *
 * Returns: whether it is there
 */
gboolean
sr_test_mount (const char *folder, const char *options)
{
  static gboolean is_private = FALSE;

  if (!is_private)
    is_private =
        unshare (CLONE_NEWNS) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
  if (is_private && mount ("none", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0)
    return TRUE;
  g_test_skip ("needs the right to mount a small file system");
  return FALSE;
}

/**
 * sr_test_mount_read_only:
 * @folder: mounted by sr_test_mount(), with no file open for writing
 */
void
sr_test_mount_read_only (const char *folder)
{
  g_assert_no_errno (mount ("none", folder, NULL, MS_REMOUNT | MS_RDONLY, NULL));
}

/**
 * sr_test_unmount:
 * @folder: mounted by sr_test_mount(), with no file open
 */
void
sr_test_unmount (const char *folder)
{
  g_assert_no_errno (umount (folder));
}
