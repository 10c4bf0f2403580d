/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib/gi18n.h>

#include "ctl/sr-ctl-output.h"
#include "engine/sr-job.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

typedef struct _SrCtl SrCtl;

/* What is special about a command. */
typedef enum
{
  SR_CTL_CREATES = 1 << 0, /* makes the repository, and has no further job */
  SR_CTL_WANTS_SNAPSHOT = 1 << 1, /* its first argument names one */
  SR_CTL_WANTS_NEW_PASSWORD = 1 << 2,
  SR_CTL_LONG = 1 << 3, /* shows progress */
  SR_CTL_FINDS_DAMAGE = 1 << 4, /* its problems are not files left out, but the answer: no */
} SrCtlTraits;

/* A command: the row of a table, in a file of its own with the variables that its options set. */
typedef struct
{
  const char *name; /* as typed, of one or two words */
  const char *arguments; /* for its help: "SNAPSHOT [PATH]" */
  const char *summary; /* one line */
  const char *description; /* (nullable): below the options in its help */
  const char *doing; /* (nullable): for the progress line */
  const GOptionEntry *entries; /* (nullable) */
  guint min_arguments;
  guint max_arguments;
  SrCtlTraits traits;
  /* (nullable): looks at the options before a password is asked for; an error here is one of usage. */
  gboolean (*check) (SrCtl *ctl, GError **error);
  /* (nullable) (transfer full): the job, ready to run. */
  SrJob *(*make_job) (SrCtl *ctl);
  /* Says what was done; also when it is incomplete. */
  void (*print) (SrCtl *ctl, SrJob *job);
} SrCtlCommand;

/* One run of the program: what was asked for, and what it has come to until now. */
struct _SrCtl
{
  const SrCtlCommand *command;
  char **arguments; /* (owned): those behind the command word, raw bytes */
  guint n_arguments;
  char *location; /* (owned) (nullable): of --repository */
  char *password_file; /* (owned) (nullable) */
  char *new_password_file; /* (owned) (nullable) */

  GCancellable *cancellable; /* (owned): Ctrl-C */
  SrCtlOutput *out; /* (owned) */
  SrCtlOutput *err; /* (owned) */

  SrStorage *storage; /* (owned) (nullable) */
  SrRepository *repository; /* (owned) (nullable): once it is open */
  SrSnapshot *snapshot; /* (owned) (nullable): the one that was named */
  SrSecret *new_password; /* (owned) (nullable) */

  gint64 started_usec; /* when the command's job began, monotonic */
  gboolean over;
  int status; /* of the program, once it is over */
};

int sr_ctl_run (SrCtl *self);
double sr_ctl_get_duration (SrCtl *self);

G_END_DECLS
