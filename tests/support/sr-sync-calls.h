/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The calls of this program that make files last, recorded and made to fail. Only programs that
 * have sr-sync-calls.c among their own sources have them. */
typedef enum
{
  SR_SYNC_CALL_FSYNC,
  SR_SYNC_CALL_FDATASYNC,
  SR_SYNC_CALL_LINKAT,
  SR_SYNC_CALL_RENAMEAT2,
  SR_SYNC_CALL_PWRITE,
} SrSyncCall;

#define SR_N_SYNC_CALLS 5

void sr_sync_calls_start (const char *folder);
char *sr_sync_calls_stop (void);
void sr_sync_calls_fail (SrSyncCall call, int code);
void sr_sync_calls_cancel_after (SrSyncCall call, GCancellable *cancellable);

G_END_DECLS
