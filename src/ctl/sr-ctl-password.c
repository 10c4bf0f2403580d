/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks for a password on the terminal, with the echo off.
 *
 * The terminal is /dev/tty and not standard input, which may be a pipe. There is no getpass(): it
 * cannot be cancelled, and leaves the password in a static buffer. Waiting is done in poll(), so that Ctrl-C
 * ends it by the cancellable and the echo is on again before the program ends. */

#include "config.h"

#include "sr-ctl-password.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"

#define PASSWORD_LIMIT 4096 /* bytes: the kernel passes no longer line */

typedef struct
{
  char *where; /* (owned) (nullable) */
  char *prompt; /* (owned) */
  gboolean twice;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_free (request->where);
  g_free (request->prompt);
  g_free (request);
}

static gboolean
wait_readable (int fd, GCancellable *cancellable, GError **error)
{
  GPollFD polled[2] = { { fd, G_IO_IN, 0 } };
  gboolean watched = g_cancellable_make_pollfd (cancellable, &polled[1]);

  while (g_poll (polled, watched ? 2 : 1, -1) < 0 && errno == EINTR)
    continue;
  if (watched)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* The line up to the key Enter, or the end. */
static SrSecret *
read_line (int fd, GCancellable *cancellable, GError **error)
{
  guint8 *bytes;
  g_autoptr (SrSecret) line G_GNUC_UNUSED = sr_secret_new_uninitialized (PASSWORD_LIMIT, &bytes);

  for (gsize length = 0; length < PASSWORD_LIMIT; length++)
    {
      gssize n;

      if (!wait_readable (fd, cancellable, error))
        return NULL;
      n = sr_fd_read (fd, bytes + length, 1, _ ("the terminal"), cancellable, error);
      if (n < 0)
        return NULL;
      if (n > 0 && bytes[length] != '\n')
        continue;
      if (length > 0)
        return sr_secret_new (bytes, length);
      g_set_error_literal (error, SR_ERROR, SR_ERROR_INVALID,
                           _ ("No password was typed; a repository cannot be without one"));
      return NULL;
    }
  g_set_error (error, SR_ERROR, SR_ERROR_LIMIT, _ ("The password is longer than %d bytes"),
               PASSWORD_LIMIT);
  return NULL;
}

static void
show (int fd, const char *text)
{
  /* A prompt that cannot be shown is no reason not to wait for the answer. */
  if (write (fd, text, strlen (text)) < 0)
    return;
}

static SrSecret *
ask_once (int fd, const char *prompt, GCancellable *cancellable, GError **error)
{
  struct termios before, silent;
  SrSecret *password;

  if (tcgetattr (fd, &before) != 0)
    {
      sr_set_error_from_errno (error, errno, _ ("Could not turn the terminal's echo off"));
      return NULL;
    }
  silent = before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ECHONL);
  silent.c_lflag |= ICANON | ISIG;

  /* Flushed: what was typed ahead was shown. */
  tcsetattr (fd, TCSAFLUSH, &silent);
  show (fd, prompt);
  password = read_line (fd, cancellable, error);
  tcsetattr (fd, TCSAFLUSH, &before);
  show (fd, "\n");
  return password;
}

static SrSecret *
ask (const Request *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrSecret) password = NULL;
  g_autoptr (SrSecret) again = NULL;
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

  if (fd < 0)
    {
      g_set_error_literal (error, SR_ERROR, SR_ERROR_INVALID,
                           _ ("There is no terminal to ask for the password on; name a file that "
                              "has it with --password-file, or --new-password-file for a new "
                              "one"));
      return NULL;
    }
  password = ask_once (fd, request->prompt, cancellable, error);
  if (password != NULL && request->twice)
    {
      again = ask_once (fd, _ ("The same again: "), cancellable, error);
      if (again != NULL && !sr_secret_equal (password, again))
        {
          g_clear_pointer (&again, sr_secret_unref);
          g_set_error_literal (error, SR_ERROR, SR_ERROR_INVALID,
                               _ ("The two passwords are not the same; try again"));
        }
      if (again == NULL)
        g_clear_pointer (&password, sr_secret_unref);
    }
  close (fd);
  return g_steal_pointer (&password);
}

static void
get_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Request *request = task_data;
  GError *error = NULL;
  SrSecret *password = request->where != NULL
                           ? sr_secret_read_password (request->where, cancellable, &error)
                           : ask (request, cancellable, &error);

  if (password != NULL)
    g_task_return_pointer (task, password, (GDestroyNotify) sr_secret_unref);
  else
    g_task_return_error (task, error);
}

/**
 * sr_ctl_password_get_async:
 * @where: (nullable): a path, "fd:N" or "-"; NULL: ask on the terminal
 * @prompt: what to ask, with a blank at its end
 * @twice: whether it is a new password, which is asked for a second time on the terminal
 * @cancellable: ends the waiting
 * @callback: (scope async): called in the default main context
 * @user_data: data for @callback
 *
 * Fails with %SR_ERROR_INVALID without a terminal, with no or with two different passwords, and as
 * sr_secret_read_password() does.
 */
void
sr_ctl_password_get_async (const char *where,
                           const char *prompt,
                           gboolean twice,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Request *request = g_new0 (Request, 1);

  request->where = g_strdup (where);
  request->prompt = g_strdup (prompt);
  request->twice = twice;
  g_task_set_source_tag (task, sr_ctl_password_get_async);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, get_thread);
}

/**
 * sr_ctl_password_get_finish:
 * @result: as it came to the callback
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the password
 */
SrSecret *
sr_ctl_password_get_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
