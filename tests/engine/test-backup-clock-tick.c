/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that are written to in the very tick of the kernel's clock in which a backup reads them. The times of a file are
 * those of ticks, of some milliseconds each, so a change just after the reading may leave them as they were. */

#include "config.h"

#include "engine/sr-file-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-job.h"

#define N_TRIES 20 /* each has a fair chance to hit the tick */

typedef struct
{
  int file;
  int watch;
  gint ready; /* (atomic) */
} Writer;

static void
write_letter (Writer *self, char letter)
{
  g_assert_cmpint (pwrite (self->file, &letter, 1, 0), ==, 1);
}

/* Keeps the file's time at the present tick until somebody has read it, and then changes it once more. */
static gpointer
write_until_read (gpointer user_data)
{
  Writer *self = user_data;
  char event[4096];

  do
    {
      write_letter (self, 'a');
      g_atomic_int_set (&self->ready, TRUE);
    }
  while (read (self->watch, event, sizeof event) < 0);
  write_letter (self, 'b');
  return NULL;
}

static void
run_while_written (SrTestBackup *self, const char *path)
{
  Writer writer = { open (path, O_WRONLY | O_CLOEXEC), inotify_init1 (IN_NONBLOCK | IN_CLOEXEC),
                    FALSE };
  g_autoptr (SrBackupJob) job = sr_test_backup_new_job (self);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_cmpint (writer.file, >=, 0);
  g_assert_cmpint (inotify_add_watch (writer.watch, path, IN_CLOSE_NOWRITE), >=, 0);
  thread = g_thread_new ("write", write_until_read, &writer);
  while (!g_atomic_int_get (&writer.ready))
    g_thread_yield ();
  /* That it changed may be noticed at once, or next time. */
  if (!sr_test_backup_run (self, job, &error))
    g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_thread_join (thread);
  close (writer.watch);
  close (writer.file);
}

/* One of the file systems that no Linux gives finer times. */
static gboolean
mount_ramfs (const char *folder)
{
  if (unshare (CLONE_NEWNS) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
      mount ("none", folder, "ramfs", MS_NOSUID | MS_NODEV, NULL) == 0)
    return TRUE;
  g_test_skip ("needs the right to mount a file system in memory");
  return FALSE;
}

static void
test_change_is_seen_next_time (SrTestBackup *self, gconstpointer data)
{
  g_autofree char *path = sr_test_backup_path (self, "file");

  if (!mount_ramfs (self->source))
    return;
  for (guint i = 0; i < N_TRIES; i++)
    {
      g_autoptr (SrSnapshot) snapshot = NULL;

      sr_test_backup_write (self, "file", "a");
      run_while_written (self, path);
      snapshot = sr_test_backup_store (self);
      sr_test_backup_assert_restorable (self, snapshot);
    }
  g_assert_no_errno (umount (self->source));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/backup-clock-tick/change-is-seen-next-time", SrTestBackup, NULL,
              sr_test_backup_set_up, test_change_is_seen_next_time, sr_test_backup_tear_down);
  return g_test_run ();
}
