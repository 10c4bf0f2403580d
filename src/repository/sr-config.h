/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-buffer.h"
#include "base/sr-id.h"
#include "repository/sr-polynomial.h"

G_BEGIN_DECLS

#define SR_CONFIG_SIZE_LIMIT (64 * 1024) /* bytes; restic's has about 130 */

/* The plaintext of "config": JSON, without a version byte, never compressed. */
typedef struct
{
  guint version; /* 1 or 2 */
  SrId id;
  SrPolynomial polynomial; /* irreducible, unless foreign_chunker */
  gboolean foreign_chunker; /* cut by something else than Rabin: to be read, not written */
} SrConfig;

gboolean sr_config_generate (SrConfig *config, GError **error);
gboolean sr_config_decode (SrConfig *config, const char *json, gsize length, GError **error);
void sr_config_encode (const SrConfig *config, SrBuffer *out); /* appends */

G_END_DECLS
