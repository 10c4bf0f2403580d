/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a terminal gets to see. */

#include "config.h"

#include "ctl/sr-ctl-text.h"

static const struct
{
  const char *name;
  const char *bytes;
  const char *shown;
} escapes[] = {
  { "plain", "/home/me/Grüße.txt", "/home/me/Grüße.txt" },
  { "title-sequence", "a\033]0;owned\007b", "a\\x1b]0;owned\\x07b" },
  { "newline", "two\nlines\tof\rtext", "two\\nlines\\tof\\rtext" },
  { "eight-bit-csi",
    "\xc2\x9b"
    "31m",
    "\\u009b31m" },
  { "delete", "\x7f", "\\x7f" },
  { "not-utf8", "caf\xe9", "caf\\xe9" },
  { "cut-short", "x\xe2\x82", "x\\xe2\\x82" },
  { "overlong", "\xc0\xaf", "\\xc0\\xaf" },
  { "right-to-left-override",
    "exe.\xe2\x80\xae"
    "fdp",
    "exe.\\u202efdp" },
  { "line-separator", "a\xe2\x80\xa8z", "a\\u2028z" },
  { "joined-picture", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" },
  { "tag-character", "\xf3\xa0\x80\x81", "\\U000e0001" },
  { "empty", "", "" },
};

static void
test_escape (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *shown = sr_ctl_text_escape (escapes[row].bytes);

  g_assert_cmpstr (shown, ==, escapes[row].shown);
}

static const struct
{
  const char *name;
  const char *sentence;
  const char *path;
  gboolean named;
} sentences[] = {
  { "at-start", "/a cannot be backed up", "/a", TRUE },
  { "inside", "The index file index/12 is damaged", "index/12", TRUE },
  { "at-end", "Nothing is known about /a", "/a", TRUE },
  { "quoted", "There is no file “/a b” any more", "/a b", TRUE },
  { "before-colon", "Cannot read /a: Permission denied", "/a", TRUE },
  { "not-at-all", "Permission denied", "/a", FALSE },
  { "below-it", "Cannot read “/a/b”", "/a", FALSE },
  { "above-it", "Cannot read “/a”", "/a/b", FALSE },
  { "longer-name", "/ab cannot be backed up", "/a", FALSE },
  { "end-of-another", "/b/a cannot be backed up", "/a", FALSE },
  { "start-of-quoted", "Cannot read “/a b”", "/a", FALSE },
  { "below-it-then-itself", "/a/b is in /a", "/a", TRUE },
  { "root", "/a cannot be backed up", "/", FALSE },
  { "empty", "Something is wrong", "", FALSE },
};

static void
test_names (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);

  g_assert_cmpint (sr_ctl_text_names (sentences[row].sentence, sentences[row].path), ==,
                   sentences[row].named);
}

static const struct
{
  const char *name;
  const char *text;
  gboolean right;
  guint64 n_bytes;
} sizes[] = {
  { "bytes", "123", TRUE, 123 },
  { "kilo", "2k", TRUE, 2048 },
  { "mega", "3M", TRUE, 3 * 1024 * 1024 },
  { "giga", "1G", TRUE, G_GUINT64_CONSTANT (1) << 30 },
  { "greatest", "9223372036854775807", TRUE, G_MAXINT64 },
  { "too-great", "9223372036854775808", FALSE, 0 },
  { "too-many-tera", "8388608T", FALSE, 0 },
  { "empty", "", FALSE, 0 },
  { "only-unit", "K", FALSE, 0 },
  { "negative", "-1", FALSE, 0 },
  { "fraction", "1.5M", FALSE, 0 },
  { "unknown-unit", "1X", FALSE, 0 },
  { "more-behind", "1KB", FALSE, 0 },
  { "blank", " 1", FALSE, 0 },
};

static void
test_parse_size (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  guint64 n_bytes = 0;

  g_assert_cmpint (sr_ctl_text_parse_size (sizes[row].text, &n_bytes), ==, sizes[row].right);
  g_assert_cmpuint (n_bytes, ==, sizes[row].n_bytes);
}

static const struct
{
  const char *name;
  double seconds;
  const char *text;
} durations[] = {
  { "none", 0, "0.0 s" },
  { "tenths", 9.24, "9.2 s" },
  { "never-sixty-seconds", 59.96, "1:00" },
  { "minutes", 185.2, "3:05" },
  { "rounded-into-an-hour", 3599.7, "1:00:00" },
  { "hours", 7800, "2:10:00" },
  { "negative", -3, "0.0 s" },
};

static void
test_seconds (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *text = sr_ctl_text_seconds (durations[row].seconds);

  g_assert_cmpstr (text, ==, durations[row].text);
}

static const struct
{
  const char *name;
  const char *text;
  guint room;
  const char *shown;
} paths[] = {
  { "fits", "/a/b", 4, "/a/b" },      { "cut", "/long/path/file", 6, "…/file" },
  { "wide", "/文書/文書", 4, "…書" }, { "wide-fits", "/文書", 5, "/文書" },
  { "no-room", "/a", 0, "" },         { "one-column", "/ab", 1, "…" },
};

static void
test_keep_end (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *shown = sr_ctl_text_keep_end (paths[row].text, paths[row].room);

  g_assert_cmpstr (shown, ==, paths[row].shown);
  g_assert_cmpuint (sr_ctl_text_columns (shown, -1), <=, paths[row].room);
}

static void
test_numbers (void)
{
  g_autofree char *small = sr_ctl_text_count (999);
  g_autofree char *large = sr_ctl_text_count (1234567);
  g_autofree char *size = sr_ctl_text_size (1300000000);

  g_assert_cmpstr (small, ==, "999");
  g_assert_cmpstr (large, ==, "1,234,567");
  g_assert_cmpstr (size, ==, "1.3 GB");
}

static void
test_time (void)
{
  SrTime before_1970 = { -1, 500000000, 0 };
  SrTime beyond = { G_MAXINT64, 0, 0 };
  g_autofree char *text = sr_ctl_text_time (&before_1970);
  g_autofree char *none = sr_ctl_text_time (&beyond);

  g_assert_cmpstr (text, ==, "1969-12-31 23:59:59");
  g_assert_cmpstr (none, ==, "-");
}

#define ADD_ROWS(rows, path, func) \
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) \
    { \
      g_autofree char *row_path = g_strconcat (path "/", (rows)[i].name, NULL); \
      g_test_add_data_func (row_path, GUINT_TO_POINTER (i), func); \
    }

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD_ROWS (escapes, "/ctl-text/escape", test_escape)
  ADD_ROWS (sentences, "/ctl-text/names", test_names)
  ADD_ROWS (sizes, "/ctl-text/parse-size", test_parse_size)
  ADD_ROWS (durations, "/ctl-text/seconds", test_seconds)
  ADD_ROWS (paths, "/ctl-text/keep-end", test_keep_end)
  g_test_add_func ("/ctl-text/numbers", test_numbers);
  g_test_add_func ("/ctl-text/time", test_time);
  return g_test_run ();
}
