/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Locks as users meet them: who has to wait for whom, which locks are swept away, and that none is left behind. */

#include "config.h"

#include "repository/sr-lock.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "repository/sr-lock-file.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

typedef struct
{
  char *folder;
  SrStorage *storage; /* an SrFaultStorage */
  SrRepository *repository;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;

  self->folder = sr_test_make_folder ();
  file = g_file_new_for_path (self->folder);
  inner = sr_folder_storage_new (file);
  self->storage = sr_fault_storage_new (inner);
  self->repository = sr_repository_create (self->storage, secret, &scrypt, NULL, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_object_unref (self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->folder);
}

static guint
count_locks (Fixture *self)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_LOCK, NULL, NULL);

  g_assert (files != NULL);
  return files->len;
}

static const struct
{
  const char *name;
  gboolean first_exclusive;
  gboolean second_exclusive;
  gboolean both;
} pairs[] = {
  { "shared-shared", FALSE, FALSE, TRUE },
  { "shared-exclusive", FALSE, TRUE, FALSE },
  { "exclusive-shared", TRUE, FALSE, FALSE },
  { "exclusive-exclusive", TRUE, TRUE, FALSE },
};

static void
test_pair (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) first =
      sr_lock_acquire (self->repository, pairs[row].first_exclusive, NULL, &error);
  g_autoptr (SrLock) second = NULL;

  g_assert_no_error (error);
  second = sr_lock_acquire (self->repository, pairs[row].second_exclusive, NULL, &error);
  if (pairs[row].both)
    {
      g_assert_no_error (error);
      g_assert_cmpuint (count_locks (self), ==, 2);
      return;
    }
  g_assert_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
  g_assert_nonnull (strstr (error->message, g_get_user_name ()));
  g_assert_nonnull (strstr (error->message, g_get_host_name ()));
  g_assert_cmpuint (count_locks (self), ==, 1);
  g_clear_error (&error);

  g_clear_pointer (&first, sr_lock_release);
  g_assert_cmpuint (count_locks (self), ==, 0);
  second = sr_lock_acquire (self->repository, pairs[row].second_exclusive, NULL, &error);
  g_assert_no_error (error);
}

static void
store_lock (Fixture *self, const char *hostname, gint64 age, gint64 pid)
{
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrId id;

  sr_lock_file_init_own (&file, TRUE);
  file.time.seconds -= age;
  file.pid = pid;
  if (hostname != NULL)
    {
      g_free (file.hostname);
      file.hostname = g_strdup (hostname);
    }
  sr_lock_file_encode (&file, &json);
  g_assert_true (sr_repository_save_unpacked (self->repository, SR_FILE_LOCK, json.data,
                                              json.length, &id, NULL, NULL));
}

static pid_t
get_dead_pid (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  return pid;
}

static void
test_stale_are_removed (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) lock = NULL;

  store_lock (self, NULL, 0, get_dead_pid ());
  store_lock (self, "another", 2000, 42);
  lock = sr_lock_acquire (self->repository, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_locks (self), ==, 1);
}

static void
test_foreign_is_respected (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  store_lock (self, "another", 1000, 42);
  g_assert_null (sr_lock_acquire (self->repository, FALSE, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
  g_assert_nonnull (strstr (error->message, "on another, process 42"));
  g_assert_cmpuint (count_locks (self), ==, 1);
}

static const struct
{
  const char *name;
  const char *json; /* NULL: not even sealed */
} unreadable[] = {
  { "not-sealed", NULL },
  { "empty-object-cut", "{" },
  { "bad-time", "{\"time\":\"yesterday\"}" },
};

/* A shared lock lives with it, whoever wants to be alone is told which file it is. */
static void
test_unreadable (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *path =
      g_build_filename (self->folder, "locks",
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL);
  g_autoptr (SrLock) lock = NULL;
  g_autoptr (GError) error = NULL;
  SrId id;

  if (unreadable[row].json == NULL)
    g_assert_true (g_file_set_contents (path, "", 0, NULL));
  else
    g_assert_true (sr_repository_save_unpacked (self->repository, SR_FILE_LOCK,
                                                unreadable[row].json, strlen (unreadable[row].json),
                                                &id, NULL, NULL));
  lock = sr_lock_acquire (self->repository, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&lock, sr_lock_release);
  g_assert_cmpuint (count_locks (self), ==, 1);

  g_assert_null (sr_lock_acquire (self->repository, TRUE, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, "locks/"));
  g_assert_nonnull (strstr (error->message, "remove"));
}

static const struct
{
  const char *name;
  SrFaultEffect effect;
  SrVerbs verb;
  guint nth;
} failures[] = {
  { "list", SR_FAULT_ERROR, SR_VERB_LIST, 1 },
  { "list-again", SR_FAULT_ERROR, SR_VERB_LIST, 2 },
  { "write", SR_FAULT_ERROR, SR_VERB_WRITE, 1 },
  { "answer-lost", SR_FAULT_ANSWER_LOST, SR_VERB_WRITE, 1 },
};

static void
test_failure_leaves_nothing (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrFault fault = {
    failures[row].effect, failures[row].verb, 0, failures[row].nth, 1, 0, SR_ERROR_STORAGE, NULL
  };
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &fault);
  g_assert_null (sr_lock_acquire (self->repository, FALSE, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  g_assert_cmpuint (count_locks (self), ==, 0);
}

static gpointer
cancel_thread (gpointer user_data)
{
  gpointer *both = user_data;

  sr_fault_storage_wait_for_stall (both[0], 1);
  g_cancellable_cancel (both[1]);
  return NULL;
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrFault fault = { SR_FAULT_STALL, failures[row].verb, 0, failures[row].nth, 1, 0, 0, NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer both[] = { self->storage, cancellable };
  GThread *thread = g_thread_new ("cancel", cancel_thread, both);
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &fault);
  g_assert_null (sr_lock_acquire (self->repository, FALSE, cancellable, &error));
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  g_assert_cmpuint (count_locks (self), ==, 0);
}

static void
test_check (Fixture *self, gconstpointer data)
{
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, NULL, NULL);
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_LOCK, NULL, NULL);
  SrFileName name = { SR_FILE_LOCK, g_array_index (files, SrFileInfo, 0).id };
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_lock_check (lock, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (sr_storage_remove (self->storage, &name, NULL, NULL));
  g_assert_false (sr_lock_check (lock, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *path = g_strconcat ("/lock/", pairs[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_pair, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (unreadable); i++)
    {
      g_autofree char *path = g_strconcat ("/lock/unreadable/", unreadable[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_unreadable, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strconcat ("/lock/failure/", failures[i].name, NULL);
      g_autofree char *cancel_path = g_strconcat ("/lock/cancelled/", failures[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_failure_leaves_nothing,
                  tear_down);
      if (failures[i].effect == SR_FAULT_ERROR)
        g_test_add (cancel_path, Fixture, GUINT_TO_POINTER (i), set_up, test_cancelled, tear_down);
    }
  g_test_add ("/lock/stale-are-removed", Fixture, NULL, set_up, test_stale_are_removed, tear_down);
  g_test_add ("/lock/foreign-is-respected", Fixture, NULL, set_up, test_foreign_is_respected,
              tear_down);
  g_test_add ("/lock/check", Fixture, NULL, set_up, test_check, tear_down);
  return g_test_run ();
}
