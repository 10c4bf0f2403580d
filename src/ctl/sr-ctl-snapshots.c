/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl snapshots. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-snapshots-job.h"

static SrJob *
make_job (SrCtl *ctl)
{
  return SR_JOB (sr_snapshots_job_new (ctl->repository, NULL));
}

static void
write_summary (SrJsonWriter *json, const SrSnapshotSummary *summary)
{
  sr_json_writer_member (json, "summary");
  sr_json_writer_begin_object (json);
  sr_ctl_json_time (json, "backup_start", &summary->backup_start);
  sr_ctl_json_time (json, "backup_end", &summary->backup_end);
  sr_ctl_json_uint64 (json, "files_new", summary->files_new);
  sr_ctl_json_uint64 (json, "files_changed", summary->files_changed);
  sr_ctl_json_uint64 (json, "files_unmodified", summary->files_unmodified);
  sr_ctl_json_uint64 (json, "data_added", summary->data_added);
  sr_ctl_json_uint64 (json, "data_added_packed", summary->data_added_packed);
  sr_ctl_json_uint64 (json, "total_files_processed", summary->total_files_processed);
  sr_ctl_json_uint64 (json, "total_bytes_processed", summary->total_bytes_processed);
  sr_json_writer_end_object (json);
}

static void
print_json (SrCtlOutput *out, SrSnapshot *snapshot)
{
  SrJsonWriter *json = sr_ctl_output_begin_json (out, "snapshot");
  char id[SR_ID_HEX_SIZE];

  sr_id_to_hex (sr_snapshot_get_id (snapshot), id);
  sr_ctl_json_string (json, "id", id);
  id[8] = '\0';
  sr_ctl_json_string (json, "short_id", id);
  sr_ctl_json_time (json, "time", sr_snapshot_get_time (snapshot));
  sr_ctl_json_string (json, "hostname", sr_snapshot_get_hostname (snapshot));
  sr_ctl_json_string (json, "username", sr_snapshot_get_username (snapshot));
  sr_ctl_json_strv (json, "paths", sr_snapshot_get_paths (snapshot));
  sr_ctl_json_strv (json, "tags", sr_snapshot_get_tags (snapshot));
  sr_ctl_json_strv (json, "excludes", sr_snapshot_get_excludes (snapshot));
  sr_ctl_json_id (json, "tree", sr_snapshot_get_tree (snapshot));
  sr_ctl_json_id (json, "parent", sr_snapshot_get_parent (snapshot));
  sr_ctl_json_string (json, "program_version", sr_snapshot_get_program_version (snapshot));
  if (sr_snapshot_get_summary (snapshot) != NULL)
    write_summary (json, sr_snapshot_get_summary (snapshot));
  sr_ctl_output_end_json (out);
}

static char *
join_escaped (const char *separator, const char *const *texts)
{
  g_autofree char *joined = texts != NULL ? g_strjoinv (separator, (char **) texts) : g_strdup ("");

  return sr_ctl_text_escape (joined);
}

static void
print_row (SrCtlOutput *out, SrSnapshot *snapshot)
{
  const SrSnapshotSummary *summary = sr_snapshot_get_summary (snapshot);
  const char *hostname = sr_snapshot_get_hostname (snapshot);
  g_autofree char *time = sr_ctl_text_time (sr_snapshot_get_time (snapshot));
  g_autofree char *host = sr_ctl_text_escape (hostname != NULL ? hostname : "-");
  g_autofree char *tags = join_escaped (",", sr_snapshot_get_tags (snapshot));
  g_autofree char *paths = join_escaped ("  ", sr_snapshot_get_paths (snapshot));
  g_autofree char *size =
      summary != NULL ? sr_ctl_text_size (summary->total_bytes_processed) : g_strdup ("-");
  char id[SR_ID_HEX_SIZE];

  sr_id_to_hex (sr_snapshot_get_id (snapshot), id);
  sr_ctl_output_print (out, "%.8s  %s  %10s  %-12s  %-10s  %s\n", id, time, size, host, tags,
                       paths);
}

static void
print (SrCtl *ctl, SrJob *job)
{
  GListModel *snapshots = sr_snapshots_job_get_snapshots (SR_SNAPSHOTS_JOB (job));
  guint n_snapshots = g_list_model_get_n_items (snapshots);

  if (n_snapshots == 0)
    sr_ctl_output_print (ctl->out, _ ("There are no snapshots yet.\n"));
  else
    sr_ctl_output_print (ctl->out, "%-8s  %-19s  %10s  %-12s  %-10s  %s\n", _ ("ID"), _ ("Time"),
                         _ ("Size"), _ ("Computer"), _ ("Tags"), _ ("Paths"));
  for (guint i = 0; i < n_snapshots; i++)
    {
      g_autoptr (SrSnapshot) snapshot = g_list_model_get_item (snapshots, i);

      if (sr_ctl_output_is_json (ctl->out))
        print_json (ctl->out, snapshot);
      else
        print_row (ctl->out, snapshot);
    }
}

const SrCtlCommand sr_ctl_command_snapshots = {
  .name = "snapshots",
  .arguments = "",
  .summary = N_ ("Lists the snapshots, oldest first."),
  .make_job = make_job,
  .print = print,
};
