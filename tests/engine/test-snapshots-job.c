/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Listing and finding snapshots of the golden repository. */

#include "config.h"

#include "engine/sr-snapshots-job.h"

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

/* Oldest first. */
static const char *const ids[] = {
  "08c336b330e2eeafa35c667863158c845665e6d54dafdb8ca85d693c6532772a",
  "ad55b47ffa296512a4a4c4ae8099340e1c808d79e56f183f0fb1fa543c61599e",
  "64e92281ca0242797be588d22e1cb2bbc984aa7e73dbfadb83895bc9eef51c49",
};

/* Opened once, as deriving the key takes its time. */
static char *folder;
static SrRepository *repository;

static void
assert_snapshot (SrSnapshotsJob *job, guint position, const char *id)
{
  GListModel *snapshots = sr_snapshots_job_get_snapshots (job);
  g_autoptr (SrSnapshot) snapshot = g_list_model_get_item (snapshots, position);
  char hex[SR_ID_HEX_SIZE];

  g_assert_nonnull (snapshot);
  sr_id_to_hex (sr_snapshot_get_id (snapshot), hex);
  g_assert_cmpstr (hex, ==, id);
}

static void
test_all (void)
{
  g_autoptr (SrSnapshotsJob) job = sr_snapshots_job_new (repository, NULL);

  sr_test_assert_run_job (job);
  g_assert_cmpuint (g_list_model_get_n_items (sr_snapshots_job_get_snapshots (job)), ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_snapshot (job, i, ids[i]);
}

static void
test_damaged_one_is_named (void)
{
  g_autofree char *path = g_build_filename (folder, "snapshots", ids[1], NULL);
  g_autoptr (SrSnapshotsJob) job = sr_snapshots_job_new (repository, NULL);
  g_autofree char *problems = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, "nothing", -1, NULL));
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  problems = sr_test_describe_problems (SR_JOB (job));
  g_assert_nonnull (strstr (problems, ids[1]));
  g_assert_cmpuint (g_list_model_get_n_items (sr_snapshots_job_get_snapshots (job)), ==, 2);
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
}

static const struct
{
  const char *name;
  const char *snapshot;
  int found; /* position in ids; -1: an error */
  SrError code;
} cases[] = {
  { "latest", "latest", 2, 0 },
  { "whole", "08c336b330e2eeafa35c667863158c845665e6d54dafdb8ca85d693c6532772a", 0, 0 },
  { "short", "ad55b", 1, 0 },
  { "capitals", "AD55B", 1, 0 },
  { "unknown", "ffff", -1, SR_ERROR_NOT_FOUND },
  { "no-digits", "yesterday", -1, SR_ERROR_NOT_FOUND },
  { "empty", "", -1, SR_ERROR_NOT_FOUND },
  { "too-long", "08c336b330e2eeafa35c667863158c845665e6d54dafdb8ca85d693c6532772a0", -1,
    SR_ERROR_NOT_FOUND },
};

static void
test_by_name (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrSnapshotsJob) job = sr_snapshots_job_new (repository, cases[row].snapshot);
  g_autoptr (GError) error = NULL;

  if (cases[row].found >= 0)
    {
      sr_test_assert_run_job (job);
      assert_snapshot (job, 0, ids[cases[row].found]);
      return;
    }
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, (int) cases[row].code);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = sr_test_copy_golden_repository ();
  repository = sr_test_open_repository (folder, SR_TEST_GOLDEN_PASSWORD);

  g_test_add_func ("/snapshots-job/all", test_all);
  g_test_add_func ("/snapshots-job/damaged-one-is-named", test_damaged_one_is_named);
  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/snapshots-job/by-name/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_by_name);
    }
  status = g_test_run ();

  g_object_unref (repository);
  sr_test_remove_folder (folder);
  return status;
}
