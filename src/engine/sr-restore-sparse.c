/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes data so that runs of zeros become holes.
 *
 * A snapshot does not say where the holes of a file were, only that there are zeros. Leaving out the zeros of every
 * block of 4 KiB, the unit of nearly all file systems, gives sparse files back as sparse as they were. To see that
 * a block is not zero takes one look at its first bytes, as a rule. */

#include "config.h"

#include "sr-restore-sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sr-fd.h"

#define BLOCK_SIZE 4096

static gboolean
is_zero (const guint8 *data, gsize length)
{
  guint64 first;

  if (length < sizeof first)
    return FALSE;
  memcpy (&first, data, sizeof first);
  return first == 0 && memcmp (data, data + sizeof first, length - sizeof first) == 0;
}

/* Bytes from @data on up to the next limit between blocks of the file. */
static gsize
block_length (guint64 offset, gsize length)
{
  return MIN (length, (gsize) (BLOCK_SIZE - offset % BLOCK_SIZE));
}

/* Bytes from @data on that are zeros, or are not, block by block. */
static gsize
run_length (guint64 offset, const guint8 *data, gsize length, gboolean *out_zero)
{
  gsize run = block_length (offset, length);

  *out_zero = is_zero (data, run);
  while (run < length)
    {
      gsize block = block_length (offset + run, length - run);

      if (is_zero (data + run, block) != *out_zero)
        break;
      run += block;
    }
  return run;
}

/**
 * sr_restore_write_sparse:
 * @fd: a file open for writing
 * @offset: where in the file, bytes
 * @data: what to write
 * @length: its length in bytes
 * @fresh: whether the file has only zeros and holes there; otherwise holes are cut out
 * @what: names the file in messages
 * @out_end: (out): bytes of the file up to the last one that was really written; 0: none was
 * @cancellable: (nullable): looked at now and then
 * @error: as for sr_fd_pwrite()
 *
 * Writes @data, leaving holes for blocks of zeros. The file may end before a hole: set its size when it is done.
 */
gboolean
sr_restore_write_sparse (int fd,
                         guint64 offset,
                         const guint8 *data,
                         gsize length,
                         gboolean fresh,
                         const char *what,
                         guint64 *out_end,
                         GCancellable *cancellable,
                         GError **error)
{
  *out_end = 0;
  while (length > 0)
    {
      gboolean zero = FALSE;
      gsize run = length < BLOCK_SIZE ? length : run_length (offset, data, length, &zero);
      gboolean left_out =
          zero && (fresh || fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                       (off_t) offset, (off_t) run) == 0);

      if (!left_out)
        {
          if (!sr_fd_pwrite (fd, data, run, offset, what, cancellable, error))
            return FALSE;
          *out_end = offset + run;
        }
      offset += run;
      data += run;
      length -= run;
    }
  return TRUE;
}
