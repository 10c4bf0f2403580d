/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a progress shows, on a clock that the test moves. */

#include "config.h"

#include "engine/sr-progress.h"

static gint64 now_usec;
static guint n_changes;

static gint64
get_now (void)
{
  return now_usec;
}

static void
count_change (gpointer user_data)
{
  n_changes++;
}

static SrProgress *
make_progress (void)
{
  SrProgress *progress = sr_progress_new (count_change, NULL);

  now_usec = 10 * G_USEC_PER_SEC;
  n_changes = 0;
  sr_progress_set_clock (progress, get_now);
  return progress;
}

static void
test_notices_are_few (void)
{
  g_autoptr (SrProgress) progress = make_progress ();

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  g_assert_cmpuint (n_changes, ==, 1);
  for (guint i = 0; i < 100000; i++) /* 2 seconds */
    {
      now_usec += 20;
      sr_progress_add_files (progress, 1);
    }
  g_assert_cmpuint (n_changes, >=, 1 + 15);
  g_assert_cmpuint (n_changes, <=, 1 + 16);
}

static void
test_phase_is_told_at_once (void)
{
  g_autoptr (SrProgress) progress = make_progress ();
  SrProgressValues values;

  sr_progress_set_phase (progress, SR_PHASE_OPENING);
  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  g_assert_cmpuint (n_changes, ==, 2);
  sr_progress_get (progress, &values);
  g_assert_cmpint ((int) values.phase, ==, SR_PHASE_WORKING);
}

static void
test_counts (void)
{
  g_autoptr (SrProgress) progress = make_progress ();
  g_autofree char *path = NULL;
  SrProgressValues values;

  g_assert_null (sr_progress_dup_path (progress));
  sr_progress_set_totals (progress, 10, G_MAXUINT64);
  sr_progress_add_files (progress, 3);
  sr_progress_add_bytes (progress, G_GUINT64_CONSTANT (1) << 40);
  sr_progress_add_stored (progress, 5, 6);
  sr_progress_add_problem (progress);
  sr_progress_set_path (progress, "/a");
  sr_progress_set_path (progress, "/b\xff");
  sr_progress_get (progress, &values);
  path = sr_progress_dup_path (progress);

  g_assert_cmpuint (values.files_done, ==, 3);
  g_assert_cmpuint (values.files_total, ==, 10);
  g_assert_cmpuint (values.bytes_done, ==, G_GUINT64_CONSTANT (1) << 40);
  g_assert_cmpuint (values.bytes_total, ==, G_MAXUINT64);
  g_assert_cmpuint (values.new_bytes, ==, 5);
  g_assert_cmpuint (values.stored_bytes, ==, 6);
  g_assert_cmpuint (values.n_problems, ==, 1);
  g_assert_cmpstr (path, ==, "/b\xff");
}

static gpointer
count_much (gpointer user_data)
{
  for (guint i = 0; i < 20000; i++)
    {
      sr_progress_set_path (user_data, "/some/file");
      sr_progress_add_files (user_data, 1);
      sr_progress_add_bytes (user_data, 7);
    }
  return NULL;
}

static void
test_threads_lose_nothing (void)
{
  g_autoptr (SrProgress) progress = make_progress ();
  GThread *threads[4];
  SrProgressValues values;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("counting", count_much, progress);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  sr_progress_get (progress, &values);
  g_assert_cmpuint (values.files_done, ==, 4 * 20000);
  g_assert_cmpuint (values.bytes_done, ==, 4 * 20000 * 7);
}

/* Steps of a tenth of a second. */
static void
work (SrProgress *progress, double seconds, guint64 files_per_second, guint64 bytes_per_second)
{
  for (guint i = 0; i < (guint) (seconds * 10); i++)
    {
      now_usec += G_USEC_PER_SEC / 10;
      sr_progress_add_files (progress, files_per_second / 10);
      sr_progress_add_bytes (progress, bytes_per_second / 10);
    }
}

static void
test_rate_is_of_the_last_seconds (void)
{
  g_autoptr (SrProgress) progress = make_progress ();

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  g_assert_cmpfloat (sr_progress_get_rate (progress), <=, 0);
  work (progress, 20, 0, 1000000);
  g_assert_cmpfloat_with_epsilon (sr_progress_get_rate (progress), 1e6, 5e4);
  work (progress, 10, 0, 50000000);
  g_assert_cmpfloat_with_epsilon (sr_progress_get_rate (progress), 5e7, 2e6);

  now_usec += 1000 * G_USEC_PER_SEC; /* a stall */
  g_assert_cmpfloat (sr_progress_get_rate (progress), <, 5e4);
}

static void
test_time_left_needs_measuring (void)
{
  g_autoptr (SrProgress) progress = make_progress ();

  sr_progress_set_totals (progress, 0, 0);
  g_assert_cmpint (sr_progress_get_time_left (progress), ==, -1);
  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  work (progress, 10, 0, 1000);
  g_assert_cmpint (sr_progress_get_time_left (progress), ==, -1); /* totals are not known */
  sr_progress_set_totals (progress, 0, 20000);
  g_assert_cmpint (sr_progress_get_time_left (progress), ==, 10);
  sr_progress_set_phase (progress, SR_PHASE_FINISHING);
  g_assert_cmpint (sr_progress_get_time_left (progress), ==, -1);
  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  work (progress, 1, 0, 1000);
  g_assert_cmpint (sr_progress_get_time_left (progress), ==, -1); /* too short */
}

/* What was measured so far: small files at 100 a second, then big ones at 10 MB a second. */
static const struct
{
  const char *name;
  guint64 files_left;
  guint64 bytes_left;
  gint64 seconds; /* give or take a tenth */
} left_cases[] = {
  { "nothing", 0, 0, 0 },
  { "only-small-files", 10000, 0, 100 },
  { "only-bytes", 0, 1000000000, 100 },
  { "both", 10000, 1000000000, 200 },
};

static void
test_time_left (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrProgress) progress = make_progress ();
  SrProgressValues values;
  gint64 seconds;

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  work (progress, 10, 100, 0);
  work (progress, 10, 0, 10000000);
  sr_progress_get (progress, &values);
  sr_progress_set_totals (progress, values.files_done + left_cases[row].files_left,
                          values.bytes_done + left_cases[row].bytes_left);
  seconds = sr_progress_get_time_left (progress);
  g_assert_cmpint (seconds, >=, left_cases[row].seconds * 9 / 10);
  g_assert_cmpint (seconds, <=, left_cases[row].seconds * 11 / 10);
}

/* Always one proportion: nothing tells the two costs apart, and nothing needs to. */
static void
test_time_left_of_one_kind (void)
{
  g_autoptr (SrProgress) progress = make_progress ();

  sr_progress_set_phase (progress, SR_PHASE_WORKING);
  sr_progress_set_totals (progress, 3000, 30000000);
  work (progress, 10, 100, 1000000);
  g_assert_cmpint (sr_progress_get_time_left (progress), >=, 19);
  g_assert_cmpint (sr_progress_get_time_left (progress), <=, 21);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/progress/notices-are-few", test_notices_are_few);
  g_test_add_func ("/progress/phase-is-told-at-once", test_phase_is_told_at_once);
  g_test_add_func ("/progress/counts", test_counts);
  g_test_add_func ("/progress/threads-lose-nothing", test_threads_lose_nothing);
  g_test_add_func ("/progress/rate-is-of-the-last-seconds", test_rate_is_of_the_last_seconds);
  g_test_add_func ("/progress/time-left/needs-measuring", test_time_left_needs_measuring);
  g_test_add_func ("/progress/time-left/of-one-kind", test_time_left_of_one_kind);
  for (guint row = 0; row < G_N_ELEMENTS (left_cases); row++)
    {
      g_autofree char *path = g_strconcat ("/progress/time-left/", left_cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_time_left);
    }
  return g_test_run ();
}
