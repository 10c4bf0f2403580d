/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A growing array of bytes with its fields in the open.
 *
 * GByteArray would do, but allocates a struct apart, doubles what is large already, and cannot give
 * memory back between uses. This one sits on the stack or in another struct. */

#include "config.h"

#include "sr-buffer.h"

#include <string.h>

#define SMALLEST 256 /* bytes */

/**
 * sr_buffer_reserve:
 * @self: a buffer
 * @capacity: bytes that shall fit in all, those in use included
 *
 * Makes room, so that up to @capacity bytes can be put at @data without further allocation. Content
 * and length stay. Grows by half at least, so that many small appends cost little. Ends the program
 * when there is no memory, as all of GLib does.
 */
void
sr_buffer_reserve (SrBuffer *self, gsize capacity)
{
  gsize grown;

  if (capacity <= self->capacity)
    return;

  grown = self->capacity + self->capacity / 2;
  if (grown < self->capacity) /* overflow, of something beyond any memory */
    grown = capacity;

  self->capacity = MAX (MAX (capacity, grown), SMALLEST);
  self->data = g_realloc (self->data, self->capacity);
}

/**
 * sr_buffer_append:
 * @self: a buffer
 * @data: (array length=length) (nullable): bytes outside of @self; NULL only if @length is 0
 * @length: how many
 *
 * Copies @data behind the bytes in use.
 */
void
sr_buffer_append (SrBuffer *self, const void *data, gsize length)
{
  if (length == 0)
    return;

  g_assert (length <= G_MAXSIZE - self->length);
  sr_buffer_reserve (self, self->length + length);
  memcpy (self->data + self->length, data, length);
  self->length += length;
}

/**
 * sr_buffer_shrink:
 * @self: a buffer whose content is no longer needed
 * @capacity: bytes that may stay allocated
 *
 * Empties @self, and gives its memory back if one large use has left it with more than @capacity.
 */
void
sr_buffer_shrink (SrBuffer *self, gsize capacity)
{
  self->length = 0;
  if (self->capacity > capacity)
    sr_buffer_clear (self);
}

/**
 * sr_buffer_clear:
 * @self: a buffer
 *
 * Frees the bytes. @self is empty then, and can be used again.
 */
void
sr_buffer_clear (SrBuffer *self)
{
  g_free (self->data);
  self->data = NULL;
  self->length = 0;
  self->capacity = 0;
}
