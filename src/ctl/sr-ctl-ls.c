/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl ls. Entries are written as they come, so a listing of any length takes little memory. */

#include "config.h"

#include "ctl/sr-ctl-commands.h"
#include "ctl/sr-ctl-text.h"
#include "engine/sr-list-job.h"

static gboolean long_form;
static gboolean one_level;

static const GOptionEntry entries[] = {
  { "long", 'l', 0, G_OPTION_ARG_NONE, &long_form,
    N_ ("Show mode, owner, size and time of change as well"), NULL },
  { "one-level", '1', 0, G_OPTION_ARG_NONE, &one_level,
    N_ ("Do not list what is in folders of the folder"), NULL },
  { NULL },
};

/* As ls(1) has it: "drwxr-xr-x". */
static void
format_mode (const SrNode *node, char mode[11])
{
  static const char types[] = "-dlbcps?"; /* in the order of SrNodeType */
  static const char letters[] = "rwxrwxrwx";
  guint bits = node->permissions;

  mode[0] = types[MIN (node->type, SR_NODE_UNKNOWN)];
  for (guint i = 0; i < 9; i++)
    mode[i + 1] = '-';
  for (guint i = 0; i < 9; i++)
    if (bits & (0400u >> i))
      mode[i + 1] = letters[i];
  if (bits & 04000)
    mode[3] = bits & 0100 ? 's' : 'S';
  if (bits & 02000)
    mode[6] = bits & 0010 ? 's' : 'S';
  if (bits & 01000)
    mode[9] = bits & 0001 ? 't' : 'T';
  mode[10] = '\0';
}

static char *
dup_owner (const char *name, guint32 id)
{
  return name != NULL && *name != '\0' ? sr_ctl_text_escape (name) : g_strdup_printf ("%u", id);
}

static void
print_long (SrCtlOutput *out, SrEntry *entry)
{
  const SrNode *node = sr_entry_get_node (entry);
  g_autofree char *path = sr_ctl_text_escape (sr_entry_get_path (entry));
  g_autofree char *user = dup_owner (node->user, node->uid);
  g_autofree char *group = dup_owner (node->group, node->gid);
  g_autofree char *time = sr_ctl_text_time (&node->mtime);
  char mode[11];

  format_mode (node, mode);
  sr_ctl_output_print (out, "%s  %-8s %-8s %12" G_GUINT64_FORMAT "  %s  %s", mode, user, group,
                       node->size, time, path);
  if (node->link_target != NULL)
    {
      g_autofree char *link_target = sr_ctl_text_escape (node->link_target);

      sr_ctl_output_print (out, " -> %s", link_target);
    }
  sr_ctl_output_print (out, "\n");
}

static void
print_json (SrCtlOutput *out, SrEntry *entry)
{
  const SrNode *node = sr_entry_get_node (entry);
  SrJsonWriter *json = sr_ctl_output_begin_json (out, "entry");

  sr_ctl_json_path (json, "path", sr_entry_get_path (entry));
  sr_ctl_json_string (json, "type", sr_node_type_to_string ((SrNodeType) node->type));
  sr_ctl_json_uint64 (json, "permissions", node->permissions);
  sr_ctl_json_uint64 (json, "uid", node->uid);
  sr_ctl_json_uint64 (json, "gid", node->gid);
  sr_ctl_json_string (json, "user", node->user);
  sr_ctl_json_string (json, "group", node->group);
  sr_ctl_json_uint64 (json, "size", node->size);
  sr_ctl_json_time (json, "mtime", &node->mtime);
  sr_ctl_json_time (json, "atime", &node->atime);
  sr_ctl_json_time (json, "ctime", &node->ctime);
  sr_ctl_json_uint64 (json, "links", node->links);
  sr_ctl_json_uint64 (json, "inode", node->inode);
  if (node->link_target != NULL)
    sr_ctl_json_path (json, "link_target", node->link_target);
  sr_ctl_output_end_json (out);
}

static void
print_short (SrCtlOutput *out, SrEntry *entry)
{
  g_autofree char *path = sr_ctl_text_escape (sr_entry_get_path (entry));

  sr_ctl_output_print (out, "%s\n", path);
}

static void
on_entries (SrListJob *job, GListModel *list, SrCtl *ctl)
{
  guint n_entries = g_list_model_get_n_items (list);

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (SrEntry) entry = g_list_model_get_item (list, i);

      if (sr_ctl_output_is_json (ctl->out))
        print_json (ctl->out, entry);
      else if (long_form)
        print_long (ctl->out, entry);
      else
        print_short (ctl->out, entry);
    }
  /* Nobody reads it: there is nothing more to do. */
  if (!sr_ctl_output_flush (ctl->out))
    g_cancellable_cancel (ctl->cancellable);
}

static SrJob *
make_job (SrCtl *ctl)
{
  SrListJob *job = sr_list_job_new (ctl->repository, ctl->snapshot,
                                    ctl->n_arguments > 1 ? ctl->arguments[1] : NULL, !one_level);

  g_signal_connect (job, "entries", G_CALLBACK (on_entries), ctl);
  return SR_JOB (job);
}

static void
print (SrCtl *ctl, SrJob *job)
{
  /* All has been said in on_entries(). */
}

const SrCtlCommand sr_ctl_command_ls = {
  .name = "ls",
  .arguments = "SNAPSHOT [PATH]",
  .summary = N_ ("Lists what is in a snapshot."),
  .description = N_ ("SNAPSHOT is “latest”, an id, or its first digits."),
  .entries = entries,
  .min_arguments = 1,
  .max_arguments = 2,
  .traits = SR_CTL_WANTS_SNAPSHOT,
  .make_job = make_job,
  .print = print,
};
