/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Patterns on paths, as restic understands those of --exclude, --iexclude, --include and --iinclude,
 * because people bring their lists along, and a list must mean the same in both programs.
 *
 * A pattern is cleaned like a path ("a//b/./c/" is "a/b/c") and cut at its slashes. Each part is a
 * shell pattern for one name of the path; "**" stands for any number of names. A pattern that begins
 * with "/" starts at the root, another one at any name; either matches when its parts fit names in a
 * row, whatever follows them, so that a folder is matched with all that is below it. A pattern that
 * begins with "!" takes back what earlier ones have matched.
 *
 * Shell patterns are those of Go's filepath.Match: "?" and "[a-z]" are for a character of UTF-8, or a
 * byte where the name is not UTF-8; "[^a-z]" is what is not in the set; "\" takes the next character
 * as it is. Time grows with the length of the pattern times that of the path, at worst: a "*" goes
 * back to itself and never further, and "**" is one pass along the path. */

#include "config.h"

#include "sr-pattern-list.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"

typedef enum
{
  PART_ROOT, /* the "/" that an anchored pattern begins with */
  PART_LITERAL,
  PART_ANY, /* "*" */
  PART_GLOB,
  PART_DEEP, /* "**" */
} PartKind;

typedef struct
{
  PartKind kind;
  char *text; /* (owned) */
  gsize length;
} Part;

typedef struct
{
  GArray *parts; /* (owned): of Part, at least one */
  guint first_deep; /* place of the first "**", else the number of parts */
  gboolean negated;
} Pattern;

struct _SrPatternList
{
  gatomicrefcount references;
  GArray *patterns; /* (owned): of Pattern */
  gboolean ignore_case; /* then the patterns are in lower case */
};

/* A name of the path; the first one of an absolute path is "/". */
typedef struct
{
  const char *text; /* not terminated */
  gsize length;
} Name;

/* Paths of more names than this, which are rare, take memory from the heap. */
#define NAMES_ON_STACK 64

typedef struct
{
  Name *names;
  guint n_names;
  guint first; /* the first name that a pattern without a leading "/" may begin at */
  guint *reached; /* scratch of match_deep(), n_names + 1 of them */
  Name on_stack[NAMES_ON_STACK];
  guint reached_on_stack[NAMES_ON_STACK + 1];
} Path;

static inline const Part *
part_at (const Pattern *pattern, guint i)
{
  return &g_array_index (pattern->parts, Part, i);
}

/* Reads a character, or one byte of what is not UTF-8, which counts as U+FFFD. */
static inline const char *
read_character (const char *at, const char *end, gunichar *out_character)
{
  gunichar character = (guchar) *at;

  if (character < 0x80)
    {
      *out_character = character;
      return at + 1;
    }
  character = g_utf8_get_char_validated (at, end - at);
  if (character >= (gunichar) -2)
    {
      *out_character = 0xFFFD;
      return at + 1;
    }
  *out_character = character;
  return g_utf8_next_char (at);
}

/* Reads an end of a range within brackets. Returns NULL when none can stand there, or when nothing
 * comes after it, so that the bracket is never closed. */
static const char *
read_range_end (const char *at, const char *end, gunichar *out_character)
{
  const char *next;

  if (at == end || *at == '-' || *at == ']')
    return NULL;
  if (*at == '\\' && ++at == end)
    return NULL;
  next = read_character (at, end, out_character);
  if (*out_character == 0xFFFD && next == at + 1)
    return NULL;
  return next < end ? next : NULL;
}

/* Reads brackets, from behind the opening one, and says whether they admit @character. Returns what
 * is behind the closing one, or NULL when they are not well formed. */
static const char *
read_brackets (const char *at, const char *end, gunichar character, gboolean *out_admits)
{
  gboolean negated = at < end && *at == '^';
  gboolean within = FALSE;
  guint n_ranges;

  if (negated)
    at++;
  for (n_ranges = 0; at < end && (*at != ']' || n_ranges == 0); n_ranges++)
    {
      gunichar low, high;

      at = read_range_end (at, end, &low);
      if (at == NULL)
        return NULL;
      high = low;
      if (*at == '-')
        {
          at = read_range_end (at + 1, end, &high);
          if (at == NULL)
            return NULL;
        }
      within = within || (low <= character && character <= high);
    }
  if (at == end)
    return NULL;
  *out_admits = within != negated;
  return at + 1;
}

static gboolean
glob_is_well_formed (const char *at, const char *end)
{
  while (at < end)
    {
      gboolean admits;

      if (*at == '[')
        {
          at = read_brackets (at + 1, end, 0, &admits);
          if (at == NULL)
            return FALSE;
        }
      else if (*at == '\\' && at + 1 == end)
        return FALSE;
      else
        at += *at == '\\' ? 2 : 1;
    }
  return TRUE;
}

/* Matches one element of a glob, not "*", with the start of what is left of the name, and moves both
 * behind what they have used. */
static gboolean
match_element (const char **glob, const char *glob_end, const char **name, const char *name_end)
{
  const char *at = *glob;
  gunichar character;
  gboolean admits = TRUE;

  if (at == glob_end || *name == name_end)
    return FALSE;
  switch (*at)
    {
    case '?':
      *glob = at + 1;
      *name = read_character (*name, name_end, &character);
      return TRUE;
    case '[':
      *name = read_character (*name, name_end, &character);
      *glob = read_brackets (at + 1, glob_end, character, &admits);
      return admits;
    case '\\':
      at++;
      break;
    default:
      break;
    }
  *glob = at + 1;
  return *at == *(*name)++;
}

/* The last "*" passed is where a mismatch goes back to, to let it take one byte more. Earlier ones
 * need no second try: they have taken as little as they could. */
static gboolean
match_glob (const char *glob, const char *glob_end, const char *name, const char *name_end)
{
  const char *behind_star = NULL;
  const char *star_takes_to = NULL;

  for (;;)
    {
      if (glob < glob_end && *glob == '*')
        {
          behind_star = ++glob;
          star_takes_to = name;
          continue;
        }
      if (glob == glob_end && name == name_end)
        return TRUE;
      if (match_element (&glob, glob_end, &name, name_end))
        continue;
      if (behind_star == NULL || star_takes_to == name_end)
        return FALSE;
      glob = behind_star;
      name = ++star_takes_to;
    }
}

static inline gboolean
part_matches (const Part *part, const Name *name)
{
  switch (part->kind)
    {
    case PART_ROOT:
    case PART_LITERAL:
      return part->length == name->length && memcmp (part->text, name->text, name->length) == 0;
    case PART_GLOB:
      return match_glob (part->text, part->text + part->length, name->text,
                         name->text + name->length);
    case PART_ANY:
    case PART_DEEP:
    default:
      return TRUE;
    }
}

/* Do the first parts, none of them "**", fit the names from @offset on? The last part first: it
 * tells paths apart best. */
static gboolean
parts_match_at (const Pattern *pattern, guint n_parts, const Path *path, guint offset)
{
  for (guint i = n_parts; i-- > 0;)
    if (!part_matches (part_at (pattern, i), &path->names[offset + i]))
      return FALSE;
  return TRUE;
}

/* Names are matched from left to right, all ways at once: reached[i] says whether the parts so far
 * can end before name i, as 1 + the latest name that such a match began with; 0 is no. A "**" then
 * reaches all later names too.
 *
 * The name it began with counts because of a rule of restic that can be seen: behind each "**", as
 * many names must be left for the rest of the pattern as it has parts, those before the beginning
 * included, as if each later "**" took one at least. "/a/b" is not matched by "/a/" "**" "/b/" "**",
 * "/a/b/c" is. */
static gboolean
match_deep (const Pattern *pattern, Path *path)
{
  guint n_names = path->n_names, n_parts = pattern->parts->len;
  guint *reached = path->reached;

  for (guint i = 0; i <= n_names; i++)
    reached[i] = i >= path->first ? i + 1 : 0;
  if (part_at (pattern, 0)->kind == PART_ROOT)
    {
      memset (reached, 0, (n_names + 1) * sizeof *reached);
      reached[0] = 1;
    }

  for (guint p = 0; p < n_parts; p++)
    {
      const Part *part = part_at (pattern, p);
      guint best = 0;

      if (part->kind == PART_DEEP)
        for (guint i = 0; i <= n_names; i++)
          {
            best = MAX (best, reached[i]);
            reached[i] = best > 0 && n_names - i + best - 1 >= n_parts - p - 1 ? best : 0;
          }
      else
        {
          for (guint i = n_names; i-- > 0;)
            reached[i + 1] =
                reached[i] > 0 && part_matches (part, &path->names[i]) ? reached[i] : 0;
          reached[0] = 0;
        }
    }

  for (guint i = 0; i <= n_names; i++)
    if (reached[i] > 0)
      return TRUE;
  return FALSE;
}

static gboolean
pattern_matches (const Pattern *pattern, Path *path)
{
  guint n_parts = pattern->parts->len;

  if (pattern->first_deep < n_parts)
    return path->n_names + 1 >= n_parts && match_deep (pattern, path);
  if (n_parts > path->n_names)
    return FALSE;
  if (part_at (pattern, 0)->kind == PART_ROOT)
    return parts_match_at (pattern, n_parts, path, 0);
  for (guint offset = path->first; offset + n_parts <= path->n_names; offset++)
    if (parts_match_at (pattern, n_parts, path, offset))
      return TRUE;
  return FALSE;
}

/* Could something below the path match? Surely for a pattern that may begin anywhere; for an anchored
 * one when the path does not contradict its parts before the first "**". */
static gboolean
pattern_may_match_below (const Pattern *pattern, const Path *path)
{
  return part_at (pattern, 0)->kind != PART_ROOT ||
         parts_match_at (pattern, MIN (pattern->first_deep, path->n_names), path, 0);
}

static void
path_init (Path *path, const char *text)
{
  gboolean absolute = text[0] == '/';
  gboolean is_root = absolute && text[1] == '\0'; /* just one name */
  guint n = 0;

  path->n_names = is_root ? 0 : 1;
  for (const char *at = text; *at != '\0'; at++)
    path->n_names += *at == '/';
  path->first = absolute ? 1 : 0;
  path->names = path->on_stack;
  path->reached = path->reached_on_stack;
  if (path->n_names > NAMES_ON_STACK)
    {
      path->names = g_new (Name, path->n_names);
      path->reached = g_new (guint, path->n_names + 1);
    }

  if (absolute)
    path->names[n++] = (Name){ text++, 1 };
  for (; n < path->n_names; n++)
    {
      gsize length = strcspn (text, "/");

      path->names[n] = (Name){ text, length };
      text += length + 1;
    }
}

static void
path_clear (Path *path)
{
  if (path->names != path->on_stack)
    {
      g_free (path->names);
      g_free (path->reached);
    }
}

/* Lower case character by character, whatever the language, as restic does it; what is not UTF-8
 * becomes U+FFFD. */
static char *
fold_case (const char *text)
{
  const char *end = text + strlen (text);
  GString *folded = g_string_sized_new (end - text);

  while (text < end)
    {
      gunichar character;

      text = read_character (text, end, &character);
      g_string_append_unichar (folded, g_unichar_tolower (character));
    }
  return g_string_free (folded, FALSE);
}

static void
part_clear (gpointer data)
{
  g_free (((Part *) data)->text);
}

static void
pattern_clear (gpointer data)
{
  g_array_unref (((Pattern *) data)->parts);
}

static void
append_part (GArray *parts, PartKind kind, const char *text)
{
  Part part = { kind, g_strdup (text), strlen (text) };

  g_array_append_val (parts, part);
}

static PartKind
kind_of_part (const char *text)
{
  if (strcmp (text, "**") == 0)
    return PART_DEEP;
  if (strcmp (text, "*") == 0)
    return PART_ANY;
  return strpbrk (text, "\\[*?") != NULL ? PART_GLOB : PART_LITERAL;
}

/* Cuts a pattern at its slashes, after cleaning it as a path without looking at any file system: no
 * empty names, no ".", and ".." takes the name before it away. */
static GArray *
split_pattern (const char *text)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_auto (GStrv) names = g_strsplit (text, "/", -1);
  guint n_fixed = 0; /* parts that no ".." takes away */

  g_array_set_clear_func (parts, part_clear);
  if (text[0] == '/')
    {
      append_part (parts, PART_ROOT, "/");
      n_fixed = 1;
    }
  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *name = names[i];

      if (name[0] == '\0' || strcmp (name, ".") == 0)
        continue;
      if (strcmp (name, "..") != 0)
        append_part (parts, kind_of_part (name), name);
      else if (parts->len > n_fixed)
        g_array_set_size (parts, parts->len - 1);
      else if (text[0] != '/')
        {
          append_part (parts, PART_LITERAL, "..");
          n_fixed = parts->len;
        }
    }
  /* The root alone is everything below it; nothing at all is what no path has as a name. */
  if (parts->len == 1 && text[0] == '/')
    append_part (parts, PART_DEEP, "**");
  else if (parts->len == 0)
    append_part (parts, PART_LITERAL, ".");
  return parts;
}

static gboolean
check_globs (GArray *parts, const char *text, GError **error)
{
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);

      if (part->kind == PART_GLOB && !glob_is_well_formed (part->text, part->text + part->length))
        {
          g_autofree char *shown = g_utf8_make_valid (text, -1);

          g_set_error (
              error, SR_ERROR, SR_ERROR_INVALID,
              _ ("The pattern “%s” is not well formed: close its “[” before the next “/”, or "
                 "write “\\[” and “\\\\” for the characters themselves"),
              shown);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
add_pattern (SrPatternList *self, const char *text, GError **error)
{
  gboolean negated = text[0] == '!';
  g_autofree char *folded = self->ignore_case ? fold_case (text) : NULL;
  g_autoptr (GArray) parts = NULL;
  Pattern pattern = { .negated = negated };

  if (text[negated] == '\0')
    {
      g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
                   _ ("The pattern “%s” is empty: leave it out, or type a name"), text);
      return FALSE;
    }
  /* As it was typed, because bytes that are not UTF-8 are a mistake within brackets only there. */
  parts = split_pattern (text + negated);
  if (!check_globs (parts, text, error))
    return FALSE;

  pattern.parts = folded == NULL ? g_steal_pointer (&parts) : split_pattern (folded + negated);
  while (pattern.first_deep < pattern.parts->len &&
         part_at (&pattern, pattern.first_deep)->kind != PART_DEEP)
    pattern.first_deep++;
  g_array_append_val (self->patterns, pattern);
  return TRUE;
}

/**
 * sr_pattern_list_new:
 * @patterns: (nullable) (array zero-terminated=1): patterns in the order in which they count, bytes
 *   like those of a path
 * @ignore_case: whether capital and small letters are the same
 * @error: %SR_ERROR_INVALID naming the pattern when one is empty or not well formed
 *
 * Reads patterns with restic's meaning: shell wildcards for each name, "**" for any number of names,
 * a leading "/" for the root (else a pattern may begin anywhere), a leading "!" to take back what
 * earlier ones have matched. What matches a folder matches all that is below it.
 *
 * Returns: (transfer full) (nullable): a list that never changes, for any thread
 */
SrPatternList *
sr_pattern_list_new (const char *const *patterns, gboolean ignore_case, GError **error)
{
  g_autoptr (SrPatternList) self = g_new0 (SrPatternList, 1);

  g_atomic_ref_count_init (&self->references);
  self->ignore_case = ignore_case;
  self->patterns = g_array_new (FALSE, FALSE, sizeof (Pattern));
  g_array_set_clear_func (self->patterns, pattern_clear);
  for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++)
    if (!add_pattern (self, patterns[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

/**
 * sr_pattern_list_ref:
 * @self: a list
 *
 * Returns: (transfer full): @self
 */
SrPatternList *
sr_pattern_list_ref (SrPatternList *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/**
 * sr_pattern_list_unref:
 * @self: (transfer full): a list
 */
void
sr_pattern_list_unref (SrPatternList *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_array_unref (self->patterns);
  g_free (self);
}

/**
 * sr_pattern_list_is_empty:
 * @self: a list
 *
 * Returns: whether it has no patterns, so that it matches nothing
 */
gboolean
sr_pattern_list_is_empty (SrPatternList *self)
{
  return self->patterns->len == 0;
}

/**
 * sr_pattern_list_matches:
 * @self: a list
 * @path: an absolute path, cleaned
 * @out_child_may_match: (out) (optional): whether something below @path could match, so that an
 *   include filter knows which folders to look into; it may be %TRUE in vain, never %FALSE wrongly
 *   but for folders that a "!" has matched, as in restic. (restic is never asked about "/"; here it
 *   is the folder that all others are below.)
 *
 * Returns: whether the patterns match @path, itself or by a folder that it is in
 */
gboolean
sr_pattern_list_matches (SrPatternList *self, const char *path, gboolean *out_child_may_match)
{
  g_autofree char *folded = self->ignore_case ? fold_case (path) : NULL;
  gboolean matched = FALSE, child_may_match = FALSE;
  Path names;

  if (self->patterns->len > 0 && path[0] != '\0')
    {
      path_init (&names, folded != NULL ? folded : path);
      for (guint i = 0; i < self->patterns->len; i++)
        {
          const Pattern *pattern = &g_array_index (self->patterns, Pattern, i);

          if (pattern->negated)
            {
              gboolean taken_back =
                  (matched || child_may_match) && pattern_matches (pattern, &names);

              matched = matched && !taken_back;
              child_may_match = child_may_match && !taken_back;
            }
          else
            {
              matched = matched || pattern_matches (pattern, &names);
              child_may_match = child_may_match || (out_child_may_match != NULL &&
                                                    pattern_may_match_below (pattern, &names));
            }
        }
      path_clear (&names);
    }
  if (out_child_may_match != NULL)
    *out_child_may_match = child_may_match;
  return matched;
}
