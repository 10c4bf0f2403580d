/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of commands. A new one is a file of its own, and a line here. */

#include "config.h"

#include "sr-ctl-commands.h"

#include <string.h>

const SrCtlCommand *const sr_ctl_commands[] = {
  &sr_ctl_command_init,
  &sr_ctl_command_backup,
  &sr_ctl_command_snapshots,
  &sr_ctl_command_ls,
  &sr_ctl_command_restore,
  &sr_ctl_command_check,
  &sr_ctl_command_key_list,
  &sr_ctl_command_key_add,
  &sr_ctl_command_key_remove,
  &sr_ctl_command_key_passwd,
  NULL,
};

/**
 * sr_ctl_commands_find:
 * @word: a word of the command line
 * @second_word: (nullable): the next one, for commands of two words
 *
 * Returns: (transfer none) (nullable): the command of that name
 */
const SrCtlCommand *
sr_ctl_commands_find (const char *word, const char *second_word)
{
  g_autofree char *both = second_word != NULL ? g_strdup_printf ("%s %s", word, second_word) : NULL;

  for (gsize i = 0; sr_ctl_commands[i] != NULL; i++)
    if (strcmp (sr_ctl_commands[i]->name, word) == 0 ||
        g_strcmp0 (sr_ctl_commands[i]->name, both) == 0)
      return sr_ctl_commands[i];
  return NULL;
}

/**
 * sr_ctl_commands_is_group:
 * @word: a word of the command line
 *
 * Returns: whether it is the first word of commands of two
 */
gboolean
sr_ctl_commands_is_group (const char *word)
{
  g_autofree char *start = g_strconcat (word, " ", NULL);

  for (gsize i = 0; sr_ctl_commands[i] != NULL; i++)
    if (g_str_has_prefix (sr_ctl_commands[i]->name, start))
      return TRUE;
  return FALSE;
}
