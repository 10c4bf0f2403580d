/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Instants and their RFC 3339 text as restic writes it (repository-format, “Times”).
 *
 * The calendar is computed here: strftime() and GDateTime are slow for three times a file, and end
 * where 64-bit microseconds or the C library's years end. Days and dates are converted with
 * Howard Hinnant's algorithms (“chrono-Compatible Low-Level Date Algorithms”), for the Gregorian
 * calendar extended to year 0.
 *
 * restic writes each time with the offset that the local zone had at that instant, so that an
 * unchanged folder gives the same tree. The C library knows the offset, but takes a lock that all
 * threads share; so each thread remembers it by days. */

#include "config.h"

#include "sr-time.h"

#include <string.h>

#define DAY 86400 /* seconds */
#define EARLIEST G_GINT64_CONSTANT (-62167219200) /* 0000-01-01T00:00:00 */
#define LATEST G_GINT64_CONSTANT (253402300799) /* 9999-12-31T23:59:59 */
#define LONGEST_OFFSET (DAY - 60) /* seconds: ±23:59 */
#define REMEMBERED_DAYS 256 /* a power of two; 4 KiB in each thread that asks */

typedef struct
{
  gint64 day; /* since 1970 */
  gint32 utc_offset; /* seconds, or OFFSET_CHANGES */
  guint32 zone; /* zone_generation when this was asked; 0: never was */
} RememberedDay;

#define OFFSET_CHANGES G_MAXINT32 /* within that day */

static guint zone_generation = 1; /* (atomic) */

/* The quotient rounded down, as C rounds it towards zero. */
static gint64
divide_down (gint64 dividend, gint64 divisor)
{
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

/* Days since 1970-01-01. March is the first month, so that the leap day is the last of its year. */
static gint64
days_from_date (gint64 year, guint month, guint day)
{
  gint64 from_march = year - (month <= 2 ? 1 : 0);
  gint64 era = divide_down (from_march, 400);
  gint64 year_of_era = from_march - era * 400;
  gint64 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

  return era * 146097 + day_of_era - 719468;
}

static void
date_from_days (gint64 days, guint *out_year, guint *out_month, guint *out_day)
{
  gint64 shifted = days + 719468; /* since 0000-03-01 */
  gint64 era = divide_down (shifted, 146097);
  guint day_of_era = (guint) (shifted - era * 146097);
  guint year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  guint day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  guint month = (5 * day_of_year + 2) / 153;

  *out_day = day_of_year - (153 * month + 2) / 5 + 1;
  *out_month = month < 10 ? month + 3 : month - 9;
  *out_year = (guint) (era * 400 + year_of_era) + (*out_month <= 2 ? 1 : 0);
}

static gint32
ask_utc_offset (gint64 seconds)
{
  time_t instant = (time_t) seconds;
  struct tm local;

  /* Fails for years that do not fit into an int; those are clamped when written. */
  return localtime_r (&instant, &local) != NULL ? (gint32) local.tm_gmtoff : 0;
}

static gint32
find_utc_offset (gint64 seconds)
{
  static _Thread_local RememberedDay remembered[REMEMBERED_DAYS];

  gint64 day = divide_down (seconds, DAY);
  RememberedDay *slot = &remembered[(guint64) day % REMEMBERED_DAYS];
  guint32 zone = (guint32) g_atomic_int_get (&zone_generation);

  if (slot->day != day || slot->zone != zone)
    {
      gint32 first = ask_utc_offset (day * DAY);
      gint32 last = ask_utc_offset (day * DAY + DAY - 1);

      slot->utc_offset = first == last ? first : OFFSET_CHANGES;
      slot->day = day;
      slot->zone = zone;
    }

  return slot->utc_offset == OFFSET_CHANGES ? ask_utc_offset (seconds) : slot->utc_offset;
}

/**
 * sr_time_now:
 * @time: (out): the present instant with the local zone's offset
 */
void
sr_time_now (SrTime *time)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  sr_time_from_timespec (time, &now);
}

/**
 * sr_time_from_timespec:
 * @time: (out): the instant with the offset that the local zone had, or will have, then
 * @spec: an instant as the system gives it
 *
 * May be called millions of times from many threads. What local means is read once by the C
 * library; see sr_time_reload_zone().
 */
void
sr_time_from_timespec (SrTime *time, const struct timespec *spec)
{
  gint64 seconds = (gint64) spec->tv_sec;

  time->seconds = seconds;
  time->nanoseconds = (gint32) CLAMP (spec->tv_nsec, 0, 999999999);
  /* Far outside of the years that can be written, the days would overflow. */
  time->utc_offset = find_utc_offset (CLAMP (seconds, EARLIEST - DAY, LATEST + DAY));
}

/**
 * sr_time_reload_zone:
 *
 * Looks again what the local zone is, for all threads. Long-running programs call it before each
 * job, as somebody may have travelled.
 */
void
sr_time_reload_zone (void)
{
  tzset ();
  g_atomic_int_inc (&zone_generation);
}

/**
 * sr_time_set_unset:
 * @time: (out): the instant that stands for none
 */
void
sr_time_set_unset (SrTime *time)
{
  time->seconds = SR_TIME_UNSET_SECONDS;
  time->nanoseconds = 0;
  time->utc_offset = 0;
}

/**
 * sr_time_is_unset:
 * @time: a time
 *
 * Returns: whether it is the instant that stands for none
 */
gboolean
sr_time_is_unset (const SrTime *time)
{
  return time->seconds == SR_TIME_UNSET_SECONDS && time->nanoseconds == 0;
}

/**
 * sr_time_compare:
 * @time: a time
 * @other: a time
 *
 * Returns: less than, equal to or greater than 0, as @time is before, at or after the instant of
 *   @other; in which offset they are written does not matter
 */
int
sr_time_compare (const SrTime *time, const SrTime *other)
{
  if (time->seconds != other->seconds)
    return time->seconds < other->seconds ? -1 : 1;

  return (time->nanoseconds > other->nanoseconds) - (time->nanoseconds < other->nanoseconds);
}

static char *
put_digits (char *text, guint value, guint n_digits)
{
  for (guint i = n_digits; i > 0; i--)
    {
      text[i - 1] = (char) ('0' + value % 10);
      value /= 10;
    }

  return text + n_digits;
}

static char *
put_fraction (char *text, guint nanoseconds)
{
  if (nanoseconds == 0)
    return text;

  *text = '.';
  text = put_digits (text + 1, nanoseconds, 9);
  while (text[-1] == '0')
    text--;
  return text;
}

static char *
put_offset (char *text, gint32 utc_offset)
{
  guint minutes = (guint) ABS (utc_offset) / 60;

  if (minutes == 0)
    {
      *text = 'Z';
      return text + 1;
    }

  *text = utc_offset < 0 ? '-' : '+';
  text = put_digits (text + 1, minutes / 60, 2);
  *text = ':';
  return put_digits (text + 1, minutes % 60, 2);
}

/**
 * sr_time_format:
 * @time: a time
 * @text: (out): the time as RFC 3339 has it, and a NUL
 *
 * The text denotes the instant exactly. An offset that is not whole minutes, as of local mean times
 * before 1900, is cut to minutes; one beyond 23:59 becomes UTC. Instants outside of the years 0000
 * to 9999 become the first or the last one within.
 *
 * Returns: the length of @text without the NUL
 */
gsize
sr_time_format (const SrTime *time, char text[SR_TIME_TEXT_SIZE])
{
  gint32 utc_offset = ABS (time->utc_offset) <= LONGEST_OFFSET ? time->utc_offset / 60 * 60 : 0;
  gint64 seconds = CLAMP (time->seconds, EARLIEST - DAY, LATEST + DAY) + utc_offset;
  guint nanoseconds = (guint) time->nanoseconds;
  gint64 days;
  guint year, month, day, second;
  char *end;

  if (seconds < EARLIEST)
    {
      seconds = EARLIEST;
      nanoseconds = 0;
    }
  else if (seconds > LATEST)
    {
      seconds = LATEST;
      nanoseconds = 999999999;
    }

  days = divide_down (seconds, DAY);
  second = (guint) (seconds - days * DAY);
  date_from_days (days, &year, &month, &day);

  memcpy (text, "0000-00-00T00:00:00", 19);
  put_digits (text, year, 4);
  put_digits (text + 5, month, 2);
  put_digits (text + 8, day, 2);
  put_digits (text + 11, second / 3600, 2);
  put_digits (text + 14, second / 60 % 60, 2);
  put_digits (text + 17, second % 60, 2);
  end = put_offset (put_fraction (text + 19, nanoseconds), utc_offset);
  *end = '\0';
  return (gsize) (end - text);
}

/* What is left to parse; the first thing that does not fit sticks. */
typedef struct
{
  const char *text;
  const char *end;
  gboolean failed;
} Parser;

static gboolean
next_is_digit (const Parser *parser)
{
  return parser->text < parser->end && g_ascii_isdigit (*parser->text);
}

static guint
take_digits (Parser *parser, guint n_digits, guint least, guint most)
{
  guint value = 0;

  for (guint i = 0; i < n_digits && !parser->failed; i++)
    if (next_is_digit (parser))
      value = value * 10 + (guint) (*parser->text++ - '0');
    else
      parser->failed = TRUE;

  if (value < least || value > most)
    parser->failed = TRUE;
  return value;
}

/* Takes one of the characters; returns it, or 0. */
static char
take_one_of (Parser *parser, const char *characters)
{
  if (!parser->failed && parser->text < parser->end && *parser->text != '\0' &&
      strchr (characters, *parser->text) != NULL)
    return *parser->text++;

  parser->failed = TRUE;
  return 0;
}

static guint
take_fraction (Parser *parser)
{
  guint nanoseconds = 0;
  guint weight = 100000000;

  if (parser->failed || parser->text == parser->end || *parser->text != '.')
    return 0;

  parser->text++;
  parser->failed = !next_is_digit (parser);
  for (; next_is_digit (parser); parser->text++, weight /= 10) /* from the tenth on it is 0 */
    nanoseconds += weight * (guint) (*parser->text - '0');

  return nanoseconds;
}

static gint32
take_offset (Parser *parser)
{
  char sign = take_one_of (parser, "Z+-");
  guint minutes;

  if (sign == 'Z')
    return 0;

  minutes = take_digits (parser, 2, 0, 23) * 60;
  take_one_of (parser, ":");
  minutes += take_digits (parser, 2, 0, 59);
  return (sign == '-' ? -60 : 60) * (gint32) minutes;
}

static guint
count_days (guint year, guint month)
{
  static const guint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
    return 29;

  return days[month - 1];
}

/**
 * sr_time_parse:
 * @time: (out): the time; left alone after a failure
 * @text: (array length=length): RFC 3339 with capital T and Z, and any number of fraction digits,
 *   of which nine count
 * @length: bytes of @text
 *
 * Returns: FALSE: @text is not of that form, or no date or time of day
 */
gboolean
sr_time_parse (SrTime *time, const char *text, gsize length)
{
  Parser parser = { text, text + length, FALSE };
  guint year, month, day, second, nanoseconds;
  gint32 utc_offset;

  year = take_digits (&parser, 4, 0, 9999);
  take_one_of (&parser, "-");
  month = take_digits (&parser, 2, 1, 12);
  take_one_of (&parser, "-");
  day = take_digits (&parser, 2, 1, 31);
  take_one_of (&parser, "T");
  second = take_digits (&parser, 2, 0, 23) * 3600;
  take_one_of (&parser, ":");
  second += take_digits (&parser, 2, 0, 59) * 60;
  take_one_of (&parser, ":");
  second += take_digits (&parser, 2, 0, 59);
  nanoseconds = take_fraction (&parser);
  utc_offset = take_offset (&parser);

  if (parser.failed || parser.text != parser.end || day > count_days (year, month))
    return FALSE;

  time->seconds = days_from_date (year, month, day) * DAY + second - utc_offset;
  time->nanoseconds = (gint32) nanoseconds;
  time->utc_offset = utc_offset;
  return TRUE;
}
