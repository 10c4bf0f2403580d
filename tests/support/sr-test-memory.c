/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks through the whole memory of the process for what should have been wiped. Reading goes by
 * /proc/self/mem, so freed memory, stacks and what AddressSanitizer keeps back are no obstacle. */

#include "config.h"

#include "sr-test-memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1024 * 1024) /* bytes looked through at once */
#define LARGEST (G_GUINT64_CONSTANT (1) << 32) /* larger mappings are a sanitizer's own tables */

static gboolean
is_match (const guint8 *bytes, const guint8 *masked, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((bytes[i] ^ SR_TEST_MEMORY_MASK) != masked[i])
      return FALSE;
  return TRUE;
}

static guint
count_in_piece (const guint8 *bytes, gsize n, const guint8 *masked, gsize length)
{
  const guint8 *end = bytes + n;
  guint count = 0;

  while ((gsize) (end - bytes) >= length)
    {
      bytes = memchr (bytes, masked[0] ^ SR_TEST_MEMORY_MASK, (gsize) (end - bytes) - length + 1);
      if (bytes == NULL)
        break;
      if (is_match (bytes, masked, length))
        count++;
      bytes++;
    }
  return count;
}

/* Pieces overlap by one byte less than is looked for. */
static guint
count_in_mapping (int memory,
                  guint64 start,
                  guint64 end,
                  guint8 *piece,
                  const guint8 *masked,
                  gsize length)
{
  guint count = 0;

  while (start < end)
    {
      gssize n = pread (memory, piece, MIN (PIECE, end - start), (off_t) start);

      if (n < (gssize) length)
        break;
      count += count_in_piece (piece, (gsize) n, masked, length);
      start += start + (guint64) n < end ? (guint64) n - length + 1 : (guint64) n;
    }
  explicit_bzero (piece, PIECE);
  return count;
}

guint
sr_test_memory_count (const guint8 *masked, gsize length)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  int memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  guint count = 0;

  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 start, end;
      char writable;

      if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x r%c", &start, &end,
                  &writable) == 3 &&
          writable == 'w' && end - start < LARGEST && strstr (lines[i], "[v") == NULL)
        count += count_in_mapping (memory, start, end, piece, masked, length);
    }
  close (memory);
  return count;
}
