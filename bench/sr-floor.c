/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The least CPU time that a backup to this format can take: what cannot be left out, in a straight line
 * on one thread. Walks a folder, reads each file, cuts it, names each chunk by its SHA-256, skips those
 * seen before, compresses, seals, names the packs by their SHA-256 and writes them. Left out is all
 * that makes it a backup: trees, index, snapshot, a repository's locks, fsync(), and what threads cost
 * that wait for one another. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-chunker.h"
#include "repository/sr-compressor.h"

#define POLYNOMIAL G_GUINT64_CONSTANT (0x3da3358b4dc173)
#define PACK_SIZE (16 * 1024 * 1024)
#define READ_SIZE (1024 * 1024)
#define WRITE_SIZE (1024 * 1024)
#define FILE_BUFFER_SIZE (2 * SR_CHUNK_MAX_SIZE)

typedef enum
{
  STAGE_OTHER, /* walking and opening too */
  STAGE_READ,
  STAGE_CUT,
  STAGE_NAME,
  STAGE_COMPRESS,
  STAGE_SEAL,
  STAGE_NAME_PACK,
  STAGE_WRITE,
} Stage;

static const char *const stage_names[] = {
  "other", "read", "cut", "name", "compress", "seal", "name_pack", "write",
};

typedef struct
{
  const char *out_folder;
  SrChunker *chunker; /* (owned) */
  SrHash *chunk_hash; /* (owned) */
  SrHash *pack_hash; /* (owned) */
  SrCompressor *compressor; /* (owned) */
  SrCipher *cipher; /* (owned) */
  GHashTable *seen; /* (owned): SrId */
  guint8 *file_buffer; /* (owned): FILE_BUFFER_SIZE bytes */
  guint8 *frame; /* (owned): SR_CHUNK_MAX_SIZE bytes */

  int pack_fd; /* -1: none is open */
  guint64 pack_length; /* bytes */
  guint8 *pending; /* (owned): sealed bytes that are not in the pack file yet */
  gsize n_pending;

  gboolean with_stages;
  Stage stage;
  gint64 stage_began; /* nanoseconds */
  gint64 stage_nsec[G_N_ELEMENTS (stage_names)];

  guint64 n_files, n_chunks, n_new_chunks, n_packs;
  guint64 read_bytes, new_bytes, stored_bytes;
} Floor;

G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN static void die (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  fputs ("sr-floor: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
  exit (EXIT_FAILURE);
}

static gint64
now_nsec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Charges the time since the last call to the stage that ends here. It is time by the clock: reading a
 * clock of CPU time would cost more than a small file does. */
static void
enter (Floor *self, Stage stage)
{
  gint64 now;

  if (!self->with_stages)
    return;

  now = now_nsec ();
  self->stage_nsec[self->stage] += now - self->stage_began;
  self->stage_began = now;
  self->stage = stage;
}

static void
write_pending (Floor *self)
{
  gsize done = 0;

  enter (self, STAGE_NAME_PACK);
  sr_hash_update (self->pack_hash, self->pending, self->n_pending);

  enter (self, STAGE_WRITE);
  while (done < self->n_pending)
    {
      gssize n = write (self->pack_fd, self->pending + done, self->n_pending - done);

      if (n < 0)
        die ("Could not write a pack: %s", g_strerror (errno));
      done += n;
    }
  self->n_pending = 0;
  enter (self, STAGE_OTHER);
}

static void
open_pack (Floor *self)
{
  self->pack_fd = open (self->out_folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (self->pack_fd < 0)
    die ("Could not make a file in %s: %s", self->out_folder, g_strerror (errno));
  self->pack_length = 0;
  sr_hash_reset (self->pack_hash);
}

static void
close_pack (Floor *self)
{
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *from = g_strdup_printf ("/proc/self/fd/%d", self->pack_fd);
  g_autofree char *to = NULL;
  SrId id;

  write_pending (self);
  sr_hash_finish (self->pack_hash, &id);
  sr_id_to_hex (&id, hex);
  to = g_build_filename (self->out_folder, hex, NULL);
  if (linkat (AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0)
    die ("Could not put a pack at %s: %s", to, g_strerror (errno));
  close (self->pack_fd);
  self->pack_fd = -1;
  self->n_packs++;
}

static void
store (Floor *self, const guint8 *chunk, gsize length)
{
  g_autoptr (GError) error = NULL;
  gsize n_frame;
  gsize n_sealed;

  enter (self, STAGE_COMPRESS);
  n_frame = sr_compressor_compress (self->compressor, chunk, length, self->frame, length - 1);
  n_sealed = (n_frame != 0 ? n_frame : length) + SR_CIPHER_OVERHEAD;

  if (self->pack_fd < 0)
    open_pack (self);
  if (self->n_pending >= WRITE_SIZE)
    write_pending (self);

  enter (self, STAGE_SEAL);
  if (!sr_cipher_seal (self->cipher, n_frame != 0 ? self->frame : chunk,
                       n_sealed - SR_CIPHER_OVERHEAD, self->pending + self->n_pending, &error))
    die ("%s", error->message);
  enter (self, STAGE_OTHER);

  self->n_pending += n_sealed;
  self->pack_length += n_sealed;
  self->stored_bytes += n_sealed;
  if (self->pack_length >= PACK_SIZE)
    close_pack (self);
}

static void
take_chunk (Floor *self, const guint8 *chunk, gsize length)
{
  SrId id;

  enter (self, STAGE_NAME);
  sr_hash_digest (self->chunk_hash, chunk, length, &id);
  enter (self, STAGE_OTHER);

  self->n_chunks++;
  if (g_hash_table_contains (self->seen, &id))
    return;

  g_hash_table_add (self->seen, g_memdup2 (&id, sizeof id));
  self->n_new_chunks++;
  self->new_bytes += length;
  store (self, chunk, length);
}

/* @size is what the file system says; a file that grows meanwhile is cut off there. */
static void
take_file (Floor *self, int fd, guint64 size)
{
  guint64 read_in_all = 0;
  gsize begin = 0; /* of the chunk, in the buffer */
  gsize end = 0; /* of what has been read */
  gsize looked_at = 0; /* by the chunker */

  while (read_in_all < size || begin < end)
    {
      gsize cut;

      enter (self, STAGE_CUT);
      cut = sr_chunker_cut (self->chunker, self->file_buffer + begin, end - begin, looked_at,
                            read_in_all == size);
      if (cut != 0)
        {
          take_chunk (self, self->file_buffer + begin, cut);
          begin += cut;
          looked_at = 0;
          continue;
        }

      looked_at = end - begin;
      enter (self, STAGE_READ);
      if (end + READ_SIZE > FILE_BUFFER_SIZE)
        {
          memmove (self->file_buffer, self->file_buffer + begin, end - begin);
          end -= begin;
          begin = 0;
        }
      {
        gssize n = read (fd, self->file_buffer + end, MIN (READ_SIZE, size - read_in_all));

        if (n < 0)
          die ("Could not read a file: %s", g_strerror (errno));
        size = n == 0 ? read_in_all : size;
        read_in_all += n;
        end += n;
      }
    }

  enter (self, STAGE_OTHER);
  self->read_bytes += read_in_all;
}

static void
walk (Floor *self, const char *folder)
{
  char *roots[] = { (char *) folder, NULL };
  FTS *tree = fts_open (roots, FTS_PHYSICAL, NULL);
  FTSENT *entry;

  if (tree == NULL)
    die ("Could not open %s: %s", folder, g_strerror (errno));

  while ((entry = fts_read (tree)) != NULL)
    {
      int fd;

      if (entry->fts_info != FTS_F || !S_ISREG (entry->fts_statp->st_mode))
        continue;

      fd = open (entry->fts_accpath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0)
        die ("Could not open %s: %s", entry->fts_path, g_strerror (errno));
      take_file (self, fd, entry->fts_statp->st_size);
      close (fd);
      self->n_files++;
    }
  fts_close (tree);
}

static void
print_result (const Floor *self, double wall)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  printf ("{\"wall\":%.3f,\"user\":%.3f,\"system\":%.3f,\"peak_rss\":%ld,"
          "\"files\":%" G_GUINT64_FORMAT ",\"chunks\":%" G_GUINT64_FORMAT
          ",\"new_chunks\":%" G_GUINT64_FORMAT ",\"packs\":%" G_GUINT64_FORMAT
          ",\"read_bytes\":%" G_GUINT64_FORMAT ",\"new_bytes\":%" G_GUINT64_FORMAT
          ",\"stored_bytes\":%" G_GUINT64_FORMAT,
          wall, usage.ru_utime.tv_sec + usage.ru_utime.tv_usec * 1e-6,
          usage.ru_stime.tv_sec + usage.ru_stime.tv_usec * 1e-6, usage.ru_maxrss * 1024,
          self->n_files, self->n_chunks, self->n_new_chunks, self->n_packs, self->read_bytes,
          self->new_bytes, self->stored_bytes);

  if (self->with_stages)
    {
      fputs (",\"stages\":{", stdout);
      for (guint i = 0; i < G_N_ELEMENTS (stage_names); i++)
        printf ("%s\"%s\":%.3f", i > 0 ? "," : "", stage_names[i], self->stage_nsec[i] * 1e-9);
      fputc ('}', stdout);
    }
  puts ("}");
}

static void
floor_init (Floor *self, const char *out_folder, SrCompression compression, gboolean with_stages)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSecret) key = sr_key_new_random (&error);

  if (key != NULL)
    self->cipher = sr_cipher_new (key, &error);
  if (self->cipher == NULL)
    die ("%s", error->message);

  self->out_folder = out_folder;
  self->chunker = sr_chunker_new (POLYNOMIAL);
  self->chunk_hash = sr_hash_new ();
  self->pack_hash = sr_hash_new ();
  self->compressor = sr_compressor_new (compression);
  self->seen = g_hash_table_new_full (sr_id_hash, sr_id_equal, g_free, NULL);
  self->file_buffer = g_malloc (FILE_BUFFER_SIZE);
  self->frame = g_malloc (SR_CHUNK_MAX_SIZE);
  self->pending = g_malloc (WRITE_SIZE + SR_CHUNK_MAX_SIZE + SR_CIPHER_OVERHEAD);
  self->pack_fd = -1;
  self->with_stages = with_stages;
}

static void
floor_clear (Floor *self)
{
  sr_cipher_free (self->cipher);
  sr_chunker_free (self->chunker);
  sr_hash_free (self->chunk_hash);
  sr_hash_free (self->pack_hash);
  sr_compressor_free (self->compressor);
  g_hash_table_unref (self->seen);
  g_free (self->file_buffer);
  g_free (self->frame);
  g_free (self->pending);
}

int
main (int argc, char *argv[])
{
  gboolean with_stages = FALSE, off = FALSE;
  const GOptionEntry entries[] = {
    { "stages", 0, 0, G_OPTION_ARG_NONE, &with_stages, "Also print the time of each stage", NULL },
    { "off", 0, 0, G_OPTION_ARG_NONE, &off, "Do not compress", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("FOLDER EMPTY-OUTPUT-FOLDER");
  g_autoptr (GError) error = NULL;
  Floor self = { 0 };
  gint64 began = now_nsec ();

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    die ("%s", error->message);
  if (argc != 3)
    die ("give a folder to read and one to write to");

  floor_init (&self, argv[2], off ? SR_COMPRESSION_OFF : SR_COMPRESSION_AUTO, with_stages);
  self.stage_began = began;
  walk (&self, argv[1]);
  if (self.pack_fd >= 0)
    close_pack (&self);
  enter (&self, STAGE_OTHER);

  print_result (&self, (now_nsec () - began) * 1e-9);
  floor_clear (&self);
  return EXIT_SUCCESS;
}
