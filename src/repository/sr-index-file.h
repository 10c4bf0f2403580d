/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-json-reader.h"
#include "base/sr-json-writer.h"
#include "repository/sr-blob.h"

G_BEGIN_DECLS

/* Called once for each entry of "packs", with all its blobs. FALSE with @error set ends the reading. */
typedef gboolean (*SrIndexPackFunc) (const SrId *pack,
                                     const SrBlob *blobs,
                                     gsize n_blobs,
                                     gpointer user_data,
                                     GError **error);

/* The JSON of an index file, read as a stream. */
gboolean sr_index_file_read (SrJsonReader *reader,
                             SrIndexPackFunc func,
                             gpointer user_data,
                             GArray *supersedes,
                             GError **error);

/* Written as a stream: begin, each pack whole, end. */
void sr_index_file_write_begin (SrJsonWriter *writer);
void sr_index_file_write_pack (SrJsonWriter *writer,
                               const SrId *pack,
                               const SrBlob *blobs,
                               gsize n_blobs);
void sr_index_file_write_end (SrJsonWriter *writer);

G_END_DECLS
