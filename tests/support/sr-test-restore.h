/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-job.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-repository.h"

G_BEGIN_DECLS

#define SR_TEST_MTIME 1577934245 /* of sr_test_node(): 2020-01-02T03:04:05Z */

/* A repository with a snapshot of whatever a test wants to see restored, and an empty folder for that. */
typedef struct
{
  char *folder; /* (owned): of the repository */
  char *target; /* (owned) */
  SrStorage *storage; /* (owned): SrFaultStorage */
  SrRepository *repository; /* (owned) */
  SrSnapshot *snapshot; /* (owned) (nullable): of sr_test_restore_commit() */
  SrTestPack *pack; /* (owned) (nullable): until then */
} SrTestRestore;

SrTestRestore *sr_test_restore_new (void);
void sr_test_restore_free (SrTestRestore *self);

/* The parts of a snapshot, as JSON. */
char *sr_test_node (const char *name, const char *type, const char *more);
char *sr_test_restore_chunk (SrTestRestore *self, const void *data, gssize length);
char *sr_test_restore_file (SrTestRestore *self, const char *name, const char *content);
char *sr_test_restore_subfolder (SrTestRestore *self, const char *name, const char *nodes);
void sr_test_restore_commit (SrTestRestore *self, const char *nodes);
void sr_test_restore_new_pack (SrTestRestore *self);

SrRestoreJob *sr_test_restore_job (SrTestRestore *self, SrConflictPolicy policy);
void sr_test_restore_all (SrTestRestore *self); /* must succeed */
char *sr_test_restore_run (SrTestRestore *self, SrConflictPolicy policy);

/* For a thread: cancels as soon as a call of the storage stalls. */
typedef struct
{
  SrFaultStorage *storage;
  GCancellable *cancellable;
} SrTestRestoreCancel;

gpointer sr_test_restore_cancel_when_stalled (gpointer user_data); /* SrTestRestoreCancel */

/* The target. */
char *sr_test_restore_path (SrTestRestore *self, const char *name);
void sr_test_restore_put (SrTestRestore *self, const char *name, const char *content, gint64 mtime);
void sr_test_restore_assert_content (SrTestRestore *self, const char *name, const char *content);
void sr_test_restore_assert_absent (SrTestRestore *self, const char *name);
void sr_test_restore_assert_names (SrTestRestore *self, const char *names);
char *sr_test_restore_find_temporary (SrTestRestore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrTestRestore, sr_test_restore_free)

G_END_DECLS
