/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Repositories for tests: the golden one that restic wrote, fresh ones, and packs, trees and snapshots with whatever a
 * test wants in them, also what our own writers would never write. */

#include "config.h"

#include "sr-test-repository.h"

#include <string.h>

#include "base/sr-buffer.h"
#include "base/sr-json-writer.h"
#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-index-file.h"
#include "repository/sr-pack-table.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"

struct _SrTestPack
{
  SrRepository *repository; /* (owned) */
  SrCipher *cipher; /* (owned) */
  GArray *blobs; /* (owned) (element-type SrBlob) */
  SrBuffer content;
};

/**
 * sr_test_secret:
 * @text: a password
 *
 * Returns: (transfer full): the same
 */
SrSecret *
sr_test_secret (const char *text)
{
  return sr_secret_new (text, strlen (text));
}

static void
copy_folder (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (from, 0, &error);
  const char *name;

  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir_with_parents (to, 0700), ==, 0);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *source = g_build_filename (from, name, NULL);
      g_autofree char *copy = g_build_filename (to, name, NULL);
      g_autofree char *content = NULL;
      gsize length;

      if (g_file_test (source, G_FILE_TEST_IS_DIR))
        {
          copy_folder (source, copy);
          continue;
        }
      g_file_get_contents (source, &content, &length, &error);
      g_assert_no_error (error);
      g_file_set_contents_full (copy, content, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600,
                                &error);
      g_assert_no_error (error);
    }
}

/**
 * sr_test_copy_golden_repository:
 *
 * Returns: (transfer full): a new folder with a copy of the repository that restic 0.14 wrote, to be damaged or
 *   written to (README.md beside it says what is in it), and given to sr_test_remove_folder()
 */
char *
sr_test_copy_golden_repository (void)
{
  g_autofree char *golden = sr_test_file ("restic-v2/repo");
  char *folder = sr_test_make_folder ();

  copy_folder (golden, folder);
  return folder;
}

/**
 * sr_test_open_repository:
 * @folder: where it is
 * @password: that of one of its keys
 *
 * Returns: (transfer full): the repository, with its index not loaded
 */
SrRepository *
sr_test_open_repository (const char *folder, const char *password)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
  g_autoptr (SrSecret) secret = sr_test_secret (password);
  g_autoptr (GError) error = NULL;
  SrRepository *repository = sr_repository_open (storage, secret, NULL, &error);

  g_assert_no_error (error);
  return repository;
}

/**
 * sr_test_create_repository:
 * @folder: an empty folder
 *
 * Returns: (transfer full): a new repository there, with %SR_TEST_PASSWORD
 */
SrRepository *
sr_test_create_repository (const char *folder)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  g_autoptr (GError) error = NULL;
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  SrRepository *repository = sr_repository_create (storage, secret, &scrypt, NULL, &error);

  g_assert_no_error (error);
  return repository;
}

/**
 * sr_test_pack_new:
 * @repository: where it will be stored
 *
 * Returns: (transfer full): an empty pack, to be filled and stored
 */
SrTestPack *
sr_test_pack_new (SrRepository *repository)
{
  SrTestPack *self = g_new0 (SrTestPack, 1);
  g_autoptr (GError) error = NULL;

  self->repository = g_object_ref (repository);
  self->cipher = sr_cipher_new (sr_repository_get_key (repository), &error);
  g_assert_no_error (error);
  self->blobs = g_array_new (FALSE, TRUE, sizeof (SrBlob));
  return self;
}

static void
append_sealed (SrTestPack *self, const void *data, gsize length)
{
  g_autoptr (GError) error = NULL;

  sr_buffer_reserve (&self->content, self->content.length + length + SR_CIPHER_OVERHEAD);
  sr_cipher_seal (self->cipher, data, length, self->content.data + self->content.length, &error);
  g_assert_no_error (error);
  self->content.length += length + SR_CIPHER_OVERHEAD;
}

/**
 * sr_test_pack_add:
 * @self: a pack
 * @type: of the blob
 * @data: plaintext, stored raw
 * @length: its bytes; -1 for text
 * @out_id: (out) (optional): the blob's id
 */
void
sr_test_pack_add (SrTestPack *self, SrBlobType type, const void *data, gssize length, SrId *out_id)
{
  gsize size = length < 0 ? strlen (data) : (gsize) length;
  SrBlob blob = {
    .offset = (guint32) self->content.length,
    .length = (guint32) (size + SR_CIPHER_OVERHEAD),
    .type = (guint8) type,
  };

  sr_hash_data (data, size, &blob.id);
  append_sealed (self, data, size);
  g_array_append_val (self->blobs, blob);
  if (out_id != NULL)
    *out_id = blob.id;
}

/**
 * sr_test_pack_get_blobs:
 * @self: a pack
 *
 * Returns: (transfer none) (element-type SrBlob): what its table and index will say: may be changed
 */
GArray *
sr_test_pack_get_blobs (SrTestPack *self)
{
  return self->blobs;
}

/**
 * sr_test_pack_store:
 * @self: (transfer full): a pack
 * @out_pack: (out) (optional): its id
 *
 * Stores it with an index file of its own.
 */
void
sr_test_pack_store (SrTestPack *self, SrId *out_pack)
{
  g_auto (SrBuffer) table = SR_BUFFER_INIT;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SrSpool) spool = NULL;
  g_autoptr (GError) error = NULL;
  SrFileName name = { .kind = SR_FILE_PACK };
  const SrBlob *blobs = (const SrBlob *) (gpointer) self->blobs->data;
  guint32 table_length;

  sr_pack_table_encode (blobs, self->blobs->len, &table);
  append_sealed (self, table.data, table.length);
  table_length = GUINT32_TO_LE ((guint32) (table.length + SR_CIPHER_OVERHEAD));
  sr_buffer_append (&self->content, &table_length, sizeof table_length);

  sr_hash_data (self->content.data, self->content.length, &name.id);
  bytes = g_bytes_new (self->content.data, self->content.length);
  spool = sr_spool_new_for_bytes (bytes);
  sr_storage_write (sr_repository_get_storage (self->repository), &name, spool, NULL, &error);
  g_assert_no_error (error);
  sr_test_store_index (self->repository, &name.id, blobs, self->blobs->len, NULL);
  if (out_pack != NULL)
    *out_pack = name.id;

  g_object_unref (self->repository);
  sr_cipher_free (self->cipher);
  g_array_unref (self->blobs);
  sr_buffer_clear (&self->content);
  g_free (self);
}

/**
 * sr_test_store_index:
 * @repository: a repository
 * @pack: id of a pack
 * @blobs: (array length=n_blobs): what to say of it
 * @n_blobs: number of @blobs
 * @out_id: (out) (optional): id of the new index file
 */
void
sr_test_store_index (SrRepository *repository,
                     const SrId *pack,
                     const SrBlob *blobs,
                     gsize n_blobs,
                     SrId *out_id)
{
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new_for_buffer (&json);
  g_autoptr (GError) error = NULL;
  SrId id;

  sr_index_file_write_begin (writer);
  sr_index_file_write_pack (writer, pack, blobs, n_blobs);
  sr_index_file_write_end (writer);
  sr_json_writer_finish (writer, &error);
  g_assert_no_error (error);
  sr_repository_save_unpacked (repository, SR_FILE_INDEX, json.data, json.length, &id, NULL,
                               &error);
  g_assert_no_error (error);
  if (out_id != NULL)
    *out_id = id;
}

/**
 * sr_test_store_snapshot:
 * @repository: a repository
 * @tree: the root tree, which need not exist
 *
 * Returns: (transfer full): the stored snapshot, of "/test" on "testhost" at this moment
 */
SrSnapshot *
sr_test_store_snapshot (SrRepository *repository, const SrId *tree)
{
  static const char *const paths[] = { "/test", NULL };
  SrSnapshot *snapshot = sr_snapshot_new ();
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  g_autoptr (GError) error = NULL;
  SrTime now;
  SrId id;

  sr_time_now (&now);
  sr_snapshot_set_time (snapshot, &now);
  sr_snapshot_set_tree (snapshot, tree);
  sr_snapshot_set_paths (snapshot, paths);
  sr_snapshot_set_hostname (snapshot, "testhost");
  sr_snapshot_to_json (snapshot, &json);
  sr_repository_save_unpacked (repository, SR_FILE_SNAPSHOT, json.data, json.length, &id, NULL,
                               &error);
  g_assert_no_error (error);
  sr_snapshot_set_id (snapshot, &id);
  return snapshot;
}

/**
 * sr_test_store_tree:
 * @repository: a repository
 * @json: the root tree, as it shall be stored, with nodes that tests of hostile or broken trees need
 *
 * Stores @json in a pack of its own.
 *
 * Returns: (transfer full): the stored snapshot of that tree
 */
SrSnapshot *
sr_test_store_tree (SrRepository *repository, const char *json)
{
  SrTestPack *pack = sr_test_pack_new (repository);
  SrId tree;

  sr_test_pack_add (pack, SR_BLOB_TREE, json, -1, &tree);
  sr_test_pack_store (pack, NULL);
  return sr_test_store_snapshot (repository, &tree);
}
