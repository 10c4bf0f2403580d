/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Errors as sentences for people, and as codes for scripts, which should never have to look into a sentence. */

#include "config.h"

#include "sr-ctl-error.h"

#include <glib/gi18n.h>

#include "base/sr-error.h"
#include "ctl/sr-ctl-text.h"

/* Scripts know these: add some, never change one. */
static const char *const codes[] = {
  [SR_ERROR_WRONG_PASSWORD] = "wrong-password",
  [SR_ERROR_NOT_A_REPOSITORY] = "not-a-repository",
  [SR_ERROR_ALREADY_EXISTS] = "already-exists",
  [SR_ERROR_NOT_FOUND] = "not-found",
  [SR_ERROR_AMBIGUOUS] = "ambiguous",
  [SR_ERROR_REPOSITORY_LOCKED] = "repository-locked",
  [SR_ERROR_UNSUPPORTED] = "unsupported",
  [SR_ERROR_DAMAGED] = "damaged",
  [SR_ERROR_NO_SPACE] = "no-space",
  [SR_ERROR_PERMISSION] = "permission",
  [SR_ERROR_STORAGE] = "storage",
  [SR_ERROR_LIMIT] = "limit",
  [SR_ERROR_INVALID] = "invalid",
  [SR_ERROR_SOURCE] = "source",
  [SR_ERROR_TARGET] = "target",
  [SR_ERROR_INCOMPLETE] = "incomplete",
};

static const char *
get_code (const GError *error)
{
  if (error->domain == G_OPTION_ERROR)
    return "usage";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "cancelled";
  if (error->domain == SR_ERROR && error->code >= 0 && error->code < (int) G_N_ELEMENTS (codes) &&
      codes[error->code] != NULL)
    return codes[error->code];
  return "failed";
}

/**
 * sr_ctl_error_get_status:
 * @error: (nullable): why the run ended; NULL: it is done
 *
 * Returns: the exit status for it, an #SrCtlStatus
 */
int
sr_ctl_error_get_status (const GError *error)
{
  if (error == NULL)
    return SR_CTL_DONE;
  if (error->domain == G_OPTION_ERROR)
    return SR_CTL_USAGE;
  if (g_error_matches (error, SR_ERROR, SR_ERROR_INCOMPLETE))
    return SR_CTL_INCOMPLETE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return SR_CTL_CANCELLED;
  return SR_CTL_FAILED;
}

static void
print (SrCtlOutput *err, const char *message_type, const char *path, const GError *error)
{
  g_autofree char *message = sr_ctl_text_escape (error->message);
  g_autofree char *shown_path = path != NULL ? sr_ctl_text_escape (path) : NULL;

  if (sr_ctl_output_is_json (err))
    {
      SrJsonWriter *json = sr_ctl_output_begin_json (err, message_type);

      sr_ctl_json_string (json, "code", get_code (error));
      if (path != NULL)
        sr_ctl_json_path (json, "path", path);
      sr_ctl_json_string (json, "message", error->message);
      sr_ctl_output_end_json (err);
    }
  else if (path != NULL && sr_ctl_text_names (error->message, path))
    sr_ctl_output_print (err, "%s\n", message);
  else if (path != NULL)
    sr_ctl_output_print (err, "%s: %s\n", shown_path, message);
  else
    sr_ctl_output_print (err, "%s: %s\n", g_get_prgname (), message);
}

/**
 * sr_ctl_error_print:
 * @err: standard error; written to at once
 * @error: why the program ends
 */
void
sr_ctl_error_print (SrCtlOutput *err, const GError *error)
{
  print (err, "error", NULL, error);
  sr_ctl_output_flush (err);
}

/**
 * sr_ctl_error_print_problems:
 * @err: standard error
 * @job: a job that is over
 *
 * Names each file that the job could not do, and why.
 */
void
sr_ctl_error_print_problems (SrCtlOutput *err, SrJob *job)
{
  GListModel *problems = sr_job_get_problems (job);
  guint n_kept = g_list_model_get_n_items (problems);
  guint64 n_more = sr_job_get_n_problems (job) - n_kept;

  for (guint i = 0; i < n_kept; i++)
    {
      g_autoptr (SrProblem) problem = g_list_model_get_item (problems, i);

      print (err, "problem", sr_problem_get_path (problem), sr_problem_get_error (problem));
    }
  if (n_more > 0)
    {
      g_autofree char *count = sr_ctl_text_count (n_more);

      sr_ctl_output_print (err, _ ("… and %s more\n"), count);
    }
  sr_ctl_output_flush (err);
}
