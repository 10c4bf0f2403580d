/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-buffer.h"
#include "base/sr-id.h"
#include "base/sr-time.h"

G_BEGIN_DECLS

/* "summary" of a snapshot (restic since 0.17). */
typedef struct
{
  SrTime backup_start;
  SrTime backup_end;
  guint64 files_new;
  guint64 files_changed;
  guint64 files_unmodified;
  guint64 dirs_new;
  guint64 dirs_changed;
  guint64 dirs_unmodified;
  guint64 data_blobs;
  guint64 tree_blobs;
  guint64 data_added; /* bytes, uncompressed */
  guint64 data_added_packed; /* bytes, as stored */
  guint64 total_files_processed;
  guint64 total_bytes_processed;
} SrSnapshotSummary;

/* What one backup was of, and its root tree (FORMAT.md section 10). A value without I/O; set
 * up by its maker, then not changed and shared between threads. */
#define SR_TYPE_SNAPSHOT (sr_snapshot_get_type ())
G_DECLARE_FINAL_TYPE (SrSnapshot, sr_snapshot, SR, SNAPSHOT, GObject)

SrSnapshot *sr_snapshot_new (void);
SrSnapshot *sr_snapshot_new_from_json (const char *json,
                                       gsize length,
                                       const SrId *id,
                                       GError **error);
void sr_snapshot_to_json (SrSnapshot *self, SrBuffer *out);

const SrId *sr_snapshot_get_id (SrSnapshot *self);
const SrTime *sr_snapshot_get_time (SrSnapshot *self);
const SrId *sr_snapshot_get_parent (SrSnapshot *self); /* (nullable) */
const SrId *sr_snapshot_get_tree (SrSnapshot *self);
const char *const *sr_snapshot_get_paths (SrSnapshot *self);
const char *sr_snapshot_get_hostname (SrSnapshot *self);
const char *sr_snapshot_get_username (SrSnapshot *self);
const char *const *sr_snapshot_get_tags (SrSnapshot *self);
const char *const *sr_snapshot_get_excludes (SrSnapshot *self);
const SrId *sr_snapshot_get_original (SrSnapshot *self); /* (nullable) */
const char *sr_snapshot_get_program_version (SrSnapshot *self);
const SrSnapshotSummary *sr_snapshot_get_summary (SrSnapshot *self); /* (nullable) */

void sr_snapshot_set_id (SrSnapshot *self, const SrId *id);
void sr_snapshot_set_time (SrSnapshot *self, const SrTime *time);
void sr_snapshot_set_parent (SrSnapshot *self, const SrId *parent);
void sr_snapshot_set_tree (SrSnapshot *self, const SrId *tree);
void sr_snapshot_set_paths (SrSnapshot *self, const char *const *paths);
void sr_snapshot_set_hostname (SrSnapshot *self, const char *hostname);
void sr_snapshot_set_user (SrSnapshot *self, const char *username, guint32 uid, guint32 gid);
void sr_snapshot_set_tags (SrSnapshot *self, const char *const *tags);
void sr_snapshot_set_excludes (SrSnapshot *self, const char *const *excludes);
void sr_snapshot_set_original (SrSnapshot *self, const SrId *original);
void sr_snapshot_set_program_version (SrSnapshot *self, const char *program_version);
void sr_snapshot_set_summary (SrSnapshot *self, const SrSnapshotSummary *summary);

G_END_DECLS
