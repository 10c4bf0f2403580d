/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Keys: whoever could open a repository before still can, or was meant to be shut out. */

#include "config.h"

#include "engine/sr-key-job.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/sr-error.h"
#include "repository/sr-key-file.h"
#include "repository/sr-lock.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

#define SECOND_PASSWORD "zweites Paßwort – ünïcode"

typedef struct
{
  char *folder;
  SrRepository *repository;
  char current[SR_ID_HEX_SIZE]; /* the key that opened it */
  char other[SR_ID_HEX_SIZE]; /* of the user "anna" */
} Fixture;

static void
add_other_key (Fixture *self)
{
  g_autoptr (SrSecret) password = sr_test_secret (SECOND_PASSWORD);
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrFileName name = { SR_FILE_KEY };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SrSpool) spool = NULL;
  g_autoptr (GError) error = NULL;

  sr_key_file_create (sr_repository_get_key (self->repository), password, &scrypt, "anna", "box",
                      &json, NULL, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new (json.data, json.length);
  spool = sr_spool_new_for_bytes (bytes);
  name.id = *sr_spool_get_sha256 (spool);
  sr_storage_write (sr_repository_get_storage (self->repository), &name, spool, NULL, &error);
  g_assert_no_error (error);
  sr_id_to_hex (&name.id, self->other);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  sr_id_to_hex (sr_repository_get_key_id (self->repository), self->current);
  add_other_key (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_object_unref (self->repository);
  sr_test_remove_folder (self->folder);
}

static gboolean
opens (Fixture *self, const char *password)
{
  g_autoptr (SrSecret) secret = sr_test_secret (password);
  g_autoptr (SrRepository) repository = NULL;
  g_autoptr (GError) error = NULL;

  repository =
      sr_repository_open (sr_repository_get_storage (self->repository), secret, NULL, &error);
  if (error != NULL)
    g_assert_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD);
  return repository != NULL;
}

static guint
count_files (Fixture *self, const char *kind)
{
  g_autofree char *path = g_build_filename (self->folder, kind, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n_files = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n_files++;
  return n_files;
}

static char *
get_key_path (Fixture *self, const char *id)
{
  return g_build_filename (self->folder, "keys", id, NULL);
}

static void
test_list (Fixture *self, gconstpointer data)
{
  g_autoptr (SrKeyJob) job = sr_key_job_new_list (self->repository);
  const GPtrArray *keys;
  guint n_current = 0;

  sr_test_assert_run_job (job);
  keys = sr_key_job_get_keys (job);
  g_assert_cmpuint (keys->len, ==, 2);
  for (guint i = 0; i < keys->len; i++)
    {
      const SrKeyInfo *info = g_ptr_array_index (keys, i);
      char hex[SR_ID_HEX_SIZE];

      sr_id_to_hex (&info->id, hex);
      n_current += info->current;
      g_assert_cmpint (info->current, ==, strcmp (hex, self->current) == 0);
      if (!info->current)
        g_assert_cmpstr (info->username, ==, "anna");
      g_assert_false (sr_time_is_unset (&info->created));
    }
  g_assert_cmpuint (n_current, ==, 1);
}

static void
test_damaged_key_file_is_named (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_key_path (self, self->other);
  g_autoptr (SrKeyJob) job = sr_key_job_new_list (self->repository);
  g_autofree char *problems = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "{}", -1, NULL));
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  problems = sr_test_describe_problems (SR_JOB (job));
  g_assert_nonnull (strstr (problems, self->other));
  g_assert_cmpuint (sr_key_job_get_keys (job)->len, ==, 1);
}

static void
test_add (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSecret) password = sr_test_secret ("a third one");
  g_autoptr (SrKeyJob) job = sr_key_job_new_add (self->repository, password);
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *path = NULL;

  sr_test_assert_run_job (job);
  g_assert_true (opens (self, "a third one"));
  g_assert_true (opens (self, SR_TEST_PASSWORD));
  g_assert_cmpuint (count_files (self, "keys"), ==, 3);
  g_assert_cmpuint (count_files (self, "locks"), ==, 0);

  sr_id_to_hex (sr_key_job_get_new_id (job), hex);
  path = get_key_path (self, hex);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_remove (Fixture *self, gconstpointer data)
{
  g_autofree char *name = g_strndup (self->other, 6);
  g_autoptr (SrKeyJob) job = sr_key_job_new_remove (self->repository, name);

  sr_test_assert_run_job (job);
  g_assert_true (opens (self, SR_TEST_PASSWORD));
  g_assert_false (opens (self, SECOND_PASSWORD));
  g_assert_cmpuint (count_files (self, "keys"), ==, 1);
  g_assert_cmpuint (count_files (self, "locks"), ==, 0);
}

static void
test_change (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSecret) password = sr_test_secret ("new");
  g_autoptr (SrKeyJob) job = sr_key_job_new_change (self->repository, password);

  sr_test_assert_run_job (job);
  g_assert_true (opens (self, "new"));
  g_assert_false (opens (self, SR_TEST_PASSWORD));
  g_assert_true (opens (self, SECOND_PASSWORD));
  g_assert_cmpuint (count_files (self, "keys"), ==, 2);
}

static void
assert_remove_fails (Fixture *self, const char *name, SrError code)
{
  g_autoptr (SrKeyJob) job = sr_key_job_new_remove (self->repository, name);
  guint n_keys = count_files (self, "keys");
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, (int) code);
  g_assert_cmpuint (count_files (self, "keys"), ==, n_keys);
}

static void
test_refusals (Fixture *self, gconstpointer data)
{
  g_autofree char *other = get_key_path (self, self->other);
  g_autofree char *current = get_key_path (self, self->current);

  assert_remove_fails (self, self->current, SR_ERROR_INVALID);
  assert_remove_fails (self, "ffff", SR_ERROR_NOT_FOUND);
  assert_remove_fails (self, "", SR_ERROR_NOT_FOUND);

  /* Somebody removed the key in use: the other one is the last. */
  g_assert_cmpint (g_unlink (current), ==, 0);
  assert_remove_fails (self, self->other, SR_ERROR_INVALID);
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
}

static void
test_not_while_others_work (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, NULL, &error);

  g_assert_no_error (error);
  assert_remove_fails (self, self->other, SR_ERROR_REPOSITORY_LOCKED);
  g_assert_cmpuint (count_files (self, "locks"), ==, 1);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "/key-job/list", test_list },
    { "/key-job/damaged-key-file-is-named", test_damaged_key_file_is_named },
    { "/key-job/add", test_add },
    { "/key-job/remove", test_remove },
    { "/key-job/change", test_change },
    { "/key-job/refusals", test_refusals },
    { "/key-job/not-while-others-work", test_not_while_others_work },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
