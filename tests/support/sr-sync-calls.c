/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The calls of this program that make files last.
 *
 * Whether a file outlives a power cut depends on the order of fdatasync, link and the fsync of the
 * folder, which nothing shows afterwards. So these functions stand before those of the C library:
 * a program takes the definition in its own sources first. They record what is called on what, do
 * it by system call, and fail when a test wants to see another file system. */

#include "config.h"

#include "sr-sync-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static GMutex mutex;
static GString *record; /* (owned) (nullable) (locked by mutex): NULL while nobody records */
static char *top; /* (owned) (nullable) (locked by mutex): cut off from recorded paths */
static int failures[SR_N_SYNC_CALLS]; /* (atomic): values of errno, or 0 */
static GCancellable *cancelled_after[SR_N_SYNC_CALLS]; /* (owned) (nullable) (locked by mutex) */

/**
 * sr_sync_calls_start:
 * @folder: paths are recorded from here
 *
 * Begins a record.
 */
void
sr_sync_calls_start (const char *folder)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  g_assert_null (record);
  record = g_string_new (NULL);
  top = g_strdup (folder);
}

/**
 * sr_sync_calls_stop:
 *
 * Ends the record, and lets all calls succeed again.
 *
 * Returns: (transfer full): the calls, as "fdatasync file; linkat index/ab…; fsync index; "
 */
char *
sr_sync_calls_stop (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  g_clear_pointer (&top, g_free);
  for (guint i = 0; i < SR_N_SYNC_CALLS; i++)
    {
      g_atomic_int_set (&failures[i], 0);
      g_clear_object (&cancelled_after[i]);
    }
  return g_string_free (g_steal_pointer (&record), FALSE);
}

/**
 * sr_sync_calls_fail:
 * @call: a call
 * @code: the errno with which it fails from now on; 0: it succeeds again
 */
void
sr_sync_calls_fail (SrSyncCall call, int code)
{
  g_atomic_int_set (&failures[call], code);
}

/**
 * sr_sync_calls_cancel_after:
 * @call: a call
 * @cancellable: cancelled when @call has been done for the first time
 */
void
sr_sync_calls_cancel_after (SrSyncCall call, GCancellable *cancellable)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  g_set_object (&cancelled_after[call], cancellable);
}

static const char *
shorten_locked (const char *path)
{
  if (!g_str_has_prefix (path, top))
    return path;
  path += strlen (top);
  return *path == '/' ? path + 1 : ".";
}

/* @name: in the folder @fd; NULL: @fd itself */
static void
add (const char *call, int fd, const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  char self_path[32];
  char path[4096];
  gssize length;
  gboolean is_unnamed;

  if (record == NULL)
    return;
  g_snprintf (self_path, sizeof self_path, "/proc/self/fd/%d", fd);
  length = readlink (self_path, path, sizeof path - 1);
  g_assert_cmpint (length, >, 0);
  path[length] = '\0';

  is_unnamed = strstr (path, "/#") != NULL || strstr (path, "/tmp-strongroom-") != NULL;
  g_string_append_printf (record, "%s %s", call, is_unnamed ? "file" : shorten_locked (path));
  if (name != NULL)
    g_string_append_printf (record, "/%.4s", name);
  g_string_append (record, "; ");
}

static gboolean
fails (SrSyncCall call)
{
  int code = g_atomic_int_get (&failures[call]);

  if (code != 0)
    errno = code;
  return code != 0;
}

static void
cancel_after (SrSyncCall call)
{
  g_autoptr (GCancellable) cancellable = NULL;

  g_mutex_lock (&mutex);
  cancellable = g_steal_pointer (&cancelled_after[call]);
  g_mutex_unlock (&mutex);
  g_cancellable_cancel (cancellable);
}

int
fsync (int fd)
{
  add ("fsync", fd, NULL);
  return fails (SR_SYNC_CALL_FSYNC) ? -1 : (int) syscall (SYS_fsync, fd);
}

int
fdatasync (int fd)
{
  add ("fdatasync", fd, NULL);
  return fails (SR_SYNC_CALL_FDATASYNC) ? -1 : (int) syscall (SYS_fdatasync, fd);
}

int
linkat (int old_folder, const char *old_path, int new_folder, const char *new_path, int flags)
{
  if (fails (SR_SYNC_CALL_LINKAT))
    return -1;
  add ("linkat", new_folder, new_path);
  return (int) syscall (SYS_linkat, old_folder, old_path, new_folder, new_path, flags);
}

int
renameat2 (int old_folder,
           const char *old_path,
           int new_folder,
           const char *new_path,
           unsigned int flags)
{
  if (fails (SR_SYNC_CALL_RENAMEAT2))
    return -1;
  add ("renameat2", new_folder, new_path);
  return (int) syscall (SYS_renameat2, old_folder, old_path, new_folder, new_path, flags);
}

int
renameat (int old_folder, const char *old_path, int new_folder, const char *new_path)
{
  add ("renameat", new_folder, new_path);
  return (int) syscall (SYS_renameat2, old_folder, old_path, new_folder, new_path, 0);
}

ssize_t
pwrite (int fd, const void *data, size_t length, off_t offset)
{
  ssize_t n;

  if (fails (SR_SYNC_CALL_PWRITE))
    return -1;
  n = (ssize_t) syscall (SYS_pwrite64, fd, data, length, offset);
  cancel_after (SR_SYNC_CALL_PWRITE);
  return n;
}
