/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Proves that nobody blocks a main loop. Preloaded into a test program (LD_PRELOAD), it stands in front of calls that
 * may take seconds, and ends the program when the calling thread owns a main context: such a thread
 * has windows, timers or a bus to serve. From all other threads it passes the calls on.
 *
 * Not built with the sanitizers, as their run-time must not come in by way of a preloaded library. */

#include <dlfcn.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Declared here: the program need not have these libraries, nor their headers. */
int sqlite3_step (void *statement);
int curl_easy_perform (void *handle);

static void
write_text (const char *text)
{
  if (write (STDERR_FILENO, text, strlen (text)) < 0)
    abort ();
}

/* A thread that iterates a context, or has one pushed as its default, owns it. */
static void
refuse_on_main_context (const char *call)
{
  GMainContext *context = g_main_context_get_thread_default ();

  if (!g_main_context_is_owner (NULL) && (context == NULL || !g_main_context_is_owner (context)))
    return;

  write_text ("sr-preload-block: ");
  write_text (call);
  write_text ("() was called by a thread that owns a main context and must not block\n");
  abort ();
}

static void *
find_next (const char *call)
{
  void *next = dlsym (RTLD_NEXT, call);

  if (next == NULL)
    {
      write_text ("sr-preload-block: there is no other ");
      write_text (call);
      write_text ("() to pass a call on to\n");
      abort ();
    }
  return next;
}

int
fsync (int fd)
{
  refuse_on_main_context ("fsync");
  return ((int (*) (int)) find_next ("fsync")) (fd);
}

int
fdatasync (int fd)
{
  refuse_on_main_context ("fdatasync");
  return ((int (*) (int)) find_next ("fdatasync")) (fd);
}

int
connect (int fd, const struct sockaddr *address, socklen_t length)
{
  refuse_on_main_context ("connect");
  return ((int (*) (int, const struct sockaddr *, socklen_t)) find_next ("connect")) (fd, address,
                                                                                      length);
}

int
sqlite3_step (void *statement)
{
  refuse_on_main_context ("sqlite3_step");
  return ((int (*) (void *)) find_next ("sqlite3_step")) (statement);
}

int
curl_easy_perform (void *handle)
{
  refuse_on_main_context ("curl_easy_perform");
  return ((int (*) (void *)) find_next ("curl_easy_perform")) (handle);
}
