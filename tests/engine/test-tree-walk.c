/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Walks through trees: what is met, in which order, and what ends them. */

#include "config.h"

#include "engine/sr-tree-walk.h"

#include <string.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

#define LEAF "{\"nodes\":[{\"name\":\"x\",\"type\":\"fifo\"}]}\n"
#define TOO_DEEP 8200

typedef struct
{
  char *folder;
  SrRepository *repository;
  SrTestPack *pack; /* of trees, until it is stored */
  SrBlobReader *reader;
  GString *seen; /* a word for each call: "PATH", or "!PATH" for a broken tree */
  const char *not_into; /* (nullable): a path whose folder is not gone into */
  const char *end_at; /* (nullable): a path at which the walk is ended */
  GCancellable *cancellable; /* cancelled at cancel_at */
  const char *cancel_at; /* (nullable) */
  int failure; /* code of the last broken tree */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  self->pack = sr_test_pack_new (self->repository);
  self->seen = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_object_unref (self->cancellable);
  g_string_free (self->seen, TRUE);
  sr_blob_reader_free (self->reader);
  g_object_unref (self->repository);
  sr_test_remove_folder (self->folder);
}

/* A tree of one file, "a", and of folders whose trees are given; names are "b", "c", … */
static SrId
add_tree (Fixture *self, const SrId *subtrees, guint n_subtrees)
{
  GString *json = g_string_new ("{\"nodes\":[{\"name\":\"a\",\"type\":\"fifo\"}");
  SrId id;

  for (guint i = 0; i < n_subtrees; i++)
    {
      char hex[SR_ID_HEX_SIZE];

      sr_id_to_hex (&subtrees[i], hex);
      g_string_append_printf (json, ",{\"name\":\"%c\",\"type\":\"dir\",\"subtree\":\"%s\"}",
                              (char) ('b' + i), hex);
    }
  g_string_append (json, "]}\n");
  sr_test_pack_add (self->pack, SR_BLOB_TREE, json->str, (gssize) json->len, &id);
  g_string_free (json, TRUE);
  return id;
}

static gboolean
on_node (const char *path,
         const SrNode *node,
         gboolean *out_descend,
         gpointer user_data,
         GError **error)
{
  Fixture *self = user_data;

  g_assert_true (g_str_has_suffix (path, node->name));
  if (strlen (path) < 100)
    g_string_append_printf (self->seen, "%s ", path);
  *out_descend = g_strcmp0 (path, self->not_into) != 0;
  if (g_strcmp0 (path, self->cancel_at) == 0)
    g_cancellable_cancel (self->cancellable);
  if (g_strcmp0 (path, self->end_at) != 0)
    return TRUE;
  g_set_error_literal (error, SR_ERROR, SR_ERROR_LIMIT, "Enough");
  return FALSE;
}

static gboolean
on_broken (const char *path,
           const SrId *tree,
           const GError *failure,
           gpointer user_data,
           GError **error)
{
  Fixture *self = user_data;

  g_assert_cmpint (failure->domain, ==, SR_ERROR);
  self->failure = failure->code;
  if (strlen (path) < 100)
    g_string_append_printf (self->seen, "!%s ", path);
  if (g_strcmp0 (path, self->end_at) != 0)
    return TRUE;
  g_set_error_literal (error, SR_ERROR, SR_ERROR_LIMIT, "Enough");
  return FALSE;
}

static gboolean
walk (Fixture *self, const SrId *tree, const char *path, gboolean recursive, GError **error)
{
  static const SrTreeWalkFuncs funcs = { on_node, on_broken };

  sr_test_pack_store (self->pack, NULL);
  g_assert_true (sr_repository_load_index (self->repository, NULL, NULL, NULL));
  self->reader = sr_blob_reader_new (self->repository, NULL);
  return sr_tree_walk (self->reader, tree, path, recursive, &funcs, self, self->cancellable, error);
}

static const SrId lost = { { 1, 2, 3 } };

static const struct
{
  const char *name;
  const char *path;
  gboolean recursive;
  const char *not_into;
  const char *seen;
} walks[] = {
  { "all", "/", TRUE, NULL, "/a /b /c /d /b/a /b/b /b/b/x !/c /d/x " },
  { "below-a-path", "/home", TRUE, NULL,
    "/home/a /home/b /home/c /home/d /home/b/a /home/b/b /home/b/b/x !/home/c /home/d/x " },
  { "one-folder", "/", FALSE, NULL, "/a /b /c /d " },
  { "not-into-one", "/", TRUE, "/b", "/a /b /c /d !/c /d/x " },
};

/* A root with a folder in which there is another one, one whose tree is lost, and one with a pipe. */
static SrId
add_example (Fixture *self)
{
  SrId leaf, middle, folders[3];

  sr_test_pack_add (self->pack, SR_BLOB_TREE, LEAF, -1, &leaf);
  middle = add_tree (self, &leaf, 1);
  folders[0] = middle;
  folders[1] = lost;
  folders[2] = leaf;
  return add_tree (self, folders, 3);
}

static void
test_walk (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrId root = add_example (self);
  g_autoptr (GError) error = NULL;

  self->not_into = walks[row].not_into;
  g_assert_true (walk (self, &root, walks[row].path, walks[row].recursive, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (self->seen->str, ==, walks[row].seen);
}

static void
test_broken_root (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add_example (self);
  g_assert_true (walk (self, &lost, "/", TRUE, &error));
  g_assert_cmpstr (self->seen->str, ==, "!/ ");
}

/* What comes before the damage has been visited, and is not taken back. */
static void
test_broken_in_the_middle (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  SrId root;

  sr_test_pack_add (self->pack, SR_BLOB_TREE,
                    "{\"nodes\":[{\"name\":\"a\",\"type\":\"fifo\"},{\"name\":\"..\",", -1, &root);
  g_assert_true (walk (self, &root, "/", TRUE, &error));
  g_assert_cmpstr (self->seen->str, ==, "/a !/ ");
}

static const char *const ends[] = { "/b", "/b/b", "/c" };

static void
test_ended (Fixture *self, gconstpointer data)
{
  SrId root = add_example (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *last = NULL;

  self->end_at = data;
  g_assert_false (walk (self, &root, "/", TRUE, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
  last = g_strconcat (data, " ", NULL);
  g_assert_true (g_str_has_suffix (self->seen->str, last));
}

/* A cancelled walk does not call what it did not read broken. */
static void
test_cancelled (Fixture *self, gconstpointer data)
{
  SrId root = add_example (self);
  g_autoptr (GError) error = NULL;

  self->cancel_at = "/b/a";
  g_assert_false (walk (self, &root, "/", TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (self->seen->str, ==, "/a /b /c /d /b/a ");
}

/* Deeper than any file system allows, as only somebody would make it who means harm. */
static void
test_too_deep (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  SrId tree = add_tree (self, NULL, 0);

  for (guint i = 0; i < TOO_DEEP; i++)
    tree = add_tree (self, &tree, 1);
  g_assert_true (walk (self, &tree, "/", TRUE, &error));
  g_assert_no_error (error);
  g_assert_cmpint (self->failure, ==, SR_ERROR_LIMIT);
}

static void
add (const char *path, gconstpointer data, void (*func) (Fixture *self, gconstpointer data))
{
  g_test_add (path, Fixture, data, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (walks); i++)
    {
      g_autofree char *path = g_strconcat ("/tree-walk/", walks[i].name, NULL);

      add (path, GUINT_TO_POINTER (i), test_walk);
    }
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tree-walk/ended/%u", i);

      add (path, ends[i], test_ended);
    }
  add ("/tree-walk/broken-root", NULL, test_broken_root);
  add ("/tree-walk/broken-in-the-middle", NULL, test_broken_in_the_middle);
  add ("/tree-walk/cancelled", NULL, test_cancelled);
  add ("/tree-walk/too-deep", NULL, test_too_deep);
  return g_test_run ();
}
