/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs an operation on a thread of its own, for an owner that must never block.
 *
 * A job takes minutes or hours, so it has a GThread and not one of the few threads of GTask's pool. What the owner
 * sees (properties, signals, the callback) happens in the owner's main context only, carried there by
 * idle sources: at most one of them is under way for notifications, so a slow owner is not flooded, and
 * there are no timers that wake a computer for nothing. The result is told when the thread has ended and
 * not when it was cancelled: until then it holds locks and open files.
 *
 * Who holds what: the task holds the job, and the thread holds the task until it hands it over, as its last act, to
 * the source that ends the run. So the last reference is always dropped in the owner's context. */

#include "config.h"

#include "sr-job.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

/* More than anyone reads; the rest is counted. */
#define PROBLEMS_KEPT 10000

typedef struct
{
  SrProgressValues values;
  double rate; /* bytes per second */
  gint64 time_left; /* seconds; -1: not known */
  char *path; /* (owned) (nullable) */
} Shown;

typedef struct
{
  SrProgress *progress; /* (owned) */
  Shown shown; /* what the properties tell: the owner's context only */
  GListStore *problems; /* (owned): filled when the run is over; the owner's context only */
  GMainContext *context; /* (owned) (nullable): set before the thread begins */
  gboolean over; /* the owner's context only */

  GMutex mutex;
  GThread *thread; /* (owned) (nullable) (locked by mutex): joined when the run is over */
  GSource *notification; /* (owned) (nullable) (locked by mutex): on its way to the context */
  GPtrArray *new_problems; /* (owned) (element-type SrProblem) (locked by mutex) */
} SrJobPrivate;

typedef enum
{
  PROP_PHASE = 1,
  PROP_FILES_DONE,
  PROP_FILES_TOTAL,
  PROP_BYTES_DONE,
  PROP_BYTES_TOTAL,
  PROP_NEW_BYTES,
  PROP_STORED_BYTES,
  PROP_RATE,
  PROP_TIME_LEFT,
  PROP_CURRENT_PATH,
  PROP_N_PROBLEMS,
} SrJobProperty;

static GParamSpec *props[PROP_N_PROBLEMS + 1];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SrJob, sr_job, G_TYPE_OBJECT)

static void on_progress_changed (gpointer user_data);

static void
sr_job_init (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  g_mutex_init (&priv->mutex);
  priv->progress = sr_progress_new (on_progress_changed, self);
  priv->problems = g_list_store_new (SR_TYPE_PROBLEM);
  priv->new_problems = g_ptr_array_new_with_free_func (g_object_unref);
  priv->shown.time_left = -1;
}

static void
sr_job_finalize (GObject *object)
{
  SrJobPrivate *priv = sr_job_get_instance_private (SR_JOB (object));

  g_assert (priv->thread == NULL && priv->notification == NULL);
  sr_progress_free (priv->progress);
  g_object_unref (priv->problems);
  g_ptr_array_unref (priv->new_problems);
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_free (priv->shown.path);
  g_mutex_clear (&priv->mutex);
  G_OBJECT_CLASS (sr_job_parent_class)->finalize (object);
}

static void
sr_job_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SrJobPrivate *priv = sr_job_get_instance_private (SR_JOB (object));
  const Shown *shown = &priv->shown;

  switch ((SrJobProperty) id)
    {
    case PROP_PHASE:
      g_value_set_enum (value, (int) shown->values.phase);
      break;
    case PROP_FILES_DONE:
      g_value_set_uint64 (value, shown->values.files_done);
      break;
    case PROP_FILES_TOTAL:
      g_value_set_uint64 (value, shown->values.files_total);
      break;
    case PROP_BYTES_DONE:
      g_value_set_uint64 (value, shown->values.bytes_done);
      break;
    case PROP_BYTES_TOTAL:
      g_value_set_uint64 (value, shown->values.bytes_total);
      break;
    case PROP_NEW_BYTES:
      g_value_set_uint64 (value, shown->values.new_bytes);
      break;
    case PROP_STORED_BYTES:
      g_value_set_uint64 (value, shown->values.stored_bytes);
      break;
    case PROP_RATE:
      g_value_set_double (value, shown->rate);
      break;
    case PROP_TIME_LEFT:
      g_value_set_int64 (value, shown->time_left);
      break;
    case PROP_CURRENT_PATH:
      g_value_set_string (value, shown->path);
      break;
    case PROP_N_PROBLEMS:
      g_value_set_uint64 (value, shown->values.n_problems);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_count (GObjectClass *class, SrJobProperty id, const char *name)
{
  props[id] = g_param_spec_uint64 (name, NULL, NULL, 0, G_MAXUINT64, 0,
                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property (class, id, props[id]);
}

static void
sr_job_class_init (SrJobClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = sr_job_get_property;
  object_class->finalize = sr_job_finalize;

  props[PROP_PHASE] =
      g_param_spec_enum ("phase", NULL, NULL, SR_TYPE_PHASE, SR_PHASE_WAITING, flags);
  props[PROP_RATE] = g_param_spec_double ("rate", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  props[PROP_TIME_LEFT] = g_param_spec_int64 ("time-left", NULL, NULL, -1, G_MAXINT64, -1, flags);
  props[PROP_CURRENT_PATH] = g_param_spec_string ("current-path", NULL, NULL, NULL, flags);
  g_object_class_install_property (object_class, PROP_PHASE, props[PROP_PHASE]);
  g_object_class_install_property (object_class, PROP_RATE, props[PROP_RATE]);
  g_object_class_install_property (object_class, PROP_TIME_LEFT, props[PROP_TIME_LEFT]);
  g_object_class_install_property (object_class, PROP_CURRENT_PATH, props[PROP_CURRENT_PATH]);
  install_count (object_class, PROP_FILES_DONE, "files-done");
  install_count (object_class, PROP_FILES_TOTAL, "files-total");
  install_count (object_class, PROP_BYTES_DONE, "bytes-done");
  install_count (object_class, PROP_BYTES_TOTAL, "bytes-total");
  install_count (object_class, PROP_NEW_BYTES, "new-bytes");
  install_count (object_class, PROP_STORED_BYTES, "stored-bytes");
  install_count (object_class, PROP_N_PROBLEMS, "n-problems");
}

static void
notify_if (SrJob *self, gboolean differs, SrJobProperty id)
{
  if (differs)
    g_object_notify_by_pspec (G_OBJECT (self), props[id]);
}

/* In the owner's context: takes over what the threads have counted, and notifies what differs. */
static void
show_progress (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);
  Shown old = priv->shown;
  Shown *new = &priv->shown;

  sr_progress_get (priv->progress, &new->values);
  new->rate = sr_progress_get_rate (priv->progress);
  new->time_left = sr_progress_get_time_left (priv->progress);
  new->path = sr_progress_dup_path (priv->progress);

  g_object_freeze_notify (G_OBJECT (self));
  notify_if (self, new->values.phase != old.values.phase, PROP_PHASE);
  notify_if (self, new->values.files_done != old.values.files_done, PROP_FILES_DONE);
  notify_if (self, new->values.files_total != old.values.files_total, PROP_FILES_TOTAL);
  notify_if (self, new->values.bytes_done != old.values.bytes_done, PROP_BYTES_DONE);
  notify_if (self, new->values.bytes_total != old.values.bytes_total, PROP_BYTES_TOTAL);
  notify_if (self, new->values.new_bytes != old.values.new_bytes, PROP_NEW_BYTES);
  notify_if (self, new->values.stored_bytes != old.values.stored_bytes, PROP_STORED_BYTES);
  notify_if (self, memcmp (&new->rate, &old.rate, sizeof old.rate) != 0, PROP_RATE);
  notify_if (self, new->time_left != old.time_left, PROP_TIME_LEFT);
  notify_if (self, g_strcmp0 (new->path, old.path) != 0, PROP_CURRENT_PATH);
  notify_if (self, new->values.n_problems != old.values.n_problems, PROP_N_PROBLEMS);
  g_object_thaw_notify (G_OBJECT (self));
  g_free (old.path);
}

static gboolean
on_notification (gpointer user_data)
{
  g_autoptr (SrJob) self = g_object_ref (user_data);
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  /* Cleared before the counters are read, so that what is counted from here on brings the next one. */
  g_mutex_lock (&priv->mutex);
  g_clear_pointer (&priv->notification, g_source_unref);
  g_mutex_unlock (&priv->mutex);

  show_progress (self);
  return G_SOURCE_REMOVE;
}

static void
on_progress_changed (gpointer user_data)
{
  SrJobPrivate *priv = sr_job_get_instance_private (user_data);

  if (priv->context == NULL)
    return;

  g_mutex_lock (&priv->mutex);
  if (priv->notification == NULL)
    {
      priv->notification = g_idle_source_new ();
      g_source_set_priority (priv->notification, G_PRIORITY_DEFAULT);
      g_source_set_static_name (priv->notification, "SrJob notification");
      g_source_set_callback (priv->notification, on_notification, user_data, NULL);
      g_source_attach (priv->notification, priv->context);
    }
  g_mutex_unlock (&priv->mutex);
}

static void
collect_problems (SrJobPrivate *priv)
{
  g_mutex_lock (&priv->mutex);
  g_list_store_splice (priv->problems, 0, 0, priv->new_problems->pdata, priv->new_problems->len);
  g_ptr_array_set_size (priv->new_problems, 0);
  g_mutex_unlock (&priv->mutex);
}

static void
return_result (GTask *task, GError *run_error, guint64 n_problems)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, n_problems);

  if (run_error != NULL)
    g_task_return_error (task, run_error);
  else if (n_problems > 0)
    g_task_return_new_error (
        task, SR_ERROR, SR_ERROR_INCOMPLETE,
        g_dngettext (
            GETTEXT_PACKAGE, "%s problem was met, see the result; everything else was done",
            "%s problems were met, see the result; everything else was done", (gulong) n_problems),
        text);
  else
    g_task_return_boolean (task, TRUE);
}

/* In the owner's context, once the thread has nothing more to do. */
static gboolean
on_run_ended (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SrJob *self = g_task_get_source_object (task);
  SrJobPrivate *priv = sr_job_get_instance_private (self);
  GThread *thread;
  GError *run_error;

  g_mutex_lock (&priv->mutex);
  thread = g_steal_pointer (&priv->thread);
  g_mutex_unlock (&priv->mutex);
  run_error = g_thread_join (thread);

  sr_progress_set_phase (priv->progress, SR_PHASE_DONE);
  if (priv->notification != NULL)
    {
      g_source_destroy (priv->notification);
      g_clear_pointer (&priv->notification, g_source_unref);
    }
  collect_problems (priv);
  show_progress (self);
  priv->over = TRUE;
  return_result (task, run_error, priv->shown.values.n_problems);
  return G_SOURCE_REMOVE;
}

/* Returns the error of the run, NULL for none. */
static gpointer
run_thread (gpointer user_data)
{
  GTask *task = user_data;
  SrJob *self = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GSource) end = g_idle_source_new ();
  GError *error = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error) &&
      !SR_JOB_GET_CLASS (self)->run (self, cancellable, &error))
    g_assert (error != NULL);

  g_source_set_priority (end, G_PRIORITY_DEFAULT);
  g_source_set_static_name (end, "SrJob end");
  g_source_set_callback (end, on_run_ended, task, NULL);
  g_source_attach (end, g_task_get_context (task));
  return error;
}

/**
 * sr_job_run_async:
 * @self: a job that has not run before; kept until @callback was called
 * @cancellable: (nullable): ends the run soon; may be cancelled from any thread, also from a notification of the job
 * @callback: (scope async): called in the main context that was the thread's default here, and by the job's last
 *   act: its threads have ended and its locks are released, and it notifies no more
 * @user_data: data for @callback
 *
 * Begins the job on a thread of its own. The context must be iterated until @callback is called.
 */
void
sr_job_run_async (SrJob *self,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_assert (priv->context == NULL);
  g_task_set_source_tag (task, sr_job_run_async);
  g_task_set_name (task, G_OBJECT_TYPE_NAME (self));
  g_task_set_check_cancellable (task, FALSE);
  priv->context = g_main_context_ref (g_task_get_context (task));

  g_mutex_lock (
      &priv->mutex); /* the context may be iterated by another thread, and the run be short */
  priv->thread = g_thread_try_new ("job", run_thread, task, &error);
  g_mutex_unlock (&priv->mutex);

  if (error == NULL)
    g_steal_pointer (&task);
  else
    {
      priv->over = TRUE;
      g_task_return_error (task, error);
    }
}

/**
 * sr_job_run_finish:
 * @self: the job
 * @result: as it came to the callback
 * @error: (out) (optional): %G_IO_ERROR_CANCELLED; %SR_ERROR_INCOMPLETE: all was done but for the problems that
 *   sr_job_get_problems() lists; any other error of the operation
 *
 * Returns: whether all was done. A job that was cancelled when its work was done already has done it.
 */
gboolean
sr_job_run_finish (SrJob *self, GAsyncResult *result, GError **error)
{
  g_assert (g_task_is_valid (result, self));
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * sr_job_get_problems:
 * @self: a job
 *
 * Returns: (transfer none) (element-type SrProblem): what the job could not do. Always the same list: empty until the
 *   run is over, then the first 10,000, in the order in which they were met; "n-problems" counts all.
 */
GListModel *
sr_job_get_problems (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  return G_LIST_MODEL (priv->problems);
}

/**
 * sr_job_is_over:
 * @self: a job
 *
 * For the owner's context: results of a job are there from then on.
 *
 * Returns: whether it has run and ended
 */
gboolean
sr_job_is_over (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  return priv->over;
}

/**
 * sr_job_get_progress:
 * @self: a job
 *
 * Returns: (transfer none): where the job's threads count what they do
 */
SrProgress *
sr_job_get_progress (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  return priv->progress;
}

/**
 * sr_job_add_problem:
 * @self: a job that runs
 * @path: what it could not do: a path as bytes of the file system, or the name of a file in the repository
 * @problem: why; copied
 *
 * Any thread of the job; the job goes on, and ends with %SR_ERROR_INCOMPLETE.
 */
void
sr_job_add_problem (SrJob *self, const char *path, const GError *problem)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);

  g_mutex_lock (&priv->mutex);
  if (priv->new_problems->len < PROBLEMS_KEPT)
    g_ptr_array_add (priv->new_problems, sr_problem_new (path, problem));
  g_mutex_unlock (&priv->mutex);
  sr_progress_add_problem (priv->progress);
}

/**
 * sr_job_get_n_problems:
 * @self: a job
 *
 * Returns: how many problems there were until now; any thread
 */
guint64
sr_job_get_n_problems (SrJob *self)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);
  SrProgressValues values;

  sr_progress_get (priv->progress, &values);
  return values.n_problems;
}

/* A call into the owner's context, for which a thread of the job waits. Counted, as a source that is
 * being dispatched outlives the wait when the call is withdrawn at that moment. */
typedef struct
{
  SrJob *job;
  void (*func) (SrJob *self, gpointer user_data);
  gpointer user_data;

  GMutex mutex;
  GCond changed;
  enum
  {
    CALL_WAITING,
    CALL_RUNNING,
    CALL_DONE,
    CALL_WITHDRAWN, /* cancelled before it ran */
  } state; /* (locked by mutex) */
} Call;

static void
call_clear (gpointer data)
{
  Call *call = data;

  g_mutex_clear (&call->mutex);
  g_cond_clear (&call->changed);
}

static void
call_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, call_clear);
}

static gboolean
on_call (gpointer user_data)
{
  Call *call = user_data;
  gboolean wanted;

  g_mutex_lock (&call->mutex);
  wanted = call->state == CALL_WAITING;
  if (wanted)
    call->state = CALL_RUNNING;
  g_mutex_unlock (&call->mutex);

  if (wanted)
    {
      call->func (call->job, call->user_data);
      g_mutex_lock (&call->mutex);
      call->state = CALL_DONE;
      g_cond_signal (&call->changed);
      g_mutex_unlock (&call->mutex);
    }
  return G_SOURCE_REMOVE;
}

static void
on_call_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Call *call = user_data;

  g_mutex_lock (&call->mutex);
  if (call->state == CALL_WAITING)
    call->state = CALL_WITHDRAWN;
  g_cond_signal (&call->changed);
  g_mutex_unlock (&call->mutex);
}

/**
 * sr_job_call_owner:
 * @self: a job that runs
 * @func: called in the owner's context
 * @user_data: for @func; what it points to need only live until this returns
 * @cancellable: (nullable): that of the run
 * @error: (out) (optional): %G_IO_ERROR_CANCELLED
 *
 * For a job's threads: hands something to the owner and waits until it was taken, so that a slow owner
 * holds the job back instead of being flooded.
 *
 * Returns: FALSE when it was cancelled; then @func was not called and will not be
 */
gboolean
sr_job_call_owner (SrJob *self,
                   void (*func) (SrJob *self, gpointer user_data),
                   gpointer user_data,
                   GCancellable *cancellable,
                   GError **error)
{
  SrJobPrivate *priv = sr_job_get_instance_private (self);
  Call *call = g_atomic_rc_box_new0 (Call);
  g_autoptr (GSource) source = g_idle_source_new ();
  gulong handler = 0;
  gboolean done;

  call->job = self;
  call->func = func;
  call->user_data = user_data;
  g_mutex_init (&call->mutex);
  g_cond_init (&call->changed);

  /* First, so that a call after the cancellation is withdrawn before it can run. */
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_call_cancelled), call, NULL);

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "SrJob call");
  g_source_set_callback (source, on_call, g_atomic_rc_box_acquire (call), call_unref);
  g_source_attach (source, priv->context);

  g_mutex_lock (&call->mutex);
  while (call->state == CALL_WAITING || call->state == CALL_RUNNING)
    g_cond_wait (&call->changed, &call->mutex);
  done = call->state == CALL_DONE;
  g_mutex_unlock (&call->mutex);

  g_cancellable_disconnect (cancellable, handler);
  g_source_destroy (source);
  call_unref (call);
  if (!done)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return done;
}
