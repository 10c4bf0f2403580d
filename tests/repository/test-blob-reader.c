/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Blobs that are read: whole ones are given out, and what is damaged, short or missing is named. */

#include "config.h"

#include "repository/sr-blob-reader.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

#define TREE "{\"nodes\":[]}\n"

typedef struct
{
  char *folder;
  SrRepository *repository;
  SrBlobReader *reader;
  SrId data_id;
  SrId tree_id;
  SrId pack;
} Fixture;

static void
set_up_empty (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  self->reader = sr_blob_reader_new (self->repository, NULL);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  SrTestPack *pack;

  set_up_empty (self, data);
  pack = sr_test_pack_new (self->repository);
  sr_test_pack_add (pack, SR_BLOB_DATA, "content", -1, &self->data_id);
  sr_test_pack_add (pack, SR_BLOB_TREE, TREE, -1, &self->tree_id);
  sr_test_pack_store (pack, &self->pack);
  g_assert_true (sr_repository_load_index (self->repository, NULL, NULL, NULL));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_blob_reader_free (self->reader);
  g_object_unref (self->repository);
  sr_test_remove_folder (self->folder);
}

static gboolean
load (Fixture *self, GError **error)
{
  const guint8 *plain;
  gsize length;

  if (!sr_blob_reader_load (self->reader, SR_BLOB_DATA, &self->data_id, &plain, &length, NULL,
                            error))
    return FALSE;
  g_assert_cmpmem (plain, length, "content", 7);
  return TRUE;
}

static gboolean
read_tree (Fixture *self, GError **error)
{
  g_autoptr (SrTreeReader) tree =
      sr_blob_reader_open_tree (self->reader, &self->tree_id, NULL, error);
  GError *local_error = NULL;

  if (tree == NULL)
    return FALSE;
  while (sr_tree_reader_next (tree, &local_error) != NULL)
    ;
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  return local_error == NULL;
}

static void
test_good (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (load (self, &error));
      g_assert_no_error (error);
      g_assert_true (read_tree (self, &error));
      g_assert_no_error (error);
    }
}

static char *
get_pack_path (Fixture *self)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (&self->pack, hex);
  return g_strdup_printf ("%s/data/%.2s/%s", self->folder, hex, hex);
}

static void
flip (char *content, gsize *length)
{
  content[20] ^= 1; /* of the data blob */
  content[60] ^= 1; /* of the tree */
}

static void
cut (char *content, gsize *length)
{
  *length = 10;
}

static void
empty (char *content, gsize *length)
{
  *length = 0;
}

static const struct
{
  const char *name;
  void (*damage) (char *content, gsize *length); /* NULL: remove it */
  SrError code;
} damages[] = {
  { "flipped", flip, SR_ERROR_DAMAGED },
  { "cut", cut, SR_ERROR_DAMAGED },
  { "emptied", empty, SR_ERROR_DAMAGED },
  { "missing", NULL, SR_ERROR_DAMAGED },
};

static void
damage_pack (Fixture *self, guint row)
{
  g_autofree char *path = get_pack_path (self);
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_no_errno (unlink (path));
  if (damages[row].damage == NULL)
    return;
  damages[row].damage (content, &length);
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
}

static void
assert_names_pack (Fixture *self, const GError *error, SrError code)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (&self->pack, hex);
  g_assert_error (error, SR_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, hex));
}

static void
test_damage (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) tree_error = NULL;

  damage_pack (self, row);
  g_assert_false (load (self, &error));
  assert_names_pack (self, error, damages[row].code);
  g_assert_false (read_tree (self, &tree_error));
  assert_names_pack (self, tree_error, damages[row].code);
}

/* Who reads this has to learn which file to look for, and that it is a pack that is missing. */
static void
test_missing_pack (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = get_pack_path (self);
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *blob = NULL;

  g_assert_no_errno (unlink (path));
  sr_id_to_hex (&self->data_id, hex);
  blob = g_strndup (hex, 10);
  g_assert_false (load (self, &error));
  assert_names_pack (self, error, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, blob));
  g_assert_nonnull (strstr (error->message, "is missing"));
  g_assert_nonnull (strstr (error->message, "check the repository"));
}

/* A drive that was disconnected is no damage. */
static void
test_repository_away (Fixture *self, gconstpointer data)
{
  g_autofree char *pack = get_pack_path (self);
  g_autofree char *config = g_build_filename (self->folder, "config", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (unlink (pack));
  g_assert_no_errno (unlink (config));
  g_assert_false (load (self, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

/* Stored twice, by a backup of each of two computers: the second copy serves. */
static void
test_second_copy (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrTestPack *pack = sr_test_pack_new (self->repository);
  g_autoptr (GError) error = NULL;

  sr_test_pack_add (pack, SR_BLOB_DATA, "content", -1, NULL);
  sr_test_pack_add (pack, SR_BLOB_TREE, TREE, -1, NULL);
  sr_test_pack_store (pack, NULL);
  g_assert_true (sr_repository_load_index (self->repository, NULL, NULL, NULL));
  damage_pack (self, row);
  g_assert_true (load (self, &error));
  g_assert_no_error (error);
  g_assert_true (read_tree (self, &error));
  g_assert_no_error (error);
}

static void
test_unknown (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const guint8 *plain;
  gsize length;

  /* A data blob is no tree. */
  g_assert_false (sr_blob_reader_load (self->reader, SR_BLOB_TREE, &self->data_id, &plain, &length,
                                       NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "tree blob"));
}

/* What an index says that is not so. */
static const struct
{
  const char *name;
  int length; /* added to the true one */
  guint32 uncompressed_length;
  gboolean other_id;
  SrError code;
  SrError tree_code; /* of a tree, which need not be in memory */
} lies[] = {
  { "too-long", 1, 0, FALSE, SR_ERROR_DAMAGED, SR_ERROR_DAMAGED },
  { "too-short", -1, 0, FALSE, SR_ERROR_DAMAGED, SR_ERROR_DAMAGED },
  { "far-too-long", 1000000, 0, FALSE, SR_ERROR_DAMAGED, SR_ERROR_DAMAGED },
  { "huge", 0x7ffffff0, 0, FALSE, SR_ERROR_LIMIT, SR_ERROR_LIMIT },
  { "not-compressed", 0, 100, FALSE, SR_ERROR_DAMAGED, SR_ERROR_DAMAGED },
  { "huge-when-opened", 0, 0xffffffff, FALSE, SR_ERROR_LIMIT, SR_ERROR_DAMAGED },
  { "another-id", 0, 0, TRUE, SR_ERROR_DAMAGED, SR_ERROR_DAMAGED },
};

static void
test_lie (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrTestPack *pack = sr_test_pack_new (self->repository);
  SrIndex *index = sr_repository_get_index (self->repository);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) tree_error = NULL;
  SrBlob blobs[2];

  sr_test_pack_add (pack, SR_BLOB_DATA, "content", -1, &self->data_id);
  sr_test_pack_add (pack, SR_BLOB_TREE, TREE, -1, &self->tree_id);
  memcpy (blobs, sr_test_pack_get_blobs (pack)->data, sizeof blobs);
  sr_test_pack_store (pack, &self->pack);
  for (guint i = 0; i < 2; i++)
    {
      blobs[i].length += (guint32) lies[row].length;
      blobs[i].uncompressed_length = lies[row].uncompressed_length;
      if (lies[row].other_id)
        blobs[i].id.bytes[0] ^= 1;
    }
  self->data_id = blobs[0].id;
  self->tree_id = blobs[1].id;
  g_assert_true (sr_index_add_pack (index, &self->pack, blobs, 2, NULL));
  g_assert_false (load (self, &error));
  g_assert_error (error, SR_ERROR, (int) lies[row].code);
  g_assert_false (read_tree (self, &tree_error));
  g_assert_error (tree_error, SR_ERROR, (int) lies[row].tree_code);
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SrTreeReader) tree =
      sr_blob_reader_open_tree (self->reader, &self->tree_id, cancellable, NULL);

  g_cancellable_cancel (cancellable);
  g_assert_null (sr_tree_reader_next (tree, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strconcat ("/blob-reader/pack/", damages[i].name, NULL);
      g_autofree char *copy_path = g_strconcat ("/blob-reader/second-copy/", damages[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_damage, tear_down);
      g_test_add (copy_path, Fixture, GUINT_TO_POINTER (i), set_up, test_second_copy, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autofree char *path = g_strconcat ("/blob-reader/index-says/", lies[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up_empty, test_lie, tear_down);
    }
  g_test_add ("/blob-reader/missing-pack", Fixture, NULL, set_up, test_missing_pack, tear_down);
  g_test_add ("/blob-reader/repository-away", Fixture, NULL, set_up, test_repository_away,
              tear_down);
  g_test_add ("/blob-reader/good", Fixture, NULL, set_up, test_good, tear_down);
  g_test_add ("/blob-reader/unknown", Fixture, NULL, set_up, test_unknown, tear_down);
  g_test_add ("/blob-reader/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
  return g_test_run ();
}
