/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Packs as they are built: what is in them is found again by index and by table. */

#include "config.h"

#include "repository/sr-pack-writer.h"

#include <string.h>

#include "base/sr-error.h"
#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-blob-reader.h"
#include "repository/sr-index-writer.h"
#include "repository/sr-pack-table.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

typedef struct
{
  char *folder;
  SrStorage *storage; /* an SrFaultStorage */
  SrRepository *repository;
  SrCipher *cipher;
  SrPackWriter *pack;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;

  self->folder = sr_test_make_folder ();
  file = g_file_new_for_path (self->folder);
  inner = sr_folder_storage_new (file);
  self->storage = sr_fault_storage_new (inner);
  self->repository = sr_repository_create (self->storage, secret, &scrypt, NULL, NULL);
  self->cipher = sr_cipher_new (sr_repository_get_key (self->repository), NULL);
  self->pack = sr_pack_writer_new (self->repository, SR_BLOB_DATA, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_pack_writer_free (self->pack);
  sr_cipher_free (self->cipher);
  g_object_unref (self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->folder);
}

static void
append (Fixture *self, const char *text, SrId *out_id)
{
  gsize length = strlen (text);
  g_autofree guint8 *message = g_malloc (length + SR_CIPHER_OVERHEAD);
  g_autoptr (GError) error = NULL;

  sr_hash_data (text, length, out_id);
  g_assert_true (sr_cipher_seal (self->cipher, (const guint8 *) text, length, message, NULL));
  sr_pack_writer_append (self->pack, out_id, message, length + SR_CIPHER_OVERHEAD, 0, NULL, &error);
  g_assert_no_error (error);
}

static void
finish (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  sr_pack_writer_seal_table (self->pack, NULL, &error);
  g_assert_no_error (error);
  sr_pack_writer_store (self->pack, NULL, &error);
  g_assert_no_error (error);
}

static void
assert_readable (Fixture *self, const SrId *id, const char *text)
{
  g_autoptr (SrBlobReader) reader = sr_blob_reader_new (self->repository, NULL);
  const guint8 *data;
  gsize length;
  g_autoptr (GError) error = NULL;

  sr_blob_reader_load (reader, SR_BLOB_DATA, id, &data, &length, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (data, length, text, strlen (text));
}

static void
test_blobs (Fixture *self, gconstpointer data)
{
  g_autofree char *pieces = g_strnfill (100000, 'x');
  guint8 nonce[SR_CIPHER_NONCE_SIZE], tag[SR_CIPHER_TAG_SIZE];
  g_autofree guint8 *copy = g_memdup2 (pieces, 100000);
  SrIndex *index = sr_repository_get_index (self->repository);
  SrId one, two, three;

  append (self, "one", &one);
  append (self, "", &two);
  sr_hash_data (pieces, 100000, &three);
  g_assert_true (sr_cipher_seal_begin (self->cipher, nonce, NULL));
  g_assert_true (sr_pack_writer_append_piece (self->pack, nonce, sizeof nonce, NULL, NULL));
  for (gsize i = 0; i < 100000; i += 20000)
    {
      g_assert_true (sr_cipher_seal_update (self->cipher, copy + i, 20000, copy + i, NULL));
      g_assert_true (sr_pack_writer_append_piece (self->pack, copy + i, 20000, NULL, NULL));
    }
  g_assert_true (sr_cipher_seal_end (self->cipher, tag, NULL));
  g_assert_true (sr_pack_writer_append_piece (self->pack, tag, sizeof tag, NULL, NULL));
  g_assert_true (sr_pack_writer_end_pieces (self->pack, &three, 0, NULL));
  g_assert_cmpuint (sr_pack_writer_get_n_blobs (self->pack), ==, 3);
  g_assert_false (sr_pack_writer_is_full (self->pack));

  finish (self);
  g_assert_true (sr_index_add_pack (index, sr_pack_writer_get_id (self->pack),
                                    sr_pack_writer_get_blobs (self->pack), 3, NULL));
  assert_readable (self, &one, "one");
  assert_readable (self, &two, "");
  assert_readable (self, &three, pieces);
}

/* What a rebuilt index is made of: the table alone tells what is in the pack. */
static void
test_table (Fixture *self, gconstpointer data)
{
  SrFileName name = { SR_FILE_PACK };
  g_autoptr (GBytes) bytes = NULL;
  g_autofree guint8 *content = NULL;
  g_autoptr (GArray) blobs = NULL;
  g_autoptr (GError) error = NULL;
  guint32 table_length;
  gsize length;
  SrId one, two, hash;

  append (self, "one", &one);
  append (self, "two", &two);
  finish (self);
  name.id = *sr_pack_writer_get_id (self->pack);
  bytes = sr_storage_load (self->storage, &name, 100000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, sr_pack_writer_get_size (self->pack));
  content = g_bytes_unref_to_data (g_steal_pointer (&bytes), &length);
  sr_hash_data (content, length, &hash);
  g_assert_true (sr_id_equal (&hash, &name.id));

  memcpy (&table_length, content + length - 4, 4);
  table_length = GUINT32_FROM_LE (table_length);
  g_assert_true (sr_cipher_open (self->cipher, content + length - 4 - table_length, table_length,
                                 content, &error));
  blobs = sr_pack_table_decode (content, table_length - SR_CIPHER_OVERHEAD, length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (blobs->len, ==, 2);
  g_assert_true (sr_id_equal (&g_array_index (blobs, SrBlob, 1).id, &two));
  g_assert_cmpuint (g_array_index (blobs, SrBlob, 1).offset, ==, 3 + SR_CIPHER_OVERHEAD);
}

static void
test_full_by_size (Fixture *self, gconstpointer data)
{
  g_autofree guint8 *message = g_malloc0 (8 * 1024 * 1024);
  SrId id = { { 0 } };

  g_assert_true (sr_pack_writer_append (self->pack, &id, message, 8 * 1024 * 1024, 0, NULL, NULL));
  g_assert_true (
      sr_pack_writer_append (self->pack, &id, message, 8 * 1024 * 1024 - 1, 0, NULL, NULL));
  g_assert_false (sr_pack_writer_is_full (self->pack));
  g_assert_true (sr_pack_writer_append (self->pack, &id, message, 1, 0, NULL, NULL));
  g_assert_true (sr_pack_writer_is_full (self->pack));
}

static void
test_full_by_number (Fixture *self, gconstpointer data)
{
  const guint8 message[SR_CIPHER_OVERHEAD + 1] = { 0 };
  SrId id = { { 0 } };

  for (guint i = 0; i < 25000; i++)
    {
      g_assert_false (sr_pack_writer_is_full (self->pack));
      g_assert_true (
          sr_pack_writer_append (self->pack, &id, message, sizeof message, 0, NULL, NULL));
    }
  g_assert_true (sr_pack_writer_is_full (self->pack));
}

static void
test_store_again (Fixture *self, gconstpointer data)
{
  SrFault fault = {
    .effect = SR_FAULT_ERROR, .verbs = SR_VERB_WRITE, .count = 1, .code = SR_ERROR_STORAGE
  };
  g_autoptr (GError) error = NULL;
  SrId id;

  append (self, "one", &id);
  g_assert_true (sr_pack_writer_seal_table (self->pack, NULL, NULL));
  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &fault);
  g_assert_false (sr_pack_writer_store (self->pack, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  g_assert_true (sr_pack_writer_store (self->pack, NULL, NULL));
  g_assert_true (sr_index_add_pack (sr_repository_get_index (self->repository),
                                    sr_pack_writer_get_id (self->pack),
                                    sr_pack_writer_get_blobs (self->pack), 1, NULL));
  assert_readable (self, &id, "one");
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  SrId id;

  append (self, "one", &id);
  g_assert_true (sr_pack_writer_seal_table (self->pack, NULL, NULL));
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_pack_writer_store (self->pack, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add (const char *path, void (*func) (Fixture *self, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/pack-writer/blobs", test_blobs);
  add ("/pack-writer/table", test_table);
  add ("/pack-writer/full-by-size", test_full_by_size);
  add ("/pack-writer/full-by-number", test_full_by_number);
  add ("/pack-writer/store-again", test_store_again);
  add ("/pack-writer/cancelled", test_cancelled);
  return g_test_run ();
}
