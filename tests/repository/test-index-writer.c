/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Index files as a run makes them: when they are due, and that none of what was stored is forgotten. */

#include "config.h"

#include "repository/sr-index-writer.h"

#include <string.h>

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

typedef struct
{
  char *folder;
  SrStorage *storage; /* an SrFaultStorage */
  SrRepository *repository;
  SrIndexWriter *writer;
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
  self->writer = sr_index_writer_new (self->repository);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_index_writer_free (self->writer);
  g_object_unref (self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->folder);
}

static void
make_blobs (guint pack, guint n_blobs, SrId *out_pack, SrBlob *out_blobs)
{
  memset (out_pack, (int) pack, sizeof *out_pack);
  for (guint i = 0; i < n_blobs; i++)
    {
      SrBlob blob = { { { 0 } }, i * 100, 100, 0, SR_BLOB_DATA };

      blob.id = *out_pack;
      memcpy (blob.id.bytes + 4, &i, sizeof i);
      out_blobs[i] = blob;
    }
}

static gboolean
add (Fixture *self, guint pack, guint n_blobs, GError **error)
{
  g_autofree SrBlob *blobs = g_new (SrBlob, n_blobs);
  SrId id;

  make_blobs (pack, n_blobs, &id, blobs);
  return sr_index_writer_add_pack (self->writer, &id, blobs, n_blobs, NULL, error);
}

static guint
count_written (Fixture *self)
{
  return sr_fault_storage_count_calls (SR_FAULT_STORAGE (self->storage), SR_VERB_WRITE,
                                       SR_KIND_BIT (SR_FILE_INDEX));
}

static void
assert_stored (Fixture *self, guint n_packs, guint64 n_blobs)
{
  g_autoptr (SrRepository) repository = sr_repository_new_handle (self->repository, NULL);
  g_autoptr (GError) error = NULL;

  sr_repository_load_index (repository, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sr_index_get_n_packs (sr_repository_get_index (repository)), ==, n_packs);
  g_assert_cmpuint (sr_index_get_n_blobs (sr_repository_get_index (repository)), ==, n_blobs);
}

static void
test_nothing_to_write (Fixture *self, gconstpointer data)
{
  g_assert_true (sr_index_writer_flush (self->writer, NULL, NULL));
  g_assert_cmpuint (count_written (self), ==, 0);
}

static void
test_flush (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  SrId pack;

  g_assert_true (add (self, 1, 3, &error));
  g_assert_true (add (self, 2, 1, &error));
  g_assert_cmpuint (count_written (self), ==, 0);
  memset (&pack, 2, sizeof pack);
  g_assert_true (sr_index_has_pack (sr_repository_get_index (self->repository), &pack));
  g_assert_true (sr_index_writer_flush (self->writer, NULL, &error));
  g_assert_true (sr_index_writer_flush (self->writer, NULL, &error));
  g_assert_cmpuint (count_written (self), ==, 1);
  assert_stored (self, 2, 4);
}

/* restic expects files of at most 50,000; packs stay whole. */
static void
test_due_by_number (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (add (self, 1, 24999, &error));
  g_assert_cmpuint (count_written (self), ==, 0);
  g_assert_true (add (self, 2, 24999, &error));
  g_assert_cmpuint (count_written (self), ==, 1);
  assert_stored (self, 2, 49998);
  g_assert_true (add (self, 3, 1, &error));
  g_assert_true (sr_index_writer_flush (self->writer, NULL, &error));
  g_assert_cmpuint (count_written (self), ==, 2);
  assert_stored (self, 3, 49999);
}

static void
test_failure_keeps_packs (Fixture *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_ERROR, .verbs = SR_VERB_WRITE, .code = SR_ERROR_NO_SPACE };
  g_autoptr (GError) error = NULL;

  g_assert_true (add (self, 1, 3, NULL));
  sr_fault_storage_plan (SR_FAULT_STORAGE (self->storage), &fault);
  g_assert_false (sr_index_writer_flush (self->writer, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  sr_fault_storage_clear (SR_FAULT_STORAGE (self->storage));
  assert_stored (self, 0, 0);
  g_assert_true (add (self, 2, 1, NULL));
  g_assert_true (sr_index_writer_flush (self->writer, NULL, NULL));
  assert_stored (self, 2, 4);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/index-writer/nothing-to-write", Fixture, NULL, set_up, test_nothing_to_write,
              tear_down);
  g_test_add ("/index-writer/flush", Fixture, NULL, set_up, test_flush, tear_down);
  g_test_add ("/index-writer/due-by-number", Fixture, NULL, set_up, test_due_by_number, tear_down);
  g_test_add ("/index-writer/failure-keeps-packs", Fixture, NULL, set_up, test_failure_keeps_packs,
              tear_down);
  return g_test_run ();
}
