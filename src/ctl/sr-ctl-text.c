/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How names, sizes and times are shown.
 *
 * A file name is a guest: it may hold anything but '/' and NUL, also sequences that make a terminal
 * change its title, its colors or what it seems to say. So every control character, every character
 * that turns the direction of text around, and every byte that is not UTF-8 is shown as an escape. */

#include "config.h"

#include "sr-ctl-text.h"

#include <locale.h>
#include <string.h>

/* The joiners are parts of words in some scripts, and of pictures; other format characters act on
 * the text around them. */
static gboolean
is_harmless (gunichar character)
{
  switch ((int) g_unichar_type (character))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return FALSE;
    case G_UNICODE_FORMAT:
      return character == 0x200c || character == 0x200d;
    default:
      return TRUE;
    }
}

static void
append_escape (GString *out, gunichar character)
{
  if (character == '\n')
    g_string_append (out, "\\n");
  else if (character == '\t')
    g_string_append (out, "\\t");
  else if (character == '\r')
    g_string_append (out, "\\r");
  else if (character < 0x80)
    g_string_append_printf (out, "\\x%02x", character);
  else
    g_string_append_printf (out, character < 0x10000 ? "\\u%04x" : "\\U%08x", character);
}

/**
 * sr_ctl_text_escape:
 * @bytes: a name, or a message with names in it, of any bytes
 *
 * Returns: (transfer full): the same as UTF-8 on one line, that does nothing to a terminal
 */
char *
sr_ctl_text_escape (const char *bytes)
{
  GString *out = g_string_new (NULL);

  while (*bytes != '\0')
    {
      gunichar character = g_utf8_get_char_validated (bytes, -1);

      if (character == (gunichar) -1 || character == (gunichar) -2)
        {
          g_string_append_printf (out, "\\x%02x", (guint8) *bytes);
          bytes++;
          continue;
        }
      if (is_harmless (character))
        g_string_append_unichar (out, character);
      else
        append_escape (out, character);
      bytes = g_utf8_next_char (bytes);
    }
  return g_string_free (out, FALSE);
}

/* Whether a path that stands between the two is the whole path, and not a part of another one. */
static gboolean
is_whole (const char *sentence, const char *start, const char *end)
{
  if (start - sentence >= (ptrdiff_t) strlen ("“") &&
      strncmp (start - strlen ("“"), "“", strlen ("“")) == 0)
    return g_str_has_prefix (end, "”");
  return (start == sentence || start[-1] == ' ') && (*end == '\0' || strchr (" :;,", *end) != NULL);
}

/**
 * sr_ctl_text_names:
 * @sentence: a message
 * @path: what it is about, as it is and not escaped
 *
 * Returns: whether @sentence tells the whole path itself, in “quotes” or as a word
 */
gboolean
sr_ctl_text_names (const char *sentence, const char *path)
{
  gsize length = strlen (path);

  for (const char *at = sentence; length > 0 && (at = strstr (at, path)) != NULL; at++)
    if (is_whole (sentence, at, at + length))
      return TRUE;
  return FALSE;
}

/**
 * sr_ctl_text_size:
 * @n_bytes: a number of bytes
 *
 * Returns: (transfer full): as "1.3 GB", in units of 1,000 as file managers count
 */
char *
sr_ctl_text_size (guint64 n_bytes)
{
  g_autofree char *text = g_format_size (n_bytes);
  g_auto (GStrv) words = g_strsplit (text, "\xc2\xa0", -1); /* no-break space: odd in logs */

  return g_strjoinv (" ", words);
}

/**
 * sr_ctl_text_count:
 * @count: any number
 *
 * Returns: (transfer full): with its digits in groups of three
 */
char *
sr_ctl_text_count (guint64 count)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
  const char *separator = localeconv ()->thousands_sep;
  gsize length = strlen (digits);
  GString *out = g_string_new (NULL);

  if (*separator == '\0' || !g_utf8_validate (separator, -1, NULL))
    separator = ",";
  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append (out, separator);
      g_string_append_c (out, digits[i]);
    }
  return g_string_free (out, FALSE);
}

/**
 * sr_ctl_text_seconds:
 * @seconds: a duration
 *
 * Returns: (transfer full): as "9.2 s", "3:05" or "2:10:00"
 */
char *
sr_ctl_text_seconds (double seconds)
{
  guint64 whole = (guint64) (CLAMP (seconds, 0, 1e9) + 0.5);

  if (seconds < 59.95)
    return g_strdup_printf ("%.1f s", MAX (seconds, 0));
  if (whole < 3600)
    return g_strdup_printf ("%u:%02u", (guint) (whole / 60), (guint) (whole % 60));
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u", whole / 3600,
                          (guint) (whole / 60 % 60), (guint) (whole % 60));
}

/**
 * sr_ctl_text_time:
 * @time: an instant
 *
 * Returns: (transfer full): date and time of day in the local time zone
 */
char *
sr_ctl_text_time (const SrTime *time)
{
  g_autoptr (GDateTime) local = g_date_time_new_from_unix_local (time->seconds);
  char *text = local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : NULL;

  return text != NULL ? text : g_strdup ("-");
}

/**
 * sr_ctl_text_parse_size:
 * @text: a number of bytes, perhaps with K, M, G or T behind it for powers of 1,024
 * @out_n_bytes: (out): the number
 *
 * Returns: whether @text is a size that 63 bits can hold
 */
gboolean
sr_ctl_text_parse_size (const char *text, guint64 *out_n_bytes)
{
  static const char units[] = "KMGT";
  gsize n_digits = strspn (text, "0123456789");
  g_autofree char *digits = g_strndup (text, n_digits);
  const char *rest = text + n_digits;
  guint shift = 0;
  guint64 number;

  if (*rest != '\0')
    {
      const char *unit = strchr (units, g_ascii_toupper (*rest));

      if (unit == NULL || rest[1] != '\0')
        return FALSE;
      shift = 10 * (guint) (unit - units + 1);
    }
  if (!g_ascii_string_to_unsigned (digits, 10, 0, (guint64) G_MAXINT64 >> shift, &number, NULL))
    return FALSE;
  *out_n_bytes = number << shift;
  return TRUE;
}

/**
 * sr_ctl_text_columns:
 * @text: escaped text
 * @length: its bytes; -1: up to the NUL
 *
 * Returns: how many columns of a terminal it takes
 */
guint
sr_ctl_text_columns (const char *text, gssize length)
{
  const char *end = text + (length < 0 ? strlen (text) : (gsize) length);
  guint n_columns = 0;

  for (const char *at = text; at < end; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (!g_unichar_iszerowidth (character))
        n_columns += g_unichar_iswide (character) ? 2 : 1;
    }
  return n_columns;
}

/**
 * sr_ctl_text_keep_end:
 * @text: escaped text
 * @n_columns: how much there is room for
 *
 * Returns: (transfer full): the end of @text, which of a path says most, behind an ellipsis where
 *   not all of it fits
 */
char *
sr_ctl_text_keep_end (const char *text, guint n_columns)
{
  const char *start = text;
  guint left = sr_ctl_text_columns (text, -1);

  if (left <= n_columns)
    return g_strdup (text);
  if (n_columns == 0)
    return g_strdup ("");
  while (left > n_columns - 1)
    {
      left -= sr_ctl_text_columns (start, g_utf8_next_char (start) - start);
      start = g_utf8_next_char (start);
    }
  return g_strconcat ("…", start, NULL);
}
