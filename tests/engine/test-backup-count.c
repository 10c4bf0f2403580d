/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How much there is to do, as a first backup counts it: what its rules leave out does not count. */

#include "config.h"

#include "engine/sr-backup-count.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/sr-test-backup.h"

typedef struct
{
  SrTestBackup backup;
  SrBackupRules *rules;
  SrProgress *progress;
  SrStop *stop;
  GMutex mutex;
  GCond changed;
  gboolean is_counted; /* (locked by mutex) */
} Fixture;

static void
on_changed (gpointer user_data)
{
  Fixture *self = user_data;

  g_mutex_lock (&self->mutex);
  self->is_counted = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *link_path = NULL;

  sr_test_backup_set_up (&self->backup, data);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->rules = sr_backup_rules_new ();
  self->progress = sr_progress_new (on_changed, self);
  self->stop = sr_stop_new (NULL);
  sr_test_backup_write (&self->backup, "a", "12345");
  sr_test_backup_write (&self->backup, "b/c", "123");
  sr_test_backup_write (&self->backup, "b/d/e", "");
  link_path = sr_test_backup_path (&self->backup, "link");
  g_assert_no_errno (symlink ("a", link_path));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_stop_free (self->stop);
  sr_progress_free (self->progress);
  sr_backup_rules_free (self->rules);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  sr_test_backup_tear_down (&self->backup, data);
}

static void
assert_counted (Fixture *self, const char *const *paths, guint64 n_files, guint64 n_bytes)
{
  g_autoptr (SrBackupCount) count =
      sr_backup_count_start (self->rules, paths, 0, self->progress, self->stop);
  SrProgressValues values;

  g_mutex_lock (&self->mutex);
  while (!self->is_counted)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
  sr_progress_get (self->progress, &values);
  g_assert_cmpuint (values.files_total, ==, n_files);
  g_assert_cmpuint (values.bytes_total, ==, n_bytes);
}

static void
test_all (Fixture *self, gconstpointer data)
{
  const char *const paths[] = { self->backup.source, NULL };

  assert_counted (self, paths, 3, 8);
}

/* Once, though it is named twice; a missing one counts nothing. */
static void
test_inside_another (Fixture *self, gconstpointer data)
{
  g_autofree char *inside = sr_test_backup_path (&self->backup, "b");
  g_autofree char *missing = sr_test_backup_path (&self->backup, "../missing");
  const char *const paths[] = { self->backup.source, inside, missing, NULL };

  assert_counted (self, paths, 3, 8);
}

static void
test_file (Fixture *self, gconstpointer data)
{
  g_autofree char *file = sr_test_backup_path (&self->backup, "a");
  const char *const paths[] = { file, NULL };

  assert_counted (self, paths, 1, 5);
}

static void
test_rules (Fixture *self, gconstpointer data)
{
  static const char *const texts[] = { "d", NULL };
  const char *const paths[] = { self->backup.source, NULL };
  g_autoptr (SrPatternList) patterns = sr_pattern_list_new (texts, FALSE, NULL);

  sr_backup_rules_set_patterns (self->rules, patterns);
  sr_backup_rules_set_max_file_size (self->rules, 4);
  assert_counted (self, paths, 1, 3);
}

static void
test_cache (Fixture *self, gconstpointer data)
{
  const char *const paths[] = { self->backup.source, NULL };

  sr_test_backup_write (&self->backup, "b/CACHEDIR.TAG",
                        "Signature: 8a477f597d28d172789f06886806bc55");
  sr_backup_rules_set_exclude_caches (self->rules, TRUE);
  assert_counted (self, paths, 1, 5);
}

/* A backup that is over before the walk would begin does not wait for it. */
static void
test_ended_early (Fixture *self, gconstpointer data)
{
  const char *const paths[] = { self->backup.source, NULL };
  SrBackupCount *count =
      sr_backup_count_start (self->rules, paths, G_TIME_SPAN_DAY, self->progress, self->stop);
  SrProgressValues values;

  sr_backup_count_end (count);
  sr_progress_get (self->progress, &values);
  g_assert_cmpuint (values.files_total, ==, 0);
}

/* What was not counted to its end is not told. */
static void
test_stopped (Fixture *self, gconstpointer data)
{
  const char *const paths[] = { self->backup.source, NULL };
  SrBackupCount *count;
  SrProgressValues values;

  sr_stop_fail (self->stop, NULL);
  count = sr_backup_count_start (self->rules, paths, 0, self->progress, self->stop);
  sr_backup_count_end (count);
  sr_progress_get (self->progress, &values);
  g_assert_cmpuint (values.files_total, ==, 0);
}

static void
add (const char *path, void (*func) (Fixture *self, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/backup-count/all", test_all);
  add ("/backup-count/inside-another", test_inside_another);
  add ("/backup-count/file", test_file);
  add ("/backup-count/rules", test_rules);
  add ("/backup-count/cache", test_cache);
  add ("/backup-count/ended-early", test_ended_early);
  add ("/backup-count/stopped", test_stopped);
  return g_test_run ();
}
