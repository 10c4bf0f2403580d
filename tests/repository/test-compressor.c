/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Frames of ours and of other programs: what is written can be read back whole and in pieces, and
 * what is broken, too large or lies about itself is refused and named. */

#include "config.h"

#include <string.h>
#include <zstd.h>

#include "base/sr-error.h"
#include "repository/sr-compressor.h"

#define KIB 1024
#define MIB (1024 * 1024)

typedef enum
{
  CONTENT_TEXT,
  CONTENT_RANDOM,
  CONTENT_ZEROS,
  CONTENT_MIXED, /* a little text in much that is random */
} Content;

static guint8 *
make_content (Content content, gsize length)
{
  static const char words[] = "the agent keeps a snapshot of each folder and names every pack ";
  g_autoptr (GRand) rand = g_rand_new_with_seed (16384);
  guint8 *data = g_malloc0 (length + 1);

  for (gsize i = 0; i < length && content != CONTENT_ZEROS; i++)
    if (content == CONTENT_RANDOM || (content == CONTENT_MIXED && i % (256 * KIB) >= 16 * KIB))
      data[i] = g_rand_int (rand) >> 24;
    else
      data[i] = words[(i + g_rand_int_range (rand, 0, 3)) % (sizeof words - 1)];
  return data;
}

static gboolean
append_to_buffer (gpointer user_data, guint8 *data, gsize length, GError **error)
{
  sr_buffer_append (user_data, data, length);
  memset (data, 0, length); /* a sink may seal in place */
  return TRUE;
}

static gboolean
refuse (gpointer user_data, guint8 *data, gsize length, GError **error)
{
  g_set_error (error, SR_ERROR, SR_ERROR_NO_SPACE, "The sink is full");
  return FALSE;
}

static void
write_stream (SrCompressor *compressor, const guint8 *data, gsize length, gsize step, SrBuffer *out)
{
  g_autoptr (GError) error = NULL;

  sr_compressor_begin (compressor, length);
  for (gsize i = 0; i < length; i += step)
    {
      sr_compressor_update (compressor, data + i, MIN (step, length - i), append_to_buffer, out,
                            &error);
      g_assert_no_error (error);
    }
  sr_compressor_end (compressor, append_to_buffer, out, &error);
  g_assert_no_error (error);
}

static void
assert_reads_as (SrCompressor *compressor, const SrBuffer *frame, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_auto (SrBuffer) whole = SR_BUFFER_INIT;
  g_auto (SrBuffer) pieces = SR_BUFFER_INIT;
  guint8 piece[4093];
  gssize n;

  sr_compressor_decompress (compressor, frame->data, frame->length, length, &whole, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (whole.data, whole.length, data, length);

  sr_compressor_read_begin (compressor, frame->data, frame->length);
  while ((n = sr_compressor_read (compressor, piece, sizeof piece, &error)) > 0)
    sr_buffer_append (&pieces, piece, n);
  g_assert_no_error (error);
  g_assert_cmpmem (pieces.data, pieces.length, data, length);
  g_assert_cmpint (sr_compressor_read (compressor, piece, sizeof piece, &error), ==, 0);
}

static const struct
{
  const char *name;
  SrCompression compression;
  Content content;
  gsize length;
  gsize most; /* bytes that the frame may take */
} round_trips[] = {
  { "auto/empty", SR_COMPRESSION_AUTO, CONTENT_TEXT, 0, 16 },
  { "auto/one-byte", SR_COMPRESSION_AUTO, CONTENT_TEXT, 1, 16 },
  { "auto/small", SR_COMPRESSION_AUTO, CONTENT_TEXT, 18 * KIB, 12 * KIB },
  { "auto/large", SR_COMPRESSION_AUTO, CONTENT_TEXT, 3 * MIB + 7, 2 * MIB },
  { "auto/zeros", SR_COMPRESSION_AUTO, CONTENT_ZEROS, 512 * KIB, 256 },
  { "auto/mixed", SR_COMPRESSION_AUTO, CONTENT_MIXED, 2 * MIB, 2 * MIB - 30 * KIB },
  { "max/small", SR_COMPRESSION_MAX, CONTENT_TEXT, 18 * KIB, 12 * KIB },
  { "max/large", SR_COMPRESSION_MAX, CONTENT_TEXT, MIB + 7, MIB / 2 },
};

static void
test_round_trip (gconstpointer row)
{
  const gsize i = GPOINTER_TO_SIZE (row);
  const gsize length = round_trips[i].length;
  g_autofree guint8 *data = make_content (round_trips[i].content, length);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (round_trips[i].compression);
  g_auto (SrBuffer) frame = SR_BUFFER_INIT;
  g_auto (SrBuffer) stream = SR_BUFFER_INIT;

  sr_buffer_reserve (&frame, length + 64);
  for (guint again = 0; again < 2; again++) /* the second one meets a used context */
    {
      frame.length = sr_compressor_compress (compressor, data, length, frame.data, length + 64);
      g_assert_cmpuint (frame.length, >, 0);
      g_assert_cmpuint (frame.length, <=, round_trips[i].most);
      g_assert_cmpuint (ZSTD_getFrameContentSize (frame.data, frame.length), ==, length);
      assert_reads_as (compressor, &frame, data, length);

      stream.length = 0;
      write_stream (compressor, data, length, 100000, &stream);
      g_assert_cmpuint (stream.length, <=, round_trips[i].most);
      g_assert_cmpuint (ZSTD_getFrameContentSize (stream.data, stream.length), ==, length);
      assert_reads_as (compressor, &stream, data, length);
    }
}

/* A frame says in its header how much memory its reader needs. */
static void
test_max_keeps_readers_small (void)
{
  const gsize length = 9 * MIB;
  g_autofree guint8 *data = make_content (CONTENT_ZEROS, length);
  g_autofree guint8 *out = g_malloc (length);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_MAX);
  ZSTD_DCtx *small = ZSTD_createDCtx ();
  gsize n = sr_compressor_compress (compressor, data, length, out, length);
  ZSTD_inBuffer input = { out, n, 0 };
  ZSTD_outBuffer output = { data, length, 0 };

  ZSTD_DCtx_setParameter (small, ZSTD_d_windowLogMax, 23);
  g_assert_false (ZSTD_isError (ZSTD_decompressStream (small, &output, &input)));
  ZSTD_freeDCtx (small);
}

static void
test_no_gain (void)
{
  const gsize length = 2 * MIB;
  g_autofree guint8 *data = make_content (CONTENT_RANDOM, length);
  g_autofree guint8 *out = g_malloc (length);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_autoptr (SrCompressor) off = sr_compressor_new (SR_COMPRESSION_OFF);

  g_assert_cmpuint (sr_compressor_compress (compressor, data, length, out, length - 1), ==, 0);
  g_assert_cmpuint (sr_compressor_compress (compressor, data, 10, out, 9), ==, 0);
  memset (data, 0, length);
  g_assert_cmpuint (sr_compressor_compress (compressor, data, length, out, length - 1), >, 0);
  g_assert_cmpuint (sr_compressor_compress (off, data, length, out, length - 1), ==, 0);
}

/* Trees have to be compressed whatever the user wants for files. */
static void
test_off_compresses_streams (void)
{
  g_autofree guint8 *data = make_content (CONTENT_TEXT, MIB);
  g_autoptr (SrCompressor) off = sr_compressor_new (SR_COMPRESSION_OFF);
  g_auto (SrBuffer) stream = SR_BUFFER_INIT;

  write_stream (off, data, MIB, 7777, &stream);
  g_assert_cmpuint (stream.length, <, MIB);
  assert_reads_as (off, &stream, data, MIB);
}

static void
test_stream_errors (void)
{
  g_autofree guint8 *data = make_content (CONTENT_RANDOM, MIB);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  GError *error = NULL;

  sr_compressor_begin (compressor, 1000); /* then fewer */
  g_assert_true (sr_compressor_update (compressor, data, 900, append_to_buffer, &out, &error));
  g_assert_false (sr_compressor_end (compressor, append_to_buffer, &out, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
  g_clear_error (&error);

  sr_compressor_begin (compressor, 1000); /* then more */
  g_assert_false (sr_compressor_update (compressor, data, MIB, append_to_buffer, &out, &error) &&
                  sr_compressor_end (compressor, append_to_buffer, &out, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
  g_clear_error (&error);

  sr_compressor_begin (compressor, MIB);
  g_assert_false (sr_compressor_update (compressor, data, MIB, refuse, NULL, &error) &&
                  sr_compressor_end (compressor, refuse, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  g_clear_error (&error);

  out.length = 0; /* and after all that, a good one */
  write_stream (compressor, data, MIB, MIB, &out);
  assert_reads_as (compressor, &out, data, MIB);
}

typedef enum
{
  FOREIGN_PLAIN,
  FOREIGN_CHECKSUM = 1 << 0,
  FOREIGN_NO_SIZE = 1 << 1,
} Foreign;

/* What another program may have written, with libzstd itself. */
static void
make_foreign_frame (Foreign foreign, guint level, guint window_log, gsize length, SrBuffer *out)
{
  g_autofree guint8 *data = make_content (CONTENT_TEXT, length);
  ZSTD_CCtx *context = ZSTD_createCCtx ();
  ZSTD_inBuffer input = { data, length, 0 };
  ZSTD_outBuffer output;

  ZSTD_CCtx_setParameter (context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter (context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter (context, ZSTD_c_checksumFlag, (foreign & FOREIGN_CHECKSUM) != 0);
  ZSTD_CCtx_setParameter (context, ZSTD_c_contentSizeFlag, (foreign & FOREIGN_NO_SIZE) == 0);
  if ((foreign & FOREIGN_NO_SIZE) == 0)
    ZSTD_CCtx_setPledgedSrcSize (context, length);
  sr_buffer_reserve (out, ZSTD_compressBound (length));
  output = (ZSTD_outBuffer){ out->data, out->capacity, 0 };
  ZSTD_compressStream2 (context, &output, &input, ZSTD_e_continue); /* the size stays unknown */
  g_assert_cmpuint (ZSTD_compressStream2 (context, &output, &input, ZSTD_e_end), ==, 0);
  out->length = output.pos;
  ZSTD_freeCCtx (context);
}

static const struct
{
  const char *name;
  Foreign foreign;
  guint level;
  guint window_log; /* 0: the level's */
  gsize length;
} foreign_frames[] = {
  { "checksum", FOREIGN_CHECKSUM, 3, 0, 100000 },
  { "no-size", FOREIGN_NO_SIZE, 3, 0, 3 * MIB },
  { "no-size-with-checksum", FOREIGN_NO_SIZE | FOREIGN_CHECKSUM, 1, 0, 100 },
  { "no-size-empty", FOREIGN_NO_SIZE, 3, 0, 0 },
  { "level-12", FOREIGN_PLAIN, 12, 0, 300000 },
  { "window-27", FOREIGN_NO_SIZE, 1, 27, 100000 },
};

static void
test_foreign (gconstpointer row)
{
  const gsize i = GPOINTER_TO_SIZE (row);
  const gsize length = foreign_frames[i].length;
  g_autofree guint8 *data = make_content (CONTENT_TEXT, length);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_auto (SrBuffer) frame = SR_BUFFER_INIT;
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  GError *error = NULL;

  make_foreign_frame (foreign_frames[i].foreign, foreign_frames[i].level,
                      foreign_frames[i].window_log, length, &frame);
  assert_reads_as (compressor, &frame, data, length);

  if (length > 0)
    {
      g_assert_false (sr_compressor_decompress (compressor, frame.data, frame.length, length - 1,
                                                &out, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
      g_clear_error (&error);
    }
}

typedef enum
{
  DAMAGE_CUT_OFF, /* the last byte is missing */
  DAMAGE_CUT_IN_HEADER,
  DAMAGE_NOTHING_LEFT,
  DAMAGE_MAGIC,
  DAMAGE_CONTENT, /* a bit in the middle; noticed by the checksum at the latest */
  DAMAGE_SIZE, /* the header tells a smaller size */
  DAMAGE_SOMETHING_BEHIND,
  DAMAGE_SECOND_FRAME,
  DAMAGE_WINDOW, /* 256 MiB */
} Damage;

static const struct
{
  const char *name;
  Foreign foreign;
  Damage damage;
  SrError code;
} damages[] = {
  { "cut-off", FOREIGN_PLAIN, DAMAGE_CUT_OFF, SR_ERROR_DAMAGED },
  { "cut-off-without-size", FOREIGN_NO_SIZE, DAMAGE_CUT_OFF, SR_ERROR_DAMAGED },
  { "cut-in-header", FOREIGN_PLAIN, DAMAGE_CUT_IN_HEADER, SR_ERROR_DAMAGED },
  { "nothing", FOREIGN_PLAIN, DAMAGE_NOTHING_LEFT, SR_ERROR_DAMAGED },
  { "magic", FOREIGN_PLAIN, DAMAGE_MAGIC, SR_ERROR_DAMAGED },
  { "content", FOREIGN_CHECKSUM, DAMAGE_CONTENT, SR_ERROR_DAMAGED },
  { "content-without-size", FOREIGN_CHECKSUM | FOREIGN_NO_SIZE, DAMAGE_CONTENT, SR_ERROR_DAMAGED },
  { "size", FOREIGN_PLAIN, DAMAGE_SIZE, SR_ERROR_DAMAGED },
  { "something-behind", FOREIGN_PLAIN, DAMAGE_SOMETHING_BEHIND, SR_ERROR_DAMAGED },
  { "something-behind-without-size", FOREIGN_NO_SIZE, DAMAGE_SOMETHING_BEHIND, SR_ERROR_DAMAGED },
  { "second-frame", FOREIGN_PLAIN, DAMAGE_SECOND_FRAME, SR_ERROR_DAMAGED },
  { "second-frame-without-size", FOREIGN_NO_SIZE, DAMAGE_SECOND_FRAME, SR_ERROR_DAMAGED },
  { "window", FOREIGN_PLAIN, DAMAGE_WINDOW, SR_ERROR_LIMIT },
  { "window-without-size", FOREIGN_NO_SIZE, DAMAGE_WINDOW, SR_ERROR_LIMIT },
};

static void
damage (SrBuffer *frame, Damage how)
{
  switch (how)
    {
    case DAMAGE_CUT_OFF:
      frame->length--;
      break;
    case DAMAGE_CUT_IN_HEADER:
      frame->length = 5;
      break;
    case DAMAGE_NOTHING_LEFT:
      frame->length = 0;
      break;
    case DAMAGE_MAGIC:
      frame->data[0] ^= 1;
      break;
    case DAMAGE_CONTENT:
      frame->data[frame->length / 2] ^= 1;
      break;
    case DAMAGE_SIZE:
      frame->data[7] ^= 1; /* behind magic, descriptor, window: 4 bytes, low one first */
      break;
    case DAMAGE_SOMETHING_BEHIND:
      sr_buffer_append (frame, "", 1);
      break;
    case DAMAGE_SECOND_FRAME:
      {
        g_autofree guint8 *copy = g_memdup2 (frame->data, frame->length);
        sr_buffer_append (frame, copy, frame->length);
        break;
      }
    case DAMAGE_WINDOW:
      frame->data[5] = (28 - 10) << 3;
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
test_damage (gconstpointer row)
{
  const gsize i = GPOINTER_TO_SIZE (row);
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_auto (SrBuffer) frame = SR_BUFFER_INIT;
  g_auto (SrBuffer) out = SR_BUFFER_INIT;
  g_autofree guint8 *content = g_malloc (4 * MIB);
  GError *error = NULL;
  gssize n;

  make_foreign_frame (damages[i].foreign, 3, 17, MIB, &frame);
  damage (&frame, damages[i].damage);

  g_assert_false (
      sr_compressor_decompress (compressor, frame.data, frame.length, 4 * MIB, &out, &error));
  g_assert_error (error, SR_ERROR, (int) damages[i].code);
  g_clear_error (&error);

  sr_compressor_read_begin (compressor, frame.data, frame.length);
  do
    n = sr_compressor_read (compressor, content, 100000, &error);
  while (n > 0);
  g_assert_cmpint (n, ==, -1);
  g_assert_error (error, SR_ERROR, (int) damages[i].code);
  g_clear_error (&error);
}

/* Nothing that may come is to crash it; what it says about it does not matter here. */
static void
test_any_bytes (void)
{
  g_autoptr (SrCompressor) compressor = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1024);
  g_auto (SrBuffer) out = SR_BUFFER_INIT;

  for (guint i = 0; i < 2000; i++)
    {
      g_auto (SrBuffer) frame = SR_BUFFER_INIT;

      make_foreign_frame (i % 4, 1, 0, g_rand_int_range (rand, 0, 3000), &frame);
      for (guint changes = g_rand_int_range (rand, 1, 5); changes > 0; changes--)
        frame.data[g_rand_int_range (rand, 0, frame.length)] = g_rand_int (rand);
      frame.length = g_rand_int_range (rand, 0, frame.length + 1);
      sr_compressor_decompress (compressor, frame.data, frame.length, 2000, &out, NULL);
      g_assert_cmpuint (out.length, <=, 2000);
    }
}

/* What the level for JSON was chosen for: ids in hexadecimal digits come out smaller than at the usual one. */
static void
test_json_level (void)
{
  g_autoptr (SrCompressor) usual = sr_compressor_new (SR_COMPRESSION_AUTO);
  g_autoptr (SrCompressor) json = sr_compressor_new_for_json ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_auto (SrBuffer) plain = SR_BUFFER_INIT;
  g_autofree guint8 *frame = NULL;
  gsize usual_length, json_length;

  for (guint blob = 0; blob < 2000; blob++)
    {
      g_string_append (text, "{\"id\":\"");
      for (guint word = 0; word < 8; word++)
        g_string_append_printf (text, "%08x", g_rand_int (random));
      g_string_append_printf (text, "\",\"type\":\"data\",\"offset\":%u},", blob * 777);
    }
  frame = g_malloc (text->len);
  usual_length =
      sr_compressor_compress (usual, (const guint8 *) text->str, text->len, frame, text->len);
  json_length =
      sr_compressor_compress (json, (const guint8 *) text->str, text->len, frame, text->len);
  g_assert_cmpuint (json_length, >, 0);
  g_assert_cmpuint (json_length, <, usual_length);
  g_assert_true (sr_compressor_decompress (usual, frame, json_length, text->len, &plain, NULL));
  g_assert_cmpmem (plain.data, plain.length, text->str, text->len);
}

static void
test_nicks (void)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (SR_TYPE_COMPRESSION);

  g_assert_cmpint (g_enum_get_value_by_nick (class, "auto")->value, ==, SR_COMPRESSION_AUTO);
  g_assert_cmpint (g_enum_get_value_by_nick (class, "max")->value, ==, SR_COMPRESSION_MAX);
  g_assert_cmpint (g_enum_get_value_by_nick (class, "off")->value, ==, SR_COMPRESSION_OFF);
}

#define ADD_ROWS(table, folder, function) \
  for (gsize row = 0; row < G_N_ELEMENTS (table); row++) \
    { \
      g_autofree char *path = g_strdup_printf ("/compressor/%s/%s", folder, table[row].name); \
      g_test_add_data_func (path, GSIZE_TO_POINTER (row), function); \
    }

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD_ROWS (round_trips, "round-trip", test_round_trip);
  ADD_ROWS (foreign_frames, "foreign", test_foreign);
  ADD_ROWS (damages, "damaged", test_damage);
  g_test_add_func ("/compressor/max-keeps-readers-small", test_max_keeps_readers_small);
  g_test_add_func ("/compressor/no-gain", test_no_gain);
  g_test_add_func ("/compressor/off-compresses-streams", test_off_compresses_streams);
  g_test_add_func ("/compressor/stream-errors", test_stream_errors);
  g_test_add_func ("/compressor/any-bytes", test_any_bytes);
  g_test_add_func ("/compressor/json-level", test_json_level);
  g_test_add_func ("/compressor/nicks", test_nicks);

  return g_test_run ();
}
