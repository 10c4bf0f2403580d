/* SPDX-License-Identifier: GPL-3.0-or-later */

/* zstd frames as restic reads and writes them (repository/FORMAT.md, “Unpacked files”).
 *
 * A context costs more to make than a small blob to compress, so each compressor keeps its own. The
 * length of the input is always known first: it stands in the frame, as files outside packs have no
 * other place for it, and zstd chooses smaller tables for small inputs.
 *
 * There is no test of samples before large inputs: zstd itself skips through bytes that do not
 * compress, at 5 GB/s where it compresses text at 0.3 GB/s, and never misses what samples would. */

#include "config.h"

#include "sr-compressor.h"

#include <glib/gi18n-lib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/sr-error.h"

#define AUTO_LEVEL 3
/* Trees and index files are full of hexadecimal digits, in which the higher levels find matches too short to gain by: at
 * level 1 they are smaller than at level 3 (3 % trees, 7 % index files) and take half the time. */
#define JSON_LEVEL 1
#define MAX_LEVEL 19
/* Level 19 as it comes takes 81 MiB a context for chunks of 8 MiB. With these tables, it takes 25 MiB and its
 * frames grow by less than a hundredth (measured on sources and on programs). */
#define MAX_LEVEL_WINDOW_LOG 22
#define MAX_LEVEL_CHAIN_LOG 22
#define MAX_LEVEL_HASH_LOG 21

/* The largest window that a frame may make a reader keep: what zstd itself allows by default. */
#define READ_WINDOW_LOG 27

#define FRAME_MAGIC_SIZE 4

struct _SrCompressor
{
  SrCompression compression;
  int level; /* zstd's */
  ZSTD_CCtx *compress; /* (owned) (nullable): made when first needed */
  ZSTD_DCtx *decompress; /* (owned) (nullable): made when first needed */
  guint8
      *stream_buffer; /* (owned) (nullable): ZSTD_CStreamOutSize() bytes on their way to a sink */

  /* What sr_compressor_read() reads. */
  ZSTD_inBuffer frame; /* its bytes belong to the caller */
  guint64 content_size; /* bytes, as the frame tells; or ZSTD_CONTENTSIZE_UNKNOWN */
  guint64 content_read; /* bytes */
  gboolean frame_is_over;
};

/* The nicks stand in settings files and on command lines: add some, never change one. */
G_DEFINE_ENUM_TYPE (SrCompression,
                    sr_compression,
                    G_DEFINE_ENUM_VALUE (SR_COMPRESSION_AUTO, "auto"),
                    G_DEFINE_ENUM_VALUE (SR_COMPRESSION_MAX, "max"),
                    G_DEFINE_ENUM_VALUE (SR_COMPRESSION_OFF, "off"))

/**
 * sr_compressor_new:
 * @compression: how hard to try
 *
 * Makes a compressor for one thread. %SR_COMPRESSION_MAX takes about 100 MiB for large inputs, the
 * others 1 MiB, and a stream 2 MiB more.
 *
 * Returns: (transfer full): the compressor
 */
SrCompressor *
sr_compressor_new (SrCompression compression)
{
  SrCompressor *self = g_new0 (SrCompressor, 1);

  self->compression = compression;
  self->level = compression == SR_COMPRESSION_MAX ? MAX_LEVEL : AUTO_LEVEL;
  self->frame_is_over = TRUE;
  return self;
}

/**
 * sr_compressor_new_for_json:
 *
 * Returns: (transfer full): a compressor that always compresses, at the level that is best for trees and index files
 */
SrCompressor *
sr_compressor_new_for_json (void)
{
  SrCompressor *self = sr_compressor_new (SR_COMPRESSION_AUTO);

  self->level = JSON_LEVEL;
  return self;
}

/**
 * sr_compressor_free:
 * @self: (nullable) (transfer full): a compressor
 */
void
sr_compressor_free (SrCompressor *self)
{
  if (self == NULL)
    return;

  ZSTD_freeCCtx (self->compress);
  ZSTD_freeDCtx (self->decompress);
  g_free (self->stream_buffer);
  g_free (self);
}

static void
set_parameter (ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
  size_t result = ZSTD_CCtx_setParameter (context, parameter, value);

  g_assert (!ZSTD_isError (result));
}

/* The kept context, ready for a new frame. */
static ZSTD_CCtx *
get_compress_context (SrCompressor *self)
{
  gboolean max = self->compression == SR_COMPRESSION_MAX;

  if (self->compress != NULL)
    {
      ZSTD_CCtx_reset (self->compress, ZSTD_reset_session_only);
      return self->compress;
    }

  self->compress = ZSTD_createCCtx ();
  if (self->compress == NULL)
    g_error ("Out of memory for a compression context");
  set_parameter (self->compress, ZSTD_c_compressionLevel, self->level);
  if (max)
    {
      set_parameter (self->compress, ZSTD_c_windowLog, MAX_LEVEL_WINDOW_LOG);
      set_parameter (self->compress, ZSTD_c_chainLog, MAX_LEVEL_CHAIN_LOG);
      set_parameter (self->compress, ZSTD_c_hashLog, MAX_LEVEL_HASH_LOG);
    }
  return self->compress;
}

static ZSTD_DCtx *
get_decompress_context (SrCompressor *self)
{
  if (self->decompress != NULL)
    {
      ZSTD_DCtx_reset (self->decompress, ZSTD_reset_session_only);
      return self->decompress;
    }

  self->decompress = ZSTD_createDCtx ();
  if (self->decompress == NULL)
    g_error ("Out of memory for a decompression context");
  ZSTD_DCtx_setParameter (self->decompress, ZSTD_d_windowLogMax, READ_WINDOW_LOG);
  return self->decompress;
}

/**
 * sr_compressor_compress:
 * @self: a compressor
 * @data: what to compress
 * @length: its bytes
 * @out: (out caller-allocates): where the frame goes
 * @capacity: room there, in bytes; below @length, so that only a gain is taken
 *
 * Compresses @data into one frame with its content size.
 *
 * Returns: the frame's bytes; 0 when it would be larger than @capacity, for lack of memory, or when
 *   compression is off: then store @data as it is
 */
gsize
sr_compressor_compress (SrCompressor *self,
                        const guint8 *data,
                        gsize length,
                        guint8 *out,
                        gsize capacity)
{
  size_t result;

  if (self->compression == SR_COMPRESSION_OFF)
    return 0;

  result = ZSTD_compress2 (get_compress_context (self), out, capacity, data, length);
  return ZSTD_isError (result) ? 0 : result;
}

/**
 * sr_compressor_begin:
 * @self: a compressor
 * @length: how many bytes are to come
 *
 * Begins a frame that is written in pieces. Streams are for metadata, which is compressed even by
 * %SR_COMPRESSION_OFF, then as by %SR_COMPRESSION_AUTO. Drops a frame begun before.
 */
void
sr_compressor_begin (SrCompressor *self, guint64 length)
{
  ZSTD_CCtx_setPledgedSrcSize (get_compress_context (self), length);
  if (self->stream_buffer == NULL)
    self->stream_buffer = g_malloc (ZSTD_CStreamOutSize ());
}

static gboolean
compress_piece (SrCompressor *self,
                ZSTD_inBuffer *input,
                ZSTD_EndDirective directive,
                SrCompressorSink sink,
                gpointer user_data,
                GError **error)
{
  size_t left;

  do
    {
      ZSTD_outBuffer output = { self->stream_buffer, ZSTD_CStreamOutSize (), 0 };

      left = ZSTD_compressStream2 (self->compress, &output, input, directive);
      if (ZSTD_isError (left))
        {
          g_set_error (error, SR_ERROR, SR_ERROR_INVALID, _ ("Could not compress: %s"),
                       ZSTD_getErrorName (left));
          return FALSE;
        }
      if (output.pos > 0 && !sink (user_data, self->stream_buffer, output.pos, error))
        return FALSE;
    }
  while (input->pos < input->size || (directive == ZSTD_e_end && left > 0));

  return TRUE;
}

/**
 * sr_compressor_update:
 * @self: a compressor, after sr_compressor_begin()
 * @data: the next bytes
 * @length: how many
 * @sink: (scope call): takes pieces of the frame; it may change them in place
 * @user_data: data for @sink
 * @error: where an error goes
 *
 * Compresses the next piece. Fails with %SR_ERROR_INVALID when these are more bytes than were
 * announced, else with the error of @sink; then only sr_compressor_begin() is left to call.
 *
 * Returns: whether it went well
 */
gboolean
sr_compressor_update (SrCompressor *self,
                      const guint8 *data,
                      gsize length,
                      SrCompressorSink sink,
                      gpointer user_data,
                      GError **error)
{
  ZSTD_inBuffer input = { data, length, 0 };

  return compress_piece (self, &input, ZSTD_e_continue, sink, user_data, error);
}

/**
 * sr_compressor_end:
 * @self: a compressor, after all of sr_compressor_update()
 * @sink: (scope call): takes pieces of the frame; it may change them in place
 * @user_data: data for @sink
 * @error: where an error goes
 *
 * Ends the frame. Fails with %SR_ERROR_INVALID when fewer bytes came than were announced, else with
 * the error of @sink.
 *
 * Returns: whether it went well
 */
gboolean
sr_compressor_end (SrCompressor *self, SrCompressorSink sink, gpointer user_data, GError **error)
{
  ZSTD_inBuffer input = { NULL, 0, 0 };

  return compress_piece (self, &input, ZSTD_e_end, sink, user_data, error);
}

static void
set_damaged (GError **error, const char *what)
{
  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED, _ ("Compressed data are damaged: %s"), what);
}

static void
set_limit (GError **error, gsize limit)
{
  g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
               _ ("Compressed data hold more than the %zu bytes that this program accepts there"),
               limit);
}

static void
set_zstd_error (GError **error, size_t result)
{
  if (ZSTD_getErrorCode (result) == ZSTD_error_frameParameter_windowTooLarge)
    g_set_error (error, SR_ERROR, SR_ERROR_LIMIT,
                 _ ("Compressed data need a window of more than %d MiB; "
                    "repack them with a program that uses a smaller one"),
                 1 << (READ_WINDOW_LOG - 20));
  else
    set_damaged (error, ZSTD_getErrorName (result));
}

/* The window that the frame asks its reader for (RFC 8878, 3.1.1.1.2). Decompressing in one go needs
 * none, but restic and sr_compressor_read() refuse large ones, and a frame is to be good or bad
 * whichever way it is read. */
static guint64
get_window_size (const guint8 *frame, gsize length, guint64 content_size)
{
  const guint8 single_segment = 0x20;
  guint64 base;

  if (length < FRAME_MAGIC_SIZE + 2)
    return 0;
  if ((frame[FRAME_MAGIC_SIZE] & single_segment) != 0)
    return content_size;

  base = (guint64) 1 << (10 + (frame[FRAME_MAGIC_SIZE + 1] >> 3));
  return base + base / 8 * (frame[FRAME_MAGIC_SIZE + 1] & 7);
}

static gboolean
decompress_whole (SrCompressor *self,
                  const guint8 *frame,
                  gsize length,
                  gsize content_size,
                  SrBuffer *out,
                  GError **error)
{
  size_t result;

  if (get_window_size (frame, length, content_size) > 1u << READ_WINDOW_LOG)
    {
      set_zstd_error (error, (size_t) -ZSTD_error_frameParameter_windowTooLarge);
      return FALSE;
    }

  sr_buffer_reserve (out, content_size);
  result =
      ZSTD_decompressDCtx (get_decompress_context (self), out->data, content_size, frame, length);
  if (ZSTD_isError (result))
    {
      set_zstd_error (error, result);
      return FALSE;
    }

  if (result != content_size)
    {
      set_damaged (error, _ ("they are not as long as they say"));
      return FALSE;
    }

  out->length = result;
  return TRUE;
}

/* For frames that do not tell their size: grows @out as the bytes come. */
static gboolean
decompress_growing (SrCompressor *self,
                    const guint8 *frame,
                    gsize length,
                    gsize limit,
                    SrBuffer *out,
                    GError **error)
{
  gssize n;

  sr_compressor_read_begin (self, frame, length);
  do
    {
      guint8 beyond;

      if (out->length == limit)
        {
          n = sr_compressor_read (self, &beyond, 1, error);
          if (n > 0)
            set_limit (error, limit);
          return n == 0;
        }

      if (out->length == out->capacity)
        sr_buffer_reserve (out, MIN (limit, MAX (2 * out->capacity, ZSTD_DStreamOutSize ())));
      n = sr_compressor_read (self, out->data + out->length,
                              MIN (limit, out->capacity) - out->length, error);
      if (n > 0)
        out->length += n;
    }
  while (n > 0);

  return n == 0;
}

/**
 * sr_compressor_decompress:
 * @self: a compressor
 * @frame: one zstd frame, with or without content size and checksum
 * @length: its bytes
 * @limit: the most bytes to accept
 * @out: gets the content instead of what is in it; its contents are undefined after a failure
 * @error: where an error goes
 *
 * Decompresses a frame. Fails with %SR_ERROR_LIMIT when there are more than @limit bytes in it or it
 * needs a window of more than 128 MiB, and with %SR_ERROR_DAMAGED when it is broken, too short, or
 * not one frame.
 *
 * Returns: whether it went well
 */
gboolean
sr_compressor_decompress (SrCompressor *self,
                          const guint8 *frame,
                          gsize length,
                          gsize limit,
                          SrBuffer *out,
                          GError **error)
{
  unsigned long long content_size = ZSTD_getFrameContentSize (frame, length);

  out->length = 0;
  if (content_size == ZSTD_CONTENTSIZE_ERROR)
    {
      set_damaged (error, _ ("they do not begin as a zstd frame"));
      return FALSE;
    }

  if (content_size == ZSTD_CONTENTSIZE_UNKNOWN)
    return decompress_growing (self, frame, length, limit, out, error);

  if (content_size > limit)
    {
      set_limit (error, limit);
      return FALSE;
    }

  return decompress_whole (self, frame, length, content_size, out, error);
}

/**
 * sr_compressor_read_begin:
 * @self: a compressor
 * @frame: one zstd frame, which stays as it is until all has been read
 * @length: its bytes
 *
 * Begins to read a frame in pieces, within the memory of its window (at most 128 MiB; 2 MiB for
 * frames of our own).
 */
void
sr_compressor_read_begin (SrCompressor *self, const guint8 *frame, gsize length)
{
  get_decompress_context (self);
  self->frame = (ZSTD_inBuffer){ frame, length, 0 };
  self->content_size = ZSTD_getFrameContentSize (frame, length);
  self->content_read = 0;
  self->frame_is_over = FALSE;
}

/* What zstd leaves to its callers. (It compares the content size too, but not before an empty last
 * block, with which streams end.) */
static gboolean
read_is_sound (const SrCompressor *self, gboolean progress, GError **error)
{
  const char *what = NULL;

  if (!self->frame_is_over)
    what = self->frame.pos == self->frame.size && !progress ? _ ("their end is missing") : NULL;
  else if (self->frame.pos < self->frame.size)
    what = _ ("something follows them");
  else if (self->content_size != ZSTD_CONTENTSIZE_UNKNOWN &&
           self->content_size != self->content_read)
    what = _ ("they are not as long as they say");

  if (what != NULL)
    set_damaged (error, what);
  return what == NULL;
}

/**
 * sr_compressor_read:
 * @self: a compressor, after sr_compressor_read_begin()
 * @buffer: (out caller-allocates): where the next bytes go
 * @size: its size, at least 1
 * @error: where an error goes
 *
 * Reads on. Fails as sr_compressor_decompress() does; the caller counts what it is ready to take.
 *
 * Returns: how many bytes were read, which is @size but for the last ones; 0 at the end; -1 for an
 *   error
 */
gssize
sr_compressor_read (SrCompressor *self, guint8 *buffer, gsize size, GError **error)
{
  ZSTD_outBuffer output = { buffer, size, 0 };

  while (output.pos < output.size && !self->frame_is_over)
    {
      gsize before = output.pos;
      size_t result = ZSTD_decompressStream (self->decompress, &output, &self->frame);

      if (ZSTD_isError (result))
        {
          set_zstd_error (error, result);
          return -1;
        }

      self->content_read += output.pos - before;
      self->frame_is_over = result == 0;
      if (!read_is_sound (self, output.pos > before, error))
        return -1;
    }

  return output.pos;
}
