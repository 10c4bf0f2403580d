/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-check-report.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* One pack that an index file names. */
typedef struct
{
  SrId id;
  guint64 size; /* bytes, as listed by the storage; 0: it is missing */
  guint64 expected_size; /* bytes, as follows from the index */
  gboolean unusable; /* missing, or cannot be read at all */
  guint n_entries; /* in index files */
  gsize n_smallest_entry; /* blobs */
  GArray *numbers; /* (owned) (element-type guint): what the index calls it */
  GArray *bad_offsets; /* (owned) (nullable) (element-type guint32): of damaged blobs, ascending */
} SrCheckPack;

/* All packs of a repository, and what is known to be wrong with them. Lookups by any thread once it is loaded; a
 * pack is changed by the one thread that reads it. */
typedef struct _SrCheckPacks SrCheckPacks;

typedef enum
{
  SR_CHECK_BLOB_GOOD, /* as far as is known */
  SR_CHECK_BLOB_LOST, /* all its copies are damaged or missing */
  SR_CHECK_BLOB_UNKNOWN, /* no index file names it */
} SrCheckBlobState;

SrCheckPacks *sr_check_packs_new (SrRepository *repository, SrCheckReport *report);
void sr_check_packs_free (SrCheckPacks *self);

gboolean sr_check_packs_load_index (SrCheckPacks *self, GCancellable *cancellable, GError **error);
gboolean sr_check_packs_compare (SrCheckPacks *self, GCancellable *cancellable, GError **error);

GPtrArray *sr_check_packs_get_all (SrCheckPacks *self); /* (element-type SrCheckPack), by id */
SrCheckPack *sr_check_packs_lookup (SrCheckPacks *self, const SrId *id);
void sr_check_packs_get_blobs (SrCheckPacks *self, SrCheckPack *pack, GArray *out_blobs);
SrCheckDamage *sr_check_packs_add_damage (SrCheckPacks *self, const SrId *pack, const char *what);
SrCheckBlobState sr_check_packs_get_blob (SrCheckPacks *self,
                                          SrBlobType type,
                                          const SrId *id,
                                          SrBlobPlace *out_place);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCheckPacks, sr_check_packs_free)

G_END_DECLS
