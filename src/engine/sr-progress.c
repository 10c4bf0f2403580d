/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Counts what a job does, and tells when there is something new to show.
 *
 * The threads of a job count hundreds of thousands of files, so counting takes no lock: the counters are
 * atomic, and one look at the coarse clock (a few nanoseconds, no system call) tells whether a
 * notification is due. Whoever finds that it is, takes a sample under the mutex, 8 times a second at most.
 *
 * The rate is that of a sliding window. The time left comes from two costs, of a byte and of a file,
 * because neither alone foretells: a folder of small files passes at few bytes a second however
 * fast the disk is, and one big file takes long though it is only one. Each interval between two samples
 * gives an equation
 *
 *   seconds = cost of a byte × bytes + cost of a file × files
 *
 * and the two costs are what fits the last of them best (least squares, older ones fading; each divided
 * by the root of its seconds, as the variance of a sum of steps grows with their number). */

#include "config.h"

#include "sr-progress.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define NOTICE_INTERVAL_USEC (G_USEC_PER_SEC / 8)
#define SAMPLE_INTERVAL_USEC (G_USEC_PER_SEC / 2)
#define WINDOW_USEC (6 * G_USEC_PER_SEC)
#define N_SAMPLES 16 /* more than window ÷ interval */
#define FADING 0.97 /* weight of an equation after each further one: half after 23 */
#define MIN_EQUATIONS 6 /* before them (3 seconds) nothing is said about the time left */
#define RIDGE 0.01 /* shares the time evenly where bytes and files always came in one proportion */

typedef struct
{
  gint64 when_usec;
  guint64 bytes;
  guint64 files;
} Sample;

/* Sums of the normal equations: b bytes, f files, t seconds of an interval. */
typedef struct
{
  double bb, bf, ff, bt, ft;
  guint n_equations;
} Fit;

struct _SrProgress
{
  void (*changed) (gpointer user_data);
  gpointer user_data;
  gint64 (*clock) (void); /* microseconds */

  _Atomic guint phase; /* SrPhase */
  _Atomic guint64 files_done;
  _Atomic guint64 files_total;
  _Atomic guint64 bytes_done;
  _Atomic guint64 bytes_total;
  _Atomic guint64 new_bytes;
  _Atomic guint64 stored_bytes;
  _Atomic guint64 n_problems;
  _Atomic gint64 next_notice_usec;

  GMutex path_mutex;
  GString *path; /* (owned) (locked by path_mutex): empty for none; reused */

  GMutex mutex;
  Sample samples[N_SAMPLES]; /* (locked by mutex): a ring */
  guint n_samples; /* (locked by mutex): taken in this phase */
  Fit fit; /* (locked by mutex) */
};

/* The nicks stand in the output of strongroomctl --json: add some, never change one. */
G_DEFINE_ENUM_TYPE (SrPhase,
                    sr_phase,
                    G_DEFINE_ENUM_VALUE (SR_PHASE_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (SR_PHASE_OPENING, "opening"),
                    G_DEFINE_ENUM_VALUE (SR_PHASE_WORKING, "working"),
                    G_DEFINE_ENUM_VALUE (SR_PHASE_FINISHING, "finishing"),
                    G_DEFINE_ENUM_VALUE (SR_PHASE_DONE, "done"))

static gint64
coarse_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC_COARSE, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/**
 * sr_progress_new:
 * @changed: called when there is something new to show: from the threads that count, never from two
 *   at once for one notice, at most 8 times a second and at each new phase
 * @user_data: for @changed
 *
 * What was counted within an eighth of a second after a notice is shown by the next one; a job that
 * stands still shows it with its next step or phase. There is no timer.
 *
 * Returns: (transfer full): counters at zero
 */
SrProgress *
sr_progress_new (void (*changed) (gpointer user_data), gpointer user_data)
{
  SrProgress *self = g_new0 (SrProgress, 1);

  self->changed = changed;
  self->user_data = user_data;
  self->clock = coarse_clock;
  self->path = g_string_new (NULL);
  g_mutex_init (&self->path_mutex);
  g_mutex_init (&self->mutex);
  return self;
}

/**
 * sr_progress_free:
 * @self: (transfer full): counters that no thread uses any more
 */
void
sr_progress_free (SrProgress *self)
{
  g_string_free (self->path, TRUE);
  g_mutex_clear (&self->path_mutex);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * sr_progress_set_clock:
 * @self: counters that are not in use yet
 * @clock: tells microseconds that never go back; called from all threads that count
 *
 * Replaces the system's clock, so that tests need not wait.
 */
void
sr_progress_set_clock (SrProgress *self, gint64 (*clock) (void))
{
  self->clock = clock;
}

static void
add_equation (Fit *fit, const Sample *from, const Sample *to)
{
  double b = (double) (to->bytes - from->bytes);
  double f = (double) (to->files - from->files);
  double t = (double) (to->when_usec - from->when_usec) / G_USEC_PER_SEC;

  fit->bb = FADING * fit->bb + b * b / t;
  fit->bf = FADING * fit->bf + b * f / t;
  fit->ff = FADING * fit->ff + f * f / t;
  fit->bt = FADING * fit->bt + b;
  fit->ft = FADING * fit->ft + f;
  fit->n_equations++;
}

/* Costs are not negative: where the best fit has one, the other one explains all. */
static void
solve (const Fit *fit, double *out_byte_cost, double *out_file_cost)
{
  double bb = fit->bb * (1 + RIDGE);
  double ff = fit->ff * (1 + RIDGE);
  double determinant = bb * ff - fit->bf * fit->bf;
  double byte_cost = 0, file_cost = 0;

  if (determinant > 0)
    {
      byte_cost = (fit->bt * ff - fit->ft * fit->bf) / determinant;
      file_cost = (fit->ft * bb - fit->bt * fit->bf) / determinant;
    }
  if (determinant <= 0 || byte_cost < 0 || file_cost < 0)
    {
      gboolean by_files = fit->bb <= 0 || (determinant > 0 && byte_cost < 0);

      byte_cost = by_files ? 0 : fit->bt / fit->bb;
      file_cost = by_files && fit->ff > 0 ? fit->ft / fit->ff : 0;
    }
  *out_byte_cost = byte_cost;
  *out_file_cost = file_cost;
}

/* Called with the mutex held. An interval in which nothing moved is not closed, so that a stall counts. */
static void
take_sample (SrProgress *self, gint64 now_usec)
{
  Sample sample = { now_usec, self->bytes_done, self->files_done };

  if (self->n_samples > 0)
    {
      const Sample *last = &self->samples[(self->n_samples - 1) % N_SAMPLES];

      if (now_usec - last->when_usec < SAMPLE_INTERVAL_USEC ||
          (sample.bytes == last->bytes && sample.files == last->files))
        return;
      add_equation (&self->fit, last, &sample);
    }
  self->samples[self->n_samples % N_SAMPLES] = sample;
  self->n_samples++;
}

/* Of the threads that find a notice due, the one that moves its time on gives it. */
static void
notice (SrProgress *self)
{
  gint64 now_usec = self->clock ();
  gint64 next_usec = self->next_notice_usec;

  if (now_usec < next_usec || !atomic_compare_exchange_strong (&self->next_notice_usec, &next_usec,
                                                               now_usec + NOTICE_INTERVAL_USEC))
    return;

  g_mutex_lock (&self->mutex);
  take_sample (self, now_usec);
  g_mutex_unlock (&self->mutex);
  self->changed (self->user_data);
}

/**
 * sr_progress_set_phase:
 * @self: counters
 * @phase: what the job does from now on
 *
 * Notifies at once, and begins to measure anew: the pace of one phase says nothing about another's.
 */
void
sr_progress_set_phase (SrProgress *self, SrPhase phase)
{
  gint64 now_usec = self->clock ();

  g_mutex_lock (&self->mutex);
  self->phase = phase;
  self->n_samples = 0;
  memset (&self->fit, 0, sizeof self->fit);
  take_sample (self, now_usec);
  g_mutex_unlock (&self->mutex);

  self->next_notice_usec = now_usec + NOTICE_INTERVAL_USEC;
  self->changed (self->user_data);
}

/**
 * sr_progress_set_totals:
 * @self: counters
 * @files: number of files that there are to do
 * @bytes: number of their bytes
 *
 * May be called again as a scan goes on.
 */
void
sr_progress_set_totals (SrProgress *self, guint64 files, guint64 bytes)
{
  self->files_total = files;
  self->bytes_total = bytes;
  notice (self);
}

/**
 * sr_progress_add_files:
 * @self: counters
 * @n_files: number of files done
 */
void
sr_progress_add_files (SrProgress *self, guint64 n_files)
{
  self->files_done += n_files;
  notice (self);
}

/**
 * sr_progress_add_bytes:
 * @self: counters
 * @n_bytes: bytes of files done
 */
void
sr_progress_add_bytes (SrProgress *self, guint64 n_bytes)
{
  self->bytes_done += n_bytes;
  notice (self);
}

/**
 * sr_progress_add_stored:
 * @self: counters
 * @new_bytes: bytes of new blobs, in the clear
 * @stored_bytes: bytes written to or read from the storage
 */
void
sr_progress_add_stored (SrProgress *self, guint64 new_bytes, guint64 stored_bytes)
{
  self->new_bytes += new_bytes;
  self->stored_bytes += stored_bytes;
  notice (self);
}

/**
 * sr_progress_add_problem:
 * @self: counters
 */
void
sr_progress_add_problem (SrProgress *self)
{
  self->n_problems++;
  notice (self);
}

/**
 * sr_progress_set_path:
 * @self: counters
 * @path: the file that a thread begins with
 *
 * Copies into memory that is kept, and never waits: of several threads that begin with files at one
 * moment, any may be the one whose file is shown. (Copied each time and not only when a notice is due, or the
 * wrong name would be shown all the while a big file takes.)
 */
void
sr_progress_set_path (SrProgress *self, const char *path)
{
  if (!g_mutex_trylock (&self->path_mutex))
    return;
  g_string_assign (self->path, path);
  g_mutex_unlock (&self->path_mutex);
}

/**
 * sr_progress_get:
 * @self: counters
 * @out_values: (out): all of them; each is right, but threads may have counted between two
 */
void
sr_progress_get (SrProgress *self, SrProgressValues *out_values)
{
  *out_values = (SrProgressValues){
    .phase = (SrPhase) self->phase,
    .files_done = self->files_done,
    .files_total = self->files_total,
    .bytes_done = self->bytes_done,
    .bytes_total = self->bytes_total,
    .new_bytes = self->new_bytes,
    .stored_bytes = self->stored_bytes,
    .n_problems = self->n_problems,
  };
}

/**
 * sr_progress_dup_path:
 * @self: counters
 *
 * Returns: (transfer full) (nullable): the file that is being done, as bytes of the file system
 */
char *
sr_progress_dup_path (SrProgress *self)
{
  char *path;

  g_mutex_lock (&self->path_mutex);
  path = self->path->len > 0 ? g_strdup (self->path->str) : NULL;
  g_mutex_unlock (&self->path_mutex);
  return path;
}

/* Called with the mutex held: the oldest sample of the window, else the last one before it. */
static const Sample *
find_window_start (SrProgress *self, gint64 now_usec)
{
  const Sample *start = NULL;

  for (guint back = 1; back <= MIN (self->n_samples, N_SAMPLES); back++)
    {
      const Sample *sample = &self->samples[(self->n_samples - back) % N_SAMPLES];

      if (start != NULL && now_usec - sample->when_usec > WINDOW_USEC)
        break;
      start = sample;
    }
  return start;
}

/**
 * sr_progress_get_rate:
 * @self: counters
 *
 * Returns: bytes done per second, over the last 6 seconds of this phase; sinks to 0 in a stall
 */
double
sr_progress_get_rate (SrProgress *self)
{
  gint64 now_usec = self->clock ();
  const Sample *start;
  double rate = 0;

  g_mutex_lock (&self->mutex);
  start = find_window_start (self, now_usec);
  if (start != NULL && now_usec > start->when_usec)
    rate = (double) (self->bytes_done - start->bytes) * G_USEC_PER_SEC /
           (double) (now_usec - start->when_usec);
  g_mutex_unlock (&self->mutex);
  return rate;
}

/**
 * sr_progress_get_time_left:
 * @self: counters
 *
 * Returns: seconds until all is done, from the cost of a byte and of a file; -1 while the totals are not
 *   known or too little was measured, and outside of %SR_PHASE_WORKING
 */
gint64
sr_progress_get_time_left (SrProgress *self)
{
  SrProgressValues values;
  double byte_cost, file_cost, seconds;
  Fit fit;

  g_mutex_lock (&self->mutex);
  fit = self->fit;
  g_mutex_unlock (&self->mutex);

  sr_progress_get (self, &values);
  if (values.phase != SR_PHASE_WORKING || fit.n_equations < MIN_EQUATIONS ||
      (values.files_total == 0 && values.bytes_total == 0))
    return -1;

  solve (&fit, &byte_cost, &file_cost);
  seconds = 0;
  if (values.bytes_total > values.bytes_done)
    seconds += byte_cost * (double) (values.bytes_total - values.bytes_done);
  if (values.files_total > values.files_done)
    seconds += file_cost * (double) (values.files_total - values.files_done);
  return (gint64) (MIN (seconds, (double) G_MAXINT32) + 0.5);
}
