/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that grow, kept by a thread between uses so that its hot path allocates nothing. */
typedef struct
{
  guint8 *data; /* (owned) (nullable) */
  gsize length; /* bytes in use */
  gsize capacity; /* bytes allocated */
} SrBuffer;

#define SR_BUFFER_INIT \
  { \
    NULL, 0, 0 \
  }

void sr_buffer_reserve (SrBuffer *self, gsize capacity);
void sr_buffer_append (SrBuffer *self, const void *data, gsize length);
void sr_buffer_shrink (SrBuffer *self, gsize capacity);
void sr_buffer_clear (SrBuffer *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SrBuffer, sr_buffer_clear)

G_END_DECLS
