/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* A lock of restic's kind in "locks", renewed every 5 minutes by a thread of its own until it is freed. */
typedef struct _SrLock SrLock;

/* Blocks for 200 ms and two listings. SR_ERROR_REPOSITORY_LOCKED names who holds it since when. Stale locks (older than
 * 30 minutes, or of a process of this host that is gone) are removed first. */
SrLock *sr_lock_acquire (SrRepository *repository,
                         gboolean exclusive,
                         GCancellable *cancellable,
                         GError **error);
void sr_lock_release (SrLock *self); /* removes its file and frees it */
gboolean sr_lock_check (SrLock *self, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrLock, sr_lock_release)

G_END_DECLS
