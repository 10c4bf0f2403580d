/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "crypto/sr-cipher.h"
#include "repository/sr-compressor.h"
#include "repository/sr-repository.h"

G_BEGIN_DECLS

/* For the files sr-repository*.c alone. */

struct _SrRepository
{
  GObject parent_instance;
  SrStorage *storage; /* (owned) */
  SrSecret *key; /* (owned): the master key */
  SrId key_id;
  SrConfig config;
  SrChunker *chunker; /* (owned) */
  SrIndex *index; /* (owned) */

  GMutex mutex;
  SrCipher *cipher; /* (owned) (locked by mutex): for unpacked files */
  SrCompressor *compressor; /* (owned) (locked by mutex) */
};

gboolean sr_repository_set_up (SrRepository *self, GError **error);

gboolean sr_repository_write_file (SrStorage *storage,
                                   SrFileKind kind,
                                   const SrBuffer *content,
                                   SrId *out_id,
                                   GCancellable *cancellable,
                                   GError **error);
GBytes *sr_repository_load_named (SrStorage *storage,
                                  const SrFileName *name,
                                  gsize limit,
                                  GCancellable *cancellable,
                                  GError **error);
gboolean sr_repository_pass_over (GError *failure, GPtrArray *problems, GError **error);

G_END_DECLS
