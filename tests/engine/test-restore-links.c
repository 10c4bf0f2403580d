/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which nodes are names of one file, and who waits for whom. */

#include "config.h"

#include "engine/sr-restore-links.h"

#include <fcntl.h>

#include "tests/support/sr-test-files.h"

static const struct
{
  const char *name;
  SrNode node; /* after one of device 1, inode 7 and 2 links */
  gboolean is_link;
  gboolean first;
} cases[] = {
  { "same", { .device_id = 1, .inode = 7, .links = 2 }, TRUE, FALSE },
  { "other-inode", { .device_id = 1, .inode = 8, .links = 2 }, TRUE, TRUE },
  { "other-device", { .device_id = 2, .inode = 7, .links = 2 }, TRUE, TRUE },
  { "one-name", { .device_id = 1, .inode = 7, .links = 1 }, FALSE, FALSE },
  { "no-inode", { .device_id = 1, .inode = 0, .links = 2 }, FALSE, FALSE },
  { "no-file", { .type = SR_NODE_SYMLINK, .device_id = 1, .inode = 7, .links = 2 }, FALSE, FALSE },
};

static void
test_claim (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrRestoreLinks) links = sr_restore_links_new ();
  const SrNode node = { .device_id = 1, .inode = 7, .links = 2 };
  gboolean first;

  g_assert_nonnull (sr_restore_links_claim (links, &node, &first));
  g_assert_true (first);
  g_assert_cmpint (sr_restore_links_claim (links, &cases[row].node, &first) != NULL, ==,
                   cases[row].is_link);
  g_assert_cmpint (first, ==, cases[row].first);
}

static void
ignore_report (SrRestoreFolder *folder, const GError *error, gpointer user_data)
{
}

typedef struct
{
  SrRestoreLinks *links;
  SrRestoreLink *link;
  SrRestoreFolder *folder; /* (nullable): where the first name is */
  gboolean abandon; /* instead of finishing */
} First;

static gpointer
finish_first (gpointer user_data)
{
  First *first = user_data;

  if (first->abandon)
    sr_restore_links_abandon (first->links);
  else
    sr_restore_links_finish (first->links, first->link, first->folder,
                             first->folder != NULL ? "name" : NULL);
  return NULL;
}

static const struct
{
  const char *name;
  gboolean there;
  gboolean abandon;
} waits[] = {
  { "there", TRUE, FALSE },
  { "failed", FALSE, FALSE },
  { "abandoned", FALSE, TRUE },
};

static void
test_wait (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  char *path = sr_test_make_folder ();
  SrRestoreFolders *folders = sr_restore_folders_new (8, ignore_report, NULL);
  SrRestoreFolder *folder =
      sr_restore_folder_new_target (folders, open (path, O_RDONLY | O_DIRECTORY), TRUE);
  SrRestoreLinks *links = sr_restore_links_new ();
  const SrNode node = { .device_id = 1, .inode = 7, .links = 2 };
  First first = { links, NULL, waits[row].there ? folder : NULL, waits[row].abandon };
  SrRestoreFolder *found;
  gboolean is_first;
  const char *name;
  GThread *thread;

  first.link = sr_restore_links_claim (links, &node, &is_first);
  thread = g_thread_new ("first", finish_first, &first);
  g_assert_cmpint (sr_restore_links_wait (links, first.link, &found, &name), ==, waits[row].there);
  if (waits[row].there)
    {
      g_assert_true (found == folder);
      g_assert_cmpstr (name, ==, "name");
    }
  g_thread_join (thread);
  sr_restore_links_free (links);
  sr_restore_folder_release (folder);
  sr_restore_folders_free (folders);
  sr_test_remove_folder (path);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-links/claim/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_claim);
    }
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-links/wait/%s", waits[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_wait);
    }
  return g_test_run ();
}
