/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A snapshot: what is read and written again reads the same. */

#include "config.h"

#include "repository/sr-snapshot.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
rewrite (const guint8 *data, gsize size, SrBuffer *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSnapshot) snapshot =
      sr_snapshot_new_from_json ((const char *) data, size, NULL, &error);

  g_assert ((snapshot == NULL) == (error != NULL));
  if (snapshot != NULL)
    sr_snapshot_to_json (snapshot, out);
  return snapshot != NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_auto (SrBuffer) once = SR_BUFFER_INIT;
  g_auto (SrBuffer) twice = SR_BUFFER_INIT;

  if (!rewrite (data, size, &once))
    return 0;
  g_assert (rewrite (once.data, once.length, &twice));
  g_assert_cmpmem (once.data, once.length, twice.data, twice.length);
  return 0;
}
