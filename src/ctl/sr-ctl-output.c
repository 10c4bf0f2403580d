/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes what a command says.
 *
 * Not by stdio: a pager that is not scrolled blocks whoever writes to its pipe, and then the main
 * thread would be deaf to Ctrl-C. Here the main context is iterated until the descriptor takes more, in pieces
 * of which a pipe takes all or nothing. When the reader goes away the rest is dropped: the
 * work itself is not undone by that. */

#include "config.h"

#include "sr-ctl-output.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-utf8.h"

#define FLUSH_SIZE (64 * 1024) /* bytes that are kept before they are written */

struct _SrCtlOutput
{
  int fd;
  gboolean json;
  GCancellable *cancellable; /* (owned) */
  SrBuffer pending;
  SrJsonWriter *writer; /* (owned) (nullable): of the object that is being written */
  int error; /* errno of the write that failed, else 0; nothing is written from then on */
  gboolean ready; /* set by the source that waits for the descriptor */
  gboolean writing; /* what is appended by sources that run meanwhile goes out in its turn */
};

/**
 * sr_ctl_output_new:
 * @fd: standard output or error; stays open
 * @json: whether a program reads it
 * @cancellable: ends the waiting for a reader
 *
 * Returns: (transfer full): an output for the thread of the default main context
 */
SrCtlOutput *
sr_ctl_output_new (int fd, gboolean json, GCancellable *cancellable)
{
  SrCtlOutput *self = g_new0 (SrCtlOutput, 1);

  self->fd = fd;
  self->json = json;
  self->cancellable = g_object_ref (cancellable);
  return self;
}

/**
 * sr_ctl_output_free:
 * @self: (transfer full): an output; what was not flushed is dropped
 */
void
sr_ctl_output_free (SrCtlOutput *self)
{
  g_assert (self->writer == NULL);
  sr_buffer_clear (&self->pending);
  g_object_unref (self->cancellable);
  g_free (self);
}

/**
 * sr_ctl_output_is_json:
 * @self: an output
 *
 * Returns: whether objects are wanted and not sentences
 */
gboolean
sr_ctl_output_is_json (SrCtlOutput *self)
{
  return self->json;
}

static gboolean
on_ready (int fd, GIOCondition condition, gpointer user_data)
{
  SrCtlOutput *self = user_data;

  self->ready = TRUE;
  return G_SOURCE_REMOVE;
}

/* Iterates the main context until the descriptor takes bytes. FALSE: cancelled meanwhile. */
static gboolean
wait_until_ready (SrCtlOutput *self)
{
  struct pollfd now = { self->fd, POLLOUT, 0 };
  g_autoptr (GSource) source = NULL;

  if (poll (&now, 1, 0) > 0)
    return TRUE;

  source = g_unix_fd_source_new (self->fd, G_IO_OUT | G_IO_ERR | G_IO_HUP);
  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), self, NULL);
  g_source_attach (source, NULL);
  self->ready = FALSE;
  while (!self->ready && !g_cancellable_is_cancelled (self->cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
  return self->ready;
}

static void
write_out (SrCtlOutput *self)
{
  gsize done = 0;

  if (self->writing)
    return;
  self->writing = TRUE;
  while (done < self->pending.length && self->error == 0)
    {
      gssize n;

      if (!wait_until_ready (self))
        self->error = ECANCELED;
      else if ((n = write (self->fd, self->pending.data + done,
                           MIN (self->pending.length - done, PIPE_BUF))) >= 0)
        done += (gsize) n;
      else if (errno != EINTR && errno != EAGAIN)
        self->error = errno;
    }
  self->pending.length = 0;
  self->writing = FALSE;
}

/**
 * sr_ctl_output_flush:
 * @self: an output
 *
 * Writes what is pending. Meanwhile other sources of the default main context may be dispatched, when
 * the reader is slow.
 *
 * Returns: FALSE when this or an earlier write failed, or was cancelled
 */
gboolean
sr_ctl_output_flush (SrCtlOutput *self)
{
  write_out (self);
  return self->error == 0;
}

/**
 * sr_ctl_output_is_closed:
 * @self: an output
 *
 * Returns: whether its reader has gone, so that nobody would read a message about it either
 */
gboolean
sr_ctl_output_is_closed (SrCtlOutput *self)
{
  return self->error == EPIPE;
}

/**
 * sr_ctl_output_get_error:
 * @self: an output
 *
 * Returns: the errno of the write that failed; 0: all went well, or the reader has gone or the
 *   run was cancelled, which are no failures
 */
int
sr_ctl_output_get_error (SrCtlOutput *self)
{
  return self->error == EPIPE || self->error == ECANCELED ? 0 : self->error;
}

static void
append (SrCtlOutput *self, const char *text, gsize length)
{
  if (self->error != 0)
    return;
  sr_buffer_append (&self->pending, text, length);
  if (self->pending.length >= FLUSH_SIZE)
    write_out (self);
}

/**
 * sr_ctl_output_print:
 * @self: an output
 * @format: as for printf()
 * @...: arguments; names are to be escaped (sr_ctl_text_escape())
 *
 * Appends text; nothing to standard output that is JSON.
 */
void
sr_ctl_output_print (SrCtlOutput *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (self->json)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  append (self, text, strlen (text));
}

static gboolean
sink (gpointer user_data, const guint8 *data, gsize length, GError **error)
{
  append (user_data, (const char *) data, length);
  return TRUE;
}

/**
 * sr_ctl_output_begin_json:
 * @self: an output that is JSON
 * @message_type: what kind of object it is
 *
 * Returns: (transfer none): a writer for further members, until sr_ctl_output_end_json()
 */
SrJsonWriter *
sr_ctl_output_begin_json (SrCtlOutput *self, const char *message_type)
{
  g_assert (self->json && self->writer == NULL);
  self->writer = sr_json_writer_new (sink, self);
  sr_json_writer_begin_object (self->writer);
  sr_ctl_json_string (self->writer, "message_type", message_type);
  return self->writer;
}

/**
 * sr_ctl_output_end_json:
 * @self: an output whose object has all its members
 */
void
sr_ctl_output_end_json (SrCtlOutput *self)
{
  sr_json_writer_end_object (self->writer);
  sr_json_writer_finish (self->writer, NULL);
  g_clear_pointer (&self->writer, sr_json_writer_free);
  append (self, "\n", 1);
}

void
sr_ctl_json_string (SrJsonWriter *json, const char *name, const char *value)
{
  sr_json_writer_member (json, name);
  if (value != NULL)
    sr_json_writer_string (json, value, -1);
  else
    sr_json_writer_null (json);
}

void
sr_ctl_json_strv (SrJsonWriter *json, const char *name, const char *const *values)
{
  sr_json_writer_member (json, name);
  sr_json_writer_begin_array (json);
  for (gsize i = 0; values != NULL && values[i] != NULL; i++)
    sr_json_writer_string (json, values[i], -1);
  sr_json_writer_end_array (json);
}

static gboolean
is_utf8 (const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gsize n = sr_utf8_character_length ((const guint8 *) text, length);

      if (n == 0)
        return FALSE;
      text += n;
      length -= n;
    }
  return TRUE;
}

/**
 * sr_ctl_json_path:
 * @json: a writer, in an object
 * @name: name of the member
 * @path: bytes of the file system
 *
 * JSON has no bytes that are not UTF-8, and a program has to know which file is meant. So such a path
 * comes twice: for people, and exactly, in base64, as "NAME_base64".
 */
void
sr_ctl_json_path (SrJsonWriter *json, const char *name, const char *path)
{
  g_autofree char *exact = g_strconcat (name, "_base64", NULL);

  sr_ctl_json_string (json, name, path);
  if (is_utf8 (path))
    return;
  sr_json_writer_member (json, exact);
  sr_json_writer_base64 (json, path, strlen (path));
}

void
sr_ctl_json_uint64 (SrJsonWriter *json, const char *name, guint64 value)
{
  sr_json_writer_member (json, name);
  sr_json_writer_uint64 (json, value);
}

void
sr_ctl_json_seconds (SrJsonWriter *json, const char *name, double seconds)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  sr_json_writer_member (json, name);
  sr_json_writer_raw (json, g_ascii_formatd (text, sizeof text, "%.3f", seconds), -1);
}

void
sr_ctl_json_id (SrJsonWriter *json, const char *name, const SrId *id)
{
  sr_json_writer_member (json, name);
  if (id != NULL)
    sr_json_writer_id (json, id);
  else
    sr_json_writer_null (json);
}

void
sr_ctl_json_time (SrJsonWriter *json, const char *name, const SrTime *time)
{
  char text[SR_TIME_TEXT_SIZE];

  sr_json_writer_member (json, name);
  sr_json_writer_string (json, text, (gssize) sr_time_format (time, text));
}
