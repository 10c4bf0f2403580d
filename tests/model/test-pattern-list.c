/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Patterns mean what they mean to restic. The table was made with a second implementation, written
 * from the rules alone in another language, and samples of it with restic 0.14 itself. */

#include "config.h"

#include "model/sr-pattern-list.h"

#include <string.h>

#include "base/sr-error.h"

#define IGNORE_CASE TRUE

/* A path is marked “+” when it matches, “~” when only something below it could, else “-”. */
static const struct
{
  const char *name;
  const char *patterns[4];
  gboolean ignore_case;
  const char *paths[12];
} cases[] = {
  { "name",
    { "a" },
    FALSE,
    { "+/a", "~/b", "~/ab", "+/x/a", "+/x/a/b", "~/b/c", "~/A", "~/a.b", "~/x/ba" } },
  { "name-with-dot",
    { "foo.c" },
    FALSE,
    { "+/foo.c", "~/foo_c", "+/x/foo.c", "+/foo.c/x", "~/foo.cc", "~/xfoo.c" } },
  { "several-names",
    { "a/b" },
    FALSE,
    { "+/a/b", "~/b/a", "~/a", "+/a/b/c", "+/x/a/b", "+/x/y/a/b/c", "~/a/x/b", "~/ab", "~/xa/b",
      "~/a/bx" } },
  { "anchored-name",
    { "/a" },
    FALSE,
    { "+/a", "+/a/b", "+/a/b/c", "-/b", "-/b/a", "-/ab", "-/x/a" } },
  { "anchored-names",
    { "/a/b" },
    FALSE,
    { "~/a", "+/a/b", "+/a/b/c", "-/a/c", "-/b", "-/x/a/b", "-/a/bb", "-/a/c/d" } },
  { "long-anchored",
    { "/home/user/.cache" },
    FALSE,
    { "~/home", "~/home/user", "+/home/user/.cache", "+/home/user/.cache/x", "-/home/user/.config",
      "-/home/other", "-/etc", "-/home/user/x/.cache", "-/home/user.cache" } },
  { "root", { "/" }, FALSE, { "+/a", "+/a/b/c" } },
  { "root-twice", { "//" }, FALSE, { "+/a" } },
  { "trailing-slash", { "a/" }, FALSE, { "+/a", "+/a/b", "~/b", "+/x/a" } },
  { "trailing-slashes-anchored", { "/a/b///" }, FALSE, { "~/a", "+/a/b", "+/a/b/c", "-/b" } },
  { "double-slash", { "a//b" }, FALSE, { "+/a/b", "~/a", "~/a/x/b" } },
  { "dot", { "./a/./b" }, FALSE, { "+/a/b", "+/x/a/b", "~/a" } },
  { "dot-dot", { "a/x/../b" }, FALSE, { "+/a/b", "~/a/x/b", "~/a/x" } },
  { "dot-dot-from-the-root", { "/../a" }, FALSE, { "+/a", "-/b", "-/x/a" } },
  { "dot-dot-leading", { "../a" }, FALSE, { "~/a", "~/b", "+/../a" } },
  { "dot-dot-takes-all", { "a/.." }, FALSE, { "~/a", "~/b" } },
  { "only-dot", { "." }, FALSE, { "~/a", "+/." } },
  { "star", { "*" }, FALSE, { "+/a", "+/a/b", "+/.a" } },
  { "star-anchored", { "/*" }, FALSE, { "+/a", "+/a/b" } },
  { "star-suffix",
    { "*.o" },
    FALSE,
    { "+/a.o", "+/x/a.o", "+/a.o/x", "+/.o", "~/o", "~/a.oo", "~/a.o.c", "~/a.c" } },
  { "star-prefix",
    { "core.*" },
    FALSE,
    { "+/core.", "+/core.1", "~/core", "+/x/core.1/y", "~/acore.1" } },
  { "star-within",
    { "a*b" },
    FALSE,
    { "+/ab", "+/axb", "+/a*b", "~/a/b", "~/axbx", "~/xab", "+/aab", "+/abb" } },
  { "stars-within",
    { "a*b*c" },
    FALSE,
    { "+/abc", "+/axbxc", "+/abcc", "~/acb", "~/abxcx", "+/aabbcc", "~/abcb" } },
  { "star-is-one-name",
    { "/a/*/b" },
    FALSE,
    { "~/a", "~/a/x", "+/a/x/b", "~/a/b", "-/a/x/y/b", "+/a/x/b/c", "-/b" } },
  { "star-last", { "/a/*" }, FALSE, { "~/a", "+/a/x", "+/a/x/y", "-/b" } },
  { "stars-in-a-row",
    { "/*/*/c" },
    FALSE,
    { "~/a", "~/a/b", "+/a/b/c", "-/a/b/d", "+/a/b/c/d", "~/c" } },
  { "three-stars", { "a***b" }, FALSE, { "+/ab", "+/axyb", "~/a/b" } },
  { "only-three-stars", { "/***/b" }, FALSE, { "~/a", "+/a/b", "~/b", "-/a/x/b" } },
  { "star-takes-dots", { "*rc" }, FALSE, { "+/.bashrc", "+/rc", "+/x/.vimrc", "~/rcs" } },
  { "star-empty", { "a*" }, FALSE, { "+/a", "+/ab", "~/ba" } },
  { "star-and-character", { "*?" }, FALSE, { "+/a", "+/ab", "+/é" } },
  { "question-mark", { "?" }, FALSE, { "+/a", "~/ab", "+/é", "+/€", "+/x/y", "+/aa/b" } },
  { "question-marks", { "a?\?" }, FALSE, { "+/abc", "~/ab", "~/abcd", "+/a€é" } },
  { "question-mark-first", { "?a" }, FALSE, { "+/ba", "~/a", "+/aa", "+/éa", "~/bba" } },
  { "set", { "[ab]x" }, FALSE, { "+/ax", "+/bx", "~/cx", "~/abx", "+/x/bx" } },
  { "range", { "f[0-9]" }, FALSE, { "+/f0", "+/f9", "~/fa", "~/f", "~/f10", "~/f-" } },
  { "ranges", { "[a-cx-z]" }, FALSE, { "+/a", "+/c", "~/d", "~/w", "+/x", "+/z", "~/-" } },
  { "negated-set", { "[^ab]" }, FALSE, { "~/a", "~/b", "+/c", "+/^", "+/é" } },
  { "negated-range", { "x[^0-9]" }, FALSE, { "~/x1", "+/xa", "~/x", "+/x^", "~/x12" } },
  { "set-with-bracket", { "[\\]]" }, FALSE, { "+/]", "~/\\", "~/a" } },
  { "set-with-dash", { "[a\\-z]" }, FALSE, { "+/a", "+/-", "~/m", "+/z" } },
  { "set-with-caret", { "[x^]" }, FALSE, { "+/x", "+/^", "~/y" } },
  { "set-with-star", { "[*?]" }, FALSE, { "+/*", "+/?", "~/a" } },
  { "set-with-open-bracket", { "[[]" }, FALSE, { "+/[", "~/]" } },
  { "set-of-unicode", { "[α-ω]" }, FALSE, { "+/β", "~/b", "~/Ω", "~/ωω" } },
  { "reversed-range", { "[z-a]" }, FALSE, { "~/a", "~/m", "~/z" } },
  { "set-after-star", { "*[0-9]" }, FALSE, { "+/a1", "+/1", "~/a", "~/1a", "+/a11" } },
  { "set-does-not-match-slash", { "a[^b]c" }, FALSE, { "+/axc", "~/a/c", "~/abc" } },
  { "exclamation-in-set", { "[!a]" }, FALSE, { "+/!", "+/a", "~/b" } },
  { "closing-bracket-alone", { "a]" }, FALSE, { "+/a]", "~/a" } },
  { "escaped-star", { "a\\*" }, FALSE, { "+/a*", "~/ab", "~/a\\", "~/a" } },
  { "escaped-question-mark", { "\\?" }, FALSE, { "+/?", "~/a" } },
  { "escaped-bracket", { "\\[a]" }, FALSE, { "+/[a]", "~/a" } },
  { "escaped-backslash", { "\\\\" }, FALSE, { "+/\\", "~/\\\\", "~/a" } },
  { "escaped-letter", { "\\a\\b" }, FALSE, { "+/ab", "~/a", "~/\\a\\b" } },
  { "escaped-exclamation", { "\\!a" }, FALSE, { "+/!a", "~/a" } },
  { "deep-within",
    { "a/**/c" },
    FALSE,
    { "+/a/c", "+/a/b/c", "+/a/b/b/c", "~/a", "~/a/b", "~/c", "+/x/a/y/c", "+/a/b/c/d",
      "+/x/a/c" } },
  { "deep-anchored",
    { "/a/**/c" },
    FALSE,
    { "~/a", "-/b", "+/a/c", "+/a/b/c", "+/a/b/b/c", "~/a/b", "+/a/b/c/d", "-/x/a/c", "-/c" } },
  { "deep-first", { "**/c" }, FALSE, { "+/c", "+/a/c", "+/a/b/c", "~/a", "+/a/c/b" } },
  { "deep-first-anchored", { "/**/c" }, FALSE, { "+/c", "+/a/c", "+/a/b/c", "~/a" } },
  { "deep-last", { "a/**" }, FALSE, { "+/a", "+/a/b", "~/b", "+/x/a", "+/x/a/b" } },
  { "deep-last-anchored", { "/a/**" }, FALSE, { "+/a", "+/a/b", "+/a/b/c", "-/b", "-/b/a" } },
  { "deep-alone", { "**" }, FALSE, { "+/a", "+/a/b" } },
  { "deep-alone-anchored", { "/**" }, FALSE, { "+/a", "+/a/b" } },
  { "deep-and-suffix",
    { "/src/**/*.o" },
    FALSE,
    { "~/src", "+/src/a.o", "+/src/x/a.o", "+/src/x/y/a.o", "-/a.o", "~/src/a.c", "-/other/a.o" } },
  { "deep-twice",
    { "/a/**/b/**/c" },
    FALSE,
    { "~/a/b/c", "~/a/x/b/c", "+/a/b/x/c", "+/a/x/b/y/c", "~/a/c", "~/a/b", "+/a/x/x/b/y/y/c",
      "-/b/c", "+/a/b/c/d" } },
  { "deep-twice-takes-one-name",
    { "/a/**/b/**" },
    FALSE,
    { "~/a/b", "+/a/b/c", "~/a/x/b", "+/a/x/b/c", "~/a/x/c", "~/a" } },
  { "deep-twice-not-anchored",
    { "a/**/b/**" },
    FALSE,
    { "+/a/b", "+/a/x/b", "+/x/a/b", "~/a/x/c" } },
  { "deep-thrice", { "**/**/**/c" }, FALSE, { "~/c", "+/a/c", "+/a/b/c", "+/a/b/c/d", "~/a/b" } },
  { "deep-in-a-row", { "a/**/**/c" }, FALSE, { "+/a/c", "+/a/b/c", "+/a/b/b/c", "~/a/b" } },
  { "deep-needs-its-own-name", { "a/b**/c" }, FALSE, { "+/a/b/c", "+/a/bx/c", "~/a/b/x/c" } },
  { "deep-retries", { "a/**/b/c" }, FALSE, { "+/a/b/b/c", "+/a/b/x/b/c", "~/a/b/x/c", "+/a/b/c" } },
  { "no-letters-alike", { "Foo" }, FALSE, { "+/Foo", "~/foo", "~/FOO" } },
  { "two-patterns", { "*.o", "/a" }, FALSE, { "+/a", "+/b.o", "+/x/b.o", "~/x/a", "~/c" } },
  { "two-anchored", { "/a/b", "/c" }, FALSE, { "~/a", "+/c", "+/a/b", "-/a/d", "-/d" } },
  { "negation",
    { "*.c", "!keep.c" },
    FALSE,
    { "+/a.c", "-/keep.c", "-/x/keep.c", "-/keep.c/x", "~/b" } },
  { "negation-then-again",
    { "*.c", "!keep*", "keep2.c" },
    FALSE,
    { "+/a.c", "~/keep1.c", "+/keep2.c", "~/keep.h" } },
  { "negation-first", { "!a", "a" }, FALSE, { "+/a", "~/b" } },
  { "negation-alone", { "!a" }, FALSE, { "-/a", "-/b" } },
  { "negation-below-a-folder",
    { "/a/*", "!/a/b" },
    FALSE,
    { "~/a", "-/a/b", "+/a/c", "-/a/b/c", "-/b" } },
  { "negation-does-not-reach-down", { "/a", "!/a/b" }, FALSE, { "+/a", "-/a/b", "+/a/c" } },
  { "negation-anchored-include",
    { "/home", "!/home/x/.cache" },
    FALSE,
    { "+/home", "+/home/x", "-/home/x/.cache", "-/home/x/.cache/y", "-/etc" } },
  { "negation-deep", { "**", "!**/*.txt" }, FALSE, { "+/a", "-/a.txt", "-/x/a.txt", "+/x" } },
  { "negation-twice", { "a", "!!a" }, FALSE, { "+/a", "-/!a" } },
  { "exclamation-later", { "a!b" }, FALSE, { "+/a!b", "~/ab" } },
  { "ignore-case",
    { "Foo.JPG" },
    IGNORE_CASE,
    { "+/foo.jpg", "+/FOO.JPG", "+/x/Foo.jpg", "~/foo.png" } },
  { "ignore-case-set", { "[A-C]x" }, IGNORE_CASE, { "+/ax", "+/BX", "~/dx" } },
  { "ignore-case-unicode", { "ÄÖ*" }, IGNORE_CASE, { "+/äöü", "+/ÄÖ", "+/Äö", "~/ao" } },
  { "ignore-case-negation", { "*.TMP", "!Keep.tmp" }, IGNORE_CASE, { "+/a.tmp", "-/keep.TMP" } },
  { "ignore-case-anchored", { "/A/**/B" }, IGNORE_CASE, { "+/a/x/b", "+/A/B", "-/x/a/b" } },
  { "unicode", { "grün" }, FALSE, { "+/grün", "~/grun", "+/x/grün/y" } },
  { "space", { "a b*" }, FALSE, { "+/a b", "+/a bc", "~/a", "+/x/a b" } },
  { "root-of-anchored", { "/a/b" }, FALSE, { "~/" } },
  { "root-of-not-anchored", { "a" }, FALSE, { "~/" } },
  { "root-of-star", { "/*" }, FALSE, { "~/" } },
  { "root-of-deep", { "/a/**/b" }, FALSE, { "~/" } },
  { "root-of-root", { "/" }, FALSE, { "+/" } },
  { "root-of-all", { "/**" }, FALSE, { "+/" } },
  { "bytes", { "a\xff" }, FALSE, { "+/a\xff", "~/a\xfe", "~/a\xc3\xbf" } },
  { "bytes-and-question-mark", { "a?" }, FALSE, { "+/a\xff", "~/a\xff\xff", "+/a\xc3\xbf" } },
  { "bytes-and-set", { "[^a]" }, FALSE, { "+/\xff", "+/\xef\xbf\xbd" } },
  { "bytes-are-the-substitute",
    { "[\xef\xbf\xbd]" },
    FALSE,
    { "+/\xff", "+/\xef\xbf\xbd", "~/a" } },
  { "star-cuts-characters", { "*??" }, FALSE, { "+/\xe2\x82\xac", "~/\xc3\xa9" } },
  { "ignore-case-bytes", { "A\xff" }, IGNORE_CASE, { "+/a\xff", "+/a\xfe", "~/a" } },
  { "ignore-case-dotted-i", { "i" }, IGNORE_CASE, { "+/\xc4\xb0", "+/I" } },
  { "no-patterns", { NULL }, FALSE, { "-/", "-/a" } },
};

/* Not well formed, whole or in one of its names. */
static const struct
{
  const char *name;
  const char *pattern;
} bad_cases[] = {
  { "empty", "" },
  { "only-exclamation", "!" },
  { "open-bracket", "[" },
  { "open-set", "[a" },
  { "open-range", "[a-" },
  { "open-negated", "[^" },
  { "open-negated-set", "[^b" },
  { "empty-set", "[]" },
  { "empty-set-closed-later", "[]a]" },
  { "empty-negated-set", "[^]a]" },
  { "range-without-end", "[a-]" },
  { "range-without-begin", "[-a]" },
  { "range-of-three", "[a-b-c]" },
  { "set-over-slash", "[a/b]" },
  { "backslash-last", "a\\" },
  { "backslash-before-slash", "a\\/b" },
  { "backslash-in-set", "[\\" },
  { "bytes-in-set", "[\xff]" },
  { "behind-good-names", "/a/*/[b" },
  { "before-good-names", "[b/a" },
  { "behind-star", "a*[b" },
  { "behind-deep", "**/[" },
  { "negated", "![a" },
};

static void
test_match (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (SrPatternList) list =
      sr_pattern_list_new (cases[row].patterns, cases[row].ignore_case, &error);

  g_assert_no_error (error);
  for (guint i = 0; cases[row].paths[i] != NULL; i++)
    {
      const char *path = cases[row].paths[i] + 1;
      gboolean child_may_match;
      gboolean matched = sr_pattern_list_matches (list, path, &child_may_match);
      char mark = matched ? '+' : child_may_match ? '~' : '-';
      g_autofree char *result = g_strdup_printf ("%c%s", mark, path);

      g_assert_cmpstr (result, ==, cases[row].paths[i]);
      g_assert_cmpint (sr_pattern_list_matches (list, path, NULL), ==, matched);
    }
}

static void
test_bad (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *const patterns[] = { "good", bad_cases[row].pattern, NULL };
  g_autofree char *shown = g_utf8_make_valid (bad_cases[row].pattern, -1);
  g_autofree char *quoted = g_strdup_printf ("“%s”", shown);

  for (guint ignore_case = 0; ignore_case < 2; ignore_case++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sr_pattern_list_new (patterns, ignore_case, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, quoted));
    }
}

static void
test_empty (void)
{
  const char *const some[] = { "a", NULL };
  g_autoptr (SrPatternList) none = sr_pattern_list_new (NULL, FALSE, NULL);
  g_autoptr (SrPatternList) list = sr_pattern_list_new (some, FALSE, NULL);
  g_autoptr (SrPatternList) again = sr_pattern_list_ref (list);

  g_assert_true (sr_pattern_list_is_empty (none));
  g_assert_false (sr_pattern_list_matches (none, "/a", NULL));
  g_assert_false (sr_pattern_list_is_empty (list));
  sr_pattern_list_unref (g_steal_pointer (&list));
  g_assert_true (sr_pattern_list_matches (again, "/a", NULL));
}

static char *
repeat (const char *text, guint times)
{
  GString *repeated = g_string_new (NULL);

  while (times-- > 0)
    g_string_append (repeated, text);
  return g_string_free (repeated, FALSE);
}

/* These take no time worth measuring, or longer than the world will last. */
static void
check_hostile (const char *pattern, const char *path, gboolean expected)
{
  const char *const patterns[] = { pattern, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SrPatternList) list = sr_pattern_list_new (patterns, FALSE, &error);

  g_assert_no_error (error);
  g_assert_cmpint (sr_pattern_list_matches (list, path, NULL), ==, expected);
}

static void
test_many_stars (void)
{
  g_autofree char *stars = repeat ("*a", 1000);
  g_autofree char *pattern = g_strconcat (stars, "*b", NULL);
  g_autofree char *letters = repeat ("a", 4000);
  g_autofree char *path = g_strconcat ("/", letters, NULL);
  g_autofree char *good_path = g_strconcat (path, "b", NULL);

  check_hostile (pattern, path, FALSE);
  check_hostile (pattern, good_path, TRUE);
}

static void
test_many_deep (void)
{
  g_autofree char *deep = repeat ("**/a/", 300);
  g_autofree char *pattern = g_strconcat ("/", deep, "b", NULL);
  g_autofree char *path = repeat ("/a", 2000);
  g_autofree char *good_path = g_strconcat (path, "/b", NULL);

  check_hostile (pattern, path, FALSE);
  check_hostile (pattern, good_path, TRUE);
}

static void
test_many_runs (void)
{
  g_autofree char *run = repeat ("a/", 1000);
  g_autofree char *pattern = g_strconcat ("b/", run, "a", NULL);
  g_autofree char *path = repeat ("/a", 2000);
  g_autofree char *good_path = g_strconcat ("/b", path, NULL);

  check_hostile (pattern, path, FALSE);
  check_hostile (pattern, good_path, TRUE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/pattern-list/match/", cases[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_match);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/pattern-list/bad/", bad_cases[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/pattern-list/empty", test_empty);
  g_test_add_func ("/pattern-list/many-stars", test_many_stars);
  g_test_add_func ("/pattern-list/many-deep", test_many_deep);
  g_test_add_func ("/pattern-list/many-runs", test_many_runs);
  return g_test_run ();
}
