/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-buffer.h"
#include "base/sr-time.h"

G_BEGIN_DECLS

/* What stands in a file of "locks" (FORMAT.md, "Locks"). */
typedef struct
{
  SrTime time;
  gboolean exclusive;
  char *hostname; /* (owned) (nullable) */
  char *username; /* (owned) (nullable) */
  gint64 pid;
  guint32 uid;
  guint32 gid;
} SrLockFile;

#define SR_LOCK_FILE_INIT \
  { \
    { 0, 0, 0 }, FALSE, NULL, NULL, 0, 0, 0 \
  }

void sr_lock_file_init_own (SrLockFile *self, gboolean exclusive);
void sr_lock_file_clear (SrLockFile *self);
gboolean sr_lock_file_decode (SrLockFile *self, const char *json, gsize length, GError **error);
void sr_lock_file_encode (const SrLockFile *self, SrBuffer *out);
gboolean sr_lock_file_is_stale (const SrLockFile *self, const SrTime *now);
gboolean sr_lock_file_conflicts (const SrLockFile *self, const SrLockFile *other);
char *sr_lock_file_describe (const SrLockFile *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SrLockFile, sr_lock_file_clear)

G_END_DECLS
