/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests that few files stay open, that the right ones do, and that each is closed once. */

#include "config.h"

#include "storage/sr-open-files.h"

#include <fcntl.h>
#include <unistd.h>

static SrId
make_id (guint8 byte)
{
  return (SrId){ .bytes = { byte } };
}

static int
open_something (void)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

static int
add (SrOpenFiles *files, guint8 byte)
{
  SrId id = make_id (byte);
  g_autoptr (SrOpenFile) file = sr_open_files_add (files, &id, open_something ());

  g_assert_true (sr_id_equal (&file->id, &id));
  return file->fd;
}

static gboolean
has (SrOpenFiles *files, guint8 byte)
{
  SrId id = make_id (byte);
  g_autoptr (SrOpenFile) file = sr_open_files_lookup (files, &id);

  return file != NULL;
}

static void
test_least_recent_goes (void)
{
  g_autoptr (SrOpenFiles) files = sr_open_files_new (3);
  int fds[4];

  for (guint8 i = 0; i < 3; i++)
    fds[i] = add (files, i);
  g_assert_true (has (files, 0)); /* now 1 was used longest ago */
  fds[3] = add (files, 3);
  g_assert_false (has (files, 1));
  g_assert_true (has (files, 0));
  g_assert_true (has (files, 2));
  g_assert_true (has (files, 3));
  g_assert_false (is_open (fds[1]));
  g_assert_true (is_open (fds[0]));

  g_clear_pointer (&files, sr_open_files_free);
  g_assert_false (is_open (fds[0]));
  g_assert_false (is_open (fds[2]));
  g_assert_false (is_open (fds[3]));
}

static void
test_used_file_stays_open (void)
{
  g_autoptr (SrOpenFiles) files = sr_open_files_new (1);
  SrId id = make_id (1);
  SrOpenFile *used;
  int fd = add (files, 1);

  used = sr_open_files_lookup (files, &id);
  g_assert_cmpint (used->fd, ==, fd);
  sr_open_files_forget (files, &id);
  g_assert_false (has (files, 1));
  g_assert_true (is_open (fd));
  sr_open_file_release (used);
  g_assert_false (is_open (fd));
}

/* Two threads may have opened one file; both descriptors go when it is removed. */
static void
test_forgets_all_of_one_file (void)
{
  g_autoptr (SrOpenFiles) files = sr_open_files_new (3);
  SrId id = make_id (1);

  add (files, 1);
  add (files, 2);
  add (files, 1);
  sr_open_files_forget (files, &id);
  g_assert_false (has (files, 1));
  g_assert_true (has (files, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/open-files/least-recent-goes", test_least_recent_goes);
  g_test_add_func ("/open-files/used-file-stays-open", test_used_file_stays_open);
  g_test_add_func ("/open-files/forgets-all-of-one-file", test_forgets_all_of_one_file);
  return g_test_run ();
}
