/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SR_ERROR (sr_error_quark ())

/* One code for each thing that a caller can do about it; the message says what happened to what,
 * and what to do. Cancellation is G_IO_ERROR_CANCELLED. The numbers stand on D-Bus and in
 * scripts: add some at the end, never change one. */
typedef enum
{
  SR_ERROR_WRONG_PASSWORD, /* opens no key of the repository: ask again */
  SR_ERROR_NOT_A_REPOSITORY, /* nothing, or something else, is stored there: another place or init */
  SR_ERROR_ALREADY_EXISTS, /* a file or repository of that name is there: take another place */
  SR_ERROR_NOT_FOUND, /* the named file, snapshot or path is not there: name another one */
  SR_ERROR_AMBIGUOUS, /* a shortened id fits several: type more of it */
  SR_ERROR_REPOSITORY_LOCKED, /* another client works on it: try again later */
  SR_ERROR_UNSUPPORTED, /* made by a newer or foreign program: update, or use that one */
  SR_ERROR_DAMAGED, /* data do not match their id or tag: never retry, report, check */
  SR_ERROR_NO_SPACE, /* the place is full: make room */
  SR_ERROR_PERMISSION, /* not allowed there: ask whoever owns it */
  SR_ERROR_STORAGE, /* the storage failed for the moment: try again */
  SR_ERROR_LIMIT, /* larger or deeper than this program accepts */
  SR_ERROR_INVALID, /* what was typed or given is not well formed: correct it */
  SR_ERROR_SOURCE, /* a file to back up could not be read, or changed: look at it */
  SR_ERROR_TARGET, /* a file could not be restored: look at it */
  SR_ERROR_INCOMPLETE, /* done, but for the files that the result names */
} SrError;

GQuark sr_error_quark (void);

void sr_set_error_from_errno (GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void sr_prefix_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
