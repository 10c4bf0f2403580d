/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening and making repositories, as a user meets it. */

#include "config.h"

#include "engine/sr-open-job.h"

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

static SrOpenJob *
make_job (const char *folder, const char *password, gboolean create)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
  g_autoptr (SrSecret) secret = sr_test_secret (password);

  return create ? sr_open_job_new_to_create (storage, secret) : sr_open_job_new (storage, secret);
}

static void
test_both_passwords_open (void)
{
  static const char *const passwords[] = { SR_TEST_GOLDEN_PASSWORD, "zweites Paßwort – ünïcode" };
  char *folder = sr_test_copy_golden_repository ();

  for (guint i = 0; i < G_N_ELEMENTS (passwords); i++)
    {
      g_autoptr (SrOpenJob) job = make_job (folder, passwords[i], FALSE);

      g_assert_null (sr_open_job_get_repository (job));
      sr_test_assert_run_job (job);
      g_assert_nonnull (sr_open_job_get_repository (job));
    }
  sr_test_remove_folder (folder);
}

static void
test_wrong_password (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autoptr (SrOpenJob) job = make_job (folder, "correct horse", FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD);
  g_assert_null (sr_open_job_get_repository (job));
  sr_test_remove_folder (folder);
}

static void
test_not_a_repository (void)
{
  char *folder = sr_test_make_folder ();
  g_autoptr (SrOpenJob) job = make_job (folder, "any", FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
  sr_test_remove_folder (folder);
}

static void
test_create_and_open (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree char *inside = g_build_filename (folder, "a", "b", NULL);
  g_autoptr (SrOpenJob) create = make_job (inside, "pass", TRUE);
  g_autoptr (SrOpenJob) again = make_job (inside, "pass", TRUE);
  g_autoptr (SrOpenJob) open = make_job (inside, "pass", FALSE);
  g_autoptr (GError) error = NULL;

  sr_test_assert_run_job (create);
  g_assert_false (sr_test_run_job (SR_JOB (again), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS);
  sr_test_assert_run_job (open);
  g_assert_cmpmem (&sr_repository_get_config (sr_open_job_get_repository (open))->id, SR_ID_SIZE,
                   &sr_repository_get_config (sr_open_job_get_repository (create))->id, SR_ID_SIZE);
  sr_test_remove_folder (folder);
}

static void
test_cancelled (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autoptr (SrOpenJob) job = make_job (folder, SR_TEST_GOLDEN_PASSWORD, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  sr_test_remove_folder (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/open-job/both-passwords-open", test_both_passwords_open);
  g_test_add_func ("/open-job/wrong-password", test_wrong_password);
  g_test_add_func ("/open-job/not-a-repository", test_not_a_repository);
  g_test_add_func ("/open-job/create-and-open", test_create_and_open);
  g_test_add_func ("/open-job/cancelled", test_cancelled);
  return g_test_run ();
}
