/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Passwords from files, pipes and standard input, read as restic reads them, so that one password
 * file opens the repository with both programs: Go's strings.TrimSpace() of the text, which may
 * begin with a byte order mark and may then be UTF-16.
 *
 * The bytes go by secrets only, never by a buffer of stdio or the stack. */

#include "config.h"

#include "sr-secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"

#define PASSWORD_LIMIT 4096 /* bytes, as they stand in the file */

/* White space of Unicode, in UTF-8. As no character ends like another begins, these can be looked
 * for at either end. */
static const char *const spaces[] = {
  " ",
  "\t",
  "\n",
  "\v",
  "\f",
  "\r",
  "\xc2\x85", /* next line */
  "\xc2\xa0", /* no-break space */
  "\xe1\x9a\x80", /* ogham space mark */
  "\xe2\x80\x80", /* from here: spaces of several widths */
  "\xe2\x80\x81",
  "\xe2\x80\x82",
  "\xe2\x80\x83",
  "\xe2\x80\x84",
  "\xe2\x80\x85",
  "\xe2\x80\x86",
  "\xe2\x80\x87",
  "\xe2\x80\x88",
  "\xe2\x80\x89",
  "\xe2\x80\x8a",
  "\xe2\x80\xa8", /* line separator */
  "\xe2\x80\xa9", /* paragraph separator */
  "\xe2\x80\xaf", /* narrow no-break space */
  "\xe2\x81\x9f", /* medium mathematical space */
  "\xe3\x80\x80", /* ideographic space */
};

/* Waits in poll() and not in read(), which a cancellable could not end. */
static gboolean
wait_readable (int fd, const char *what, GCancellable *cancellable, GError **error)
{
  GPollFD polled[2] = { { fd, G_IO_IN, 0 } };
  gboolean watched = g_cancellable_make_pollfd (cancellable, &polled[1]);
  int n;

  do
    n = g_poll (polled, watched ? 2 : 1, -1);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    sr_set_error_from_errno (error, errno, _ ("Could not wait for %s"), what);
  if (watched)
    g_cancellable_release_fd (cancellable);
  return n >= 0 && !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* Byte by byte: of standard input, what follows the line belongs to others. */
static gboolean
read_bytes (int fd,
            gboolean one_line,
            const char *what,
            guint8 *bytes,
            gsize *out_length,
            GCancellable *cancellable,
            GError **error)
{
  gsize length;

  for (length = 0; length <= PASSWORD_LIMIT; length++)
    {
      gssize n;

      if (!wait_readable (fd, what, cancellable, error))
        return FALSE;
      n = sr_fd_read (fd, bytes + length, 1, what, cancellable, error);
      if (n < 0)
        return FALSE;
      if (n == 0 || (one_line && bytes[length] == '\n'))
        {
          *out_length = length;
          return TRUE;
        }
    }

  g_set_error (error, SR_ERROR, SR_ERROR_LIMIT, _ ("The password in %s is longer than %d bytes"),
               what, PASSWORD_LIMIT);
  return FALSE;
}

static gboolean
open_source (const char *where, int *out_fd, gboolean *out_close, char **out_what, GError **error)
{
  guint64 number;

  *out_close = FALSE;
  if (g_str_equal (where, "-"))
    {
      *out_fd = STDIN_FILENO;
      *out_what = g_strdup (_ ("standard input"));
      return TRUE;
    }

  if (g_str_has_prefix (where, "fd:"))
    {
      *out_what = g_strdup_printf (_ ("file descriptor %s"), where + 3);
      if (!g_ascii_string_to_unsigned (where + 3, 10, 0, G_MAXINT, &number, NULL))
        {
          g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
                       _ ("“%s” names no file descriptor; write fd: and its number"), where);
          return FALSE;
        }
      *out_fd = (int) number;
      return TRUE;
    }

  *out_what = g_filename_display_name (where);
  *out_fd = open (where, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (*out_fd < 0)
    sr_set_error_from_errno (error, errno, _ ("Could not open the password file %s"), *out_what);
  *out_close = *out_fd >= 0;
  return *out_close;
}

/* The code unit at *position of UTF-16, and moves on; the end is not a surrogate, so 0 will do. */
static gunichar
next_unit (const guint8 *bytes, gsize length, gboolean big_endian, gsize *position)
{
  const guint8 *unit = bytes + *position;

  if (*position >= length)
    return 0;
  *position += 2;
  return big_endian ? (gunichar) unit[0] << 8 | unit[1] : (gunichar) unit[1] << 8 | unit[0];
}

/* FALSE: no proper UTF-16. @text has room for 3 bytes a code unit. */
static gboolean
utf8_from_utf16 (const guint8 *bytes,
                 gsize length,
                 gboolean big_endian,
                 char *text,
                 gsize *out_length)
{
  gsize position = 0, written = 0;

  if (length % 2 != 0)
    return FALSE;

  while (position < length)
    {
      gunichar character = next_unit (bytes, length, big_endian, &position);

      if (character >= 0xd800 && character < 0xdc00)
        {
          gunichar low = next_unit (bytes, length, big_endian, &position);

          if (low < 0xdc00 || low > 0xdfff)
            return FALSE;
          character = 0x10000 + ((character & 0x3ff) << 10 | (low & 0x3ff));
        }
      else if (character >= 0xdc00 && character < 0xe000)
        return FALSE;
      written += (gsize) g_unichar_to_utf8 (character, text + written);
    }

  *out_length = written;
  return TRUE;
}

static gsize
count_space (const char *text, gsize length, gboolean at_end)
{
  for (guint i = 0; i < G_N_ELEMENTS (spaces); i++)
    {
      gsize size = strlen (spaces[i]);

      if (size <= length && memcmp (at_end ? text + length - size : text, spaces[i], size) == 0)
        return size;
    }
  return 0;
}

static SrSecret *
trim (const char *text, gsize length)
{
  gsize size;

  while ((size = count_space (text, length, FALSE)) > 0)
    {
      text += size;
      length -= size;
    }
  while ((size = count_space (text, length, TRUE)) > 0)
    length -= size;
  return sr_secret_new (text, length);
}

/* NULL: a text that says it is UTF-16 is none. */
static SrSecret *
decode (const guint8 *bytes, gsize length)
{
  gboolean big_endian;
  guint8 *text;
  g_autoptr (SrSecret) converted = NULL;

  if (length >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0)
    return trim ((const char *) bytes + 3, length - 3);

  big_endian = length >= 2 && memcmp (bytes, "\xfe\xff", 2) == 0;
  if (!big_endian && (length < 2 || memcmp (bytes, "\xff\xfe", 2) != 0))
    return trim ((const char *) bytes, length);

  converted = sr_secret_new_uninitialized (length / 2 * 3, &text);
  if (!utf8_from_utf16 (bytes + 2, length - 2, big_endian, (char *) text, &length))
    return NULL;
  return trim ((const char *) text, length);
}

/**
 * sr_secret_read_password:
 * @where: the path of a file, "fd:N" for a file descriptor that the program was started with, or
 *   "-" for standard input
 * @cancellable: (nullable): ends also the waiting for a pipe
 * @error: return location
 *
 * Takes the whole file, but of standard input one line, as restic does. White space around it is
 * cut off, a byte order mark as well, and UTF-16 with such a mark is converted. Blocks. Fails with
 * %SR_ERROR_INVALID when nothing is left, %SR_ERROR_LIMIT above 4 KiB, and as opening and reading
 * files do. The descriptor of "fd:N" and "-" stays open.
 *
 * Returns: (transfer full) (nullable): the password
 */
SrSecret *
sr_secret_read_password (const char *where, GCancellable *cancellable, GError **error)
{
  guint8 *bytes;
  g_autoptr (SrSecret) raw G_GNUC_UNUSED = sr_secret_new_uninitialized (PASSWORD_LIMIT + 1, &bytes);
  g_autoptr (SrSecret) password = NULL;
  g_autofree char *what = NULL;
  gboolean to_close, done;
  gsize length = 0;
  int fd;

  if (!open_source (where, &fd, &to_close, &what, error))
    return NULL;
  done = read_bytes (fd, g_str_equal (where, "-"), what, bytes, &length, cancellable, error);
  if (to_close)
    close (fd);
  if (!done)
    return NULL;

  password = decode (bytes, length);
  if (password == NULL)
    g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
                 _ ("The password in %s is not proper UTF-16; save it as UTF-8"), what);
  else if (sr_secret_get_length (password) == 0)
    g_set_error (error, SR_ERROR, SR_ERROR_INVALID, _ ("There is no password in %s"), what);
  else
    return g_steal_pointer (&password);
  return NULL;
}
