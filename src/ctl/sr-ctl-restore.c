/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl restore. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-options.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-restore-job.h"

static char *target;
static char **includes;
static char **excludes;
static char *conflict;
static gboolean ignore_case;

/* What check() has made of the options. */
static GFile *target_folder; /* (owned) */
static SrPatternList *include_patterns; /* (owned) */
static SrPatternList *exclude_patterns; /* (owned) */
static int conflict_policy = SR_CONFLICT_OVERWRITE;

static const GOptionEntry entries[] = {
  { "target", 't', 0, G_OPTION_ARG_FILENAME, &target,
    N_ ("Folder to restore into; / puts everything back where it was"), N_ ("DIR") },
  { "include", 'i', 0, G_OPTION_ARG_FILENAME_ARRAY, &includes,
    N_ ("Restore only what matches; may be repeated"), N_ ("PATTERN") },
  { "exclude", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, &excludes,
    N_ ("Leave out what matches; may be repeated"), N_ ("PATTERN") },
  { "ignore-case", 0, 0, G_OPTION_ARG_NONE, &ignore_case,
    N_ ("Patterns match capital and small letters alike"), NULL },
  { "conflict", 0, 0, G_OPTION_ARG_FILENAME, &conflict,
    N_ ("Where another file is in the way: overwrite, keep-newer, keep-both or skip"),
    N_ ("WHAT") },
  { NULL },
};

static gboolean
check (SrCtl *ctl, GError **error)
{
  if (target == NULL || *target == '\0')
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           _ ("Where to? Name a folder with --target DIR; / puts everything "
                              "back where it was"));
      return FALSE;
    }
  target_folder = g_file_new_for_commandline_arg (target);
  if (g_file_peek_path (target_folder) == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--target %s: this is not a folder of this computer"), target);
      return FALSE;
    }
  if (!sr_ctl_options_get_enum (SR_TYPE_CONFLICT_POLICY, "conflict", conflict, &conflict_policy,
                                error))
    return FALSE;
  include_patterns = sr_pattern_list_new ((const char *const *) includes, ignore_case, error);
  if (include_patterns == NULL)
    return FALSE;
  exclude_patterns = sr_pattern_list_new ((const char *const *) excludes, ignore_case, error);
  return exclude_patterns != NULL;
}

static SrJob *
make_job (SrCtl *ctl)
{
  SrRestoreJob *job = sr_restore_job_new (ctl->repository, ctl->snapshot, target_folder);

  if (includes != NULL)
    sr_restore_job_set_include (job, include_patterns);
  if (excludes != NULL)
    sr_restore_job_set_exclude (job, exclude_patterns);
  sr_restore_job_set_conflict_policy (job, (SrConflictPolicy) conflict_policy);
  return SR_JOB (job);
}

static void
print_json (SrCtl *ctl, SrJob *job, guint64 n_restored, guint64 n_bytes)
{
  SrRestoreJob *restore = SR_RESTORE_JOB (job);
  SrJsonWriter *json = sr_ctl_output_begin_json (ctl->out, "summary");

  sr_ctl_json_id (json, "snapshot_id", sr_snapshot_get_id (ctl->snapshot));
  sr_ctl_json_path (json, "target", g_file_peek_path (target_folder));
  sr_ctl_json_uint64 (json, "files_restored", n_restored);
  sr_ctl_json_uint64 (json, "files_unchanged", sr_restore_job_get_n_unchanged (restore));
  sr_ctl_json_uint64 (json, "files_skipped", sr_restore_job_get_n_skipped (restore));
  sr_ctl_json_uint64 (json, "files_failed", sr_restore_job_get_n_failed (restore));
  sr_ctl_json_uint64 (json, "total_bytes_processed", n_bytes);
  sr_ctl_json_seconds (json, "total_duration", sr_ctl_get_duration (ctl));
  sr_ctl_json_uint64 (json, "problems", sr_job_get_n_problems (job));
  sr_ctl_output_end_json (ctl->out);
}

static void
print_text (SrCtl *ctl, SrRestoreJob *job, guint64 n_restored, guint64 n_bytes)
{
  guint64 n_unchanged = sr_restore_job_get_n_unchanged (job);
  guint64 n_skipped = sr_restore_job_get_n_skipped (job);
  g_autofree char *restored = sr_ctl_text_count (n_restored);
  g_autofree char *unchanged = sr_ctl_text_count (n_unchanged);
  g_autofree char *skipped = sr_ctl_text_count (n_skipped);
  g_autofree char *bytes = sr_ctl_text_size (n_bytes);
  g_autofree char *duration = sr_ctl_text_seconds (sr_ctl_get_duration (ctl));
  g_autofree char *folder = sr_ctl_text_escape (g_file_peek_path (target_folder));

  sr_ctl_output_print (
      ctl->out,
      ngettext ("Restored %s file or link", "Restored %s files and links", (gulong) n_restored),
      restored);
  if (n_unchanged > 0)
    sr_ctl_output_print (ctl->out, _ (", %s were there already"), unchanged);
  if (n_skipped > 0)
    sr_ctl_output_print (ctl->out, _ (", %s were in the way and kept"), skipped);
  sr_ctl_output_print (ctl->out, _ (", %s in %s, into %s\n"), bytes, duration, folder);
  if (n_restored + n_unchanged + n_skipped == 0 && includes != NULL)
    sr_ctl_output_print (ctl->out, _ ("No file matches the patterns: “ls” shows what there is\n"));
}

static void
print (SrCtl *ctl, SrJob *job)
{
  SrRestoreJob *restore = SR_RESTORE_JOB (job);
  guint64 n_done, n_bytes, n_others;

  g_object_get (job, "files-done", &n_done, "bytes-done", &n_bytes, NULL);
  n_others = sr_restore_job_get_n_unchanged (restore) + sr_restore_job_get_n_skipped (restore) +
             sr_restore_job_get_n_failed (restore);
  n_done -= MIN (n_done, n_others);
  if (sr_ctl_output_is_json (ctl->out))
    print_json (ctl, job, n_done, n_bytes);
  else
    print_text (ctl, restore, n_done, n_bytes);
}

const SrCtlCommand sr_ctl_command_restore = {
  .name = "restore",
  .arguments = "SNAPSHOT",
  .summary = N_ ("Restores a snapshot, whole or in part."),
  .description =
      N_ ("SNAPSHOT is “latest”, an id, or its first digits.\n"
          "A restore that was interrupted goes on where it was when it is started again."),
  .doing = N_ ("Restoring"),
  .entries = entries,
  .min_arguments = 1,
  .max_arguments = 1,
  .traits = SR_CTL_WANTS_SNAPSHOT | SR_CTL_LONG,
  .check = check,
  .make_job = make_job,
  .print = print,
};
