/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl check. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-check-job.h"

static gboolean read_data;

static const GOptionEntry entries[] = {
  { "read-data", 0, 0, G_OPTION_ARG_NONE, &read_data,
    N_ ("Read every byte that is stored, too; else only what lists it"), NULL },
  { NULL },
};

static SrJob *
make_job (SrCtl *ctl)
{
  SrCheckJob *job = sr_check_job_new (ctl->repository);

  sr_check_job_set_read_data (job, read_data);
  return SR_JOB (job);
}

static void
print_json (SrCtl *ctl, SrJob *job)
{
  SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, "summary");

  sr_ctl_json_uint64 (json, "problems", sr_job_get_n_problems (job));
  sr_ctl_json_strv (json, "hints", sr_check_job_get_hints (SR_CHECK_JOB (job)));
  sr_json_writer_member (json, "read_data");
  sr_json_writer_boolean (json, read_data);
  sr_ctl_json_seconds (json, "total_duration", sr_ctl_get_duration (ctl));
  sr_ctl_output_end_json (ctl->out);
}

static void
print_text (SrCtl *ctl, SrJob *job)
{
  const char *const *hints = sr_check_job_get_hints (SR_CHECK_JOB (job));
  g_autofree char *duration = sr_ctl_text_seconds (sr_ctl_get_duration (ctl));

  for (gsize i = 0; hints != NULL && hints[i] != NULL; i++)
    {
      g_autofree char *hint = sr_ctl_text_escape (hints[i]);

      sr_ctl_output_print (ctl->out, _ ("No damage, but unusual: %s\n"), hint);
    }
  if (sr_job_get_n_problems (job) > 0)
    return;
  sr_ctl_output_print (ctl->out,
                       read_data ? _ ("The repository is whole: every byte was read, in %s\n")
                                 : _ ("The repository is whole, as far as can be seen without "
                                      "reading all data (--read-data), in %s\n"),
                       duration);
}

static void
print (SrCtl *ctl, SrJob *job)
{
  if (sr_ctl_output_is_json (ctl->out))
    print_json (ctl, job);
  else
    print_text (ctl, job);
}

const SrCtlCommand sr_ctl_command_check = {
  .name = "check",
  .arguments = "",
  .summary = N_ ("Checks that the repository is whole."),
  .description = N_ ("Names what is damaged, and the files that it affects; the exit status is "
                     "then 1."),
  .doing = N_ ("Checking"),
  .entries = entries,
  .traits = SR_CTL_LONG | SR_CTL_FINDS_DAMAGE,
  .make_job = make_job,
  .print = print,
};
