/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-time.h"

#include <string.h>

#include "support/sr-test-json.h"

static void
test_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/encoding-vectors.json");
  const SrTestJson *rows = sr_test_json_get (root, "times");

  g_assert_cmpuint (sr_test_json_length (rows), >=, 9);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      const char *expected = sr_test_json_string (sr_test_json_get (row, "text"));
      gint64 minutes = sr_test_json_int64 (sr_test_json_get (row, "utc_offset_minutes"));
      gint64 nanoseconds = sr_test_json_int64 (sr_test_json_get (row, "nanoseconds"));
      SrTime time = { sr_test_json_int64 (sr_test_json_get (row, "unix_seconds")),
                      (gint32) nanoseconds, (gint32) minutes * 60 };
      SrTime back;
      char text[SR_TIME_TEXT_SIZE];

      g_assert_cmpuint (sr_time_format (&time, text), ==, strlen (expected));
      g_assert_cmpstr (text, ==, expected);
      g_assert_true (sr_time_parse (&back, expected, strlen (expected)));
      g_assert_cmpint (back.seconds, ==, time.seconds);
      g_assert_cmpint (back.nanoseconds, ==, time.nanoseconds);
      g_assert_cmpint (back.utc_offset, ==, time.utc_offset);
    }
}

static void
test_parse_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/encoding-vectors.json");
  const SrTestJson *rows = sr_test_json_get (root, "time_parse");

  g_assert_cmpuint (sr_test_json_length (rows), >=, 10);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      const char *text = sr_test_json_string (sr_test_json_get (row, "text"));
      SrTime time;

      g_assert_cmpint (sr_time_parse (&time, text, strlen (text)), ==,
                       sr_test_json_boolean (sr_test_json_get (row, "valid")));
    }
}

static const struct
{
  const char *text;
  gboolean valid;
  gint64 seconds;
  gint32 nanoseconds;
} parsed[] = {
  { "2000-02-29T00:00:00Z", TRUE, 951782400, 0 },
  { "1900-02-29T00:00:00Z", FALSE, 0, 0 },
  { "2024-02-29T23:59:59Z", TRUE, 1709251199, 0 },
  { "2023-02-29T00:00:00Z", FALSE, 0, 0 },
  { "0000-01-01T00:00:00Z", TRUE, -62167219200, 0 },
  { "0000-02-29T00:00:00Z", TRUE, -62162121600, 0 },
  { "1969-12-31T23:59:59.9Z", TRUE, -1, 900000000 },
  { "2026-01-02T03:04:05.123456789999Z", TRUE, 1767323045, 123456789 },
  { "2026-01-02T03:04:05.000000000Z", TRUE, 1767323045, 0 },
  { "2026-01-02T03:04:05-00:00", TRUE, 1767323045, 0 },
  { "2026-01-02T03:04:05+23:59", TRUE, 1767323045 - 86340, 0 },
  { "2026-01-02T03:04:05-23:59", TRUE, 1767323045 + 86340, 0 },
  { "2026-01-02T03:04:05+24:00", FALSE, 0, 0 },
  { "2026-01-02T03:04:05+01:60", FALSE, 0, 0 },
  { "2026-01-02T03:04:05", FALSE, 0, 0 },
  { "2026-01-02T03:04:05.Z", FALSE, 0, 0 },
  { "2026-01-02T03:04:05,5Z", FALSE, 0, 0 },
  { "2026-01-02T03:04:05Zx", FALSE, 0, 0 },
  { "2026-01-02T03:04:05+1:00", FALSE, 0, 0 },
  { "2026-01-02T03:04:05+01", FALSE, 0, 0 },
  { "2026-01-02t03:04:05Z", FALSE, 0, 0 },
  { "2026-01-02T03:04:05z", FALSE, 0, 0 },
  { "2026-01-02T03:04:60Z", FALSE, 0, 0 },
  { "2026-01-02T03:60:05Z", FALSE, 0, 0 },
  { "2026-00-02T03:04:05Z", FALSE, 0, 0 },
  { "2026-13-02T03:04:05Z", FALSE, 0, 0 },
  { "2026-01-00T03:04:05Z", FALSE, 0, 0 },
  { "2026-04-31T03:04:05Z", FALSE, 0, 0 },
  { "2026-1-02T03:04:05Z", FALSE, 0, 0 },
  { "12026-01-02T03:04:05Z", FALSE, 0, 0 },
  { "-001-01-02T03:04:05Z", FALSE, 0, 0 },
  { "+026-01-02T03:04:05Z", FALSE, 0, 0 },
  { "2026-01-02T 3:04:05Z", FALSE, 0, 0 },
  { "2026-01-02", FALSE, 0, 0 },
  { "now", FALSE, 0, 0 },
};

static void
test_parse (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  gsize length = strlen (parsed[row].text);
  /* Of just that size, so that reading behind it is seen. */
  g_autofree char *text = g_memdup2 (parsed[row].text, length);
  SrTime time = { 42, 43, 44 };

  g_assert_cmpint (sr_time_parse (&time, text, length), ==, parsed[row].valid);
  g_assert_cmpint (time.seconds, ==, parsed[row].valid ? parsed[row].seconds : 42);
  g_assert_cmpint (time.nanoseconds, ==, parsed[row].valid ? parsed[row].nanoseconds : 43);
}

static void
test_cut (void)
{
  static const char text[] = "2026-01-02T03:04:05.5+01:00";

  for (gsize length = 0; length < strlen (text); length++)
    {
      g_autofree char *cut = g_memdup2 (text, length);
      SrTime time;

      g_assert_false (sr_time_parse (&time, cut, length));
    }
}

static const struct
{
  const char *name;
  SrTime time;
  const char *text;
} formatted[] = {
  { "before-year-0", { -62167219201, 5, 0 }, "0000-01-01T00:00:00Z" },
  { "year-0-by-offset", { -62167219200, 5, -3600 }, "0000-01-01T00:00:00-01:00" },
  { "behind-9999", { 253402300800, 5, 0 }, "9999-12-31T23:59:59.999999999Z" },
  { "behind-9999-by-offset", { 253402300799, 5, 3600 }, "9999-12-31T23:59:59.999999999+01:00" },
  { "least", { G_MININT64, 0, -3600 }, "0000-01-01T00:00:00-01:00" },
  { "greatest", { G_MAXINT64, 999999999, 3600 }, "9999-12-31T23:59:59.999999999+01:00" },
  /* Local mean time of Berlin before 1893-04-01: the text denotes the instant. */
  { "offset-with-seconds", { -2422051200, 0, 3208 }, "1893-04-01T00:53:00+00:53" },
  { "negative-with-seconds", { -2422051200, 0, -3208 }, "1893-03-31T23:07:00-00:53" },
  { "offset-of-seconds", { 0, 0, -30 }, "1970-01-01T00:00:00Z" },
  { "offset-too-large", { 0, 0, 86400 }, "1970-01-01T00:00:00Z" },
  { "offset-least", { 0, 0, G_MININT32 }, "1970-01-01T00:00:00Z" },
  { "one-nanosecond", { 0, 1, 0 }, "1970-01-01T00:00:00.000000001Z" },
  { "tenth", { 0, 100000000, 0 }, "1970-01-01T00:00:00.1Z" },
  { "before-1970", { -1, 999999999, 0 }, "1969-12-31T23:59:59.999999999Z" },
};

static void
test_format (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  char text[SR_TIME_TEXT_SIZE];

  g_assert_cmpuint (sr_time_format (&formatted[row].time, text), ==, strlen (text));
  g_assert_cmpstr (text, ==, formatted[row].text);
}

/* The calendar is GLib's, day by day and forth and back, at both ends of each day. */
static void
test_calendar (void)
{
  g_autoptr (GDate) date = g_date_new_dmy (1, 1, 1);

  for (gint64 day = -719162; day <= 2932896; day += 1 + (day % 97 == 0 ? 0 : day % 3 + 3))
    {
      SrTime time = { day * 86400 + (day % 2 == 0 ? 0 : 86399), 0, 0 };
      SrTime back;
      char text[SR_TIME_TEXT_SIZE];
      char expected[SR_TIME_TEXT_SIZE];

      g_date_set_julian (date, (guint32) (day + 719163));
      g_snprintf (expected, sizeof expected, "%04u-%02u-%02uT%s", g_date_get_year (date),
                  (guint) g_date_get_month (date), g_date_get_day (date),
                  day % 2 == 0 ? "00:00:00Z" : "23:59:59Z");
      sr_time_format (&time, text);
      g_assert_cmpstr (text, ==, expected);
      g_assert_true (sr_time_parse (&back, text, strlen (text)));
      g_assert_cmpint (back.seconds, ==, time.seconds);
    }
}

static const struct
{
  const char *name;
  const char *zone; /* as POSIX writes them, so that no zone files are needed */
  gint64 seconds;
  gint32 utc_offset;
} zones[] = {
  { "utc", "UTC0", 1600000000, 0 },
  { "winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1700000000, 3600 },
  { "summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1690000000, 7200 },
  { "last-second-of-winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1679792399, 3600 },
  { "first-second-of-summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1679792400, 7200 },
  { "last-second-of-summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1698541199, 7200 },
  { "first-second-of-winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1698541200, 3600 },
  { "half-an-hour", "IST-5:30", 1600000000, 19800 },
  { "west", "NST3:30", 1600000000, -12600 },
  { "minute-after-midnight", "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01", 1678591860, -9000 },
  { "minute-before", "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01", 1678591859, -12600 },
  { "far-past", "CET-1", G_MININT64, 3600 },
  { "far-future", "CET-1", G_MAXINT64, 3600 },
};

static void
set_zone (const char *zone)
{
  g_setenv ("TZ", zone, TRUE);
  sr_time_reload_zone ();
}

static void
test_zone (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  struct timespec spec = { .tv_sec = (time_t) zones[row].seconds, .tv_nsec = 7 };

  /* What was true in another zone before is not remembered. */
  for (guint i = 0; i < 2; i++)
    {
      SrTime time;

      set_zone ("AAA11");
      sr_time_from_timespec (&time, &spec);
      g_assert_cmpint (time.utc_offset, ==, -39600);

      set_zone (zones[row].zone);
      sr_time_from_timespec (&time, &spec);
      g_assert_cmpint (time.utc_offset, ==, zones[row].utc_offset);
      g_assert_cmpint (time.seconds, ==, zones[row].seconds);
      g_assert_cmpint (time.nanoseconds, ==, 7);
    }
}

static void
assert_as_the_library (gint64 seconds)
{
  struct timespec spec = { .tv_sec = (time_t) seconds };
  struct tm local;
  SrTime time;

  g_assert_nonnull (localtime_r (&spec.tv_sec, &local));
  sr_time_from_timespec (&time, &spec);
  g_assert_cmpint (time.utc_offset, ==, local.tm_gmtoff);
}

static gpointer
compare_years (gpointer data)
{
  /* Steps that visit all hours of the day, forth and, with other days remembered, back. */
  for (gint64 seconds = 1262304000; seconds < 1767225600; seconds += 4999)
    assert_as_the_library (seconds);
  for (gint64 seconds = 1767225600; seconds > 1262304000; seconds -= 40009)
    assert_as_the_library (seconds);
  return NULL;
}

static void
test_remembered_days (void)
{
  GThread *thread;

  set_zone ("NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01");
  thread = g_thread_new ("years", compare_years, NULL);
  compare_years (NULL);
  g_thread_join (thread);
}

static void
test_unset (void)
{
  SrTime time = { 1, 2, 3 };
  char text[SR_TIME_TEXT_SIZE];

  g_assert_false (sr_time_is_unset (&time));
  sr_time_set_unset (&time);
  g_assert_true (sr_time_is_unset (&time));
  sr_time_format (&time, text);
  g_assert_cmpstr (text, ==, "0001-01-01T00:00:00Z");

  time.nanoseconds = 1;
  g_assert_false (sr_time_is_unset (&time));
  g_assert_true (sr_time_parse (&time, "0001-01-01T01:00:00+01:00", 25));
  g_assert_true (sr_time_is_unset (&time));
}

static void
test_compare (void)
{
  SrTime early = { -5, 999999999, 0 };
  SrTime late = { -4, 0, -7200 };
  SrTime same = { -4, 0, 7200 };
  SrTime later = { -4, 1, 0 };

  g_assert_cmpint (sr_time_compare (&early, &late), <, 0);
  g_assert_cmpint (sr_time_compare (&late, &early), >, 0);
  g_assert_cmpint (sr_time_compare (&late, &same), ==, 0);
  g_assert_cmpint (sr_time_compare (&late, &later), <, 0);
  g_assert_cmpint (sr_time_compare (&later, &late), >, 0);
}

static void
test_now (void)
{
  gint64 before = g_get_real_time () / G_USEC_PER_SEC;
  SrTime time;

  set_zone ("IST-5:30");
  sr_time_now (&time);
  g_assert_cmpint (time.seconds, >=, before);
  g_assert_cmpint (time.seconds, <=, g_get_real_time () / G_USEC_PER_SEC);
  g_assert_cmpint (time.utc_offset, ==, 19800);
}

static void
add_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (parsed); i++)
    {
      g_autofree char *path = g_strdup_printf ("/time/parse/“%s”", parsed[i].text);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_parse);
    }
  for (guint i = 0; i < G_N_ELEMENTS (formatted); i++)
    {
      g_autofree char *path = g_strdup_printf ("/time/format/%s", formatted[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_format);
    }
  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    {
      g_autofree char *path = g_strdup_printf ("/time/zone/%s", zones[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_zone);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_rows ();
  g_test_add_func ("/time/vectors", test_vectors);
  g_test_add_func ("/time/parse-vectors", test_parse_vectors);
  g_test_add_func ("/time/cut", test_cut);
  g_test_add_func ("/time/calendar", test_calendar);
  g_test_add_func ("/time/remembered-days", test_remembered_days);
  g_test_add_func ("/time/unset", test_unset);
  g_test_add_func ("/time/compare", test_compare);
  g_test_add_func ("/time/now", test_now);

  return g_test_run ();
}
