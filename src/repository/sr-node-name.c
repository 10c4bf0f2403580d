/* SPDX-License-Identifier: GPL-3.0-or-later */

/* File names as trees keep them: the text of a Go string literal without its quotes.
 *
 * A name may hold any bytes, a JSON string only text. restic passes names through Go's
 * strconv.Quote() before they become JSON (FORMAT.md section 9.4). To give trees with
 * restic's ids, what is escaped must be the same, down to which characters count as printable:
 * those of the general categories L, M, N, P and S. The tables are those of the GLib at hand
 * (Unicode 14 or newer), as restic's are those of its compiler: names with characters assigned in
 * between are escaped by one program and not by the other. Both read both; such a folder's tree
 * just is not shared between them. */

#include "config.h"

#include "sr-node.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

static gboolean
is_printable (gunichar character)
{
  switch (g_unichar_type (character))
    {
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
    case G_UNICODE_CONNECT_PUNCTUATION:
    case G_UNICODE_DASH_PUNCTUATION:
    case G_UNICODE_CLOSE_PUNCTUATION:
    case G_UNICODE_FINAL_PUNCTUATION:
    case G_UNICODE_INITIAL_PUNCTUATION:
    case G_UNICODE_OTHER_PUNCTUATION:
    case G_UNICODE_OPEN_PUNCTUATION:
    case G_UNICODE_CURRENCY_SYMBOL:
    case G_UNICODE_MODIFIER_SYMBOL:
    case G_UNICODE_MATH_SYMBOL:
    case G_UNICODE_OTHER_SYMBOL:
      return TRUE;
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
    default:
      return FALSE; /* a plain space is ASCII and does not come here */
    }
}

static gboolean
is_plain (guchar byte)
{
  return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

/* The letters of \a and its like stand at the place of their control character, from U+0007 on. */
static const char control_letters[] = "abtnvfr";

static void
quote_ascii (GString *text, guchar byte)
{
  if (is_plain (byte))
    g_string_append_c (text, (char) byte);
  else if (byte == '"' || byte == '\\')
    g_string_append_printf (text, "\\%c", byte);
  else if (byte >= '\a' && byte <= '\r')
    g_string_append_printf (text, "\\%c", control_letters[byte - '\a']);
  else
    g_string_append_printf (text, "\\x%02x", byte);
}

/* Quotes what @name starts with, a character or a byte that is no part of one; returns its size. */
static gsize
quote_next (GString *text, const char *name)
{
  gunichar character;
  gsize size;

  if ((guchar) *name < 0x80)
    {
      quote_ascii (text, (guchar) *name);
      return 1;
    }

  character = g_utf8_get_char_validated (name, -1);
  if (character == (gunichar) -1 || character == (gunichar) -2)
    {
      g_string_append_printf (text, "\\x%02x", (guchar) *name);
      return 1;
    }
  size = g_utf8_skip[(guchar) *name];
  if (is_printable (character))
    g_string_append_len (text, name, (gssize) size);
  else if (character < 0x10000)
    g_string_append_printf (text, "\\u%04x", character);
  else
    g_string_append_printf (text, "\\U%08x", character);
  return size;
}

/**
 * sr_node_quote_name:
 * @name: a file name: any bytes
 *
 * Returns: (transfer full): @name as the text that a tree has for it, valid UTF-8, still to be
 *   escaped for JSON
 */
char *
sr_node_quote_name (const char *name)
{
  gsize n_plain = 0;
  GString *text;

  while (is_plain ((guchar) name[n_plain]))
    n_plain++;
  if (name[n_plain] == '\0')
    return g_strndup (name, n_plain);

  text = g_string_sized_new (n_plain + 64);
  g_string_append_len (text, name, (gssize) n_plain);
  for (const char *position = name + n_plain; *position != '\0';)
    position += quote_next (text, position);
  return g_string_free (text, FALSE);
}

/* Reads @n_digits digits of @base at *@position, at most the value @limit. */
static gboolean
read_digits (const char **position,
             const char *end,
             guint n_digits,
             guint base,
             guint32 limit,
             guint32 *out_value)
{
  guint64 value = 0;

  if ((gsize) (end - *position) < n_digits)
    return FALSE;
  for (guint i = 0; i < n_digits; i++)
    {
      int digit = g_ascii_xdigit_value (*(*position)++);

      if (digit < 0 || (guint) digit >= base)
        return FALSE;
      value = value * base + (guint) digit;
    }
  *out_value = (guint32) value;
  return value <= limit;
}

/* Reads an escape whose backslash stands before *@position and writes what it means to *@out. */
static gboolean
unquote_escape (const char **position, const char *end, char **out)
{
  const char *letter;
  guint32 value = 0;
  char kind;

  if (*position == end)
    return FALSE;
  kind = *(*position)++;
  switch (kind)
    {
    case '"':
    case '\\':
      *(*out)++ = kind;
      return TRUE;
    case 'x':
      if (!read_digits (position, end, 2, 16, G_MAXUINT8, &value))
        return FALSE;
      *(*out)++ = (char) value;
      return TRUE;
    case 'u':
    case 'U':
      if (!read_digits (position, end, kind == 'u' ? 4 : 8, 16, 0x10ffff, &value) ||
          !g_unichar_validate (value))
        return FALSE;
      *out += g_unichar_to_utf8 (value, *out); /* no longer than the escape was */
      return TRUE;
    default:
      break;
    }

  letter = strchr (control_letters, kind);
  if (kind != '\0' && letter != NULL)
    {
      *(*out)++ = (char) ('\a' + (letter - control_letters));
      return TRUE;
    }
  (*position)--;
  if (!read_digits (position, end, 3, 8, G_MAXUINT8, &value))
    return FALSE;
  *(*out)++ = (char) value;
  return TRUE;
}

static gboolean
unquote_next (const char **position, const char *end, char **out)
{
  char byte = *(*position)++;

  if (byte == '\\')
    return unquote_escape (position, end, out);
  *(*out)++ = byte;
  return byte != '"' && byte != '\n';
}

/**
 * sr_node_unquote_name:
 * @text: a name as a tree has it, after the escapes of JSON are gone
 * @length: bytes in @text
 * @error: (out) (optional): where the error goes
 *
 * The inverse of sr_node_quote_name(), for all that Go's strconv.Unquote() accepts. Fails with
 * %SR_ERROR_DAMAGED for what that refuses (restic then calls the whole folder unreadable), and for
 * a NUL, which no name can have. The result may still lead elsewhere: see
 * sr_node_name_is_safe().
 *
 * Returns: (transfer full): the bytes of the name
 */
char *
sr_node_unquote_name (const char *text, gsize length, GError **error)
{
  g_autofree char *name = g_malloc (length + 1); /* no escape is shorter than what it means */
  const char *position = text, *end = text + length;
  gboolean is_good = TRUE;
  char *out = name;

  while (is_good && position < end)
    is_good = unquote_next (&position, end, &out);
  if (!is_good || memchr (name, '\0', (gsize) (out - name)) != NULL)
    {
      g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
                   _ ("A folder's listing has a file name that is not well formed"));
      return NULL;
    }
  *out = '\0';
  return g_steal_pointer (&name);
}
