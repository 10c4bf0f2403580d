/* SPDX-License-Identifier: GPL-3.0-or-later */

/* strongroomctl: the engine in a terminal. Here is what concerns the process as a whole: limits, locale,
 * signals. What is asked for is found out in sr-ctl-options.c and done in sr-ctl.c. */

#include "config.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "ctl/sr-ctl-error.h"
#include "ctl/sr-ctl-options.h"
#include "ctl/sr-ctl.h"

/* The engine maps its large buffers itself. What malloc() has is small and many, and comes from a
 * dozen threads: with an arena for each, what one of them frees is of no use to another. */
#define N_ARENAS 4

/* A tree that is deep takes a descriptor for each level. No core dump: memory has keys in it. (Not
 * PR_SET_DUMPABLE, which keeps portals from identifying the process.) */
static void
set_limits (void)
{
  struct rlimit files, none = { 0, 0 };

  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
  setrlimit (RLIMIT_CORE, &none);
  mallopt (M_ARENA_MAX, N_ARENAS);
}

/* A repository's file that got the number of an output that was closed would get what is printed, too. The
 * other direction is opened, so that writing fails, and is noticed, as with what was closed. */
static void
fill_standard_descriptors (void)
{
  static const int flags[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  for (int fd = 0; fd < 3; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", flags[fd]) != fd)
      _exit (SR_CTL_FAILED);
}

static gboolean
on_interrupt (gpointer user_data)
{
  SrCtl *ctl = user_data;

  if (isatty (STDERR_FILENO))
    {
      sr_ctl_output_print (ctl->err, "\r\033[K%s\n",
                           _ ("Stopping… (Ctrl-C again ends it at once)"));
      sr_ctl_output_flush (ctl->err);
    }
  g_cancellable_cancel (ctl->cancellable);
  /* GLib gives the signal back to the system when its source goes: the next one ends the process. */
  return G_SOURCE_REMOVE;
}

/* One that was ignored when the program was started, as in a shell's background, stays so. */
static void
obey (int signal_number, SrCtl *ctl)
{
  struct sigaction action;

  if (sigaction (signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
    return;
  g_unix_signal_add (signal_number, on_interrupt, ctl);
}

static void
set_signals (SrCtl *ctl)
{
  obey (SIGINT, ctl);
  obey (SIGTERM, ctl);
  /* restic sends it to find out whether the owner of a lock still lives. */
  signal (SIGHUP, SIG_IGN);
  /* A reader that has gone shows as EPIPE. */
  signal (SIGPIPE, SIG_IGN);
}

static SrCtl *
ctl_new (gboolean json)
{
  SrCtl *ctl = g_new0 (SrCtl, 1);

  ctl->cancellable = g_cancellable_new ();
  ctl->out = sr_ctl_output_new (STDOUT_FILENO, json, ctl->cancellable);
  ctl->err = sr_ctl_output_new (STDERR_FILENO, json, ctl->cancellable);
  return ctl;
}

static void
ctl_free (SrCtl *ctl)
{
  g_strfreev (ctl->arguments);
  g_free (ctl->location);
  g_free (ctl->password_file);
  g_free (ctl->new_password_file);
  g_clear_object (&ctl->storage);
  g_clear_object (&ctl->repository);
  g_clear_object (&ctl->snapshot);
  g_clear_pointer (&ctl->new_password, sr_secret_unref);
  sr_ctl_output_free (ctl->out);
  sr_ctl_output_free (ctl->err);
  g_object_unref (ctl->cancellable);
  g_free (ctl);
}

/* Help is text, also with --json. */
static int
say (const char *text)
{
  gsize length = strlen (text);

  return write (STDOUT_FILENO, text, length) == (gssize) length ? SR_CTL_DONE : SR_CTL_FAILED;
}

static int
run (SrCtl *ctl, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  SrCtlAction action;

  if (!sr_ctl_options_parse (ctl, argv, &action, &text, &error))
    {
      sr_ctl_error_print (ctl->err, error);
      return SR_CTL_USAGE;
    }
  if (action == SR_CTL_ACTION_SAY)
    return say (text);
  set_signals (ctl);
  return sr_ctl_run (ctl);
}

int
main (int argc, char **argv)
{
  SrCtl *ctl;
  int status;

  /* Before GIO starts: files are those of the system, and nothing is asked of a session bus. */
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  fill_standard_descriptors ();
  set_limits ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, SR_LOCALE_DIR);
  textdomain (GETTEXT_PACKAGE);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  g_set_prgname ("strongroomctl");

  ctl = ctl_new (sr_ctl_options_want_json (argv));
  status = run (ctl, argv);
  ctl_free (ctl);
  return status;
}
