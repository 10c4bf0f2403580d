/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a failed system call means while files are restored. */

#include "config.h"

#include "sr-restore-error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdarg.h>

#include "base/sr-error.h"

/**
 * sr_restore_set_error:
 * @error: (out) (optional): where the error goes
 * @code: a value of errno
 * @format: what was tried; the system's words are appended
 *
 * Sets %SR_ERROR_NO_SPACE, %SR_ERROR_PERMISSION for a read-only file system, else %SR_ERROR_TARGET: on the target,
 * other than in a repository, a missing permission concerns one file and not all.
 */
void
sr_restore_set_error (GError **error, int code, const char *format, ...)
{
  g_autofree char *what = NULL;
  SrError number = SR_ERROR_TARGET;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (code == ENOSPC || code == EDQUOT)
    number = SR_ERROR_NO_SPACE;
  else if (code == EROFS)
    number = SR_ERROR_PERMISSION;
  g_set_error (error, SR_ERROR, number, C_ ("error", "%s: %s"), what, g_strerror (code));
}
