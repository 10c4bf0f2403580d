/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests where a file is looked for. What the folders are good for is tested with the storage. */

#include "config.h"

#include "storage/sr-folder-layout.h"

#include <string.h>

static const struct
{
  const char *name;
  SrFileKind kind;
  guint8 first_byte; /* of the id; the others are zero */
  const char *folder;
  const char *start; /* of its name there */
} cases[] = {
  { "config", SR_FILE_CONFIG, 0, "/top", "config" },
  { "key", SR_FILE_KEY, 0x01, "/top/keys", "0100" },
  { "pack", SR_FILE_PACK, 0xab, "/top/data/ab", "ab00" },
  { "pack-of-one-digit", SR_FILE_PACK, 0x0a, "/top/data/0a", "0a00" },
  { "index", SR_FILE_INDEX, 0xff, "/top/index", "ff00" },
  { "snapshot", SR_FILE_SNAPSHOT, 0x10, "/top/snapshots", "1000" },
  { "lock", SR_FILE_LOCK, 0x00, "/top/locks", "0000" },
};

static void
test_place (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const SrFileName name = { .kind = cases[row].kind, .id = { { cases[row].first_byte } } };
  g_autofree char *folder = sr_folder_layout_dup_folder ("/top", &name);
  g_autofree char *path = sr_folder_layout_dup_path ("/top", &name);
  g_autofree char *expected = NULL;
  char base[SR_ID_HEX_SIZE];

  sr_folder_layout_get_base (&name, base);
  g_assert_cmpstr (folder, ==, cases[row].folder);
  g_assert_true (g_str_has_prefix (base, cases[row].start));
  g_assert_cmpuint (strlen (base), ==, name.kind == SR_FILE_CONFIG ? 6 : 64);
  expected = g_build_filename (folder, base, NULL);
  g_assert_cmpstr (path, ==, expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/folder-layout/place/", cases[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_place);
    }
  return g_test_run ();
}
