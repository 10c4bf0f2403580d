/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Patterns on lines, then a path on the last one. Besides crashes, it looks for folders that an include
 * filter would wrongly not look into, and for files that are not matched with their folder. */

#include "config.h"

#include <stdint.h>

#include "model/sr-pattern-list.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean
takes_back (char **patterns)
{
  for (guint i = 0; patterns[i] != NULL; i++)
    if (patterns[i][0] == '!')
      return TRUE;
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) patterns = g_strsplit (text, "\n", 16);
  guint n = g_strv_length (patterns);
  g_autofree char *last = n > 0 ? g_steal_pointer (&patterns[n - 1]) : g_strdup ("");
  g_autofree char *path = g_strconcat ("/", last, NULL);
  g_autofree char *child = g_build_filename (path, "x", NULL);

  for (guint ignore_case = 0; ignore_case < 2; ignore_case++)
    {
      g_autoptr (SrPatternList) list =
          sr_pattern_list_new ((const char *const *) patterns, ignore_case, NULL);
      gboolean matched, child_matched, child_may_match;

      if (list == NULL)
        continue;
      matched = sr_pattern_list_matches (list, path, &child_may_match);
      child_matched = sr_pattern_list_matches (list, child, NULL);
      if (takes_back (patterns))
        continue;
      g_assert_true (child_may_match || !child_matched);
      g_assert_true (child_matched || !matched);
    }
  return 0;
}
