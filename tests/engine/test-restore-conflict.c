/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names beside others, and how a finished file gets its name. */

#include "config.h"

#include "engine/sr-restore-conflict.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"

#define STAMP " (restored 2026-11-22 14-05)"

static const struct
{
  const char *path;
  const char *name;
  guint nth;
  const char *beside;
} names[] = {
  { "extension", "letter.odt", 0, "letter" STAMP ".odt" },
  { "second", "letter.odt", 1, "letter" STAMP " 2.odt" },
  { "no-extension", "letter", 0, "letter" STAMP },
  { "hidden", ".profile", 0, ".profile" STAMP },
  { "several-dots", "a.b.c", 2, "a.b" STAMP " 3.c" },
  { "dot-at-the-end", "a.", 0, "a" STAMP "." },
  { "no-real-extension", "a.this is no extension", 0, "a.this is no extension" STAMP },
};

static void
test_name (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *beside = sr_restore_name_beside (names[row].name, STAMP, names[row].nth);

  g_assert_cmpstr (beside, ==, names[row].beside);
}

/* Cut where it would be too long, and between characters. */
static void
test_long_name (void)
{
  g_autoptr (GString) name = g_string_new ("x");
  g_autofree char *beside = NULL;

  for (guint i = 0; i < 125; i++)
    g_string_append (name, "é");
  g_string_append (name, ".txt");
  beside = sr_restore_name_beside (name->str, STAMP, 998);
  g_assert_cmpuint (strlen (beside), <=, 255);
  g_assert_cmpuint (strlen (beside), >=, 253);
  g_assert_true (g_utf8_validate (beside, -1, NULL));
  g_assert_true (g_str_has_suffix (beside, STAMP " 999.txt"));
}

/* Also when every byte looks like the middle of a character. */
static void
test_long_name_of_bytes (void)
{
  g_autofree char *name = g_strnfill (255, (char) 0x80);
  g_autofree char *beside = sr_restore_name_beside (name, STAMP, 0);

  g_assert_cmpuint (strlen (beside), <=, 255);
  g_assert_true (g_str_has_suffix (beside, STAMP));
}

typedef enum
{
  THERE_NOTHING,
  THERE_FILE,
  THERE_EMPTY_FOLDER,
  THERE_FULL_FOLDER,
} There;

static const struct
{
  const char *path;
  There there;
  SrRestorePlace place;
  gboolean placed;
  const char *name; /* (nullable): that it then has */
} places[] = {
  { "free", THERE_NOTHING, SR_RESTORE_PLACE_FREE, TRUE, "a.txt" },
  { "not-free", THERE_FILE, SR_RESTORE_PLACE_FREE, FALSE, NULL },
  { "replace", THERE_FILE, SR_RESTORE_PLACE_REPLACE, TRUE, "a.txt" },
  { "replace-gone", THERE_NOTHING, SR_RESTORE_PLACE_REPLACE, TRUE, "a.txt" },
  { "replace-empty-folder", THERE_EMPTY_FOLDER, SR_RESTORE_PLACE_REPLACE, TRUE, "a.txt" },
  { "replace-full-folder", THERE_FULL_FOLDER, SR_RESTORE_PLACE_REPLACE, FALSE, NULL },
  { "beside", THERE_FILE, SR_RESTORE_PLACE_BESIDE, TRUE, "a" STAMP ".txt" },
  { "beside-folder", THERE_FULL_FOLDER, SR_RESTORE_PLACE_BESIDE, TRUE, "a" STAMP ".txt" },
};

static void
make_there (const char *folder, There there)
{
  g_autofree char *path = g_build_filename (folder, "a.txt", NULL);
  g_autofree char *in_it = g_build_filename (path, "x", NULL);

  if (there == THERE_FILE)
    g_assert_true (g_file_set_contents (path, "old", -1, NULL));
  if (there == THERE_EMPTY_FOLDER || there == THERE_FULL_FOLDER)
    g_assert_cmpint (mkdir (path, 0700), ==, 0);
  if (there == THERE_FULL_FOLDER)
    g_assert_true (g_file_set_contents (in_it, "x", -1, NULL));
}

static void
test_place (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  char *folder = sr_test_make_folder ();
  g_autofree char *temporary = g_build_filename (folder, "temporary", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  int fd;

  make_there (folder, places[row].there);
  g_assert_true (g_file_set_contents (temporary, "new", -1, NULL));
  fd = open (folder, O_RDONLY | O_DIRECTORY);
  g_assert_cmpint (
      sr_restore_put_in_place (fd, "temporary", "a.txt", places[row].place, STAMP, &name, &error),
      ==, places[row].placed);
  close (fd);
  g_assert_cmpstr (name, ==, places[row].name);
  if (places[row].placed)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *content = NULL;

      g_assert_no_error (error);
      g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
      g_assert_cmpstr (content, ==, "new");
    }
  else
    {
      g_assert_error (error, SR_ERROR, SR_ERROR_TARGET);
    }
  sr_test_remove_folder (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-conflict/name/%s", names[i].path);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_name);
    }
  g_test_add_func ("/restore-conflict/long-name", test_long_name);
  g_test_add_func ("/restore-conflict/long-name-of-bytes", test_long_name_of_bytes);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-conflict/place/%s", places[i].path);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_place);
    }
  return g_test_run ();
}
