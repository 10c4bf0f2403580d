/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Listing a snapshot: what comes, in which order and in which pieces. */

#include "config.h"

#include "engine/sr-list-job.h"

#include <string.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-job.h"
#include "tests/support/sr-test-repository.h"

#define FIRST_SNAPSHOT "08c336b330e2eeafa35c667863158c845665e6d54dafdb8ca85d693c6532772a"

typedef struct
{
  char *folder; /* (owned) (nullable): of a fresh one */
  SrRepository *repository;
  GString *listed; /* a line for each entry */
  guint n_entries;
  guint largest_batch;
  GCancellable *cancellable; /* (nullable): cancelled at the first batch */
} Fixture;

/* Opened once, as deriving the key takes its time. */
static char *golden_folder;
static SrRepository *golden;

static void
set_up_golden (Fixture *self, gconstpointer data)
{
  self->repository = g_object_ref (golden);
  self->listed = g_string_new (NULL);
}

static void
set_up_fresh (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  self->listed = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->cancellable);
  g_object_unref (self->repository);
  g_string_free (self->listed, TRUE);
  g_clear_pointer (&self->folder, sr_test_remove_folder);
}

static void
on_entries (SrListJob *job, GListModel *entries, Fixture *self)
{
  guint n_entries = g_list_model_get_n_items (entries);

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (SrEntry) entry = g_list_model_get_item (entries, i);

      g_assert_nonnull (sr_entry_get_node (entry)->name);
      g_string_append_printf (self->listed, "%s\n", sr_entry_get_path (entry));
    }
  self->n_entries += n_entries;
  self->largest_batch = MAX (self->largest_batch, n_entries);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

static SrListJob *
make_job (Fixture *self, SrSnapshot *snapshot, const char *path, gboolean recursive)
{
  SrListJob *job = sr_list_job_new (self->repository, snapshot, path, recursive);

  g_signal_connect (job, "entries", G_CALLBACK (on_entries), self);
  return job;
}

static SrSnapshot *
get_first_snapshot (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  SrSnapshot *snapshot =
      sr_repository_find_snapshot (self->repository, FIRST_SNAPSHOT, NULL, &error);

  g_assert_no_error (error);
  return snapshot;
}

static const struct
{
  const char *name;
  const char *path;
  gboolean recursive;
  const char *listed; /* NULL: it is not there */
} cases[] = {
  { "folder", "/srv/fixture/alice/docs", FALSE,
    "/srv/fixture/alice/docs\n"
    "/srv/fixture/alice/docs/copy-1\n/srv/fixture/alice/docs/copy-2\n"
    "/srv/fixture/alice/docs/empty\n/srv/fixture/alice/docs/hard-3\n"
    "/srv/fixture/alice/docs/one-byte\n/srv/fixture/alice/docs/readme.txt\n" },
  { "file", "/srv/fixture/alice/docs/empty", TRUE, "/srv/fixture/alice/docs/empty\n" },
  { "odd-slashes", "srv//fixture/./alice/docs/empty/", TRUE, "/srv/fixture/alice/docs/empty\n" },
  { "empty-folder", "/srv/fixture/alice/empty-dir", TRUE, "/srv/fixture/alice/empty-dir\n" },
  { "root", "/", FALSE, "/srv\n" },
  { "without-path", NULL, FALSE, "/srv\n" },
  { "missing", "/srv/fixture/bob", TRUE, NULL },
  { "below-a-file", "/srv/fixture/alice/docs/empty/x", TRUE, NULL },
  { "dots-lead-nowhere", "/srv/../srv", TRUE, NULL },
};

static void
test_path (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrSnapshot) snapshot = get_first_snapshot (self);
  g_autoptr (SrListJob) job = make_job (self, snapshot, cases[row].path, cases[row].recursive);
  g_autoptr (GError) error = NULL;

  if (cases[row].listed == NULL)
    {
      g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
      return;
    }
  sr_test_assert_run_job (job);
  g_assert_cmpstr (self->listed->str, ==, cases[row].listed);
}

static void
test_whole_snapshot (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = get_first_snapshot (self);
  g_autoptr (SrListJob) job = make_job (self, snapshot, NULL, TRUE);

  sr_test_assert_run_job (job);
  g_assert_cmpuint (self->n_entries, ==, 327); /* MANIFEST.json, total_nodes */
  g_assert_nonnull (strstr (self->listed->str, "/level28/level29/bottom\n"));
}

/* Only the last folder of the chain is gone into; those above it are not listed. */
static void
test_below_a_folder (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = get_first_snapshot (self);
  g_autoptr (SrListJob) job = make_job (self, snapshot, "/srv/fixture/alice/level00", TRUE);

  sr_test_assert_run_job (job);
  g_assert_cmpuint (self->n_entries, ==, 31);
  g_assert_true (g_str_has_prefix (self->listed->str, "/srv/fixture/alice/level00\n"));
}

static SrSnapshot *
store_wide_folder (Fixture *self, guint n_files)
{
  g_autoptr (GString) json = g_string_new ("{\"nodes\":[");

  for (guint i = 0; i < n_files; i++)
    g_string_append_printf (json, "%s{\"name\":\"f%06u\",\"type\":\"file\",\"content\":[]}",
                            i > 0 ? "," : "", i);
  g_string_append (json, "]}\n");
  return sr_test_store_tree (self->repository, json->str);
}

static void
test_wide_folder_comes_in_batches (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = store_wide_folder (self, 2500);
  g_autoptr (SrListJob) job = make_job (self, snapshot, NULL, TRUE);

  sr_test_assert_run_job (job);
  g_assert_cmpuint (self->n_entries, ==, 2500);
  g_assert_cmpuint (self->largest_batch, ==, 1000);
}

static void
test_cancel_from_a_batch (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = store_wide_folder (self, 2500);
  g_autoptr (SrListJob) job = make_job (self, snapshot, NULL, TRUE);
  g_autoptr (GError) error = NULL;

  self->cancellable = g_cancellable_new ();
  g_assert_false (sr_test_run_job (SR_JOB (job), self->cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (self->n_entries, ==, 1000);
}

static void
test_hostile_and_broken (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = sr_test_store_tree (
      self->repository,
      "{\"nodes\":["
      "{\"name\":\"..\",\"type\":\"dir\",\"content\":null,\"subtree\":"
      "\"ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8\"},"
      "{\"name\":\"good\",\"type\":\"file\",\"content\":[]},"
      "{\"name\":\"gone\",\"type\":\"dir\",\"content\":null,\"subtree\":"
      "\"1111111111111111111111111111111111111111111111111111111111111111\"}]}\n");
  g_autoptr (SrListJob) job = make_job (self, snapshot, NULL, TRUE);
  g_autofree char *problems = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_assert_cmpstr (self->listed->str, ==, "/good\n/gone\n");
  problems = sr_test_describe_problems (SR_JOB (job));
  g_assert_true (g_str_has_prefix (problems, "/..: "));
  g_assert_nonnull (strstr (problems, "\n/gone: "));
}

/* One that names nothing which is needed here. */
static void
test_index_damaged (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = sr_test_store_tree (
      self->repository, "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"content\":[]}]}\n");
  g_autoptr (SrListJob) job = make_job (self, snapshot, NULL, TRUE);
  g_autofree char *name = g_strnfill (64, 'a');
  g_autofree char *path = g_build_filename (self->folder, "index", name, NULL);
  g_autofree char *problems = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, "no index", -1, &error);
  g_assert_no_error (error);
  g_assert_false (sr_test_run_job (SR_JOB (job), NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_INCOMPLETE);
  g_assert_cmpstr (self->listed->str, ==, "/a\n");
  problems = sr_test_describe_problems (SR_JOB (job));
  g_assert_nonnull (strstr (problems, name));
}

#define ADD(path, row, set_up, test) \
  g_test_add ("/list-job/" path, Fixture, GUINT_TO_POINTER (row), set_up, test, tear_down)

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  golden_folder = sr_test_copy_golden_repository ();
  golden = sr_test_open_repository (golden_folder, SR_TEST_GOLDEN_PASSWORD);

  ADD ("whole-snapshot", 0, set_up_golden, test_whole_snapshot);
  ADD ("below-a-folder", 0, set_up_golden, test_below_a_folder);
  ADD ("wide-folder-comes-in-batches", 0, set_up_fresh, test_wide_folder_comes_in_batches);
  ADD ("cancel-from-a-batch", 0, set_up_fresh, test_cancel_from_a_batch);
  ADD ("hostile-and-broken", 0, set_up_fresh, test_hostile_and_broken);
  ADD ("index-damaged", 0, set_up_fresh, test_index_damaged);
  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/list-job/path/", cases[row].name, NULL);
      g_test_add (path, Fixture, GUINT_TO_POINTER (row), set_up_golden, test_path, tear_down);
    }
  status = g_test_run ();

  g_object_unref (golden);
  sr_test_remove_folder (golden_folder);
  return status;
}
