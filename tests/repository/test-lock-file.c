/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The rules on locks: which are stale, which are in the way, and what a message says of them. */

#include "config.h"

#include "repository/sr-lock-file.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sr-error.h"

static void
test_round_trip (void)
{
  g_auto (SrLockFile) own = SR_LOCK_FILE_INIT;
  g_auto (SrLockFile) read = SR_LOCK_FILE_INIT;
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_autoptr (GError) error = NULL;

  sr_lock_file_init_own (&own, TRUE);
  sr_lock_file_encode (&own, &json);
  g_assert_true (sr_lock_file_decode (&read, (char *) json.data, json.length, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sr_time_compare (&own.time, &read.time), ==, 0);
  g_assert_true (read.exclusive);
  g_assert_cmpstr (read.hostname, ==, g_get_host_name ());
  g_assert_cmpstr (read.username, ==, g_get_user_name ());
  g_assert_cmpint (read.pid, ==, getpid ());
  g_assert_cmpuint (read.uid, ==, getuid ());
  g_assert_cmpuint (read.gid, ==, getgid ());
}

static const struct
{
  const char *name;
  const char *json;
  gboolean valid;
} texts[] = {
  { "of-restic",
    "{\"time\":\"2026-01-02T03:04:05.678901234+01:00\",\"exclusive\":false,\"hostname\":\"h\","
    "\"username\":\"u\",\"pid\":42,\"uid\":1000,\"gid\":1000}",
    TRUE },
  { "unknown-member", "{\"pid\":1,\"future\":{\"a\":[1,2]}}", TRUE },
  { "nothing-said", "{}", TRUE },
  { "bad-time", "{\"time\":\"yesterday\"}", FALSE },
  { "bad-pid", "{\"pid\":\"x\"}", FALSE },
  { "array", "[]", FALSE },
  { "nothing", "", FALSE },
  { "cut", "{\"pid\":1", FALSE },
};

static void
test_text (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (sr_lock_file_decode (&file, texts[row].json, strlen (texts[row].json), &error) ==
                 texts[row].valid);
  if (texts[row].valid)
    g_assert_no_error (error);
  else
    g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
}

static pid_t
get_dead_pid (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  return pid;
}

static const struct
{
  const char *name;
  gint64 age; /* seconds */
  gboolean same_host;
  enum
  {
    OWN,
    DEAD,
    NONE,
  } pid;
  gboolean stale;
} stales[] = {
  { "own", 0, TRUE, OWN, FALSE },
  { "own-of-an-hour", 3600, TRUE, OWN, TRUE },
  { "at-30-minutes", 1800, TRUE, OWN, FALSE },
  { "after-30-minutes", 1801, TRUE, OWN, TRUE },
  { "dead", 0, TRUE, DEAD, TRUE },
  { "dead-elsewhere", 0, FALSE, DEAD, FALSE },
  { "old-elsewhere", 1801, FALSE, OWN, TRUE },
  { "no-process", 0, TRUE, NONE, FALSE },
  { "clock-ahead", -100000, FALSE, OWN, FALSE },
};

static void
test_stale (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  SrTime now;

  sr_lock_file_init_own (&file, FALSE);
  now = file.time;
  file.time.seconds -= stales[row].age;
  if (!stales[row].same_host)
    {
      g_free (file.hostname);
      file.hostname = g_strdup ("another");
    }
  if (stales[row].pid == DEAD)
    file.pid = get_dead_pid ();
  else if (stales[row].pid == NONE)
    file.pid = 0;
  g_assert_true (sr_lock_file_is_stale (&file, &now) == stales[row].stale);
}

static void
test_conflicts (void)
{
  SrLockFile shared = SR_LOCK_FILE_INIT, exclusive = SR_LOCK_FILE_INIT;

  exclusive.exclusive = TRUE;
  g_assert_false (sr_lock_file_conflicts (&shared, &shared));
  g_assert_true (sr_lock_file_conflicts (&shared, &exclusive));
  g_assert_true (sr_lock_file_conflicts (&exclusive, &shared));
  g_assert_true (sr_lock_file_conflicts (&exclusive, &exclusive));
}

static void
test_describe (void)
{
  g_auto (SrLockFile) file = SR_LOCK_FILE_INIT;
  g_auto (SrLockFile) unknown = SR_LOCK_FILE_INIT;
  g_autofree char *text = NULL;
  g_autofree char *unknown_text = NULL;

  file.hostname = g_strdup ("desk");
  file.username = g_strdup ("amy");
  file.pid = 42;
  text = sr_lock_file_describe (&file);
  g_assert_true (g_regex_match_simple (
      "^amy on desk, process 42, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$", text,
      G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT));
  unknown_text = sr_lock_file_describe (&unknown);
  g_assert_true (g_str_has_prefix (unknown_text, "somebody on another computer"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = g_strconcat ("/lock-file/text/", texts[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_text);
    }
  for (guint i = 0; i < G_N_ELEMENTS (stales); i++)
    {
      g_autofree char *path = g_strconcat ("/lock-file/stale/", stales[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_stale);
    }
  g_test_add_func ("/lock-file/round-trip", test_round_trip);
  g_test_add_func ("/lock-file/conflicts", test_conflicts);
  g_test_add_func ("/lock-file/describe", test_describe);
  return g_test_run ();
}
