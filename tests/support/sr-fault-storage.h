/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-error.h"
#include "storage/sr-storage.h"

G_BEGIN_DECLS

/* A storage around another one, that fails on command and remembers what was asked of it. */
#define SR_TYPE_FAULT_STORAGE (sr_fault_storage_get_type ())
G_DECLARE_FINAL_TYPE (SrFaultStorage, sr_fault_storage, SR, FAULT_STORAGE, SrStorage)

typedef enum
{
  SR_VERB_CREATE = 1 << 0,
  SR_VERB_HAS = 1 << 1,
  SR_VERB_READ = 1 << 2,
  SR_VERB_CREATE_SPOOL = 1 << 3,
  SR_VERB_WRITE = 1 << 4,
  SR_VERB_LIST = 1 << 5,
  SR_VERB_REMOVE = 1 << 6,
} SrVerbs;

#define SR_KIND_BIT(kind) (1u << (kind))

typedef enum
{
  SR_FAULT_ERROR, /* fails with code and message; nothing is done */
  SR_FAULT_ANSWER_LOST, /* is done, and fails with code and message nevertheless */
  SR_FAULT_STALL, /* waits until it is cancelled, or released and goes on */
  SR_FAULT_POWER_CUT, /* this call and all later ones of any verb fail; nothing is done */
  SR_FAULT_DISK_FULL, /* write: SR_ERROR_NO_SPACE once more than amount bytes were to be written */
  SR_FAULT_SHORT_READ, /* read: at most amount bytes, as if the file ended there */
  SR_FAULT_BIT_FLIP, /* read: a bit of the byte at offset amount of the file is wrong */
  SR_FAULT_WRONG_BYTES, /* read, write: all bits of all bytes are wrong */
} SrFaultEffect;

/* Which calls are hit, and how. All that is zero means the widest: { SR_FAULT_STALL } stalls all. */
typedef struct
{
  SrFaultEffect effect;
  SrVerbs verbs; /* 0: any verb */
  guint kinds; /* SR_KIND_BIT() of each; 0: any, and the verbs that have none */
  guint first; /* 1: the next call that fits, 2: the one after that, …; 0: as 1 */
  guint count; /* calls that are hit from then on; 0: all of them */
  guint64 amount; /* bytes, see the effects */
  SrError code;
  const char *message; /* (nullable): static */
} SrFault;

/* One call, in a common count of beginnings and ends. */
typedef struct
{
  SrVerbs verb;
  gboolean has_kind; /* FALSE: create, create_spool */
  SrFileName name; /* for list: only its kind */
  guint64 offset; /* of a read */
  guint64 length; /* bytes read or written */
  guint begun;
  guint ended; /* 0: it is still running */
  gboolean done; /* FALSE: it failed */
} SrFaultCall;

SrStorage *sr_fault_storage_new (SrStorage *inner);
void sr_fault_storage_plan (SrFaultStorage *self, const SrFault *fault);
void sr_fault_storage_clear (SrFaultStorage *self);
void sr_fault_storage_release (SrFaultStorage *self);
void sr_fault_storage_wait_for_stall (SrFaultStorage *self, guint n_calls);

GArray *sr_fault_storage_dup_calls (SrFaultStorage *self);
void sr_fault_storage_forget_calls (SrFaultStorage *self);
guint sr_fault_storage_count_calls (SrFaultStorage *self, SrVerbs verbs, guint kinds);
gboolean sr_fault_storage_is_ordered (SrFaultStorage *self,
                                      SrVerbs first_verbs,
                                      guint first_kinds,
                                      SrVerbs then_verbs,
                                      guint then_kinds);

G_END_DECLS
