/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-bounded-queue.h"

G_BEGIN_DECLS

/* Ends all threads of an operation at once: when its owner cancels it, or when one of them fails. */
typedef struct _SrStop SrStop;

SrStop *sr_stop_new (GCancellable *owner);
void sr_stop_free (SrStop *self);
void sr_stop_watch_queue (SrStop *self, SrBoundedQueue *queue);
void sr_stop_unwatch_queue (SrStop *self, SrBoundedQueue *queue);
GCancellable *sr_stop_get_cancellable (SrStop *self);
void sr_stop_fail (SrStop *self, GError *error);
gboolean sr_stop_is_set (SrStop *self);
gboolean sr_stop_finish (SrStop *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrStop, sr_stop_free)

G_END_DECLS
