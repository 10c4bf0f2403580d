/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

#define SR_TIME_TEXT_SIZE 48

/* An instant, and the offset from UTC in which it was or is to be written. Seconds and nanoseconds
 * are kept apart: as 64-bit nanoseconds the years 1 and 9999 overflow. */
typedef struct
{
  gint64 seconds; /* since 1970-01-01T00:00:00Z, rounded down */
  gint32 nanoseconds; /* 0 to 999,999,999, upwards from seconds */
  gint32 utc_offset; /* seconds east of UTC */
} SrTime;

#define SR_TIME_UNSET_SECONDS G_GINT64_CONSTANT (-62135596800) /* 0001-01-01T00:00:00Z */

void sr_time_now (SrTime *time);
void sr_time_from_timespec (SrTime *time, const struct timespec *spec);
void sr_time_reload_zone (void); /* the local zone may have changed */
void sr_time_set_unset (SrTime *time);
gboolean sr_time_is_unset (const SrTime *time);
int sr_time_compare (const SrTime *time, const SrTime *other);
gsize sr_time_format (const SrTime *time, char text[SR_TIME_TEXT_SIZE]);
gboolean sr_time_parse (SrTime *time, const char *text, gsize length);

G_END_DECLS
