/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "crypto/sr-key.h"
#include "repository/sr-chunker.h"
#include "repository/sr-config.h"
#include "repository/sr-index.h"
#include "repository/sr-snapshot.h"
#include "storage/sr-storage.h"

G_BEGIN_DECLS

#define SR_UNPACKED_LIMIT \
  (256 * 1024 * 1024) /* bytes of an index, snapshot or lock file, in the clear */

/* An opened repository: its storage, master key, config and index. The functions block and are for
 * worker threads (SrOpenJob and SrInitJob of the engine are for everyone else); any number of threads. */
#define SR_TYPE_REPOSITORY (sr_repository_get_type ())
G_DECLARE_FINAL_TYPE (SrRepository, sr_repository, SR, REPOSITORY, GObject)

SrRepository *sr_repository_create (SrStorage *storage,
                                    SrSecret *password,
                                    const SrScryptParameters *parameters,
                                    GCancellable *cancellable,
                                    GError **error);
SrRepository *sr_repository_open (SrStorage *storage,
                                  SrSecret *password,
                                  GCancellable *cancellable,
                                  GError **error);

/* The same repository, with an index of its own, which is empty. */
SrRepository *sr_repository_new_handle (SrRepository *self, GError **error);

SrStorage *sr_repository_get_storage (SrRepository *self);
SrSecret *sr_repository_get_key (SrRepository *self);
const SrId *sr_repository_get_key_id (SrRepository *self); /* the key file that opened it */
const SrConfig *sr_repository_get_config (SrRepository *self);
const SrChunker *sr_repository_get_chunker (SrRepository *self);
SrIndex *sr_repository_get_index (SrRepository *self); /* empty before sr_repository_load_index() */

/* Reads all index files. @problems: (nullable) (element-type GError): gets the damaged ones, which are then left
 * out; NULL: the first damaged one is an error. */
gboolean sr_repository_load_index (SrRepository *self,
                                   GPtrArray *problems,
                                   GCancellable *cancellable,
                                   GError **error);

/* The JSON of an index, snapshot or lock file, checked against its name; and a new one, whose id it returns. */
GBytes *sr_repository_load_unpacked (SrRepository *self,
                                     const SrFileName *name,
                                     GCancellable *cancellable,
                                     GError **error);
gboolean sr_repository_save_unpacked (SrRepository *self,
                                      SrFileKind kind,
                                      const void *json,
                                      gsize length,
                                      SrId *out_id,
                                      GCancellable *cancellable,
                                      GError **error);

/* (element-type SrSnapshot), oldest first; @problems as above. */
GPtrArray *sr_repository_list_snapshots (SrRepository *self,
                                         GPtrArray *problems,
                                         GCancellable *cancellable,
                                         GError **error);
SrSnapshot *sr_repository_load_snapshot (SrRepository *self,
                                         const SrId *id,
                                         GCancellable *cancellable,
                                         GError **error);
/* The whole id of a file of which @name has the first digits. */
gboolean sr_repository_find_id (SrRepository *self,
                                SrFileKind kind,
                                const char *name,
                                SrId *out_id,
                                GCancellable *cancellable,
                                GError **error);
/* @name: "latest", an id, or its first digits. */
SrSnapshot *sr_repository_find_snapshot (SrRepository *self,
                                         const char *name,
                                         GCancellable *cancellable,
                                         GError **error);

G_END_DECLS
