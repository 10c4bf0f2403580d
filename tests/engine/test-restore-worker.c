/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Repositories that are damaged, and storages that fail: what cannot be restored is named, all else is there, and nothing
 * wrong ever has the name of a file. */

#include "config.h"

#include "engine/sr-restore-worker.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-restore.h"

#define N_FILES 3

static const char *const contents[N_FILES] = { "first content", "second content", "third content" };

/* Files "f0" to "f2", each in a pack of its own, the trees in a fourth. */
static SrTestRestore *
new_restore (void)
{
  SrTestRestore *restore = sr_test_restore_new ();
  g_autoptr (GString) nodes = g_string_new (NULL);

  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);
      g_autofree char *node = sr_test_restore_file (restore, name, contents[i]);

      sr_test_restore_new_pack (restore);
      g_string_append_printf (nodes, "%s%s", i > 0 ? "," : "", node);
    }
  sr_test_restore_commit (restore, nodes->str);
  return restore;
}

/* Each file is whole or not there. Returns how many are. */
static guint
count_whole (SrTestRestore *restore)
{
  guint n = 0;

  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);
      g_autofree char *path = sr_test_restore_path (restore, name);

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      sr_test_restore_assert_content (restore, name, contents[i]);
      n++;
    }
  return n;
}

static const struct
{
  const char *name;
  SrFault fault;
} damages[] = {
  { "bit-flip", { SR_FAULT_BIT_FLIP, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK), .amount = 20 } },
  { "too-short", { SR_FAULT_SHORT_READ, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK), .amount = 9 } },
  { "missing",
    { SR_FAULT_ERROR, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK), .code = SR_ERROR_NOT_FOUND } },
  { "unreadable",
    { SR_FAULT_ERROR, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK), .code = SR_ERROR_PERMISSION } },
  { "drive-fails",
    { SR_FAULT_ERROR, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK), .code = SR_ERROR_STORAGE } },
};

/* The first read is that of the tree, so from the second on files are hit: each read and its repetition. */
static void
test_damage (gconstpointer data)
{
  SrFault fault = damages[GPOINTER_TO_UINT (data)].fault;
  g_autoptr (SrTestRestore) restore = new_restore ();
  g_autofree char *problems = NULL;

  fault.first = 2;
  sr_fault_storage_plan (SR_FAULT_STORAGE (restore->storage), &fault);
  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *line = g_strdup_printf ("/f%u: The file was not restored", i);

      g_assert_nonnull (strstr (problems, line));
    }
  sr_test_restore_assert_names (restore, "");

  sr_fault_storage_clear (SR_FAULT_STORAGE (restore->storage));
  sr_test_restore_all (restore);
  g_assert_cmpuint (count_whole (restore), ==, N_FILES);
}

/* One pack is gone, really. */
static void
test_pack_gone (void)
{
  g_autoptr (SrTestRestore) restore = new_restore ();
  g_autoptr (GError) error = NULL;
  g_autofree char *problems = NULL;
  SrFileName name = { .kind = SR_FILE_PACK };
  SrBlobPlace place;
  SrId id;

  sr_repository_load_index (restore->repository, NULL, NULL, &error);
  g_assert_no_error (error);
  sr_hash_data (contents[1], strlen (contents[1]), &id);
  g_assert_true (sr_index_lookup (sr_repository_get_index (restore->repository), SR_BLOB_DATA, &id,
                                  0, &place));
  name.id = place.pack;
  sr_storage_remove (restore->storage, &name, NULL, &error);
  g_assert_no_error (error);

  problems = sr_test_restore_run (restore, SR_CONFLICT_OVERWRITE);
  g_assert_true (g_str_has_prefix (problems, "/f1: The file was not restored"));
  g_assert_null (strstr (problems, "/f0"));
  sr_test_restore_assert_names (restore, "f0|f2");
}

/* The same chunk twice in the repository: one copy may be damaged. */
static void
test_other_copy (void)
{
  const SrFault fault = { SR_FAULT_BIT_FLIP, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK),
                          .first = 2,        .count = 2,   .amount = 20 };
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autofree char *chunk = sr_test_restore_chunk (restore, "content", 7);
  g_autofree char *again = NULL;
  g_autofree char *node = NULL;

  sr_test_restore_new_pack (restore);
  again = sr_test_restore_chunk (restore, "content", 7);
  sr_test_restore_new_pack (restore);
  node = sr_test_restore_file (restore, "f", "content");
  sr_test_restore_commit (restore, node);
  sr_fault_storage_plan (SR_FAULT_STORAGE (restore->storage), &fault);
  sr_test_restore_all (restore);
  sr_test_restore_assert_content (restore, "f", "content");
}

/* Every call of the storage fails once, in turn, and then all from there on. */
static void
test_each_call (gconstpointer data)
{
  SrFaultEffect effect = GPOINTER_TO_UINT (data);
  gboolean failed = TRUE;

  for (guint n = 1; failed; n++)
    {
      const SrFault fault = { effect, .first = n, .count = 1, .code = SR_ERROR_STORAGE,
                              .amount = 3 };
      g_autoptr (SrTestRestore) restore = new_restore ();
      g_autoptr (SrRestoreJob) job = sr_test_restore_job (restore, SR_CONFLICT_OVERWRITE);
      SrFaultStorage *storage = SR_FAULT_STORAGE (restore->storage);
      g_autoptr (GError) error = NULL;
      guint n_whole;

      sr_fault_storage_forget_calls (storage);
      sr_fault_storage_plan (storage, &fault);
      if (sr_test_run_job (SR_JOB (job), NULL, &error))
        g_assert_cmpuint (count_whole (restore), ==, N_FILES);
      n_whole = count_whole (restore);
      if (g_error_matches (error, SR_ERROR, SR_ERROR_INCOMPLETE))
        g_assert_cmpuint (g_list_model_get_n_items (sr_job_get_problems (SR_JOB (job))), >, 0);
      else if (error != NULL)
        g_assert_cmpuint (n_whole, <, N_FILES);
      failed = sr_fault_storage_count_calls (storage, 0, 0) >= n;
      g_assert_cmpuint (n, <, 200);
    }
}

/* One pack with many files: neighbors are read together, and what two files share is read once. */
static void
test_reads (void)
{
  g_autoptr (SrTestRestore) restore = sr_test_restore_new ();
  g_autoptr (GString) nodes = g_string_new (NULL);
  SrFaultStorage *storage = SR_FAULT_STORAGE (restore->storage);
  g_autofree char *shared = sr_test_restore_file (restore, "z", "content 7");

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%02u", i);
      g_autofree char *content = g_strdup_printf ("content %u", i);
      g_autofree char *node = sr_test_restore_file (restore, name, content);

      g_string_append_printf (nodes, "%s,", node);
    }
  g_string_append (nodes, shared);
  sr_test_restore_commit (restore, nodes->str);
  sr_fault_storage_forget_calls (storage);
  sr_test_restore_all (restore);
  g_assert_cmpuint (
      sr_fault_storage_count_calls (storage, SR_VERB_READ, SR_KIND_BIT (SR_FILE_PACK)), ==, 2);
  sr_test_restore_assert_content (restore, "f99", "content 99");
  sr_test_restore_assert_content (restore, "z", "content 7");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restore-worker/damage/%s", damages[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_damage);
    }
  g_test_add_func ("/restore-worker/pack-gone", test_pack_gone);
  g_test_add_func ("/restore-worker/other-copy", test_other_copy);
  g_test_add_data_func ("/restore-worker/each-call/error", GUINT_TO_POINTER (SR_FAULT_ERROR),
                        test_each_call);
  g_test_add_data_func ("/restore-worker/each-call/power-cut",
                        GUINT_TO_POINTER (SR_FAULT_POWER_CUT), test_each_call);
  g_test_add_data_func ("/restore-worker/each-call/short-read",
                        GUINT_TO_POINTER (SR_FAULT_SHORT_READ), test_each_call);
  g_test_add_data_func ("/restore-worker/each-call/wrong-bytes",
                        GUINT_TO_POINTER (SR_FAULT_WRONG_BYTES), test_each_call);
  g_test_add_func ("/restore-worker/reads", test_reads);
  return g_test_run ();
}
