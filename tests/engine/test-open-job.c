/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening and making repositories, as a user meets it. */

#include "config.h"

#include "engine/sr-open-job.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
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

/* Both what opens it and what would make a new one there say what it lacks. */
static void
test_config_lost (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autofree char *config = g_build_filename (folder, "config", NULL);
  g_autoptr (SrOpenJob) open = make_job (folder, SR_TEST_GOLDEN_PASSWORD, FALSE);
  g_autoptr (SrOpenJob) create = make_job (folder, SR_TEST_GOLDEN_PASSWORD, TRUE);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_unlink (config));
  g_assert_false (sr_test_run_job (SR_JOB (open), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, "config"));

  g_clear_error (&error);
  g_assert_false (sr_test_run_job (SR_JOB (create), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS);
  g_assert_nonnull (strstr (error->message, "config"));
  g_assert_false (g_file_test (config, G_FILE_TEST_EXISTS));
  sr_test_remove_folder (folder);
}

static void
test_config_damaged (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autofree char *config = g_build_filename (folder, "config", NULL);
  g_autoptr (SrOpenJob) job = make_job (folder, SR_TEST_GOLDEN_PASSWORD, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_chmod (config, 0600));
  g_file_set_contents (config, "no config", -1, &error);
  g_assert_no_error (error);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, folder));
  g_assert_nonnull (strstr (error->message, "; put it back from another copy"));
  sr_test_remove_folder (folder);
}

/* The file may have been the user's: then a wrong password is not the reason. */
static void
test_key_damaged (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autofree char *keys = g_build_filename (folder, "keys", NULL);
  g_autoptr (GDir) dir = g_dir_open (keys, 0, NULL);
  const char *name = g_dir_read_name (dir);
  g_autofree char *key = g_build_filename (keys, name, NULL);
  g_autoptr (SrOpenJob) job = make_job (folder, "correct horse", FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_chmod (key, 0600));
  g_file_set_contents (key, "no key", -1, &error);
  g_assert_no_error (error);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_nonnull (strstr (error->message, "check the password"));
  sr_test_remove_folder (folder);
}

static const struct
{
  const char *name;
  SrFault fault;
} failures[] = {
  { "full-at-the-key",
    { SR_FAULT_ERROR, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_KEY), 0, 1, 0, SR_ERROR_NO_SPACE } },
  { "full-at-the-config",
    { SR_FAULT_ERROR, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_CONFIG), 0, 1, 0, SR_ERROR_NO_SPACE } },
  { "answer-lost-at-the-key",
    { SR_FAULT_ANSWER_LOST, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_KEY), 0, 1, 0, SR_ERROR_STORAGE } },
};

/* What is left of an attempt is not in the way of the next. */
static void
test_create_again (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  char *folder = sr_test_make_folder ();
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (SrStorage) inner = sr_folder_storage_new (file);
  g_autoptr (SrStorage) storage = sr_fault_storage_new (inner);
  g_autoptr (SrSecret) secret = sr_test_secret ("pass");
  g_autoptr (SrOpenJob) first = sr_open_job_new_to_create (storage, secret);
  g_autoptr (SrOpenJob) again = sr_open_job_new_to_create (storage, secret);
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (storage), &failures[row].fault);
  g_assert_false (sr_test_run_job (SR_JOB (first), NULL, &error));
  g_assert_error (error, SR_ERROR, (int) failures[row].fault.code);
  sr_test_assert_run_job (again);
  sr_test_remove_folder (folder);
}

/* Where the config may have come through, its key must not go. */
static void
test_answer_lost_at_the_config (void)
{
  static const SrFault fault = {
    SR_FAULT_ANSWER_LOST, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_CONFIG), 0, 1, 0, SR_ERROR_STORAGE
  };
  char *folder = sr_test_make_folder ();
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (SrStorage) inner = sr_folder_storage_new (file);
  g_autoptr (SrStorage) storage = sr_fault_storage_new (inner);
  g_autoptr (SrSecret) secret = sr_test_secret ("pass");
  g_autoptr (SrOpenJob) create = sr_open_job_new_to_create (storage, secret);
  g_autoptr (SrOpenJob) open = sr_open_job_new (storage, secret);
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (storage), &fault);
  g_assert_false (sr_test_run_job (SR_JOB (create), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  sr_test_assert_run_job (open);
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
  g_test_add_func ("/open-job/config-lost", test_config_lost);
  g_test_add_func ("/open-job/config-damaged", test_config_damaged);
  g_test_add_func ("/open-job/key-damaged", test_key_damaged);
  for (guint row = 0; row < G_N_ELEMENTS (failures); row++)
    {
      g_autofree char *path = g_strconcat ("/open-job/create-again/", failures[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_create_again);
    }
  g_test_add_func ("/open-job/answer-lost-at-the-config", test_answer_lost_at_the_config);
  g_test_add_func ("/open-job/cancelled", test_cancelled);
  return g_test_run ();
}
