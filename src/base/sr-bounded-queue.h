/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hands items from threads to threads, with a limit on what waits between them. */
typedef struct _SrBoundedQueue SrBoundedQueue;

SrBoundedQueue *sr_bounded_queue_new (gsize limit, GDestroyNotify item_free);
void sr_bounded_queue_free (SrBoundedQueue *self);
/* FALSE, and the item freed: the queue was aborted. */
gboolean sr_bounded_queue_push (SrBoundedQueue *self, gpointer item, gsize weight);
/* NULL: closed and empty, or aborted. */
gpointer sr_bounded_queue_pop (SrBoundedQueue *self);
gpointer sr_bounded_queue_try_pop (SrBoundedQueue *self);
void sr_bounded_queue_close (SrBoundedQueue *self);
void sr_bounded_queue_abort (SrBoundedQueue *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrBoundedQueue, sr_bounded_queue_free)

G_END_DECLS
