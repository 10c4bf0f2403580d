/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Jobs in general: where and when their owner hears from them. Run in a context that is not the default one. */

#include "config.h"

#include "engine/sr-job.h"

#include "base/sr-error.h"

/* A job whose run is a function of the test. */
typedef gboolean (*TestRun) (SrJob *job, GCancellable *cancellable, GError **error);

#define TEST_TYPE_JOB (test_job_get_type ())
G_DECLARE_FINAL_TYPE (TestJob, test_job, TEST, JOB, SrJob)

struct _TestJob
{
  SrJob parent_instance;
  TestRun run;
};

G_DEFINE_FINAL_TYPE (TestJob, test_job, SR_TYPE_JOB)

static guint n_jobs;

static gboolean
test_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  return TEST_JOB (job)->run (job, cancellable, error);
}

static void
test_job_finalize (GObject *object)
{
  n_jobs--;
  G_OBJECT_CLASS (test_job_parent_class)->finalize (object);
}

static void
test_job_class_init (TestJobClass *class)
{
  SR_JOB_CLASS (class)->run = test_job_run;
  G_OBJECT_CLASS (class)->finalize = test_job_finalize;
}

static void
test_job_init (TestJob *self)
{
  n_jobs++;
}

typedef struct
{
  GMainContext *context; /* (owned) */
  GCancellable *cancellable; /* (owned) */
  SrJob *job; /* (nullable): weak */
  GThread *owner;
  GError *error; /* (owned) (nullable) */
  gboolean ended;
  guint n_notifications;
  guint n_calls;
} Fixture;

static void
set_up (Fixture *self, gconstpointer run)
{
  self->context = g_main_context_new ();
  self->cancellable = g_cancellable_new ();
  self->owner = g_thread_self ();
  g_main_context_push_thread_default (self->context);
  self->job = g_object_new (TEST_TYPE_JOB, NULL);
  TEST_JOB (self->job)->run = (TestRun) run;
  g_object_add_weak_pointer (G_OBJECT (self->job), (gpointer *) &self->job);
}

static void
tear_down (Fixture *self, gconstpointer run)
{
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_null (self->job);
  g_assert_cmpuint (n_jobs, ==, 0);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;

  g_assert_true (g_thread_self () == self->owner);
  g_assert_false (self->ended);
  g_assert_true (sr_job_is_over (SR_JOB (source)));
  self->ended = TRUE;
  sr_job_run_finish (SR_JOB (source), result, &self->error);
}

static void
on_notify (SrJob *job, GParamSpec *pspec, Fixture *self)
{
  g_assert_true (g_thread_self () == self->owner);
  g_assert_false (self->ended);
  self->n_notifications++;
}

/* Gives the job away: it lives until it has ended. */
static void
run_to_end (Fixture *self)
{
  g_signal_connect (self->job, "notify", G_CALLBACK (on_notify), self);
  sr_job_run_async (self->job, self->cancellable, on_ended, self);
  g_object_unref (self->job);
  while (!self->ended)
    g_main_context_iteration (self->context, TRUE);
}

static gboolean
run_counting (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrProgress *progress = sr_job_get_progress (job);

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  sr_progress_set_totals (progress, 100000, 0);
  for (guint i = 0; i < 100000; i++)
    sr_progress_add_files (progress, 1);
  sr_progress_set_path (progress, "/last");
  return TRUE;
}

static void
on_files_done (SrJob *job, GParamSpec *pspec, guint64 *out_files)
{
  g_object_get (job, "files-done", out_files, NULL);
}

static void
test_last_values_are_shown (Fixture *self, gconstpointer run)
{
  guint64 files = 0;

  g_signal_connect (self->job, "notify::files-done", G_CALLBACK (on_files_done), &files);
  run_to_end (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (files, ==, 100000);
  g_assert_cmpuint (self->n_notifications, >=, 4); /* phase, files done and total, path */
}

static gint phases_told; /* (atomic) */

static gboolean
run_phases (SrJob *job, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < 10000; i++)
    sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_OPENING + i % 2);
  g_atomic_int_set (&phases_told, 1);
  return TRUE;
}

/* However fast a job tells: while its owner is busy one notification waits, and not a queue of them. */
static void
test_slow_owner_is_not_flooded (Fixture *self, gconstpointer run)
{
  guint n_iterations = 0;

  sr_job_run_async (self->job, NULL, on_ended, self);
  g_object_unref (self->job);
  while (!g_atomic_int_get (&phases_told))
    g_thread_yield ();
  while (!self->ended)
    {
      g_main_context_iteration (self->context, TRUE);
      n_iterations++;
    }
  g_assert_cmpuint (n_iterations, <=, 3); /* the notification, the end, the callback */
}

static gboolean
run_failing (SrJob *job, GCancellable *cancellable, GError **error)
{
  g_set_error_literal (error, SR_ERROR, SR_ERROR_NO_SPACE, "The disk is full");
  return FALSE;
}

static void
test_error_of_the_run (Fixture *self, gconstpointer run)
{
  run_to_end (self);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_NO_SPACE);
}

static gboolean
run_until_cancelled (SrJob *job, GCancellable *cancellable, GError **error)
{
  GPollFD fd;

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_WORKING);
  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static void
cancel_it (SrJob *job, GParamSpec *pspec, GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

static void
test_cancel_from_a_notification (Fixture *self, gconstpointer run)
{
  g_signal_connect (self->job, "notify::phase", G_CALLBACK (cancel_it), self->cancellable);
  run_to_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
run_never (SrJob *job, GCancellable *cancellable, GError **error)
{
  g_assert_not_reached ();
}

static void
test_cancelled_before (Fixture *self, gconstpointer run)
{
  g_cancellable_cancel (self->cancellable);
  run_to_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
run_done_though_cancelled (SrJob *job, GCancellable *cancellable, GError **error)
{
  g_cancellable_cancel (cancellable);
  return TRUE;
}

static void
test_cancelled_too_late (Fixture *self, gconstpointer run)
{
  run_to_end (self);
  g_assert_no_error (self->error);
}

#define N_PROBLEMS 10050

static gboolean
run_with_problems (SrJob *job, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < N_PROBLEMS; i++)
    {
      g_autoptr (GError) problem = g_error_new (SR_ERROR, SR_ERROR_SOURCE, "Problem %u", i);
      g_autofree char *path = g_strdup_printf ("/\xff%u", i);

      sr_job_add_problem (job, path, problem);
    }
  return TRUE;
}

static void
test_problems (Fixture *self, gconstpointer run)
{
  g_autoptr (SrJob) job = g_object_ref (self->job);
  GListModel *problems = sr_job_get_problems (job);
  guint64 n_problems;

  g_assert_cmpuint (g_list_model_get_n_items (problems), ==, 0);
  run_to_end (self);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_assert_nonnull (strstr (self->error->message, "10050"));

  g_object_get (job, "n-problems", &n_problems, NULL);
  g_assert_cmpuint (n_problems, ==, N_PROBLEMS);
  g_assert_cmpuint (g_list_model_get_n_items (problems), ==, 10000);
  for (guint i = 0; i < 10000; i += 999)
    {
      g_autoptr (SrProblem) problem = g_list_model_get_item (problems, i);
      g_autofree char *path = g_strdup_printf ("/\xff%u", i);

      g_assert_cmpstr (sr_problem_get_path (problem), ==, path);
      g_assert_error (sr_problem_get_error (problem), SR_ERROR, SR_ERROR_SOURCE);
    }
}

static Fixture *calls; /* of the test that runs */

static void
count_call (SrJob *job, gpointer user_data)
{
  guint *value = user_data;

  g_assert_true (g_thread_self () == calls->owner);
  g_assert_cmpuint (*value, ==, calls->n_calls);
  calls->n_calls++;
}

static gboolean
run_calling (SrJob *job, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < 1000; i++)
    if (!sr_job_call_owner (job, count_call, &i, cancellable, error))
      return FALSE;
  return TRUE;
}

static void
test_calls_wait_for_the_owner (Fixture *self, gconstpointer run)
{
  calls = self;
  run_to_end (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->n_calls, ==, 1000);
}

static void
count_and_cancel (SrJob *job, gpointer user_data)
{
  if (++calls->n_calls == 3)
    g_cancellable_cancel (user_data);
}

static gboolean
run_calling_until_cancelled (SrJob *job, GCancellable *cancellable, GError **error)
{
  while (sr_job_call_owner (job, count_and_cancel, cancellable, cancellable, error))
    ;
  return FALSE;
}

static void
test_cancel_from_a_call (Fixture *self, gconstpointer run)
{
  calls = self;
  run_to_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (self->n_calls, ==, 3);
}

/* The owner cancels, while the job waits for it, and does not iterate before it has ended waiting. */
static void
test_cancel_while_a_call_waits (Fixture *self, gconstpointer run)
{
  calls = self;
  sr_job_run_async (self->job, self->cancellable, on_ended, self);
  g_object_unref (self->job);
  while (!g_main_context_pending (self->context))
    g_thread_yield ();
  g_cancellable_cancel (self->cancellable);
  while (!self->ended)
    g_main_context_iteration (self->context, TRUE);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(path, run, test) \
  g_test_add ("/job/" path, Fixture, (gconstpointer) run, set_up, test, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("last-values-are-shown", run_counting, test_last_values_are_shown);
  ADD ("slow-owner-is-not-flooded", run_phases, test_slow_owner_is_not_flooded);
  ADD ("error-of-the-run", run_failing, test_error_of_the_run);
  ADD ("cancel/from-a-notification", run_until_cancelled, test_cancel_from_a_notification);
  ADD ("cancel/before", run_never, test_cancelled_before);
  ADD ("cancel/too-late", run_done_though_cancelled, test_cancelled_too_late);
  ADD ("problems", run_with_problems, test_problems);
  ADD ("call/waits-for-the-owner", run_calling, test_calls_wait_for_the_owner);
  ADD ("call/cancel-from-it", run_calling_until_cancelled, test_cancel_from_a_call);
  ADD ("call/cancel-while-it-waits", run_calling, test_cancel_while_a_call_waits);
  return g_test_run ();
}
