/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-id.h"

G_BEGIN_DECLS

typedef enum
{
  SR_BLOB_DATA, /* a chunk of a file */
  SR_BLOB_TREE, /* the listing of a folder */
} SrBlobType;

#define SR_N_BLOB_TYPES 2

/* One blob as a pack's table and an index name it. */
typedef struct
{
  SrId id; /* SHA-256 of the plaintext */
  guint32 offset; /* in the pack, bytes */
  guint32 length; /* sealed, with its overhead of 32 */
  guint32 uncompressed_length; /* plaintext; 0: stored raw, the plaintext has length - 32 bytes */
  guint8 type; /* SrBlobType */
} SrBlob;

static inline gsize
sr_blob_get_plain_length (const SrBlob *blob)
{
  return blob->uncompressed_length != 0 ? blob->uncompressed_length : blob->length - 32;
}

const char *sr_blob_type_to_string (SrBlobType type);
gboolean sr_blob_type_from_string (const char *text, gsize length, SrBlobType *out_type);

G_END_DECLS
