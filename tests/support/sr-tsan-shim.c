/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tells ThreadSanitizer about the locks of GLib.
 *
 * GMutex and GCond are futexes inside a library that was built without the sanitizer, which
 * therefore sees no order between two threads that take the same lock, and reports races where there
 * are none. The functions here stand before GLib's in every test program of such a build (meson adds
 * this file then, and only then) and name the order; real races are found as before. The same goes
 * for the last unref of what is counted inside GLib, for what a GTask carries to its thread and
 * back, and for what a source brings to the thread of a main context. */

#include "config.h"

#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);
void AnnotateIgnoreReadsBegin (const char *file, int line);
void AnnotateIgnoreReadsEnd (const char *file, int line);
void AnnotateIgnoreWritesBegin (const char *file, int line);
void AnnotateIgnoreWritesEnd (const char *file, int line);

/* Declares the variable real: the function of that name in GLib. Looking it up twice at the same time
 * does no harm. */
#define REAL(function) \
  static __typeof__ (&function) found; \
  __typeof__ (&function) real = g_atomic_pointer_get (&found); \
  if (G_UNLIKELY (real == NULL)) \
    { \
      real = (__typeof__ (&function)) dlsym (RTLD_NEXT, #function); \
      g_atomic_pointer_set (&found, real); \
    }

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock)
  real (mutex);
  __tsan_acquire (mutex);
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock)
  __tsan_release (mutex);
  real (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;
  REAL (g_mutex_trylock)
  locked = real (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait)
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;
  REAL (g_cond_wait_until)
  __tsan_release (mutex);
  signalled = real (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* Around calls that change GLib's own data, under its own locks, and call nothing of ours. */
static void
begin_internal (void)
{
  AnnotateIgnoreReadsBegin (__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
}

static void
end_internal (void)
{
  AnnotateIgnoreWritesEnd (__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd (__FILE__, __LINE__);
}

/* Whoever drops the last reference comes after all who dropped theirs. That is told from within what
 * the last one calls, where that is known: before the count is changed it could be too early. */
static void
order_unref (gpointer counted)
{
  __tsan_acquire (counted);
  __tsan_release (counted);
}

#undef g_object_unref
void
g_object_unref (gpointer object)
{
  guint *count = (guint *) &((GObject *) object)->ref_count;
  guint references = __atomic_load_n (count, __ATOMIC_ACQUIRE);
  REAL (g_object_unref)

  /* Counting down here, where the sanitizer sees it. Tests have no toggle references. */
  while (references > 1)
    if (__atomic_compare_exchange_n (count, &references, references - 1, FALSE, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
      return;
  real (object);
}

void
g_bytes_unref (GBytes *bytes)
{
  REAL (g_bytes_unref)
  if (bytes != NULL)
    order_unref (bytes);
  real (bytes);
}

#undef g_atomic_ref_count_dec
gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean last;
  REAL (g_atomic_ref_count_dec)
  __tsan_release (count);
  last = real (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

static __thread GDestroyNotify clear_of_box;

static void
clear_box (gpointer box)
{
  __tsan_acquire (box);
  if (clear_of_box != NULL)
    clear_of_box (box);
}

void
g_atomic_rc_box_release_full (gpointer box, GDestroyNotify clear)
{
  GDestroyNotify outer = clear_of_box;
  REAL (g_atomic_rc_box_release_full)

  clear_of_box = clear;
  __tsan_release (box);
  real (box, clear_box);
  clear_of_box = outer;
}

/* It counts with the same functions, but calls them inside GLib, where they cannot be replaced. Counting down is one atomic
 * operation, before which all that was done with the text is released, and after which all that others did is known. */
void
g_ref_string_release (char *text)
{
  REAL (g_ref_string_release)

  __tsan_release (text);
  __tsan_acquire (text);
  real (text);
}

/* What a source of a main context calls, when it was attached by another thread. Only idle and timeout
 * sources: those of other kinds call functions with other arguments. */
typedef struct
{
  GSourceFunc function;
  gpointer data;
  GDestroyNotify notify;
} Callback;

static gboolean
callback_run (gpointer user_data)
{
  Callback *callback = user_data;

  __tsan_acquire (g_main_current_source ());
  return callback->function (callback->data);
}

static void
callback_free (gpointer user_data)
{
  Callback *callback = user_data;

  if (callback->notify != NULL)
    callback->notify (callback->data);
  g_free (callback);
}

void
g_source_set_callback (GSource *source, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  REAL (g_source_set_callback)
  if (function != NULL &&
      (source->source_funcs == &g_idle_funcs || source->source_funcs == &g_timeout_funcs))
    {
      Callback *callback = g_new (Callback, 1);

      *callback = (Callback){ function, data, notify };
      real (source, callback_run, callback, callback_free);
    }
  else
    real (source, function, data, notify);
}

/* The table of sources that a context keeps is under a lock inside GLib, of which nothing is seen
 * here. So what attaching reads and writes there is left out. */
guint
g_source_attach (GSource *source, GMainContext *context)
{
  guint id;

  REAL (g_source_attach)
  __tsan_release (source);
  begin_internal ();
  id = real (source, context);
  end_internal ();
  return id;
}

static GQuark
thread_function_quark (void)
{
  return g_quark_from_static_string ("sr-tsan-shim-thread-function");
}

static void
run_task (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GTaskThreadFunc function;

  __tsan_acquire (task);
  function = (GTaskThreadFunc) g_object_get_qdata (G_OBJECT (task), thread_function_quark ());
  function (task, source, task_data, cancellable);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc function)
{
  REAL (g_task_run_in_thread)
  g_object_set_qdata (G_OBJECT (task), thread_function_quark (), (gpointer) function);
  __tsan_release (task);
  begin_internal ();
  real (task, run_task);
  end_internal ();
}

void
g_task_run_in_thread_sync (GTask *task, GTaskThreadFunc function)
{
  REAL (g_task_run_in_thread_sync)
  g_object_set_qdata (G_OBJECT (task), thread_function_quark (), (gpointer) function);
  __tsan_release (task);
  real (task, run_task);
  __tsan_acquire (task);
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify destroy)
{
  REAL (g_task_return_pointer)
  __tsan_release (task);
  real (task, result, destroy);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  REAL (g_task_return_boolean)
  __tsan_release (task);
  real (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  REAL (g_task_return_error)
  __tsan_release (task);
  real (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  REAL (g_task_propagate_pointer)
  __tsan_acquire (task);
  return real (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  REAL (g_task_propagate_boolean)
  __tsan_acquire (task);
  return real (task, error);
}
