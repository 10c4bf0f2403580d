/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs jobs from a main context of the test's own, which is not the default one. */

#include "config.h"

#include "sr-test-job.h"

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/**
 * sr_test_run_job:
 * @job: a job that has not run
 * @cancellable: (nullable): ends it
 * @error: (out) (optional): as of sr_job_run_finish()
 *
 * Waits, in a new main context, until the job has ended.
 *
 * Returns: whether all was done
 */
gboolean
sr_test_run_job (SrJob *job, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  gboolean done;

  g_main_context_push_thread_default (context);
  sr_job_run_async (job, cancellable, on_ended, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  done = sr_job_run_finish (job, result, error);
  g_main_context_pop_thread_default (context);
  return done;
}

/**
 * sr_test_assert_run_job:
 * @job: (type SrJob): a job that has not run, and must succeed without problems
 */
void
sr_test_assert_run_job (gpointer job)
{
  g_autoptr (GError) error = NULL;

  if (!sr_test_run_job (SR_JOB (job), NULL, &error))
    {
      g_autofree char *problems = sr_test_describe_problems (SR_JOB (job));

      g_test_message ("%s", problems);
    }
  g_assert_no_error (error);
}

/**
 * sr_test_describe_problems:
 * @job: a job that is over
 *
 * Returns: (transfer full): its problems, each a line "PATH: MESSAGE"
 */
char *
sr_test_describe_problems (SrJob *job)
{
  GListModel *problems = sr_job_get_problems (job);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (problems); i++)
    {
      g_autoptr (SrProblem) problem = g_list_model_get_item (problems, i);

      g_string_append_printf (text, "%s: %s\n", sr_problem_get_path (problem),
                              sr_problem_get_error (problem)->message);
    }
  return g_string_free (text, FALSE);
}
