/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "ctl/sr-ctl.h"

G_BEGIN_DECLS

extern const SrCtlCommand sr_ctl_command_init;
extern const SrCtlCommand sr_ctl_command_backup;
extern const SrCtlCommand sr_ctl_command_snapshots;
extern const SrCtlCommand sr_ctl_command_ls;
extern const SrCtlCommand sr_ctl_command_restore;
extern const SrCtlCommand sr_ctl_command_check;
extern const SrCtlCommand sr_ctl_command_key_list;
extern const SrCtlCommand sr_ctl_command_key_add;
extern const SrCtlCommand sr_ctl_command_key_remove;
extern const SrCtlCommand sr_ctl_command_key_passwd;

extern const SrCtlCommand *const sr_ctl_commands[]; /* NULL-terminated, as help lists them */

const SrCtlCommand *sr_ctl_commands_find (const char *word, const char *second_word);
gboolean sr_ctl_commands_is_group (const char *word);

G_END_DECLS
