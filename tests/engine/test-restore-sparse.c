/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Zeros become holes, and the bytes are the same. */

#include "config.h"

#include "engine/sr-restore-sparse.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/sr-test-files.h"

/* Sections of the data, in bytes: data, zeros, data, …; and where in the file they are written. */
static const struct
{
  const char *name;
  guint64 offset;
  gsize sections[5];
  guint64 end; /* that must be told */
  guint max_kib; /* the file may take on the disk */
} cases[] = {
  { "nothing", 0, { 0 }, 0, 0 },
  { "short", 0, { 100 }, 100, 8 },
  { "zeros-in-short", 0, { 100, 200, 100 }, 400, 8 },
  { "only-zeros", 0, { 0, 1024 * 1024 }, 0, 8 },
  { "hole-in-the-middle", 0, { 4096, 1024 * 1024, 4096 }, 1056768, 24 },
  { "hole-at-the-end", 0, { 4096, 1024 * 1024 }, 4096, 16 },
  { "hole-first", 0, { 0, 1024 * 1024, 1 }, 1048577, 16 },
  { "not-aligned", 1234, { 5000, 1024 * 1024, 5000, 100, 1 }, 1059911, 48 },
  { "one-byte-each", 0, { 1, 8191, 1, 8191, 1 }, 16385, 24 },
};

static void
fill (guint8 *data, const gsize sections[5])
{
  gsize at = 0;

  for (guint i = 0; i < 5; at += sections[i++])
    memset (data + at, i % 2 == 0 ? 0xaa : 0, sections[i]);
}

/* @fresh: the file is new; otherwise it is full of something else. */
static void
check (guint row, gboolean fresh)
{
  const gsize *sections = cases[row].sections;
  gsize length = sections[0] + sections[1] + sections[2] + sections[3] + sections[4];
  g_autofree guint8 *data = g_malloc (length + 1);
  g_autofree guint8 *found = g_malloc0 (length + 1);
  char *folder = sr_test_make_folder ();
  g_autofree char *path = g_build_filename (folder, "f", NULL);
  int fd = open (path, O_RDWR | O_CREAT, 0600);
  g_autoptr (GError) error = NULL;
  struct stat status;
  guint64 end;

  fill (data, sections);
  if (!fresh)
    {
      g_autofree char *old = g_strnfill (cases[row].offset + length, '#');

      g_assert_cmpint (write (fd, old, strlen (old)), ==, (gssize) strlen (old));
    }
  sr_restore_write_sparse (fd, cases[row].offset, data, length, fresh, path, &end, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (end, ==, cases[row].end);
  g_assert_cmpint (ftruncate (fd, (off_t) (cases[row].offset + length)), ==, 0);
  g_assert_cmpint (pread (fd, found, length, (off_t) cases[row].offset), ==, (gssize) length);
  g_assert_cmpmem (found, length, data, length);
  g_assert_cmpint (fstat (fd, &status), ==, 0);
  if (fresh)
    g_assert_cmpint (status.st_blocks / 2, <=, cases[row].max_kib);
  close (fd);
  sr_test_remove_folder (folder);
}

static void
test_fresh (gconstpointer data)
{
  check (GPOINTER_TO_UINT (data), TRUE);
}

static void
test_over_other_bytes (gconstpointer data)
{
  check (GPOINTER_TO_UINT (data), FALSE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *fresh = g_strdup_printf ("/restore-sparse/fresh/%s", cases[i].name);
      g_autofree char *over =
          g_strdup_printf ("/restore-sparse/over-other-bytes/%s", cases[i].name);

      g_test_add_data_func (fresh, GUINT_TO_POINTER (i), test_fresh);
      if (cases[i].end > 0) /* else the end would have to be told where a hole was cut */
        g_test_add_data_func (over, GUINT_TO_POINTER (i), test_over_other_bytes);
    }
  return g_test_run ();
}
