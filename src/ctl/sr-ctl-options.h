/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "ctl/sr-ctl.h"

G_BEGIN_DECLS

/* What the command line asks for. */
typedef enum
{
  SR_CTL_ACTION_RUN, /* the command in the SrCtl */
  SR_CTL_ACTION_SAY, /* a text: help or version */
} SrCtlAction;

gboolean sr_ctl_options_parse (SrCtl *ctl,
                               char **argv,
                               SrCtlAction *out_action,
                               char **out_text,
                               GError **error);
gboolean sr_ctl_options_want_json (char **argv);

/* For the commands. */
gboolean sr_ctl_options_get_enum (GType type,
                                  const char *option,
                                  const char *text,
                                  int *out_value,
                                  GError **error);
gboolean sr_ctl_options_check_utf8 (const char *option, char **texts, GError **error);

G_END_DECLS
