/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Trees of folders with millions of entries: a backup writes them in pieces, up to the format's 4 GiB, and they have to
 * be readable in pieces as well. To be quick, the tree here is small, and only said to be large. */

#include "config.h"

#include "repository/sr-blob-reader.h"

#include <string.h>
#include <zstd.h>

#include "base/sr-error.h"
#include "crypto/sr-hash.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

#define TREE "{\"nodes\":[{\"name\":\"a\",\"type\":\"fifo\",\"content\":null}]}\n"
#define SAID_SIZE 0xf0000000u /* bytes */

static void
store_tree (SrRepository *repository, SrId *out_id)
{
  SrTestPack *pack = sr_test_pack_new (repository);
  guint8 frame[ZSTD_COMPRESSBOUND (sizeof TREE)];
  gsize length = ZSTD_compress (frame, sizeof frame, TREE, strlen (TREE), 3);
  SrBlob *blob;

  g_assert_false (ZSTD_isError (length));
  sr_test_pack_add (pack, SR_BLOB_TREE, frame, (gssize) length, NULL);
  blob = &g_array_index (sr_test_pack_get_blobs (pack), SrBlob, 0);
  sr_hash_data (TREE, strlen (TREE), &blob->id);
  blob->uncompressed_length = SAID_SIZE;
  *out_id = blob->id;
  sr_test_pack_store (pack, NULL);
}

static void
test_large (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree char *place = g_build_filename (folder, "repository", NULL);
  SrRepository *repository = sr_test_create_repository (place);
  g_autoptr (GError) error = NULL;
  SrBlobReader *reader = sr_blob_reader_new (repository, &error);
  SrTreeReader *tree;
  const guint8 *data;
  gsize length;
  SrId id;

  g_assert_no_error (error);
  store_tree (repository, &id);
  sr_repository_load_index (repository, NULL, NULL, &error);
  g_assert_no_error (error);

  tree = sr_blob_reader_open_tree (reader, &id, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sr_tree_reader_next (tree, &error)->name, ==, "a");
  g_assert_null (sr_tree_reader_next (tree, &error));
  g_assert_no_error (error);
  sr_tree_reader_free (tree);

  /* Whole, it would have to be in memory. */
  g_assert_false (sr_blob_reader_load (reader, SR_BLOB_TREE, &id, &data, &length, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);

  sr_blob_reader_free (reader);
  g_object_unref (repository);
  sr_test_remove_folder (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blob-reader-trees/large", test_large);
  return g_test_run ();
}
