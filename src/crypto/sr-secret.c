/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Passwords and keys in memory of their own.
 *
 * Each secret has whole pages, mapped for it alone: so that they can be kept out of core dumps and
 * of swap space, which the kernel does by pages, and never share one with other data. An unmapped
 * page stands on either side, and the bytes end at the hinder one, so that code which runs past
 * them faults. That costs a few kilobytes and system calls a secret; a program has a handful. */

#include "config.h"

#include "sr-secret.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sr-key.h"

#define ALIGNMENT 16 /* as of malloc() */

struct _SrSecret
{
  gatomicrefcount references;
  guint8 *mapping; /* (owned): guard, pages, guard */
  gsize mapping_length;
  guint8 *data; /* in the mapping */
  gsize length; /* without the NUL behind it */
};

static void
map_pages (SrSecret *self)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize used = (self->length + ALIGNMENT) / ALIGNMENT * ALIGNMENT; /* at least one for the NUL */
  gsize inner = (used + page - 1) / page * page;
  guint8 *pages;

  self->mapping_length = inner + 2 * page;
  self->mapping = mmap (NULL, self->mapping_length, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (self->mapping == MAP_FAILED)
    g_error ("Could not map %" G_GSIZE_FORMAT " bytes", self->mapping_length);

  pages = self->mapping + page;
  if (mprotect (pages, inner, PROT_READ | PROT_WRITE) != 0)
    g_error ("Could not make %" G_GSIZE_FORMAT " bytes usable", inner);

  /* Both may fail without harm to the program: RLIMIT_MEMLOCK is low in some containers. */
  madvise (pages, inner, MADV_DONTDUMP);
  mlock (pages, inner);
  self->data = pages + inner - used;
}

/**
 * sr_secret_new_uninitialized:
 * @length: bytes
 * @out_data: (out): where to put them, before anybody else gets the secret
 *
 * For bytes that come from elsewhere: they are made in place, so no other copy is to be wiped.
 * Until filled they are zeros.
 *
 * Returns: (transfer full): a secret
 */
SrSecret *
sr_secret_new_uninitialized (gsize length, guint8 **out_data)
{
  SrSecret *self;

  g_assert (length <= G_MAXUINT32);

  self = g_new0 (SrSecret, 1);
  g_atomic_ref_count_init (&self->references);
  self->length = length;
  map_pages (self);
  *out_data = self->data;
  return self;
}

/**
 * sr_secret_new:
 * @data: (nullable): bytes; may be %NULL when @length is 0
 * @length: how many
 *
 * Returns: (transfer full): a secret with a copy of @data, which the caller wipes
 */
SrSecret *
sr_secret_new (const void *data, gsize length)
{
  guint8 *copy;
  SrSecret *self = sr_secret_new_uninitialized (length, &copy);

  if (length > 0)
    memcpy (copy, data, length);
  return self;
}

/**
 * sr_secret_new_random:
 * @length: bytes
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a secret of random bytes; see sr_random_fill() for errors
 */
SrSecret *
sr_secret_new_random (gsize length, GError **error)
{
  guint8 *data;
  g_autoptr (SrSecret) self = sr_secret_new_uninitialized (length, &data);

  if (!sr_random_fill (data, length, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * sr_secret_ref:
 * @self: a secret
 *
 * Returns: (transfer full): the same; any thread may hold it
 */
SrSecret *
sr_secret_ref (SrSecret *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/**
 * sr_secret_unref:
 * @self: (transfer full): a secret
 *
 * With the last reference the bytes are wiped.
 */
void
sr_secret_unref (SrSecret *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  OPENSSL_cleanse (self->data, self->length);
  munmap (self->mapping, self->mapping_length); /* also unlocks */
  g_free (self);
}

/**
 * sr_secret_get_data:
 * @self: a secret
 * @out_length: (out) (optional): its length in bytes
 *
 * Returns: (transfer none): the bytes, with a NUL behind them that does not count
 */
const guint8 *
sr_secret_get_data (SrSecret *self, gsize *out_length)
{
  if (out_length != NULL)
    *out_length = self->length;
  return self->data;
}

/**
 * sr_secret_get_length:
 * @self: a secret
 *
 * Returns: its length in bytes
 */
gsize
sr_secret_get_length (SrSecret *self)
{
  return self->length;
}

/**
 * sr_secret_equal:
 * @self: a secret
 * @other: another one
 *
 * Takes the same time wherever they differ; only the length shows.
 *
 * Returns: whether both have the same bytes
 */
gboolean
sr_secret_equal (SrSecret *self, SrSecret *other)
{
  return self->length == other->length &&
         CRYPTO_memcmp (self->data, other->data, self->length) == 0;
}
