/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A storage that fails on command.
 *
 * Disks fill up, answers get lost, drives are unplugged and bits rot, but not while a test is
 * looking. This storage does it at the call that the test names. It also remembers all calls, so
 * that a test can assert what a power cut would find: that a snapshot is written after all packs. */

#include "config.h"

#include "sr-fault-storage.h"

#include <string.h>

typedef struct
{
  SrFault fault;
  guint n_matched; /* calls that fitted so far */
} Plan;

struct _SrFaultStorage
{
  SrStorage parent_instance;

  SrStorage *inner; /* (owned) */

  GMutex mutex;
  GCond changed; /* n_stalled or n_releases did, or a stalled call was cancelled */
  GArray *plans; /* (owned) (element-type Plan) (locked by mutex) */
  GArray *calls; /* (owned) (element-type SrFaultCall) (locked by mutex) */
  guint n_events; /* (locked by mutex): beginnings and ends of calls */
  guint n_stalled; /* (locked by mutex): calls that wait now */
  guint n_releases; /* (locked by mutex) */
  guint generation; /* (locked by mutex): how often the calls were forgotten */
  gboolean power_is_cut; /* (locked by mutex) */
};

/* One call on its way. */
typedef struct
{
  guint index; /* in calls */
  guint generation; /* of calls */
  gboolean is_hit;
  SrFault fault; /* when it is hit */
} Hit;

G_DEFINE_FINAL_TYPE (SrFaultStorage, sr_fault_storage, SR_TYPE_STORAGE)

static gboolean
matches (const SrFaultCall *call, SrVerbs verbs, guint kinds)
{
  if (verbs != 0 && (call->verb & verbs) == 0)
    return FALSE;
  return kinds == 0 || (call->has_kind && (SR_KIND_BIT (call->name.kind) & kinds) != 0);
}

static gboolean
is_due (const Plan *plan)
{
  guint first = MAX (plan->fault.first, 1);

  return plan->n_matched >= first &&
         (plan->fault.count == 0 || plan->n_matched - first < plan->fault.count);
}

/* All plans count the call, and the one that was made first of those due has its effect. */
static void
find_fault_locked (SrFaultStorage *self, const SrFaultCall *call, Hit *hit)
{
  for (guint i = 0; i < self->plans->len; i++)
    {
      Plan *plan = &g_array_index (self->plans, Plan, i);

      if (!matches (call, plan->fault.verbs, plan->fault.kinds))
        continue;
      plan->n_matched++;
      if (hit->is_hit || !is_due (plan))
        continue;
      if (plan->fault.effect == SR_FAULT_DISK_FULL && call->length <= plan->fault.amount)
        {
          plan->fault.amount -= call->length; /* it still fits */
          continue;
        }
      hit->is_hit = TRUE;
      hit->fault = plan->fault;
    }
  if (hit->is_hit && hit->fault.effect == SR_FAULT_POWER_CUT)
    self->power_is_cut = TRUE;
}

static gboolean
has_effect (const Hit *hit, SrFaultEffect effect)
{
  return hit->is_hit && hit->fault.effect == effect;
}

static void
set_planned_error (const Hit *hit, GError **error)
{
  g_set_error_literal (error, SR_ERROR, hit->fault.code,
                       hit->fault.message != NULL ? hit->fault.message : "A planned fault");
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  SrFaultStorage *self = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_cond_broadcast (&self->changed);
}

static gboolean
stall (SrFaultStorage *self, GCancellable *cancellable, GError **error)
{
  gulong handler = 0;
  guint n_releases;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  g_mutex_lock (&self->mutex);
  n_releases = self->n_releases;
  self->n_stalled++;
  g_cond_broadcast (&self->changed);
  while (self->n_releases == n_releases && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->mutex);
  self->n_stalled--;
  g_mutex_unlock (&self->mutex);

  g_cancellable_disconnect (cancellable, handler);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* Ends a call in the log; one whose log was forgotten meanwhile has no entry any more. */
static void
end (SrFaultStorage *self, const Hit *hit, guint64 length, gboolean done)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  SrFaultCall *call;

  if (hit->generation != self->generation)
    return;
  call = &g_array_index (self->calls, SrFaultCall, hit->index);
  call->ended = ++self->n_events;
  call->length = length;
  call->done = done;
}

/* Logs a call and does what hits it before it is done. FALSE: it has failed, and is over. */
static gboolean
begin (SrFaultStorage *self, SrFaultCall call, Hit *hit, GCancellable *cancellable, GError **error)
{
  gboolean goes_on = TRUE;

  memset (hit, 0, sizeof *hit);
  g_mutex_lock (&self->mutex);
  call.begun = ++self->n_events;
  hit->index = self->calls->len;
  hit->generation = self->generation;
  g_array_append_val (self->calls, call);
  if (!self->power_is_cut)
    find_fault_locked (self, &call, hit);
  if (self->power_is_cut)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_STORAGE, "The power of the storage is cut");
      goes_on = FALSE;
    }
  g_mutex_unlock (&self->mutex);

  if (goes_on && has_effect (hit, SR_FAULT_ERROR))
    {
      set_planned_error (hit, error);
      goes_on = FALSE;
    }
  if (goes_on && has_effect (hit, SR_FAULT_DISK_FULL))
    {
      g_set_error (error, SR_ERROR, SR_ERROR_NO_SPACE, "The storage is full");
      goes_on = FALSE;
    }
  if (goes_on && has_effect (hit, SR_FAULT_STALL))
    goes_on = stall (self, cancellable, error);
  if (!goes_on)
    end (self, hit, 0, FALSE);
  return goes_on;
}

/* What is left of a call that the inner storage has done: its answer may get lost. */
static gboolean
conclude (SrFaultStorage *self, const Hit *hit, guint64 length, gboolean done, GError **error)
{
  if (done && has_effect (hit, SR_FAULT_ANSWER_LOST))
    {
      set_planned_error (hit, error);
      done = FALSE;
    }
  end (self, hit, length, done);
  return done;
}

static char *
sr_fault_storage_dup_location (SrStorage *storage)
{
  return sr_storage_dup_location (SR_FAULT_STORAGE (storage)->inner);
}

static gboolean
sr_fault_storage_create (SrStorage *storage, GCancellable *cancellable, GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = { .verb = SR_VERB_CREATE };
  Hit hit;
  gboolean done;

  if (!begin (self, call, &hit, cancellable, error))
    return FALSE;
  done = sr_storage_create (self->inner, cancellable, error);
  return conclude (self, &hit, 0, done, error);
}

static gboolean
sr_fault_storage_has (SrStorage *storage,
                      const SrFileName *name,
                      gboolean *out_present,
                      guint64 *out_size,
                      GCancellable *cancellable,
                      GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = { .verb = SR_VERB_HAS, .has_kind = TRUE, .name = *name };
  Hit hit;
  gboolean done;

  if (!begin (self, call, &hit, cancellable, error))
    return FALSE;
  done = sr_storage_has (self->inner, name, out_present, out_size, cancellable, error);
  return conclude (self, &hit, 0, done, error);
}

static void
invert (guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) ~data[i];
}

/* Spoils the @n bytes that were read from @offset. Returns how many of them are left. */
static gsize
spoil (const Hit *hit, guint64 offset, guint8 *buffer, gsize n)
{
  guint64 amount = hit->fault.amount;

  if (has_effect (hit, SR_FAULT_SHORT_READ))
    return MIN (n, amount);
  if (has_effect (hit, SR_FAULT_WRONG_BYTES))
    invert (buffer, n);
  else if (has_effect (hit, SR_FAULT_BIT_FLIP) && amount >= offset && amount - offset < n)
    buffer[amount - offset] ^= 1;
  return n;
}

static gssize
sr_fault_storage_read (SrStorage *storage,
                       const SrFileName *name,
                       guint64 offset,
                       guint8 *buffer,
                       gsize length,
                       GCancellable *cancellable,
                       GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = {
    .verb = SR_VERB_READ, .has_kind = TRUE, .name = *name, .offset = offset
  };
  Hit hit;
  gssize n;

  if (!begin (self, call, &hit, cancellable, error))
    return -1;
  n = sr_storage_read (self->inner, name, offset, buffer, length, cancellable, error);
  if (n > 0)
    n = (gssize) spoil (&hit, offset, buffer, (gsize) n);
  return conclude (self, &hit, (guint64) MAX (n, 0), n >= 0, error) ? n : -1;
}

static SrSpool *
sr_fault_storage_create_spool (SrStorage *storage, guint64 size_hint, GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = { .verb = SR_VERB_CREATE_SPOOL };
  g_autoptr (SrSpool) spool = NULL;
  Hit hit;

  if (!begin (self, call, &hit, NULL, error))
    return NULL;
  spool = sr_storage_create_spool (self->inner, size_hint, error);
  return conclude (self, &hit, 0, spool != NULL, error) ? g_steal_pointer (&spool) : NULL;
}

static gboolean
write_inverted (SrFaultStorage *self,
                const SrFileName *name,
                SrSpool *spool,
                GCancellable *cancellable,
                GError **error)
{
  gsize length = (gsize) sr_spool_get_length (spool);
  g_autofree guint8 *data = g_malloc (MAX (length, 1));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SrSpool) inverted = NULL;

  if (sr_spool_read (spool, 0, data, length, cancellable, error) < 0)
    return FALSE;
  invert (data, length);
  bytes = g_bytes_new_take (g_steal_pointer (&data), length);
  inverted = sr_spool_new_for_bytes (bytes);
  /* Not by sr_storage_write(), which would see that the name is wrong. */
  return SR_STORAGE_GET_CLASS (self->inner)
      ->write (self->inner, name, inverted, cancellable, error);
}

static gboolean
sr_fault_storage_write (SrStorage *storage,
                        const SrFileName *name,
                        SrSpool *spool,
                        GCancellable *cancellable,
                        GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  guint64 length = sr_spool_get_length (spool);
  const SrFaultCall call = {
    .verb = SR_VERB_WRITE, .has_kind = TRUE, .name = *name, .length = length
  };
  Hit hit;
  gboolean done;

  if (!begin (self, call, &hit, cancellable, error))
    return FALSE;
  if (has_effect (&hit, SR_FAULT_WRONG_BYTES))
    done = write_inverted (self, name, spool, cancellable, error);
  else
    done = sr_storage_write (self->inner, name, spool, cancellable, error);
  return conclude (self, &hit, length, done, error);
}

static GArray *
sr_fault_storage_list (SrStorage *storage,
                       SrFileKind kind,
                       GCancellable *cancellable,
                       GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = { .verb = SR_VERB_LIST, .has_kind = TRUE, .name = { .kind = kind } };
  g_autoptr (GArray) files = NULL;
  Hit hit;

  if (!begin (self, call, &hit, cancellable, error))
    return NULL;
  files = sr_storage_list (self->inner, kind, cancellable, error);
  return conclude (self, &hit, 0, files != NULL, error) ? g_steal_pointer (&files) : NULL;
}

static gboolean
sr_fault_storage_remove (SrStorage *storage,
                         const SrFileName *name,
                         GCancellable *cancellable,
                         GError **error)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (storage);
  const SrFaultCall call = { .verb = SR_VERB_REMOVE, .has_kind = TRUE, .name = *name };
  Hit hit;
  gboolean done;

  if (!begin (self, call, &hit, cancellable, error))
    return FALSE;
  done = sr_storage_remove (self->inner, name, cancellable, error);
  return conclude (self, &hit, 0, done, error);
}

static void
sr_fault_storage_finalize (GObject *object)
{
  SrFaultStorage *self = SR_FAULT_STORAGE (object);

  g_clear_object (&self->inner);
  g_array_unref (self->plans);
  g_array_unref (self->calls);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (sr_fault_storage_parent_class)->finalize (object);
}

static void
sr_fault_storage_class_init (SrFaultStorageClass *klass)
{
  SrStorageClass *storage_class = SR_STORAGE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = sr_fault_storage_finalize;

  storage_class->dup_location = sr_fault_storage_dup_location;
  storage_class->create = sr_fault_storage_create;
  storage_class->has = sr_fault_storage_has;
  storage_class->read = sr_fault_storage_read;
  storage_class->create_spool = sr_fault_storage_create_spool;
  storage_class->write = sr_fault_storage_write;
  storage_class->list = sr_fault_storage_list;
  storage_class->remove = sr_fault_storage_remove;
}

static void
sr_fault_storage_init (SrFaultStorage *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->plans = g_array_new (FALSE, FALSE, sizeof (Plan));
  self->calls = g_array_new (FALSE, FALSE, sizeof (SrFaultCall));
}

/**
 * sr_fault_storage_new:
 * @inner: the storage that does the work; a reference is kept
 *
 * Returns: (transfer full): a storage without faults yet. Any number of threads may use it, also
 *   while others plan
 */
SrStorage *
sr_fault_storage_new (SrStorage *inner)
{
  SrFaultStorage *self = g_object_new (SR_TYPE_FAULT_STORAGE, NULL);

  self->inner = g_object_ref (inner);
  return SR_STORAGE (self);
}

/**
 * sr_fault_storage_plan:
 * @self: the storage
 * @fault: what is to happen to which calls; copied
 *
 * Plans a fault, behind those that are planned already. A call counts for all plans that fit it,
 * and has the effect of the first that is due.
 */
void
sr_fault_storage_plan (SrFaultStorage *self, const SrFault *fault)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const Plan plan = { .fault = *fault };

  g_array_append_val (self->plans, plan);
}

/**
 * sr_fault_storage_clear:
 * @self: the storage
 *
 * Drops all plans, brings the power back and releases what is stalled: the storage is sound again.
 */
void
sr_fault_storage_clear (SrFaultStorage *self)
{
  g_mutex_lock (&self->mutex);
  g_array_set_size (self->plans, 0);
  self->power_is_cut = FALSE;
  g_mutex_unlock (&self->mutex);
  sr_fault_storage_release (self);
}

/**
 * sr_fault_storage_release:
 * @self: the storage
 *
 * Lets all calls go on that are stalled now.
 */
void
sr_fault_storage_release (SrFaultStorage *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->n_releases++;
  g_cond_broadcast (&self->changed);
}

/**
 * sr_fault_storage_wait_for_stall:
 * @self: the storage
 * @n_calls: how many
 *
 * Blocks until at least @n_calls calls are stalled.
 */
void
sr_fault_storage_wait_for_stall (SrFaultStorage *self, guint n_calls)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  while (self->n_stalled < n_calls)
    g_cond_wait (&self->changed, &self->mutex);
}

/**
 * sr_fault_storage_dup_calls:
 * @self: the storage
 *
 * Returns: (transfer full) (element-type SrFaultCall): all calls so far, as they began
 */
GArray *
sr_fault_storage_dup_calls (SrFaultStorage *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_array_copy (self->calls);
}

/**
 * sr_fault_storage_forget_calls:
 * @self: the storage
 *
 * Begins a new list of calls. What was planned stays.
 */
void
sr_fault_storage_forget_calls (SrFaultStorage *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_array_set_size (self->calls, 0);
  self->generation++;
}

/**
 * sr_fault_storage_count_calls:
 * @self: the storage
 * @verbs: which verbs; 0: any
 * @kinds: SR_KIND_BIT() of each kind; 0: any
 *
 * Returns: how many calls there were, failed ones included
 */
guint
sr_fault_storage_count_calls (SrFaultStorage *self, SrVerbs verbs, guint kinds)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  guint n_calls = 0;

  for (guint i = 0; i < self->calls->len; i++)
    n_calls += matches (&g_array_index (self->calls, SrFaultCall, i), verbs, kinds);
  return n_calls;
}

/**
 * sr_fault_storage_is_ordered:
 * @self: the storage
 * @first_verbs: which verbs come first; 0: any
 * @first_kinds: of which kinds; 0: any
 * @then_verbs: which verbs come later
 * @then_kinds: of which kinds
 *
 * Looks whether the first calls had all ended, well or not, before any of the later ones began: as
 * with packs and the snapshot that needs them.
 *
 * Returns: whether there are calls of both sorts, and it is so
 */
gboolean
sr_fault_storage_is_ordered (SrFaultStorage *self,
                             SrVerbs first_verbs,
                             guint first_kinds,
                             SrVerbs then_verbs,
                             guint then_kinds)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  guint last_end = 0;
  guint first_begin = G_MAXUINT;

  for (guint i = 0; i < self->calls->len; i++)
    {
      const SrFaultCall *call = &g_array_index (self->calls, SrFaultCall, i);

      if (matches (call, first_verbs, first_kinds))
        last_end = MAX (last_end, call->ended == 0 ? G_MAXUINT : call->ended);
      if (matches (call, then_verbs, then_kinds))
        first_begin = MIN (first_begin, call->begun);
    }
  return last_end != 0 && first_begin != G_MAXUINT && last_end < first_begin;
}
