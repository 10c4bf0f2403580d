/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A backup must fit beside whatever its user does: it takes at most 96 MiB, however large the files are and however
 * many. Measured in a process of its own; sanitizers need memory themselves. */

#include "config.h"

#include "engine/sr-backup-job.h"

#include <string.h>

#include "tests/support/sr-test-backup.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

#define MEMORY_LIMIT (96 * 1024) /* KiB */

static guint64
get_peak_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "VmHWM:");
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10);
}

/* In another process, since writing the files takes memory too. */
static void
measure (void)
{
  g_autoptr (SrRepository) repository =
      sr_test_open_repository (g_getenv ("SR_TEST_PLACE"), SR_TEST_PASSWORD);
  g_autoptr (GFile) root = g_file_new_for_path (g_getenv ("SR_TEST_SOURCE"));
  g_autoptr (SrBackupJob) job = sr_backup_job_new (repository, &root, 1);
  guint64 peak;

  sr_test_assert_run_job (job);
  peak = get_peak_memory ();
  g_printerr ("%" G_GUINT64_FORMAT " KiB\n", peak);
  g_assert_cmpuint (peak, <=, MEMORY_LIMIT);
}

static void
run_measured (SrTestBackup *self)
{
  g_setenv ("SR_TEST_PLACE", self->place, TRUE);
  g_setenv ("SR_TEST_SOURCE", self->source, TRUE);
  g_test_trap_subprocess ("/backup-memory/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_large_files (SrTestBackup *self, gconstpointer data)
{
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      sr_test_backup_write_random (self, name, 32 * 1024 * 1024);
    }
  run_measured (self);
}

static void
test_one_file (SrTestBackup *self, gconstpointer data)
{
  sr_test_backup_write_random (self, "file", 256 * 1024 * 1024);
  run_measured (self);
}

static void
test_many_files (SrTestBackup *self, gconstpointer data)
{
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u/%u", i / 1000, i);

      sr_test_backup_write (self, name, name);
    }
  run_measured (self);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/backup-memory/one-file", SrTestBackup, NULL, sr_test_backup_set_up, test_one_file,
              sr_test_backup_tear_down);
  g_test_add ("/backup-memory/large-files", SrTestBackup, NULL, sr_test_backup_set_up,
              test_large_files, sr_test_backup_tear_down);
  g_test_add ("/backup-memory/many-files", SrTestBackup, NULL, sr_test_backup_set_up,
              test_many_files, sr_test_backup_tear_down);
  g_test_add_func ("/backup-memory/subprocess", measure);
  return g_test_run ();
}
