/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads the command line.
 *
 * Options may stand before and behind the command word, and which options there are depends on the
 * command. So the word is looked for first: it is what is neither an option nor the value of one. For that an
 * option has a value with all commands or with none (a test sees to it). GOption does the rest, with
 * that command's options and the common ones.
 *
 * Values are taken as the bytes they are (G_OPTION_ARG_FILENAME), also those of patterns and tags:
 * GOption would convert text from the locale's encoding, and refuse all but ASCII where none is set, as in cron. */

#include "config.h"

#include "sr-ctl-options.h"

#include <string.h>

#include "ctl/sr-ctl-commands.h"

static char *location;
static char *password_file;
static char *new_password_file;
static char **arguments;
static gboolean json;
static gboolean help;
static gboolean version;

static const GOptionEntry common_entries[] = {
  { "repository", 'r', 0, G_OPTION_ARG_FILENAME, &location, N_ ("Folder of the repository"),
    N_ ("LOCATION") },
  { "password-file", 'p', 0, G_OPTION_ARG_FILENAME, &password_file,
    N_ ("File with its password; - for standard input, fd:N for a descriptor"), N_ ("FILE") },
  { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Write objects for programs, one a line"), NULL },
  { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_ ("Show this text"), NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Show the program's version"), NULL },
  { NULL },
};

static const GOptionEntry new_password_entries[] = {
  { "new-password-file", 0, 0, G_OPTION_ARG_FILENAME, &new_password_file,
    N_ ("File with the new password; - and fd:N as well"), N_ ("FILE") },
  { NULL },
};

static const GOptionEntry remaining_entries[] = {
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, NULL },
  { NULL },
};

static const GOptionEntry *
find_entry (const GOptionEntry *entries, const char *option)
{
  gsize length = strcspn (option, "=");

  for (; entries != NULL && entries->long_name != NULL; entries++)
    {
      if (g_str_has_prefix (option, "--"))
        {
          if (strlen (entries->long_name) == length - 2 &&
              strncmp (entries->long_name, option + 2, length - 2) == 0)
            return entries;
        }
      else if (entries->short_name != '\0' && entries->short_name == option[1])
        return entries;
    }
  return NULL;
}

static gboolean
has_value (const GOptionEntry *entry)
{
  return entry != NULL && entry->arg != G_OPTION_ARG_NONE;
}

/* Has the option a value, with the commands that have the option? */
static gboolean
takes_value (const char *option)
{
  gboolean value = has_value (find_entry (common_entries, option)) ||
                   has_value (find_entry (new_password_entries, option));

  for (gsize i = 0; sr_ctl_commands[i] != NULL && !value; i++)
    value = has_value (find_entry (sr_ctl_commands[i]->entries, option));
  return value;
}

/* Is the next word of the command line the value of this one? */
static gboolean
takes_next (const char *option)
{
  gboolean has_it =
      g_str_has_prefix (option, "--") ? strchr (option, '=') != NULL : option[2] != '\0';

  return !has_it && takes_value (option);
}

/* The command line with "-rLOCATION" as two words, which GOption does not know. */
static char **
dup_with_values_apart (char **argv)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  gsize i = 0;

  for (; argv[i] != NULL && strcmp (argv[i], "--") != 0; i++)
    {
      const char *word = argv[i];
      char letter[] = { '-', word[0] != '\0' ? word[1] : '\0', '\0' };

      if (i > 0 && word[0] == '-' && word[1] != '-' && word[1] != '\0' && word[2] != '\0' &&
          takes_value (letter))
        {
          g_strv_builder_add_many (words, letter, word + 2, NULL);
          continue;
        }
      g_strv_builder_add (words, word);
      if (i > 0 && word[0] == '-' && word[1] != '\0' && takes_next (word) && argv[i + 1] != NULL)
        g_strv_builder_add (words, argv[++i]);
    }
  g_strv_builder_addv (words, (const char **) argv + i);
  return g_strv_builder_end (words);
}

/* Takes the next word that is no option out of @argv, which begins with the program's name. */
static char *
take_word (char **argv)
{
  for (gsize i = 1; argv[i] != NULL && strcmp (argv[i], "--") != 0; i++)
    {
      if (argv[i][0] != '-' || argv[i][1] == '\0')
        {
          char *word = argv[i];

          for (; argv[i] != NULL; i++)
            argv[i] = argv[i + 1];
          return word;
        }
      if (takes_next (argv[i]) && argv[i + 1] != NULL)
        i++;
    }
  return NULL;
}

/* Says that there is no such command; of commands of two words, which there are. */
static void
set_no_command (const char *word, const char *second, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *start = g_strconcat (word, " ", NULL);

  for (gsize i = 0; sr_ctl_commands[i] != NULL; i++)
    if (g_str_has_prefix (sr_ctl_commands[i]->name, start))
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", sr_ctl_commands[i]->name);

  if (names->len > 0)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 _ ("There is no command “%s%s%s”, but there are %s"), word,
                 second != NULL ? " " : "", second != NULL ? second : "", names->str);
  else
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 _ ("There is no command “%s”; see %s --help"), word, g_get_prgname ());
}

static gboolean
find_command (char **argv, const SrCtlCommand **out_command, GError **error)
{
  g_autofree char *word = take_word (argv);
  g_autofree char *second = NULL;

  *out_command = NULL;
  if (g_strcmp0 (word, "help") == 0)
    {
      help = TRUE;
      g_free (word);
      word = take_word (argv);
    }
  if (word == NULL)
    return TRUE;
  if (sr_ctl_commands_is_group (word))
    second = take_word (argv);
  *out_command = sr_ctl_commands_find (word, second);
  if (*out_command == NULL)
    set_no_command (word, second, error);
  return *out_command != NULL;
}

static char *
list_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));

  for (gsize i = 0; sr_ctl_commands[i] != NULL; i++)
    g_string_append_printf (text, "\n  %-16s %s", sr_ctl_commands[i]->name,
                            _ (sr_ctl_commands[i]->summary));
  g_string_append (text, _ ("\n\nMore on a command: strongroomctl COMMAND --help\n\n"
                            "Exit status: 0 done, 1 failed, 2 usage, 3 incomplete, 130 cancelled"));
  return g_string_free (text, FALSE);
}

static GOptionContext *
make_context (const SrCtlCommand *command)
{
  g_autofree char *usage = command != NULL
                               ? g_strdup_printf ("%s %s", command->name, command->arguments)
                               : g_strdup (_ ("COMMAND"));
  g_autofree char *commands = command == NULL ? list_commands () : NULL;
  GOptionContext *context = g_option_context_new (usage);
  GOptionGroup *common =
      g_option_group_new ("common", _ ("Common options:"), _ ("Common options"), NULL, NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, NULL);
  g_option_context_add_main_entries (context, remaining_entries, NULL);
  if (command != NULL && command->entries != NULL)
    g_option_context_add_main_entries (context, command->entries, NULL);
  if (command != NULL && command->traits & SR_CTL_WANTS_NEW_PASSWORD)
    g_option_context_add_main_entries (context, new_password_entries, NULL);
  g_option_group_add_entries (common, common_entries);
  g_option_context_add_group (context, common);

  g_option_context_set_summary (context, command != NULL
                                             ? _ (command->summary)
                                             : _ ("Encrypted backups of files and folders."));
  if (command == NULL)
    g_option_context_set_description (context, commands);
  else if (command->description != NULL)
    g_option_context_set_description (context, _ (command->description));
  return context;
}

static gboolean
check_command (SrCtl *ctl, GError **error)
{
  const SrCtlCommand *command = ctl->command;

  if (command == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 _ ("No command was given; see %s --help"), g_get_prgname ());
  else if (ctl->n_arguments < command->min_arguments || ctl->n_arguments > command->max_arguments)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("Usage: %s %s%s%s"),
                 g_get_prgname (), command->name, *command->arguments != '\0' ? " " : "",
                 command->arguments);
  else if (ctl->location == NULL || *ctl->location == '\0')
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                         _ ("Which repository? Name it with -r LOCATION"));
  else
    return command->check == NULL || command->check (ctl, error);
  return FALSE;
}

static void
take_values (SrCtl *ctl)
{
  ctl->location = g_steal_pointer (&location);
  ctl->password_file = g_steal_pointer (&password_file);
  ctl->new_password_file = g_steal_pointer (&new_password_file);
  ctl->arguments = arguments != NULL ? g_steal_pointer (&arguments) : g_new0 (char *, 1);
  ctl->n_arguments = g_strv_length (ctl->arguments);
}

/**
 * sr_ctl_options_parse:
 * @ctl: gets command, arguments and common options
 * @argv: the command line
 * @out_action: (out): what to do
 * @out_text: (out) (transfer full) (nullable): what to say, of %SR_CTL_ACTION_SAY
 * @error: %G_OPTION_ERROR, or what the command says of its options
 *
 * To be called once: the commands keep the values of their options in variables.
 *
 * Returns: whether the command line is right
 */
gboolean
sr_ctl_options_parse (SrCtl *ctl,
                      char **argv,
                      SrCtlAction *out_action,
                      char **out_text,
                      GError **error)
{
  g_auto (GStrv) copy = dup_with_values_apart (argv);
  g_autoptr (GOptionContext) context = NULL;

  *out_text = NULL;
  *out_action = SR_CTL_ACTION_RUN;
  if (!find_command (copy, &ctl->command, error))
    return FALSE;
  context = make_context (ctl->command);
  if (!g_option_context_parse_strv (context, &copy, error))
    return FALSE;

  take_values (ctl);
  if (!help && !version)
    return check_command (ctl, error);

  *out_action = SR_CTL_ACTION_SAY;
  *out_text = help ? g_option_context_get_help (context, FALSE, NULL)
                   : g_strdup_printf ("%s %s\n", g_get_prgname (), SR_VERSION);
  return TRUE;
}

/**
 * sr_ctl_options_want_json:
 * @argv: the command line
 *
 * Returns: whether errors are to be objects; also of command lines that cannot be parsed
 */
gboolean
sr_ctl_options_want_json (char **argv)
{
  for (gsize i = 1; argv[i] != NULL && strcmp (argv[i], "--") != 0; i++)
    {
      if (strcmp (argv[i], "--json") == 0)
        return TRUE;
      if (argv[i][0] == '-' && argv[i][1] != '\0' && takes_next (argv[i]) && argv[i + 1] != NULL)
        i++;
    }
  return FALSE;
}

/**
 * sr_ctl_options_get_enum:
 * @type: an enum type
 * @option: name of the option, for the message
 * @text: (nullable): its value; NULL: the option is not there
 * @out_value: (inout): the value of that nick; stays as it is without the option
 * @error: return location
 *
 * Returns: whether @text is one of the nicks
 */
gboolean
sr_ctl_options_get_enum (GType type,
                         const char *option,
                         const char *text,
                         int *out_value,
                         GError **error)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);
  const GEnumValue *value = text != NULL ? g_enum_get_value_by_nick (class, text) : NULL;
  g_autoptr (GString) choices = g_string_new (NULL);

  if (text == NULL)
    return TRUE;
  if (value != NULL)
    {
      *out_value = value->value;
      return TRUE;
    }
  for (guint i = 0; i < class->n_values; i++)
    g_string_append_printf (choices, "%s%s", i > 0 ? ", " : "", class->values[i].value_nick);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("--%s %s: there is no such choice; choose from %s"), option, text, choices->str);
  return FALSE;
}

/**
 * sr_ctl_options_check_utf8:
 * @option: name of the option, for the message
 * @texts: (nullable): its values
 * @error: return location
 *
 * Returns: whether all of them are text that snapshots may have: UTF-8 and not empty
 */
gboolean
sr_ctl_options_check_utf8 (const char *option, char **texts, GError **error)
{
  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    if (texts[i][0] == '\0' || !g_utf8_validate (texts[i], -1, NULL))
      {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     _ ("--%s: its value is empty or not UTF-8"), option);
        return FALSE;
      }
  return TRUE;
}
