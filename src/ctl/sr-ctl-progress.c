/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The line that is written over and over while a job runs.
 *
 * It is drawn when the job notifies, at most 8 times a second and never when nothing has changed, so that no
 * timer wakes the machine. A line that is longer than the terminal is wide would scroll, so it is cut by columns, and the
 * width is asked for each time. */

#include "config.h"

#include "sr-ctl-progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/sr-ctl-text.h"

#define LINE_INTERVAL_USEC (G_USEC_PER_SEC / 10) /* one notification is several signals */
#define JSON_INTERVAL_USEC G_USEC_PER_SEC
#define ERASE "\r\033[K" /* ECMA-48: erase in line */
#define LONGEST_PATH 4096 /* columns */

typedef struct
{
  SrCtl *ctl;
  gboolean json;
  gboolean drawn; /* there is a line to be erased */
  gint64 next_usec; /* when to draw again, monotonic */
} View;

typedef struct
{
  SrPhase phase;
  guint64 files_done;
  guint64 files_total;
  guint64 bytes_done;
  guint64 bytes_total;
  guint64 new_bytes;
  guint64 stored_bytes;
  guint64 n_problems;
  double rate; /* bytes per second */
  gint64 time_left; /* seconds; -1: not known */
  char *path; /* (owned) (nullable) */
} State;

static void
get_state (SrJob *job, State *out_state)
{
  g_object_get (job, "phase", &out_state->phase, "files-done", &out_state->files_done,
                "files-total", &out_state->files_total, "bytes-done", &out_state->bytes_done,
                "bytes-total", &out_state->bytes_total, "new-bytes", &out_state->new_bytes,
                "stored-bytes", &out_state->stored_bytes, "n-problems", &out_state->n_problems,
                "rate", &out_state->rate, "time-left", &out_state->time_left, "current-path",
                &out_state->path, NULL);
}

static guint
get_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

/* Percents say most; before there are totals, counts have to do. */
static void
append_share (GString *line, const State *state)
{
  g_autofree char *files = sr_ctl_text_count (state->files_done);
  g_autofree char *bytes = sr_ctl_text_size (state->bytes_done);
  guint64 done = state->bytes_total > 0 ? state->bytes_done : state->files_done;
  guint64 total = state->bytes_total > 0 ? state->bytes_total : state->files_total;

  /* More than was announced may turn up. */
  if (total > 0 && done <= total)
    g_string_append_printf (line, "%u %%, ", (guint) ((double) done / (double) total * 100));
  /* Translators: of a progress line: a number of files, and their size. */
  g_string_append_printf (line, _ ("%s files, %s"), files, bytes);
}

static char *
make_line (const SrCtlCommand *command, const State *state, guint width)
{
  GString *line = g_string_new (NULL);
  guint used;

  if (state->phase == SR_PHASE_WAITING || state->phase == SR_PHASE_OPENING)
    g_string_append (line, _ ("Reading the index…"));
  else if (state->phase == SR_PHASE_FINISHING)
    g_string_append (line, _ ("Finishing…"));
  else
    {
      g_autofree char *rate = sr_ctl_text_size ((guint64) CLAMP (state->rate, 0, 1e18));

      g_string_append_printf (line, "%s: ", _ (command->doing));
      append_share (line, state);
      g_string_append_printf (line, ", %s/s", rate);
    }
  if (state->time_left >= 0)
    {
      g_autofree char *left = sr_ctl_text_seconds ((double) state->time_left);

      g_string_append_printf (line, _ (", %s left"), left);
    }

  used = sr_ctl_text_columns (line->str, -1);
  if (used + 2 < width && state->path != NULL && state->phase == SR_PHASE_WORKING)
    {
      g_autofree char *path = sr_ctl_text_escape (state->path);
      g_autofree char *end = sr_ctl_text_keep_end (path, MIN (width - used - 2, LONGEST_PATH));

      g_string_append_printf (line, "  %s", end);
    }
  while (line->len > 0 && sr_ctl_text_columns (line->str, -1) > width)
    g_string_truncate (
        line, (gsize) (g_utf8_find_prev_char (line->str, line->str + line->len) - line->str));
  return g_string_free (line, FALSE);
}

static void
draw_line (View *view, const State *state)
{
  /* The last column stays free: some terminals begin a new line as soon as it is filled. */
  g_autofree char *line = make_line (view->ctl->command, state, get_width () - 1);

  sr_ctl_output_print (view->ctl->err, ERASE "%s", line);
  sr_ctl_output_flush (view->ctl->err);
  view->drawn = TRUE;
}

static void
write_status (View *view, const State *state)
{
  g_autoptr (GEnumClass) phases = g_type_class_ref (SR_TYPE_PHASE);
  SrJsonWriter *json = sr_ctl_output_begin_json (view->ctl->out, "status");

  sr_ctl_json_string (json, "phase", g_enum_get_value (phases, (int) state->phase)->value_nick);
  sr_ctl_json_uint64 (json, "files_done", state->files_done);
  sr_ctl_json_uint64 (json, "files_total", state->files_total);
  sr_ctl_json_uint64 (json, "bytes_done", state->bytes_done);
  sr_ctl_json_uint64 (json, "bytes_total", state->bytes_total);
  sr_ctl_json_uint64 (json, "new_bytes", state->new_bytes);
  sr_ctl_json_uint64 (json, "stored_bytes", state->stored_bytes);
  sr_ctl_json_uint64 (json, "problems", state->n_problems);
  sr_ctl_json_seconds (json, "bytes_per_second", state->rate);
  if (state->time_left >= 0)
    sr_ctl_json_uint64 (json, "seconds_left", (guint64) state->time_left);
  if (state->path != NULL)
    sr_ctl_json_path (json, "current_path", state->path);
  sr_ctl_output_end_json (view->ctl->out);
  sr_ctl_output_flush (view->ctl->out);
}

static void
on_notify (SrJob *job, GParamSpec *pspec, gpointer user_data)
{
  View *view = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  State state = { SR_PHASE_WAITING };

  if (now_usec < view->next_usec)
    return;

  /* Set first: writing may iterate the main context, and come here again. */
  view->next_usec = now_usec + (view->json ? JSON_INTERVAL_USEC : LINE_INTERVAL_USEC);
  get_state (job, &state);
  if (state.phase != SR_PHASE_DONE)
    {
      if (view->json)
        write_status (view, &state);
      else
        draw_line (view, &state);
    }
  g_free (state.path);
}

/**
 * sr_ctl_progress_show:
 * @ctl: the run; has to outlive @job
 * @job: its job, not running yet
 *
 * Shows the job's progress from now on: on standard error where that is a terminal which can erase a line,
 * with --json once a second on standard output.
 */
void
sr_ctl_progress_show (SrCtl *ctl, SrJob *job)
{
  gboolean json = sr_ctl_output_is_json (ctl->out);
  View *view;

  if (!json && (!isatty (STDERR_FILENO) || g_strcmp0 (g_getenv ("TERM"), "dumb") == 0))
    return;

  view = g_new0 (View, 1);
  view->ctl = ctl;
  view->json = json;
  /* Programs wait for results; a short job has no need of a status. */
  view->next_usec = json ? g_get_monotonic_time () + JSON_INTERVAL_USEC : 0;
  g_object_set_data_full (G_OBJECT (job), "sr-ctl-progress", view, g_free);
  g_signal_connect (job, "notify", G_CALLBACK (on_notify), view);
}

/**
 * sr_ctl_progress_hide:
 * @job: the job, which is over
 *
 * Erases the line, if there is one.
 */
void
sr_ctl_progress_hide (SrJob *job)
{
  View *view = g_object_get_data (G_OBJECT (job), "sr-ctl-progress");

  if (view == NULL)
    return;
  g_signal_handlers_disconnect_by_func (job, on_notify, view);
  if (view->drawn)
    {
      sr_ctl_output_print (view->ctl->err, ERASE);
      sr_ctl_output_flush (view->ctl->err);
    }
}
