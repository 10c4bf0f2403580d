/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl init. Opening with the flag that creates is all there is to do. */

#include "config.h"

#include "sr-ctl-commands.h"
#include "sr-ctl-text.h"

static void
print (SrCtl *ctl, SrJob *job)
{
  const SrConfig *config = sr_repository_get_config (ctl->repository);
  g_autofree char *location = sr_storage_dup_location (ctl->storage);
  g_autofree char *shown = sr_ctl_text_escape (location);
  char id[SR_ID_HEX_SIZE];

  sr_id_to_hex (&config->id, id);
  if (sr_ctl_output_is_json (ctl->out))
    {
      SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, "initialized");

      sr_ctl_json_id (json, "id", &config->id);
      sr_ctl_json_path (json, "repository", location);
      sr_ctl_output_end_json (ctl->out);
    }
  else
    sr_ctl_output_print (ctl->out,
                         _ ("Made the repository %.10s in %s. Without its password nobody can read "
                            "what is in it: keep it in a safe place.\n"),
                         id, shown);
}

const SrCtlCommand sr_ctl_command_init = {
  .name = "init",
  .arguments = "",
  .summary = N_ ("Makes a repository in a folder, which may be new or hold other files."),
  .traits = SR_CTL_CREATES,
  .print = print,
};
