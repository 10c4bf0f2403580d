/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-buffer.h"
#include "base/sr-time.h"
#include "crypto/sr-key.h"

G_BEGIN_DECLS

#define SR_KEY_FILE_SIZE_LIMIT (64 * 1024) /* bytes; restic's has about 450 */

/* A file in "keys": the master key, sealed under a key that scrypt makes of a password. */
typedef struct _SrKeyFile SrKeyFile;

SrKeyFile *sr_key_file_decode (const char *json, gsize length, GError **error);
void sr_key_file_free (SrKeyFile *self);
SrSecret *sr_key_file_unlock (SrKeyFile *self,
                              SrSecret *password,
                              GCancellable *cancellable,
                              GError **error);
const SrTime *sr_key_file_get_created (SrKeyFile *self);
const char *sr_key_file_get_username (SrKeyFile *self);
const char *sr_key_file_get_hostname (SrKeyFile *self);

/* Appends a new key file for @master to @out. */
gboolean sr_key_file_create (SrSecret *master,
                             SrSecret *password,
                             const SrScryptParameters *parameters,
                             const char *username,
                             const char *hostname,
                             SrBuffer *out,
                             GCancellable *cancellable,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrKeyFile, sr_key_file_free)

G_END_DECLS
