/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The promise of the engine (src/engine/README.md): operations run at once from any main context, never block it, and
 * end when they are cancelled from a callback. meson runs this with sr-preload-block preloaded, which
 * ends the program when the thread of the context makes a call that may block. */

#include "config.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-backup-job.h"
#include "engine/sr-check-job.h"
#include "engine/sr-key-job.h"
#include "engine/sr-list-job.h"
#include "engine/sr-open-job.h"
#include "engine/sr-restore-job.h"
#include "engine/sr-snapshots-job.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

/* A job, with a repository of its own for it. */
typedef struct
{
  char *folder; /* (owned): the repository, the files to back up, the place to restore to */
  SrFaultStorage *storage; /* (owned) */
  SrSecret *password; /* (owned) */
  SrRepository *repository; /* (owned) */
  SrSnapshot *snapshot; /* (owned) */
  SrJob *job; /* (owned) */
  GCancellable *cancellable; /* (owned) */
  GThread *owner;
  GError *error; /* (owned) (nullable) */
  gboolean ended;
} Run;

static SrJob *
make_backup (Run *run)
{
  g_autofree char *path = g_build_filename (run->folder, "source", NULL);
  g_autoptr (GFile) source = g_file_new_for_path (path);

  return SR_JOB (sr_backup_job_new (run->repository, &source, 1));
}

static SrJob *
make_restore (Run *run)
{
  g_autofree char *path = g_build_filename (run->folder, "target", NULL);
  g_autoptr (GFile) target = g_file_new_for_path (path);

  return SR_JOB (sr_restore_job_new (run->repository, run->snapshot, target));
}

static SrJob *
make_check (Run *run)
{
  SrCheckJob *job = sr_check_job_new (run->repository);

  sr_check_job_set_read_data (job, TRUE);
  return SR_JOB (job);
}

static SrJob *
make_list (Run *run)
{
  return SR_JOB (sr_list_job_new (run->repository, run->snapshot, NULL, TRUE));
}

static SrJob *
make_snapshots (Run *run)
{
  return SR_JOB (sr_snapshots_job_new (run->repository, NULL));
}

static SrJob *
make_key_add (Run *run)
{
  g_autoptr (SrSecret) password = sr_test_secret ("another");

  return SR_JOB (sr_key_job_new_add (run->repository, password));
}

static SrJob *
make_open (Run *run)
{
  return SR_JOB (sr_open_job_new (SR_STORAGE (run->storage), run->password));
}

static const struct
{
  const char *name;
  SrJob *(*make) (Run *run);
  SrFault stall; /* at a call that the job cannot end without */
} kinds[] = {
  { "backup", make_backup, { SR_FAULT_STALL, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_PACK) } },
  { "restore", make_restore, { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK) } },
  { "check", make_check, { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK) } },
  { "list", make_list, { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK) } },
  { "snapshots", make_snapshots, { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_SNAPSHOT) } },
  { "key-add", make_key_add, { SR_FAULT_STALL, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_KEY) } },
  { "open", make_open, { SR_FAULT_STALL, SR_VERB_READ, SR_KIND_BIT (SR_FILE_KEY) } },
};

/* One snapshot of one file; all the same to a job. */
static void
store_file (Run *run)
{
  SrTestPack *data = sr_test_pack_new (run->repository);
  g_autofree char *json = NULL;
  char hex[SR_ID_HEX_SIZE];
  SrId id;

  sr_test_pack_add (data, SR_BLOB_DATA, "content", -1, &id);
  sr_test_pack_store (data, NULL);
  sr_id_to_hex (&id, hex);
  json = g_strdup_printf ("{\"nodes\":[{\"name\":\"file\",\"type\":\"file\",\"mode\":420,"
                          "\"size\":7,\"content\":[\"%s\"]}]}\n",
                          hex);
  run->snapshot = sr_test_store_tree (run->repository, json);
}

static void
make_source (Run *run)
{
  g_autofree char *folder = g_build_filename (run->folder, "source", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "something new", -1, NULL));
}

/* Before there is a main context: what is done here blocks. */
static void
set_up_run (Run *run)
{
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_autofree char *path = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;
  g_autoptr (GError) error = NULL;

  run->folder = sr_test_make_folder ();
  path = g_build_filename (run->folder, "repository", NULL);
  file = g_file_new_for_path (path);
  inner = sr_folder_storage_new (file);
  run->storage = SR_FAULT_STORAGE (sr_fault_storage_new (inner));
  run->password = sr_test_secret (SR_TEST_PASSWORD);
  run->repository =
      sr_repository_create (SR_STORAGE (run->storage), run->password, &scrypt, NULL, &error);
  g_assert_no_error (error);
  store_file (run);
  make_source (run);
  run->cancellable = g_cancellable_new ();
  run->owner = g_thread_self ();
}

/* After the context is gone. No job leaves a lock behind, whatever its end was. */
static void
tear_down_run (Run *run)
{
  g_autoptr (GArray) locks = NULL;

  sr_fault_storage_clear (run->storage);
  locks = sr_storage_list (SR_STORAGE (run->storage), SR_FILE_LOCK, NULL, NULL);
  g_assert_cmpuint (locks->len, ==, 0);

  g_object_unref (run->job);
  g_object_unref (run->snapshot);
  g_object_unref (run->repository);
  sr_secret_unref (run->password);
  g_object_unref (run->storage);
  g_object_unref (run->cancellable);
  g_clear_error (&run->error);
  sr_test_remove_folder (run->folder);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;

  g_assert_true (g_thread_self () == run->owner);
  sr_job_run_finish (SR_JOB (source), result, &run->error);
  run->ended = TRUE;
}

static void
begin (Run *run, guint kind)
{
  run->job = kinds[kind].make (run);
  sr_job_run_async (run->job, run->cancellable, on_ended, run);
}

static gboolean
have_all_ended (Run *runs)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (!runs[i].ended)
      return FALSE;
  return TRUE;
}

/* All kinds of jobs at once, from one context that is not the default one. */
static void
test_at_once (void)
{
  Run runs[G_N_ELEMENTS (kinds)] = { 0 };
  g_autoptr (GMainContext) context = g_main_context_new ();

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    set_up_run (&runs[i]);

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    begin (&runs[i], i);
  while (!have_all_ended (runs))
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_assert_no_error (runs[i].error);
      tear_down_run (&runs[i]);
    }
}

static void
cancel_it (SrJob *job, GParamSpec *pspec, GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

/* The job waits for its storage, and would for ever. Its first notification cancels it. */
static void
test_cancel_from_a_callback (gconstpointer data)
{
  guint kind = GPOINTER_TO_UINT (data);
  Run run = { 0 };
  g_autoptr (GMainContext) context = g_main_context_new ();

  set_up_run (&run);
  sr_fault_storage_plan (run.storage, &kinds[kind].stall);

  g_main_context_push_thread_default (context);
  run.job = kinds[kind].make (&run);
  g_signal_connect (run.job, "notify::phase", G_CALLBACK (cancel_it), run.cancellable);
  sr_job_run_async (run.job, run.cancellable, on_ended, &run);
  while (!run.ended)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  g_assert_error (run.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  tear_down_run (&run);
}

static void
call_fsync (void)
{
  fsync (-1);
}

static void
call_fdatasync (void)
{
  fdatasync (-1);
}

static void
call_connect (void)
{
  struct sockaddr address = { .sa_family = AF_UNSPEC };

  connect (-1, &address, sizeof address);
}

/* Not linked here: only the preloaded library has them. */
static void
call_by_name (const char *name)
{
  int (*call) (void *) = (int (*) (void *)) dlsym (RTLD_DEFAULT, name);

  g_assert_nonnull (call);
  call (NULL);
}

static void
call_sqlite3_step (void)
{
  call_by_name ("sqlite3_step");
}

static void
call_curl_easy_perform (void)
{
  call_by_name ("curl_easy_perform");
}

static const struct
{
  const char *name;
  void (*call) (void);
} blocking[] = {
  { "fsync", call_fsync },
  { "fdatasync", call_fdatasync },
  { "connect", call_connect },
  { "sqlite3_step", call_sqlite3_step },
  { "curl_easy_perform", call_curl_easy_perform },
};

/* The guard itself: without it, or if it let calls pass, the tests above would prove nothing. */
static void
test_guard (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *message = g_strdup_printf ("*sr-preload-block: %s() was called by a thread that "
                                              "owns a main context*",
                                              blocking[row].name);

  if (g_test_subprocess ())
    {
      g_autoptr (GMainContext) context = g_main_context_new ();

      g_main_context_push_thread_default (context);
      blocking[row].call ();
      g_main_context_pop_thread_default (context);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (message);
}

static gpointer
call_from_a_thread (gpointer user_data)
{
  fsync (-1);
  return NULL;
}

/* Threads without a context may block, while another one owns the default context. */
static void
test_guard_lets_workers_block (void)
{
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("working", call_from_a_thread, NULL));
  g_main_context_release (NULL);
  fsync (-1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint row = 0; row < G_N_ELEMENTS (blocking); row++)
    {
      g_autofree char *path = g_strconcat ("/async/guard/", blocking[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_guard);
    }
  g_test_add_func ("/async/guard/lets-workers-block", test_guard_lets_workers_block);
  g_test_add_func ("/async/at-once", test_at_once);
  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    {
      g_autofree char *path =
          g_strconcat ("/async/cancel-from-a-callback/", kinds[kind].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (kind), test_cancel_from_a_callback);
    }
  return g_test_run ();
}
