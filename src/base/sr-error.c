/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The error domain of Strongroom, and how the system's error numbers map onto it. */

#include "config.h"

#include "sr-error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdarg.h>

/* G_DEFINE_QUARK() would take the name with the blanks that clang-format puts around its hyphens. */
GQuark
sr_error_quark (void)
{
  static gsize quark; /* (atomic) */

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("sr-error-quark"));
  return (GQuark) quark;
}

static SrError
error_from_errno (int code)
{
  switch (code)
    {
    case ENOENT:
    case ENOTDIR:
      return SR_ERROR_NOT_FOUND;
    case EEXIST:
      return SR_ERROR_ALREADY_EXISTS;
    case ENOSPC:
    case EDQUOT:
      return SR_ERROR_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
      return SR_ERROR_PERMISSION;
    default:
      return SR_ERROR_STORAGE;
    }
}

/**
 * sr_set_error_from_errno:
 * @error: (out) (optional): where the error goes
 * @code: a value of errno
 * @format: what was tried with what, as _("Could not write %s"), which leaves errno as it is; the
 *   system's words are appended
 *
 * Sets the code of #SrError that says what a caller can do about @code.
 */
void
sr_set_error_from_errno (GError **error, int code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  /* Translators: what could not be done, then the reason */
  g_set_error (error, SR_ERROR, error_from_errno (code), C_ ("error", "%s: %s"), what,
               g_strerror (code));
}

/**
 * sr_prefix_error:
 * @error: (inout) (optional): what happened; left alone where there is none
 * @format: what it happened to, as a sentence: “The file x is damaged”
 *
 * Other than g_prefix_error() it puts a colon between the two by itself, in the reader's language.
 */
void
sr_prefix_error (GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  g_autofree char *message = NULL;
  va_list arguments;

  if (error == NULL || *error == NULL)
    return;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  message = g_steal_pointer (&(*error)->message);
  (*error)->message = g_strdup_printf (C_ ("error", "%s: %s"), what, message);
}
