/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "base/sr-buffer.h"

G_BEGIN_DECLS

/* The nicks stand in settings and on command lines. */
typedef enum
{
  SR_COMPRESSION_AUTO, /* zstd level 3 (restic's "auto") */
  SR_COMPRESSION_MAX, /* zstd level 19 with a window of at most 8 MiB */
  SR_COMPRESSION_OFF,
} SrCompression;

#define SR_TYPE_COMPRESSION (sr_compression_get_type ())
GType sr_compression_get_type (void);

/* zstd, with contexts that are kept. Belongs to one thread; writing a stream, reading one, and whole
 * frames exclude one another only where they go the same way. */
typedef struct _SrCompressor SrCompressor;

SrCompressor *sr_compressor_new (SrCompression compression);
SrCompressor *sr_compressor_new_for_json (void);
void sr_compressor_free (SrCompressor *self);
gsize sr_compressor_compress (SrCompressor *self,
                              const guint8 *data,
                              gsize length,
                              guint8 *out,
                              gsize capacity);
gboolean sr_compressor_decompress (SrCompressor *self,
                                   const guint8 *frame,
                                   gsize length,
                                   gsize limit,
                                   SrBuffer *out,
                                   GError **error);

/* The same in pieces. */
typedef gboolean (*SrCompressorSink) (gpointer user_data,
                                      guint8 *data,
                                      gsize length,
                                      GError **error); /* may change the data in place */
void sr_compressor_begin (SrCompressor *self, guint64 length);
gboolean sr_compressor_update (SrCompressor *self,
                               const guint8 *data,
                               gsize length,
                               SrCompressorSink sink,
                               gpointer user_data,
                               GError **error);
gboolean sr_compressor_end (SrCompressor *self,
                            SrCompressorSink sink,
                            gpointer user_data,
                            GError **error);
void sr_compressor_read_begin (SrCompressor *self, const guint8 *frame, gsize length);
gssize sr_compressor_read (SrCompressor *self, guint8 *buffer, gsize size, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCompressor, sr_compressor_free)

G_END_DECLS
