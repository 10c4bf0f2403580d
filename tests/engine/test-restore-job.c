/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Restores of whole snapshots: what restic wrote comes back as it was. */

#include "config.h"

#include "engine/sr-restore-job.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-manifest.h"
#include "tests/support/sr-test-repository.h"

typedef struct
{
  char *folder; /* (owned): of the repository */
  char *target; /* (owned): an empty folder */
  SrRepository *repository; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = sr_test_copy_golden_repository ();
  fixture->target = sr_test_make_folder ();
  fixture->repository = sr_test_open_repository (fixture->folder, SR_TEST_GOLDEN_PASSWORD);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->repository);
  sr_test_remove_folder (fixture->target);
  sr_test_remove_folder (fixture->folder);
}

static SrRestoreJob *
new_job (Fixture *fixture, guint snapshot)
{
  g_autoptr (GFile) target = g_file_new_for_path (fixture->target);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSnapshot) found = sr_repository_find_snapshot (
      fixture->repository, sr_test_manifest_get_id (snapshot), NULL, &error);

  g_assert_no_error (error);
  return sr_restore_job_new (fixture->repository, found, target);
}

static void
test_golden (Fixture *fixture, gconstpointer data)
{
  guint snapshot = GPOINTER_TO_UINT (data);
  g_autoptr (SrRestoreJob) job = new_job (fixture, snapshot);

  sr_test_assert_run_job (job);
  sr_test_manifest_compare (snapshot, fixture->target, geteuid () == 0);
  g_assert_cmpuint (sr_restore_job_get_n_unchanged (job), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < SR_TEST_N_GOLDEN_SNAPSHOTS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-job/golden/%u", i + 1);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_golden, tear_down);
    }
  return g_test_run ();
}
