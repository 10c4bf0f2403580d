/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A check names what is damaged, the files that need it, and nothing else. */

#include "config.h"

#include "engine/sr-check-job.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/sr-error.h"
#include "repository/sr-lock.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

/* A repository with one snapshot:
 *
 *   /one        first
 *   /two        first, second        pack[0]: first, second
 *   /sub/three  third                pack[1]: third
 *   (and the trees)                  pack[2] */
typedef struct
{
  char *folder;
  SrFaultStorage *storage;
  SrRepository *repository;
  SrId packs[3];
  SrId blobs[3];
  SrSnapshot *snapshot;
  GError *error; /* of the check */
  char *problems;
  char *hints;
} Fixture;

static char *
make_file (const char *name, guint size, const SrId *ids, guint n_ids)
{
  GString *json = g_string_new (NULL);

  g_string_append_printf (json, "{\"name\":\"%s\",\"type\":\"file\",\"size\":%u,\"content\":[",
                          name, size);
  for (guint i = 0; i < n_ids; i++)
    {
      char hex[SR_ID_HEX_SIZE];

      sr_id_to_hex (&ids[i], hex);
      g_string_append_printf (json, "%s\"%s\"", i > 0 ? "," : "", hex);
    }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}

static void
store_data (Fixture *self)
{
  SrTestPack *pack = sr_test_pack_new (self->repository);

  sr_test_pack_add (pack, SR_BLOB_DATA, "first", -1, &self->blobs[0]);
  sr_test_pack_add (pack, SR_BLOB_DATA, "second", -1, &self->blobs[1]);
  sr_test_pack_store (pack, &self->packs[0]);
  pack = sr_test_pack_new (self->repository);
  sr_test_pack_add (pack, SR_BLOB_DATA, "third", -1, &self->blobs[2]);
  sr_test_pack_store (pack, &self->packs[1]);
}

static void
store_trees (Fixture *self)
{
  SrTestPack *pack = sr_test_pack_new (self->repository);
  g_autofree char *one = make_file ("one", 5, self->blobs, 1);
  g_autofree char *two = make_file ("two", 11, self->blobs, 2);
  g_autofree char *three = make_file ("three", 5, self->blobs + 2, 1);
  g_autofree char *sub_json = g_strdup_printf ("{\"nodes\":[%s]}\n", three);
  g_autofree char *root_json = NULL;
  char hex[SR_ID_HEX_SIZE];
  SrId sub, root;

  sr_test_pack_add (pack, SR_BLOB_TREE, sub_json, -1, &sub);
  sr_id_to_hex (&sub, hex);
  root_json = g_strdup_printf ("{\"nodes\":[%s,{\"name\":\"sub\",\"type\":\"dir\",\"content\":null,"
                               "\"subtree\":\"%s\"},%s]}\n",
                               one, hex, two);
  sr_test_pack_add (pack, SR_BLOB_TREE, root_json, -1, &root);
  sr_test_pack_store (pack, &self->packs[2]);
  self->snapshot = sr_test_store_snapshot (self->repository, &root);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSecret) password = sr_test_secret (SR_TEST_PASSWORD);
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_autoptr (SrStorage) inner = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = sr_test_make_folder ();
  file = g_file_new_for_path (self->folder);
  inner = sr_folder_storage_new (file);
  self->storage = SR_FAULT_STORAGE (sr_fault_storage_new (inner));
  self->repository =
      sr_repository_create (SR_STORAGE (self->storage), password, &scrypt, NULL, &error);
  g_assert_no_error (error);
  store_data (self);
  store_trees (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_object_unref (self->snapshot);
  g_object_unref (self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->folder);
  g_clear_error (&self->error);
  g_free (self->problems);
  g_free (self->hints);
}

static void
check (Fixture *self, gboolean read_data)
{
  g_autoptr (SrCheckJob) job = sr_check_job_new (self->repository);
  const char *const *hints;

  g_clear_error (&self->error);
  g_free (self->problems);
  g_free (self->hints);
  sr_check_job_set_read_data (job, read_data);
  sr_test_run_job (SR_JOB (job), NULL, &self->error);
  self->problems = sr_test_describe_problems (SR_JOB (job));
  hints = sr_check_job_get_hints (job);
  self->hints = hints != NULL ? g_strjoinv ("\n", (char **) hints) : NULL;
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in “%s”", part, text);
}

static void
assert_has_not (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("“%s” is in “%s”", part, text);
}

static char *
get_path (Fixture *self, SrFileKind kind, const SrId *id)
{
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *half = NULL;

  sr_id_to_hex (id, hex);
  half = g_strndup (hex, kind == SR_FILE_PACK ? 2 : 0);
  return g_build_filename (self->folder, sr_file_kind_get_folder (kind), half, hex, NULL);
}

static char *
get_pack_path (Fixture *self, guint pack)
{
  return get_path (self, SR_FILE_PACK, &self->packs[pack]);
}

/* The only problem is one of @kind and @id. */
static void
assert_problem_of (Fixture *self, SrFileKind kind, const SrId *id)
{
  SrFileName name = { kind, *id };
  g_autofree char *text = sr_file_name_to_string (&name);
  g_autofree char *begin = g_strconcat (text, ": ", NULL);

  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  if (!g_str_has_prefix (self->problems, begin))
    g_error ("“%s” does not begin with “%s”", self->problems, begin);
  g_assert_true (strchr (self->problems, '\n') == self->problems + strlen (self->problems) - 1);
  assert_has (self->problems, ". To mend it, ");
}

static void
load (const char *path, char **out_content, gsize *out_length)
{
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, out_content, out_length, &error);
  g_assert_no_error (error);
}

static void
save (const char *path, const char *content, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, content, (gssize) length, &error);
  g_assert_no_error (error);
}

static void
flip_bit (const char *path, gsize offset)
{
  g_autofree char *content = NULL;
  gsize length;

  load (path, &content, &length);
  g_assert_cmpuint (offset, <, length);
  content[offset] ^= 4;
  save (path, content, length);
}

static void
test_whole (Fixture *self, gconstpointer data)
{
  for (guint read_data = 0; read_data < 2; read_data++)
    {
      check (self, (gboolean) read_data);
      g_assert_no_error (self->error);
      g_assert_cmpstr (self->problems, ==, "");
      g_assert_cmpstr (self->hints, ==, "");
    }
}

static void
test_golden (void)
{
  char *folder = sr_test_copy_golden_repository ();
  g_autoptr (SrRepository) repository = sr_test_open_repository (folder, SR_TEST_GOLDEN_PASSWORD);
  g_autoptr (SrCheckJob) job = sr_check_job_new (repository);
  guint64 bytes_done, bytes_total;

  sr_check_job_set_read_data (job, TRUE);
  sr_test_assert_run_job (job);
  g_object_get (job, "bytes-done", &bytes_done, "bytes-total", &bytes_total, NULL);
  g_assert_cmpuint (bytes_done, >, 100000);
  g_assert_cmpuint (bytes_done, ==, bytes_total);
  sr_test_remove_folder (folder);
}

static void
test_pack_missing (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 0);

  g_assert_cmpint (g_unlink (path), ==, 0);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[0]);
  assert_has (self->problems,
              "The pack is missing. This cannot be restored whole: /one (snapshot ");
  assert_has (self->problems, "), /two (snapshot ");
  assert_has_not (self->problems, "three");
}

static void
test_pack_of_trees_missing (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 2);

  g_assert_cmpint (g_unlink (path), ==, 0);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[2]);
  assert_has (self->problems, "/ and all in it (snapshot ");
}

/* Cut inside the second blob: only who needs that one is affected, though nobody asked to read data. */
static void
test_pack_truncated (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 0);
  g_autofree char *content = NULL;
  gsize length;

  load (path, &content, &length);
  save (path, content, 50);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[0]);
  assert_has (self->problems, "The pack has 50 bytes where the index says ");
  assert_has (self->problems, "/two (snapshot ");
  assert_has_not (self->problems, "/one");
}

static void
test_pack_empty (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 1);

  save (path, "", 0);
  check (self, TRUE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[1]);
  assert_has (self->problems, "/sub/three (snapshot ");
}

static void
test_pack_bit_flipped (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 0);

  flip_bit (path, 45); /* in the second blob */
  check (self, FALSE);
  g_assert_no_error (self->error);
  check (self, TRUE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[0]);
  assert_has (self->problems, "Blobs in it are damaged. Its content does not fit its name");
  assert_has (self->problems, "/two (snapshot ");
  assert_has_not (self->problems, "/one");
}

static void
test_pack_table_bit_flipped (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 0);
  g_autofree char *content = NULL;
  gsize length;

  load (path, &content, &length);
  flip_bit (path, length - 20);
  check (self, TRUE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[0]);
  assert_has (self->problems, "Its table is damaged");
  assert_has_not (self->problems, "restored");
}

/* A bit of a tree is found without reading all data. */
static void
test_tree_bit_flipped (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 2);

  flip_bit (path, 30); /* the first tree is that of /sub */
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[2]);
  assert_has (self->problems, "Blobs in it are damaged. This cannot be restored whole: /sub and "
                              "all in it (snapshot ");
}

static void
test_packs_swapped (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_pack_path (self, 0);
  g_autofree char *other_path = get_pack_path (self, 1);
  g_autofree char *content = NULL;
  g_autofree char *other_content = NULL;
  gsize length, other_length;
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *what = NULL;

  load (path, &content, &length);
  load (other_path, &other_content, &other_length);
  save (path, other_content, other_length);
  save (other_path, content, length);
  check (self, TRUE);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  sr_id_to_hex (&self->packs[1], hex);
  what = g_strdup_printf ("It holds the content of the pack data/%s", hex);
  assert_has (self->problems, what);
  assert_has (self->problems, "/one");
  assert_has (self->problems, "/two");
  assert_has (self->problems, "/sub/three");
}

/* The only pack with a blob is missing, but there is another copy. */
static void
test_second_copy_serves (Fixture *self, gconstpointer data)
{
  SrTestPack *copy = sr_test_pack_new (self->repository);
  g_autofree char *path = get_pack_path (self, 1);

  sr_test_pack_add (copy, SR_BLOB_DATA, "third", -1, NULL);
  sr_test_pack_store (copy, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  check (self, TRUE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[1]);
  assert_has_not (self->problems, "restored");
}

static SrId
get_first_file (Fixture *self, SrFileKind kind)
{
  g_autoptr (GArray) files = sr_storage_list (SR_STORAGE (self->storage), kind, NULL, NULL);

  g_assert_cmpuint (files->len, >, 0);
  return g_array_index (files, SrFileInfo, 0).id;
}

static void
test_index_damaged (Fixture *self, gconstpointer data)
{
  SrId id = get_first_file (self, SR_FILE_INDEX);
  g_autofree char *path = get_path (self, SR_FILE_INDEX, &id);
  char hex[SR_ID_HEX_SIZE];

  flip_bit (path, 40);
  check (self, FALSE);
  sr_id_to_hex (&id, hex);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  assert_has (self->problems, hex);
  assert_has (self->problems, "that no index file names. This cannot be restored whole: /");
  assert_has (self->hints, "is in no index file");
}

static void
test_snapshot_damaged (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_path (self, SR_FILE_SNAPSHOT, sr_snapshot_get_id (self->snapshot));

  flip_bit (path, 40);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_SNAPSHOT, sr_snapshot_get_id (self->snapshot));
}

static void
test_key_damaged (Fixture *self, gconstpointer data)
{
  SrId id = get_first_file (self, SR_FILE_KEY);
  g_autofree char *path = get_path (self, SR_FILE_KEY, &id);

  flip_bit (path, 40);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_KEY, &id);
}

static void
test_pack_in_no_index (Fixture *self, gconstpointer data)
{
  SrId id = { { 1 } };
  g_autofree char *path = get_path (self, SR_FILE_PACK, &id);
  g_autofree char *folder = g_path_get_dirname (path);

  g_mkdir (folder, 0700);
  save (path, "anything", 8);
  check (self, TRUE);
  g_assert_no_error (self->error);
  assert_has (self->hints, "data/0100000000");
  assert_has (self->hints, "is in no index file");
}

static void
test_pack_in_two_indexes (Fixture *self, gconstpointer data)
{
  SrBlob third = { .id = self->blobs[2], .length = 5 + 32, .type = SR_BLOB_DATA };

  sr_test_store_index (self->repository, &self->packs[1], &third, 1, NULL);
  check (self, TRUE);
  g_assert_no_error (self->error);
  assert_has (self->hints, "is named by several index files");
}

static void
test_pack_split_over_indexes (Fixture *self, gconstpointer data)
{
  SrTestPack *pack = sr_test_pack_new (self->repository);
  SrBlob halves[2];
  SrId id;

  /* Beside the index file that names all of it come two that name a half each. */
  sr_test_pack_add (pack, SR_BLOB_DATA, "left", -1, NULL);
  sr_test_pack_add (pack, SR_BLOB_DATA, "right", -1, NULL);
  memcpy (halves, sr_test_pack_get_blobs (pack)->data, sizeof halves);
  sr_test_pack_store (pack, &id);
  sr_test_store_index (self->repository, &id, &halves[0], 1, NULL);
  sr_test_store_index (self->repository, &id, &halves[1], 1, NULL);
  check (self, TRUE);
  assert_problem_of (self, SR_FILE_PACK, &id);
  assert_has (self->problems, "Several index files name");
}

static void
test_pack_mixed (Fixture *self, gconstpointer data)
{
  SrTestPack *pack = sr_test_pack_new (self->repository);

  sr_test_pack_add (pack, SR_BLOB_DATA, "data", -1, NULL);
  sr_test_pack_add (pack, SR_BLOB_TREE, "{\"nodes\":[]}\n", -1, NULL);
  sr_test_pack_store (pack, NULL);
  check (self, TRUE);
  g_assert_no_error (self->error);
  assert_has (self->hints, "holds both trees and data");
}

/* The index tells a wrong length; the pack is whole. */
static void
test_index_wrong (Fixture *self, gconstpointer data)
{
  SrTestPack *pack = sr_test_pack_new (self->repository);
  SrBlob blob;
  SrId id;

  sr_test_pack_add (pack, SR_BLOB_DATA, "some content", -1, NULL);
  blob = g_array_index (sr_test_pack_get_blobs (pack), SrBlob, 0);
  sr_test_pack_store (pack, &id);
  blob.length -= 2;
  sr_test_store_index (self->repository, &id, &blob, 1, NULL);
  check (self, TRUE);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  assert_has (self->problems, "data/");
}

/* Trees with something in them that cannot be so. */
static const struct
{
  const char *name;
  const char *node;
  const char *problem; /* NULL: it is fine */
} trees[] = {
  { "minimal", "{\"name\":\"a\",\"type\":\"file\",\"content\":[]}", NULL },
  { "fifo", "{\"name\":\"a\",\"type\":\"fifo\",\"content\":null}", NULL },
  { "null-content", "{\"name\":\"a\",\"type\":\"file\",\"content\":null}",
    "A file has no list of its content. This cannot be restored whole: /a (snapshot" },
  { "unknown-type", "{\"name\":\"a\",\"type\":\"door\",\"content\":null}", "no known type" },
  { "no-name", "{\"name\":\"\",\"type\":\"fifo\",\"content\":null}", "A name is none" },
  { "dots", "{\"name\":\"..\",\"type\":\"fifo\",\"content\":null}", "A name is none" },
  { "slash", "{\"name\":\"a/b\",\"type\":\"fifo\",\"content\":null}", "A name is none" },
  { "bad-escape", "{\"name\":\"\\\\q\",\"type\":\"fifo\",\"content\":null}", "/ and all in it" },
  { "no-subtree", "{\"name\":\"a\",\"type\":\"dir\",\"content\":null}",
    "no list of what is in it" },
  { "null-subtree",
    "{\"name\":\"a\",\"type\":\"dir\",\"content\":null,\"subtree\":"
    "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
    "no list of what is in it" },
  { "unknown-subtree",
    "{\"name\":\"a\",\"type\":\"dir\",\"content\":null,\"subtree\":"
    "\"1111111111111111111111111111111111111111111111111111111111111111\"}",
    "It needs a tree that no index file names. This cannot be restored whole: /a and all in it" },
  { "unknown-data",
    "{\"name\":\"a\",\"type\":\"file\",\"size\":1,\"content\":["
    "\"1111111111111111111111111111111111111111111111111111111111111111\"]}",
    "It needs data that no index file names. This cannot be restored whole: /a (" },
  { "wrong-size", "{\"name\":\"a\",\"type\":\"file\",\"size\":7,\"content\":[]}",
    "The size of a file" },
};

static void
test_tree (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *json = g_strdup_printf ("{\"nodes\":[%s]}\n", trees[row].node);
  g_autoptr (SrSnapshot) snapshot = sr_test_store_tree (self->repository, json);

  check (self, FALSE);
  if (trees[row].problem == NULL)
    {
      g_assert_no_error (self->error);
      return;
    }
  assert_problem_of (self, SR_FILE_SNAPSHOT, sr_snapshot_get_id (snapshot));
  assert_has (self->problems, trees[row].problem);
}

/* Only a few of many files are named, the others are counted. */
static void
test_many_files_are_counted (Fixture *self, gconstpointer data)
{
  g_autoptr (GString) json = g_string_new ("{\"nodes\":[");
  g_autofree char *path = get_pack_path (self, 1);
  g_autoptr (SrSnapshot) snapshot = NULL;

  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%03u", i);
      g_autofree char *node = make_file (name, 5, self->blobs + 2, 1);

      g_string_append_printf (json, "%s%s", i > 0 ? "," : "", node);
    }
  g_string_append (json, "]}\n");
  snapshot = sr_test_store_tree (self->repository, json->str);
  g_assert_cmpint (g_unlink (path), ==, 0);
  check (self, FALSE);
  assert_problem_of (self, SR_FILE_PACK, &self->packs[1]);
  assert_has (self->problems, " and 296 more. To mend it");
}

static void
test_locked (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SrLock) lock = sr_lock_acquire (self->repository, FALSE, NULL, &error);

  g_assert_no_error (error);
  check (self, FALSE);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_REPOSITORY_LOCKED);
}

/* One bad sector is damage of one pack; the rest is checked. */
static void
test_unreadable_pack (Fixture *self, gconstpointer data)
{
  SrFault fault = { SR_FAULT_ERROR,
                    SR_VERB_READ,
                    SR_KIND_BIT (SR_FILE_PACK),
                    .count = 1,
                    .code = SR_ERROR_STORAGE,
                    .message = "Input/output error" };

  sr_fault_storage_plan (self->storage, &fault);
  check (self, TRUE);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_INCOMPLETE);
  assert_has (self->problems, "Input/output error");
}

/* A storage that is gone is an error, and not a repository full of damage. */
static void
test_storage_gone (Fixture *self, gconstpointer data)
{
  SrFault fault = { SR_FAULT_ERROR, SR_VERB_LIST, SR_KIND_BIT (SR_FILE_PACK),
                    .code = SR_ERROR_STORAGE, .message = "The drive is away" };

  sr_fault_storage_plan (self->storage, &fault);
  check (self, TRUE);
  g_assert_error (self->error, SR_ERROR, SR_ERROR_STORAGE);
}

typedef struct
{
  SrFaultStorage *storage;
  GCancellable *cancellable;
} Canceller;

static gpointer
cancel_when_stalled (gpointer user_data)
{
  Canceller *canceller = user_data;

  sr_fault_storage_wait_for_stall (canceller->storage, 1);
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

/* Whatever the check waits for, it stops waiting, and takes its lock away. */
static void
test_cancel_at_each_step (Fixture *self, gconstpointer data)
{
  static const struct
  {
    SrVerbs verb;
    SrFileKind kind;
  } steps[] = {
    { SR_VERB_LIST, SR_FILE_LOCK },     { SR_VERB_LIST, SR_FILE_KEY },
    { SR_VERB_READ, SR_FILE_KEY },      { SR_VERB_LIST, SR_FILE_INDEX },
    { SR_VERB_READ, SR_FILE_INDEX },    { SR_VERB_LIST, SR_FILE_PACK },
    { SR_VERB_READ, SR_FILE_PACK },     { SR_VERB_LIST, SR_FILE_SNAPSHOT },
    { SR_VERB_READ, SR_FILE_SNAPSHOT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      SrFault fault = { SR_FAULT_STALL, steps[i].verb, SR_KIND_BIT (steps[i].kind) };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (SrCheckJob) job = sr_check_job_new (self->repository);
      Canceller canceller = { self->storage, cancellable };
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) locks = NULL;
      GThread *thread;

      sr_fault_storage_plan (self->storage, &fault);
      sr_check_job_set_read_data (job, TRUE);
      thread = g_thread_new ("cancelling", cancel_when_stalled, &canceller);
      g_assert_false (sr_test_run_job (SR_JOB (job), cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);

      sr_fault_storage_clear (self->storage);
      locks = sr_storage_list (SR_STORAGE (self->storage), SR_FILE_LOCK, NULL, NULL);
      g_assert_cmpuint (locks->len, ==, 0);
    }
}

/* Others cannot be kept away there, and can do no harm either. */
static void
test_read_only (Fixture *self, gconstpointer data)
{
  static const SrFault fault = { SR_FAULT_ERROR, SR_VERB_WRITE, 0, 0, 0, 0, SR_ERROR_PERMISSION };

  sr_fault_storage_plan (self->storage, &fault);
  check (self, TRUE);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->problems, ==, "");
}

static const struct
{
  const char *path;
  void (*test) (Fixture *self, gconstpointer data);
} tests[] = {
  { "whole", test_whole },
  { "pack/missing", test_pack_missing },
  { "pack/of-trees-missing", test_pack_of_trees_missing },
  { "pack/truncated", test_pack_truncated },
  { "pack/empty", test_pack_empty },
  { "pack/bit-flipped", test_pack_bit_flipped },
  { "pack/table-bit-flipped", test_pack_table_bit_flipped },
  { "pack/tree-bit-flipped", test_tree_bit_flipped },
  { "pack/swapped", test_packs_swapped },
  { "pack/second-copy-serves", test_second_copy_serves },
  { "pack/in-no-index", test_pack_in_no_index },
  { "pack/in-two-indexes", test_pack_in_two_indexes },
  { "pack/split-over-indexes", test_pack_split_over_indexes },
  { "pack/mixed", test_pack_mixed },
  { "pack/unreadable", test_unreadable_pack },
  { "index/damaged", test_index_damaged },
  { "index/wrong", test_index_wrong },
  { "snapshot-damaged", test_snapshot_damaged },
  { "key-damaged", test_key_damaged },
  { "many-files-are-counted", test_many_files_are_counted },
  { "locked", test_locked },
  { "read-only", test_read_only },
  { "storage-gone", test_storage_gone },
  { "cancel-at-each-step", test_cancel_at_each_step },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/check-job/golden", test_golden);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/check-job/", tests[i].path, NULL);
      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  for (guint row = 0; row < G_N_ELEMENTS (trees); row++)
    {
      g_autofree char *path = g_strconcat ("/check-job/tree/", trees[row].name, NULL);
      g_test_add (path, Fixture, GUINT_TO_POINTER (row), set_up, test_tree, tear_down);
    }
  return g_test_run ();
}
