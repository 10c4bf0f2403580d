/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl key list, add, remove and passwd: passwords that open a repository. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-key-job.h"

static SrJob *
make_list_job (SrCtl *ctl)
{
  return SR_JOB (sr_key_job_new_list (ctl->repository));
}

static void
print_key_json (SrCtlOutput *out, const SrKeyInfo *key)
{
  SrJsonWriter *json = sr_ctl_output_begin_json (out, "key");

  sr_ctl_json_id (json, "id", &key->id);
  sr_ctl_json_time (json, "created", &key->created);
  sr_ctl_json_string (json, "username", key->username);
  sr_ctl_json_string (json, "hostname", key->hostname);
  sr_json_writer_member (json, "current");
  sr_json_writer_boolean (json, key->current);
  sr_ctl_output_end_json (out);
}

static void
print_key_row (SrCtlOutput *out, const SrKeyInfo *key)
{
  g_autofree char *created = sr_ctl_text_time (&key->created);
  g_autofree char *user = sr_ctl_text_escape (key->username != NULL ? key->username : "-");
  g_autofree char *host = sr_ctl_text_escape (key->hostname != NULL ? key->hostname : "-");
  char id[SR_ID_HEX_SIZE];

  sr_id_to_hex (&key->id, id);
  sr_ctl_output_print (out, "%c%.8s  %s  %-12s  %s\n", key->current ? '*' : ' ', id, created, user,
                       host);
}

static void
print_list (SrCtl *ctl, SrJob *job)
{
  const GPtrArray *keys = sr_key_job_get_keys (SR_KEY_JOB (job));

  sr_ctl_output_print (ctl->out, " %-8s  %-19s  %-12s  %s\n", _ ("ID"), _ ("Made"), _ ("User"),
                       _ ("Computer"));
  for (guint i = 0; i < keys->len; i++)
    {
      const SrKeyInfo *key = g_ptr_array_index (keys, i);

      if (sr_ctl_output_is_json (ctl->out))
        print_key_json (ctl->out, key);
      else
        print_key_row (ctl->out, key);
    }
}

static void
print_new_key (SrCtl *ctl, SrJob *job, const char *message_type, const char *sentence)
{
  const SrId *id = sr_key_job_get_new_id (SR_KEY_JOB (job));
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (id, hex);
  if (sr_ctl_output_is_json (ctl->out))
    {
      SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, message_type);

      sr_ctl_json_id (json, "id", id);
      sr_ctl_output_end_json (ctl->out);
    }
  else
    sr_ctl_output_print (ctl->out, "%s %.8s\n", sentence, hex);
}

static SrJob *
make_add_job (SrCtl *ctl)
{
  return SR_JOB (sr_key_job_new_add (ctl->repository, ctl->new_password));
}

static void
print_added (SrCtl *ctl, SrJob *job)
{
  print_new_key (ctl, job, "key_added", _ ("The new password opens the repository as well: key"));
}

static SrJob *
make_passwd_job (SrCtl *ctl)
{
  return SR_JOB (sr_key_job_new_change (ctl->repository, ctl->new_password));
}

static void
print_changed (SrCtl *ctl, SrJob *job)
{
  print_new_key (ctl, job, "key_changed",
                 _ ("The new password has taken the place of the old one: key"));
}

static SrJob *
make_remove_job (SrCtl *ctl)
{
  return SR_JOB (sr_key_job_new_remove (ctl->repository, ctl->arguments[0]));
}

static void
print_removed (SrCtl *ctl, SrJob *job)
{
  if (sr_ctl_output_is_json (ctl->out))
    {
      SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, "key_removed");

      sr_ctl_json_string (json, "id", ctl->arguments[0]);
      sr_ctl_output_end_json (ctl->out);
    }
  else
    sr_ctl_output_print (ctl->out, _ ("Removed the key %s\n"), ctl->arguments[0]);
}

const SrCtlCommand sr_ctl_command_key_list = {
  .name = "key list",
  .arguments = "",
  .summary = N_ ("Lists the keys; * marks the one in use."),
  .make_job = make_list_job,
  .print = print_list,
};

const SrCtlCommand sr_ctl_command_key_add = {
  .name = "key add",
  .arguments = "",
  .summary = N_ ("Adds a key: another password that opens the repository."),
  .traits = SR_CTL_WANTS_NEW_PASSWORD,
  .make_job = make_add_job,
  .print = print_added,
};

const SrCtlCommand sr_ctl_command_key_remove = {
  .name = "key remove",
  .arguments = "ID",
  .summary = N_ ("Removes a key, but never the one in use."),
  .min_arguments = 1,
  .max_arguments = 1,
  .make_job = make_remove_job,
  .print = print_removed,
};

const SrCtlCommand sr_ctl_command_key_passwd = {
  .name = "key passwd",
  .arguments = "",
  .summary = N_ ("Changes the password: adds a key, then removes the one in use."),
  .traits = SR_CTL_WANTS_NEW_PASSWORD,
  .make_job = make_passwd_job,
  .print = print_changed,
};
