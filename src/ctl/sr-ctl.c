/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What all commands have in common: password, opening, the snapshot that was named, the job, its result.
 *
 * The steps stand in the order in which they run. Each begins something that goes on elsewhere (a
 * thread of a job, or of a task that waits for a password) and ends in the next, in the default main context;
 * sr_ctl_run() iterates that until one of them has called finish(). */

#include "config.h"

#include "sr-ctl.h"

#include <string.h>

#include "base/sr-error.h"
#include "ctl/sr-ctl-error.h"
#include "ctl/sr-ctl-password.h"
#include "ctl/sr-ctl-progress.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-open-job.h"
#include "engine/sr-snapshots-job.h"
#include "storage/sr-folder-storage.h"

static void on_password (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_opened (GObject *source, GAsyncResult *result, gpointer user_data);
static void find_snapshot (SrCtl *self);
static void on_snapshot_found (GObject *source, GAsyncResult *result, gpointer user_data);
static void ask_new_password (SrCtl *self);
static void on_new_password (GObject *source, GAsyncResult *result, gpointer user_data);
static void run_job (SrCtl *self);
static void on_job_run (GObject *source, GAsyncResult *result, gpointer user_data);

/* Ends the run. @error: (nullable) (transfer full): why it failed */
static void
finish (SrCtl *self, GError *error)
{
  g_autoptr (GError) owned = error;

  /* First what was done, then what was not: on a terminal both outputs are one. */
  sr_ctl_output_flush (self->out);
  self->status = sr_ctl_error_get_status (owned);
  /* Nobody interrupted it: it ends early because what it says is read no more. */
  if (sr_ctl_output_is_closed (self->out) && self->status == SR_CTL_CANCELLED)
    self->status = SR_CTL_FAILED;
  else if (owned != NULL)
    sr_ctl_error_print (self->err, owned);
  self->over = TRUE;
}

static SrStorage *
make_storage (const char *location, GError **error)
{
  g_autoptr (GFile) folder = g_file_new_for_commandline_arg (location);

  if (g_file_peek_path (folder) != NULL)
    return sr_folder_storage_new (folder);

  g_set_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED,
               _ ("%s is not a folder, and this version keeps repositories in folders only; name "
                  "one, as ./%s if that is its name"),
               location, location);
  return NULL;
}

static void
start (SrCtl *self)
{
  GError *error = NULL;
  gboolean creates = (self->command->traits & SR_CTL_CREATES) != 0;

  self->storage = make_storage (self->location, &error);
  if (self->storage == NULL)
    finish (self, error);
  else
    sr_ctl_password_get_async (self->password_file,
                               creates ? _ ("Password for the new repository: ")
                                       : _ ("Password of the repository: "),
                               creates, self->cancellable, on_password, self);
}

static void
on_password (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SrCtl *self = user_data;
  GError *error = NULL;
  g_autoptr (SrSecret) password = sr_ctl_password_get_finish (result, &error);
  g_autoptr (SrOpenJob) job = NULL;

  if (password == NULL)
    {
      finish (self, error);
      return;
    }

  if (self->command->traits & SR_CTL_CREATES)
    job = sr_open_job_new_to_create (self->storage, password);
  else
    job = sr_open_job_new (self->storage, password);
  sr_job_run_async (SR_JOB (job), self->cancellable, on_opened, self);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SrCtl *self = user_data;
  GError *error = NULL;

  if (!sr_job_run_finish (SR_JOB (source), result, &error))
    {
      finish (self, error);
      return;
    }
  self->repository = g_object_ref (sr_open_job_get_repository (SR_OPEN_JOB (source)));
  find_snapshot (self);
}

static void
find_snapshot (SrCtl *self)
{
  g_autoptr (SrSnapshotsJob) job = NULL;

  if ((self->command->traits & SR_CTL_WANTS_SNAPSHOT) == 0)
    {
      ask_new_password (self);
      return;
    }
  job = sr_snapshots_job_new (self->repository, self->arguments[0]);
  sr_job_run_async (SR_JOB (job), self->cancellable, on_snapshot_found, self);
}

static void
on_snapshot_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SrCtl *self = user_data;
  GError *error = NULL;

  if (!sr_job_run_finish (SR_JOB (source), result, &error))
    {
      finish (self, error);
      return;
    }
  self->snapshot =
      g_list_model_get_item (sr_snapshots_job_get_snapshots (SR_SNAPSHOTS_JOB (source)), 0);
  ask_new_password (self);
}

static void
ask_new_password (SrCtl *self)
{
  if (self->command->traits & SR_CTL_WANTS_NEW_PASSWORD)
    sr_ctl_password_get_async (self->new_password_file, _ ("New password: "), TRUE,
                               self->cancellable, on_new_password, self);
  else
    run_job (self);
}

static void
on_new_password (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SrCtl *self = user_data;
  GError *error = NULL;

  self->new_password = sr_ctl_password_get_finish (result, &error);
  if (self->new_password != NULL)
    run_job (self);
  else
    finish (self, error);
}

static void
run_job (SrCtl *self)
{
  g_autoptr (SrJob) job = NULL;

  self->started_usec = g_get_monotonic_time ();
  if (self->command->make_job == NULL)
    {
      self->command->print (self, NULL);
      finish (self, NULL);
      return;
    }

  job = self->command->make_job (self);
  if (self->command->traits & SR_CTL_LONG)
    sr_ctl_progress_show (self, job);
  sr_job_run_async (job, self->cancellable, on_job_run, self);
}

/* The problems have been named. For a check that was done, they are the answer and leave nothing out. */
static void
conclude (SrCtl *self, SrJob *job, GError **error)
{
  guint64 n_problems = sr_job_get_n_problems (job);
  g_autofree char *count = sr_ctl_text_count (n_problems);

  g_clear_error (error);
  if (self->command->traits & SR_CTL_FINDS_DAMAGE)
    g_set_error_literal (error, SR_ERROR, SR_ERROR_DAMAGED,
                         _ ("The repository is damaged; what is named above says what to do"));
  else
    g_set_error (error, SR_ERROR, SR_ERROR_INCOMPLETE,
                 ngettext ("Done, but for %s problem, which is named above",
                           "Done, but for %s problems, which are named above", (gulong) n_problems),
                 count);
}

static gboolean
met_damage (SrJob *job, const GError *error)
{
  GListModel *problems = sr_job_get_problems (job);
  guint n_problems = g_list_model_get_n_items (problems);
  gboolean found = g_error_matches (error, SR_ERROR, SR_ERROR_DAMAGED);

  for (guint i = 0; i < n_problems && !found; i++)
    {
      g_autoptr (SrProblem) problem = g_list_model_get_item (problems, i);

      /* Not found is a blob that no index file names. */
      found = g_error_matches (sr_problem_get_error (problem), SR_ERROR, SR_ERROR_DAMAGED) ||
              g_error_matches (sr_problem_get_error (problem), SR_ERROR, SR_ERROR_NOT_FOUND);
    }
  return found;
}

/* Others than a check meet damage by the way, and know neither what else it affects nor how to mend it. */
static void
point_to_check (SrCtl *self)
{
  if (!sr_ctl_output_is_json (self->err))
    sr_ctl_output_print (self->err,
                         _ ("%s: The repository is damaged; the command “check” names all files "
                            "that are affected, and says how to mend it\n"),
                         g_get_prgname ());
}

static void
on_job_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SrCtl *self = user_data;
  SrJob *job = SR_JOB (source);
  GError *error = NULL;

  sr_job_run_finish (job, result, &error);
  sr_ctl_progress_hide (job);
  sr_ctl_error_print_problems (self->err, job);
  if (error == NULL || g_error_matches (error, SR_ERROR, SR_ERROR_INCOMPLETE))
    self->command->print (self, job);
  if (g_error_matches (error, SR_ERROR, SR_ERROR_INCOMPLETE))
    conclude (self, job, &error);
  if ((self->command->traits & SR_CTL_FINDS_DAMAGE) == 0 && met_damage (job, error))
    point_to_check (self);
  finish (self, error);
}

/* What was said goes out last, so that a full disk under the output is noticed. */
static void
flush (SrCtl *self)
{
  if (!sr_ctl_output_flush (self->out) && sr_ctl_output_get_error (self->out) != 0)
    {
      g_autoptr (GError) error = NULL;

      sr_set_error_from_errno (&error, sr_ctl_output_get_error (self->out),
                               _ ("Could not write the output"));
      sr_ctl_error_print (self->err, error);
      self->status = SR_CTL_FAILED;
    }
  sr_ctl_output_flush (self->err);
}

/**
 * sr_ctl_run:
 * @self: what to do, with arguments that were checked
 *
 * Runs the command in the default main context, which it iterates.
 *
 * Returns: the exit status
 */
int
sr_ctl_run (SrCtl *self)
{
  start (self);
  while (!self->over)
    g_main_context_iteration (NULL, TRUE);
  flush (self);
  return self->status;
}

/**
 * sr_ctl_get_duration:
 * @self: a run whose job has begun
 *
 * Returns: seconds since then
 */
double
sr_ctl_get_duration (SrCtl *self)
{
  return (double) (g_get_monotonic_time () - self->started_usec) / G_USEC_PER_SEC;
}
