/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The packs that a run fills: few for little, and all of them in the index when the run has finished. */

#include "config.h"

#include "engine/sr-pack-set.h"

#include <string.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-backup.h"

typedef struct
{
  SrTestBackup backup;
  SrStop *stop;
  SrPackSet *set;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  sr_test_backup_set_up (&self->backup, data);
  self->stop = sr_stop_new (NULL);
  self->set = sr_pack_set_new (self->backup.repository, self->stop);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_pack_set_free (self->set);
  sr_stop_free (self->stop);
  sr_test_backup_tear_down (&self->backup, data);
}

static void
append (SrPackWriter *pack, guint8 number, gsize length)
{
  g_autofree guint8 *message = g_malloc0 (length);
  SrId id = { { number } };
  g_autoptr (GError) error = NULL;

  sr_pack_writer_append (pack, &id, message, length, 0, NULL, &error);
  g_assert_no_error (error);
}

static guint
count_stored (Fixture *self, SrFileKind kind)
{
  g_autoptr (GArray) files = sr_storage_list (self->backup.storage, kind, NULL, NULL);

  return files->len;
}

static void
test_nothing (Fixture *self, gconstpointer data)
{
  SrPackWriter *pack = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);

  g_assert_true (sr_pack_set_give (self->set, pack, NULL));
  g_assert_true (sr_pack_set_finish (self->set, NULL));
  g_assert_cmpuint (count_stored (self, SR_FILE_PACK), ==, 0);
  g_assert_cmpuint (count_stored (self, SR_FILE_INDEX), ==, 0);
  g_assert_cmpuint (sr_pack_set_get_stored_bytes (self->set), ==, 0);
}

/* What is given back is taken again, so that a small backup has one pack of each type. */
static void
test_lending (Fixture *self, gconstpointer data)
{
  SrPackWriter *one = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);
  SrPackWriter *other = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);
  SrPackWriter *tree;

  g_assert_true (one != other);
  append (one, 1, 100);
  g_assert_true (sr_pack_set_give (self->set, one, NULL));
  tree = sr_pack_set_take (self->set, SR_BLOB_TREE, NULL);
  g_assert_true (tree != one);
  g_assert_cmpint (sr_pack_writer_get_blob_type (tree), ==, SR_BLOB_TREE);
  g_assert_true (sr_pack_set_take (self->set, SR_BLOB_DATA, NULL) == one);

  append (tree, 2, 100);
  g_assert_true (sr_pack_set_give (self->set, one, NULL));
  g_assert_true (sr_pack_set_give (self->set, other, NULL)); /* empty: not stored */
  g_assert_true (sr_pack_set_give (self->set, tree, NULL));
  g_assert_true (sr_pack_set_finish (self->set, NULL));
  g_assert_cmpuint (count_stored (self, SR_FILE_PACK), ==, 2);
  g_assert_cmpuint (count_stored (self, SR_FILE_INDEX), ==, 1);
  g_assert_cmpuint (sr_pack_set_get_stored_bytes (self->set), >, 200);
}

/* A full one is stored while the run goes on. */
static void
test_full (Fixture *self, gconstpointer data)
{
  SrPackWriter *pack = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);
  SrPackWriter *next;

  append (pack, 1, SR_PACK_TARGET_SIZE);
  g_assert_true (sr_pack_set_give (self->set, pack, NULL));
  next = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);
  g_assert_cmpuint (sr_pack_writer_get_n_blobs (next), ==, 0);
  append (next, 2, 100);
  g_assert_true (sr_pack_set_give (self->set, next, NULL));
  g_assert_true (sr_pack_set_finish (self->set, NULL));
  g_assert_cmpuint (count_stored (self, SR_FILE_PACK), ==, 2);
}

static void
test_failure_stops (Fixture *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_ERROR,
                    .verbs = SR_VERB_WRITE,
                    .kinds = SR_KIND_BIT (SR_FILE_PACK),
                    .code = SR_ERROR_NO_SPACE };
  SrPackWriter *pack = sr_pack_set_take (self->set, SR_BLOB_DATA, NULL);
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->backup.storage), &fault);
  append (pack, 1, 100);
  g_assert_true (sr_pack_set_give (self->set, pack, NULL));
  g_assert_false (sr_pack_set_finish (self->set, NULL));
  g_assert_true (sr_stop_is_set (self->stop));
  g_assert_false (sr_stop_finish (self->stop, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  g_assert_cmpuint (count_stored (self, SR_FILE_INDEX), ==, 0);
}

static void
test_no_spool (Fixture *self, gconstpointer data)
{
  SrFault fault = { .effect = SR_FAULT_ERROR,
                    .verbs = SR_VERB_CREATE_SPOOL,
                    .code = SR_ERROR_NO_SPACE };
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (SR_FAULT_STORAGE (self->backup.storage), &fault);
  g_assert_null (sr_pack_set_take (self->set, SR_BLOB_DATA, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
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
  add ("/pack-set/nothing", test_nothing);
  add ("/pack-set/lending", test_lending);
  add ("/pack-set/full", test_full);
  add ("/pack-set/failure-stops", test_failure_stops);
  add ("/pack-set/no-spool", test_no_spool);
  return g_test_run ();
}
