/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl backup. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-options.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-backup-job.h"

static char **excludes;
static char *exclude_larger_than;
static char **tags;
static char *hostname;
static char *compression;
static gboolean ignore_case;
static gboolean exclude_caches;
static gboolean one_file_system;
static gboolean force;

/* What check() has made of the options. */
static SrPatternList *patterns; /* (owned) */
static char **single_tags; /* (owned) */
static guint64 max_file_size; /* bytes; 0: any */
static int compression_value = SR_COMPRESSION_AUTO;

static const GOptionEntry entries[] = {
  { "exclude", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, &excludes,
    N_ ("Leave out what matches; may be repeated"), N_ ("PATTERN") },
  { "ignore-case", 0, 0, G_OPTION_ARG_NONE, &ignore_case,
    N_ ("Patterns match capital and small letters alike"), NULL },
  { "exclude-caches", 0, 0, G_OPTION_ARG_NONE, &exclude_caches,
    N_ ("Leave out what is in folders with a CACHEDIR.TAG"), NULL },
  { "exclude-larger-than", 0, 0, G_OPTION_ARG_FILENAME, &exclude_larger_than,
    N_ ("Leave out larger files (bytes, or with K, M, G, T)"), N_ ("SIZE") },
  { "one-file-system", 'x', 0, G_OPTION_ARG_NONE, &one_file_system,
    N_ ("Leave out other file systems that are mounted inside"), NULL },
  { "tag", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tags,
    N_ ("Tag the snapshot; may be repeated, or be several with commas"), N_ ("TAG") },
  { "host", 'H', 0, G_OPTION_ARG_FILENAME, &hostname, N_ ("Name of the computer in the snapshot"),
    N_ ("NAME") },
  { "compression", 0, 0, G_OPTION_ARG_FILENAME, &compression, N_ ("auto, max or off"),
    N_ ("MODE") },
  { "force", 'f', 0, G_OPTION_ARG_NONE, &force, N_ ("Read files again that look unchanged"), NULL },
  { NULL },
};

/* As restic does, which has no commas in tags. */
static char **
split_tags (void)
{
  g_autofree char *joined = tags != NULL ? g_strjoinv (",", tags) : g_strdup ("");

  return g_strsplit (joined, ",", -1);
}

static gboolean
check (SrCtl *ctl, GError **error)
{
  char *host[] = { hostname, NULL };

  single_tags = split_tags ();
  if (!sr_ctl_options_check_utf8 ("tag", single_tags, error) ||
      !sr_ctl_options_check_utf8 ("host", host, error) ||
      !sr_ctl_options_get_enum (SR_TYPE_COMPRESSION, "compression", compression, &compression_value,
                                error))
    return FALSE;

  if (exclude_larger_than != NULL &&
      (!sr_ctl_text_parse_size (exclude_larger_than, &max_file_size) || max_file_size == 0))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--exclude-larger-than %s: no size; write a number of bytes, or one with "
                      "K, M, G or T behind it"),
                   exclude_larger_than);
      return FALSE;
    }
  /* What a script's variable that is not set leaves; it would stand for the current folder. */
  for (guint i = 0; i < ctl->n_arguments; i++)
    if (*ctl->arguments[i] == '\0')
      {
        g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                             _ ("An empty PATH was given; write . for the current folder"));
        return FALSE;
      }
  patterns = sr_pattern_list_new ((const char *const *) excludes, ignore_case, error);
  return patterns != NULL;
}

static SrJob *
make_job (SrCtl *ctl)
{
  g_autoptr (GPtrArray) roots = g_ptr_array_new_with_free_func (g_object_unref);
  SrBackupJob *job;

  for (guint i = 0; i < ctl->n_arguments; i++)
    g_ptr_array_add (roots, g_file_new_for_commandline_arg (ctl->arguments[i]));

  job = sr_backup_job_new (ctl->repository, (GFile *const *) roots->pdata, roots->len);
  if (excludes != NULL)
    sr_backup_job_set_excludes (job, patterns, (const char *const *) excludes);
  sr_backup_job_set_exclude_caches (job, exclude_caches);
  sr_backup_job_set_max_file_size (job, max_file_size);
  sr_backup_job_set_one_file_system (job, one_file_system);
  sr_backup_job_set_compression (job, (SrCompression) compression_value);
  if (*single_tags != NULL)
    sr_backup_job_set_tags (job, (const char *const *) single_tags);
  if (hostname != NULL)
    sr_backup_job_set_hostname (job, hostname);
  sr_backup_job_set_force_rescan (job, force);
  return SR_JOB (job);
}

static void
print_json (SrCtl *ctl, SrJob *job, SrSnapshot *snapshot)
{
  const SrSnapshotSummary *summary = sr_snapshot_get_summary (snapshot);
  SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, "summary");

  sr_ctl_json_id (json, "snapshot_id", sr_snapshot_get_id (snapshot));
  sr_ctl_json_uint64 (json, "files_new", summary->files_new);
  sr_ctl_json_uint64 (json, "files_changed", summary->files_changed);
  sr_ctl_json_uint64 (json, "files_unmodified", summary->files_unmodified);
  sr_ctl_json_uint64 (json, "dirs_new", summary->dirs_new);
  sr_ctl_json_uint64 (json, "dirs_changed", summary->dirs_changed);
  sr_ctl_json_uint64 (json, "dirs_unmodified", summary->dirs_unmodified);
  sr_ctl_json_uint64 (json, "data_blobs", summary->data_blobs);
  sr_ctl_json_uint64 (json, "tree_blobs", summary->tree_blobs);
  sr_ctl_json_uint64 (json, "data_added", summary->data_added);
  sr_ctl_json_uint64 (json, "data_added_packed", summary->data_added_packed);
  sr_ctl_json_uint64 (json, "total_files_processed", summary->total_files_processed);
  sr_ctl_json_uint64 (json, "total_bytes_processed", summary->total_bytes_processed);
  sr_ctl_json_seconds (json, "total_duration", sr_ctl_get_duration (ctl));
  sr_ctl_json_uint64 (json, "problems", sr_job_get_n_problems (job));
  sr_ctl_output_end_json (ctl->out);
}

static void
print_text (SrCtl *ctl, SrSnapshot *snapshot)
{
  const SrSnapshotSummary *summary = sr_snapshot_get_summary (snapshot);
  guint64 n_files = summary->total_files_processed;
  g_autofree char *files = sr_ctl_text_count (n_files);
  g_autofree char *bytes = sr_ctl_text_size (summary->total_bytes_processed);
  g_autofree char *added = sr_ctl_text_size (summary->data_added);
  g_autofree char *packed = sr_ctl_text_size (summary->data_added_packed);
  g_autofree char *duration = sr_ctl_text_seconds (sr_ctl_get_duration (ctl));
  char id[SR_ID_HEX_SIZE];

  sr_id_to_hex (sr_snapshot_get_id (snapshot), id);
  sr_ctl_output_print (ctl->out,
                       ngettext ("Backed up %s file, %s in %s; ", "Backed up %s files, %s in %s; ",
                                 (gulong) n_files),
                       files, bytes, duration);
  if (summary->data_added == 0)
    sr_ctl_output_print (ctl->out, _ ("nothing was new. "));
  else
    sr_ctl_output_print (ctl->out, _ ("%s are new, stored as %s. "), added, packed);
  sr_ctl_output_print (ctl->out, _ ("Snapshot %.8s\n"), id);
  if (n_files == 0)
    sr_ctl_output_print (ctl->out,
                         _ ("There is no file in this backup: see what was named, and what "
                            "--exclude leaves out\n"));
}

static void
print (SrCtl *ctl, SrJob *job)
{
  SrSnapshot *snapshot = sr_backup_job_get_snapshot (SR_BACKUP_JOB (job));

  if (sr_ctl_output_is_json (ctl->out))
    print_json (ctl, job, snapshot);
  else
    print_text (ctl, snapshot);
}

const SrCtlCommand sr_ctl_command_backup = {
  .name = "backup",
  .arguments = "PATH…",
  .summary = N_ ("Backs files and folders up into a new snapshot."),
  .description =
      N_ ("Files that did not change since the last snapshot of the same folders are not "
          "read again.\nWhat cannot be read is named, the rest is backed up, and the "
          "exit status is 3."),
  .doing = N_ ("Backing up"),
  .entries = entries,
  .min_arguments = 1,
  .max_arguments = G_MAXUINT,
  .traits = SR_CTL_LONG,
  .check = check,
  .make_job = make_job,
  .print = print,
};
