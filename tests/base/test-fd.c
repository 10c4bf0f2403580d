/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sr-error.h"

#define SIZE (3 * 1024 * 1024 + 7) /* more than a piece */

static int
make_file (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static guint8 *
make_bytes (gsize length)
{
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) (i * 31 + (i >> 12));
  return bytes;
}

static void
test_whole (void)
{
  int fd = make_file ();
  g_autofree guint8 *bytes = make_bytes (SIZE);
  g_autofree guint8 *back = g_malloc0 (SIZE + 10);
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_fd_pwrite (fd, bytes, SIZE, 5, "it", NULL, &error));
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, SIZE + 5);

  g_assert_cmpint (sr_fd_pread (fd, back, SIZE, 5, "it", NULL, &error), ==, SIZE);
  g_assert_cmpmem (back, SIZE, bytes, SIZE);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, SIZE + 5);

  /* Ends where the file does, also at once. */
  g_assert_cmpint (sr_fd_pread (fd, back, 100, SIZE, "it", NULL, &error), ==, 5);
  g_assert_cmpmem (back, 5, bytes + SIZE - 5, 5);
  g_assert_cmpint (sr_fd_pread (fd, back, 100, SIZE + 5, "it", NULL, &error), ==, 0);
  g_assert_cmpint (sr_fd_pread (fd, back, 0, 0, "it", NULL, &error), ==, 0);

  g_assert_cmpint (lseek (fd, 5, SEEK_SET), ==, 5);
  g_assert_cmpint (sr_fd_read (fd, back, SIZE + 10, "it", NULL, &error), ==, SIZE);
  g_assert_cmpmem (back, SIZE, bytes, SIZE);
  g_assert_no_error (error);
  close (fd);
}

static gpointer
write_in_bits (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = make_bytes (100000);

  for (gsize done = 0; done < 100000; done += 1000)
    g_assert_cmpint (write (fd, bytes + done, 1000), ==, 1000);
  close (fd);
  return NULL;
}

static void
test_pipe (void)
{
  int ends[2];
  g_autofree guint8 *bytes = make_bytes (100000);
  g_autofree guint8 *back = g_malloc0 (100001);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  thread = g_thread_new ("writer", write_in_bits, GINT_TO_POINTER (ends[1]));
  g_assert_cmpint (sr_fd_read (ends[0], back, 100001, "a pipe", NULL, &error), ==, 100000);
  g_assert_no_error (error);
  g_assert_cmpmem (back, 100000, bytes, 100000);
  g_thread_join (thread);

  g_assert_cmpint (sr_fd_pread (ends[0], back, 1, 0, "a pipe", NULL, &error), ==, -1);
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  close (ends[0]);
}

static void
test_failures (void)
{
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  guint8 byte = 0;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (sr_fd_read (fd, &byte, 1, "the sink", NULL, &error), ==, -1);
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "the sink"));
  g_clear_error (&error);
  close (fd);

  fd = open ("/dev/full", O_RDWR | O_CLOEXEC);
  g_assert_false (sr_fd_pwrite (fd, &byte, 1, 0, "the disk", NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  g_clear_error (&error);
  close (fd);

  /* Offsets that the system cannot have are refused, not wrapped. */
  fd = make_file ();
  g_assert_cmpint (sr_fd_pread (fd, &byte, 1, G_MAXUINT64, "it", NULL, &error), ==, -1);
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_clear_error (&error);
  g_assert_false (sr_fd_pwrite (fd, &byte, 1, G_MAXINT64, "it", NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  close (fd);
}

static void
test_cancelled (void)
{
  int fd = make_file ();
  guint8 byte = 1;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (sr_fd_pwrite (fd, &byte, 1, 0, "it", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, 0);

  g_assert_cmpint (sr_fd_pread (fd, &byte, 1, 0, "it", cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  close (fd);
}

/* The system takes the bytes up to the limit on file sizes first, and refuses the rest only then. */
static void
test_short_write (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp (NULL, &path, NULL);
  g_autofree guint8 *bytes = make_bytes (8192);
  g_autoptr (GError) error = NULL;
  struct rlimit old, small;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 5000;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (sr_fd_pwrite (fd, bytes, 8192, 0, "it", NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);

  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, 5000);
  close (fd);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fd/whole", test_whole);
  g_test_add_func ("/fd/pipe", test_pipe);
  g_test_add_func ("/fd/failures", test_failures);
  g_test_add_func ("/fd/cancelled", test_cancelled);
  g_test_add_func ("/fd/short-write", test_short_write);

  return g_test_run ();
}
