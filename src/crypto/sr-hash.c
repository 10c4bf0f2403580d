/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SHA-256, which names every file and blob (repository/FORMAT.md, “Ids”).
 *
 * By OpenSSL, which uses the SHA instructions of the processor; GChecksum is five times slower.
 * Nothing here can fail but for want of memory or of SHA-256 itself, and without these the program
 * cannot do anything useful: it ends with a message, as GLib does when memory is out. */

#include "config.h"

#include "sr-hash.h"

#include <openssl/evp.h>

#include "sr-openssl.h"

struct _SrHash
{
  EVP_MD_CTX *context; /* (owned) */
  gboolean finished; /* to be reset before more data */
};

static void
start (EVP_MD_CTX *context)
{
  g_autoptr (GError) error = NULL;
  const SrOpenssl *openssl = sr_openssl_get (&error);

  if (openssl == NULL)
    g_error ("%s", error->message);
  if (context == NULL || EVP_DigestInit_ex2 (context, openssl->sha256, NULL) != 1)
    g_error ("OpenSSL could not start a SHA-256");
}

/**
 * sr_hash_new:
 *
 * Returns: (transfer full): a context, reset
 */
SrHash *
sr_hash_new (void)
{
  SrHash *self = g_new0 (SrHash, 1);

  self->context = EVP_MD_CTX_new ();
  start (self->context);
  return self;
}

/**
 * sr_hash_free:
 * @self: (nullable) (transfer full): a context
 */
void
sr_hash_free (SrHash *self)
{
  if (self == NULL)
    return;

  EVP_MD_CTX_free (self->context);
  g_free (self);
}

/**
 * sr_hash_reset:
 * @self: a context
 *
 * Forgets what was added, for a hash of something else.
 */
void
sr_hash_reset (SrHash *self)
{
  start (self->context);
  self->finished = FALSE;
}

/**
 * sr_hash_update:
 * @self: a context, not finished
 * @data: (nullable): bytes; may be %NULL when @length is 0
 * @length: how many
 */
void
sr_hash_update (SrHash *self, const void *data, gsize length)
{
  g_assert (!self->finished);

  if (length > 0 && EVP_DigestUpdate (self->context, data, length) != 1)
    g_error ("OpenSSL could not continue a SHA-256");
}

/**
 * sr_hash_finish:
 * @self: a context, not finished
 * @out_id: (out): the SHA-256 of all that was added
 *
 * The context has to be reset before it takes data again.
 */
void
sr_hash_finish (SrHash *self, SrId *out_id)
{
  g_assert (!self->finished);

  if (EVP_DigestFinal_ex (self->context, out_id->bytes, NULL) != 1)
    g_error ("OpenSSL could not finish a SHA-256");
  self->finished = TRUE;
}

/**
 * sr_hash_digest:
 * @self: a context; what was added before is forgotten
 * @data: (nullable): bytes; may be %NULL when @length is 0
 * @length: how many
 * @out_id: (out): their SHA-256
 */
void
sr_hash_digest (SrHash *self, const void *data, gsize length, SrId *out_id)
{
  sr_hash_reset (self);
  sr_hash_update (self, data, length);
  sr_hash_finish (self, out_id);
}

/**
 * sr_hash_data:
 * @data: (nullable): bytes; may be %NULL when @length is 0
 * @length: how many
 * @out_id: (out): their SHA-256
 *
 * For single hashes; on a hot path keep a context and use sr_hash_digest().
 */
void
sr_hash_data (const void *data, gsize length, SrId *out_id)
{
  g_autoptr (SrHash) hash = sr_hash_new ();

  sr_hash_update (hash, data, length);
  sr_hash_finish (hash, out_id);
}
