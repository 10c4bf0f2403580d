/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The content of a lock file, and the rules on it: who is in whose way, and which are stale. */

#include "config.h"

#include "sr-lock-file.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"

#define STALE_AGE_SECONDS (30 * 60) /* restic's */

/**
 * sr_lock_file_init_own:
 * @self: (out): a lock of this process, as of now
 * @exclusive: whether it tolerates no other
 */
void
sr_lock_file_init_own (SrLockFile *self, gboolean exclusive)
{
  sr_time_now (&self->time);
  self->exclusive = exclusive;
  self->hostname = g_strdup (g_get_host_name ());
  self->username = g_strdup (g_get_user_name ());
  self->pid = getpid ();
  self->uid = getuid ();
  self->gid = getgid ();
}

void
sr_lock_file_clear (SrLockFile *self)
{
  g_clear_pointer (&self->hostname, g_free);
  g_clear_pointer (&self->username, g_free);
}

static void
read_time (SrJsonReader *reader, SrTime *time)
{
  const char *text;
  gsize length;

  if (sr_json_reader_read_string (reader, &text, &length) && !sr_time_parse (time, text, length))
    sr_json_reader_fail (
        reader, g_error_new_literal (SR_ERROR, SR_ERROR_DAMAGED, _ ("its time is no time")));
}

static void
read_id (SrJsonReader *reader, guint32 *out_id)
{
  guint64 value = 0;

  sr_json_reader_read_uint64 (reader, &value);
  *out_id = (guint32) value;
}

static void
read_text (SrJsonReader *reader, char **out_text)
{
  g_clear_pointer (out_text, g_free);
  sr_json_reader_dup_string (reader, out_text);
}

/**
 * sr_lock_file_decode:
 * @self: (inout): cleared or new; to be cleared even after a failure
 * @json: (array length=length): content of a lock file
 * @length: in bytes
 *
 * Unknown members are ignored. Fails with %SR_ERROR_DAMAGED or %SR_ERROR_LIMIT.
 */
gboolean
sr_lock_file_decode (SrLockFile *self, const char *json, gsize length, GError **error)
{
  g_autoptr (SrJsonReader) reader = sr_json_reader_new_for_data (json, length);

  sr_json_reader_begin_object (reader);
  while (sr_json_reader_next_member (reader))
    if (sr_json_reader_member_is (reader, "time"))
      read_time (reader, &self->time);
    else if (sr_json_reader_member_is (reader, "exclusive"))
      sr_json_reader_read_boolean (reader, &self->exclusive);
    else if (sr_json_reader_member_is (reader, "hostname"))
      read_text (reader, &self->hostname);
    else if (sr_json_reader_member_is (reader, "username"))
      read_text (reader, &self->username);
    else if (sr_json_reader_member_is (reader, "pid"))
      sr_json_reader_read_int64 (reader, &self->pid);
    else if (sr_json_reader_member_is (reader, "uid"))
      read_id (reader, &self->uid);
    else if (sr_json_reader_member_is (reader, "gid"))
      read_id (reader, &self->gid);
    else
      sr_json_reader_skip_value (reader);
  return sr_json_reader_finish (reader, error);
}

void
sr_lock_file_encode (const SrLockFile *self, SrBuffer *out)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (out);
  char time[SR_TIME_TEXT_SIZE];

  sr_time_format (&self->time, time);
  sr_json_writer_begin_object (writer);
  sr_json_writer_member (writer, "time");
  sr_json_writer_string (writer, time, -1);
  sr_json_writer_member (writer, "exclusive");
  sr_json_writer_boolean (writer, self->exclusive);
  sr_json_writer_member (writer, "hostname");
  sr_json_writer_string (writer, self->hostname, -1);
  sr_json_writer_member (writer, "username");
  sr_json_writer_string (writer, self->username, -1);
  sr_json_writer_member (writer, "pid");
  sr_json_writer_int64 (writer, self->pid);
  if (self->uid != 0)
    {
      sr_json_writer_member (writer, "uid");
      sr_json_writer_uint64 (writer, self->uid);
    }
  if (self->gid != 0)
    {
      sr_json_writer_member (writer, "gid");
      sr_json_writer_uint64 (writer, self->gid);
    }
  sr_json_writer_end_object (writer);
}

/**
 * sr_lock_file_is_stale:
 * @self: somebody's lock
 * @now: the time
 *
 * Returns: whether nobody can be holding it any more: it has not been renewed for 30 minutes, or it is of a
 *   process of this computer that is gone. Only the existence of the process is asked; no signal is sent.
 */
gboolean
sr_lock_file_is_stale (const SrLockFile *self, const SrTime *now)
{
  if (now->seconds - self->time.seconds > STALE_AGE_SECONDS)
    return TRUE;
  if (g_strcmp0 (self->hostname, g_get_host_name ()) != 0 || self->pid <= 0)
    return FALSE;
  return kill ((pid_t) self->pid, 0) < 0 && errno == ESRCH;
}

gboolean
sr_lock_file_conflicts (const SrLockFile *self, const SrLockFile *other)
{
  return self->exclusive || other->exclusive;
}

/**
 * sr_lock_file_describe:
 * @self: somebody's lock
 *
 * Returns: (transfer full): who holds it since when, for a message
 */
char *
sr_lock_file_describe (const SrLockFile *self)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (self->time.seconds);
  g_autofree char *pid = NULL;
  g_autofree char *text =
      time != NULL ? g_date_time_format (time, "%F %T") : g_strdup (_ ("long ago"));

  pid = g_strdup_printf ("%" G_GINT64_FORMAT, self->pid);
  /* Translators: user, computer, number, date: who holds a lock on the repository */
  return g_strdup_printf (_ ("%s on %s, process %s, since %s"),
                          self->username != NULL ? self->username : _ ("somebody"),
                          self->hostname != NULL ? self->hostname : _ ("another computer"), pid,
                          text);
}
