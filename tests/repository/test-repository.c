/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening, making and listing repositories, whole and damaged ones: each message names what is wrong and says what to
 * do. */

#include "config.h"

#include "repository/sr-repository.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

typedef struct
{
  char *folder;
  SrStorage *storage;
  SrRepository *repository;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  self->storage = g_object_ref (sr_repository_get_storage (self->repository));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->repository);
  g_object_unref (self->storage);
  sr_test_remove_folder (self->folder);
}

static SrRepository *
open_with (Fixture *self, const char *password, GError **error)
{
  g_autoptr (SrSecret) secret = sr_test_secret (password);

  return sr_repository_open (self->storage, secret, NULL, error);
}

/* The only file in a folder of the repository, or the config. */
static char *
find_file (Fixture *self, const char *folder)
{
  g_autofree char *path = g_build_filename (self->folder, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir == NULL ? g_steal_pointer (&path)
                     : g_build_filename (path, g_dir_read_name (dir), NULL);
}

static void
empty (const char *path)
{
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
cut (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  g_assert_no_errno (chmod (path, 0600));
  g_assert_no_errno (truncate (path, status.st_size - 1));
}

static void
flip (const char *path)
{
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  content[length / 2] ^= 1;
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
}

static void
fill (const char *path)
{
  g_autofree char *content = g_strnfill (200000, '{');

  g_assert_true (g_file_set_contents (path, content, 200000, NULL));
}

static void
unlink_file (const char *path)
{
  g_assert_no_errno (unlink (path));
}

static const struct
{
  const char *name;
  const char *file; /* below the repository */
  void (*damage) (const char *path);
  SrError code;
  const char *said;
} damages[] = {
  { "config-missing", "config", unlink_file, SR_ERROR_DAMAGED, "“config”" },
  { "config-empty", "config", empty, SR_ERROR_DAMAGED, "“config”" },
  { "config-cut", "config", cut, SR_ERROR_DAMAGED, "“config”" },
  { "config-flipped", "config", flip, SR_ERROR_DAMAGED, "“config”" },
  { "config-huge", "config", fill, SR_ERROR_LIMIT, "config" },
  { "key-missing", "keys", unlink_file, SR_ERROR_DAMAGED, "All key files" },
  { "key-empty", "keys", empty, SR_ERROR_DAMAGED, "keys/" },
  { "key-cut", "keys", cut, SR_ERROR_DAMAGED, "keys/" },
  { "key-flipped", "keys", flip, SR_ERROR_DAMAGED, "keys/" },
  { "key-huge", "keys", fill, SR_ERROR_LIMIT, "keys/" },
};

static void
test_damage (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *path = find_file (self, damages[row].file);
  g_autoptr (SrRepository) opened = NULL;
  g_autoptr (GError) error = NULL;

  damages[row].damage (path);
  opened = open_with (self, SR_TEST_PASSWORD, &error);
  g_assert_null (opened);
  g_assert_error (error, SR_ERROR, (int) damages[row].code);
  g_assert_nonnull (strstr (error->message, damages[row].said));
}

static const struct
{
  const char *name;
  const char *password;
} wrong[] = {
  { "another", "Test" },
  { "empty", "" },
  { "longer", SR_TEST_PASSWORD "\n" },
};

static void
test_wrong_password (Fixture *self, gconstpointer data)
{
  g_autoptr (SrRepository) opened = NULL;
  g_autoptr (GError) error = NULL;

  opened = open_with (self, wrong[GPOINTER_TO_UINT (data)].password, &error);
  g_assert_null (opened);
  g_assert_error (error, SR_ERROR, SR_ERROR_WRONG_PASSWORD);
  g_assert_nonnull (strstr (error->message, self->folder));
}

/* The damaged one may be somebody else's. */
static void
test_damaged_key_beside_a_good_one (Fixture *self, gconstpointer data)
{
  g_autofree char *path =
      g_build_filename (self->folder, "keys",
                        "0000000000000000000000000000000000000000000000000000000000000000", NULL);
  g_autoptr (SrRepository) opened = NULL, other = NULL;
  g_autoptr (GError) error = NULL;

  empty (path);
  opened = open_with (self, SR_TEST_PASSWORD, &error);
  g_assert_no_error (error);
  g_assert_nonnull (opened);

  /* It may be the user's own, too. */
  other = open_with (self, "wrong", &error);
  g_assert_null (other);
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, "keys/0000000000"));
  g_assert_nonnull (strstr (error->message, "check the password"));
}

static void
test_no_repository (void)
{
  char *folder = sr_test_make_folder ();
  g_autofree char *inside = g_build_filename (folder, "not-there", NULL);
  const char *places[] = { folder, inside };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (places[i]);
      g_autoptr (SrStorage) storage = sr_folder_storage_new (file);
      g_autoptr (SrSecret) secret = sr_test_secret (SR_TEST_PASSWORD);
      g_autoptr (GError) error = NULL;

      g_assert_null (sr_repository_open (storage, secret, NULL, &error));
      g_assert_error (error, SR_ERROR, SR_ERROR_NOT_A_REPOSITORY);
      g_assert_nonnull (strstr (error->message, places[i]));
    }
  sr_test_remove_folder (folder);
}

static const char *const leftovers[] = { "config", "keys" };

/* Making a second one would lock the owner of the first out. */
static void
test_create_over_another (Fixture *self, gconstpointer data)
{
  g_autofree char *path = data != NULL ? find_file (self, data) : NULL;
  g_autoptr (SrSecret) secret = sr_test_secret ("new");
  SrScryptParameters scrypt = SR_TEST_SCRYPT;
  g_autoptr (GError) error = NULL;

  if (path != NULL)
    unlink_file (path);
  g_assert_null (sr_repository_create (self->storage, secret, &scrypt, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS);
  g_assert_nonnull (strstr (error->message, self->folder));
}

static void
test_created (Fixture *self, gconstpointer data)
{
  g_autoptr (SrRepository) opened = open_with (self, SR_TEST_PASSWORD, NULL);
  const SrConfig *config = sr_repository_get_config (opened);

  g_assert_cmpuint (config->version, ==, 2);
  g_assert_cmpuint (config->polynomial, ==,
                    sr_repository_get_config (self->repository)->polynomial);
  g_assert_true (
      sr_id_equal (sr_repository_get_key_id (opened), sr_repository_get_key_id (self->repository)));
}

static SrSnapshot *
store_snapshot (Fixture *self, guint8 number)
{
  SrId tree;

  memset (&tree, number, sizeof tree);
  return sr_test_store_snapshot (self->repository, &tree);
}

static char *
get_snapshot_path (Fixture *self, SrSnapshot *snapshot)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (sr_snapshot_get_id (snapshot), hex);
  return g_build_filename (self->folder, "snapshots", hex, NULL);
}

static void
test_no_snapshot (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) snapshots =
      sr_repository_list_snapshots (self->repository, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (snapshots->len, ==, 0);
  g_assert_null (sr_repository_find_snapshot (self->repository, "latest", NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "no snapshot yet"));
}

static void
test_snapshots_in_order (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) first = store_snapshot (self, 1);
  g_autoptr (SrSnapshot) second = store_snapshot (self, 2);
  g_autoptr (SrSnapshot) latest = NULL;
  g_autoptr (GPtrArray) snapshots =
      sr_repository_list_snapshots (self->repository, NULL, NULL, NULL);

  g_assert_cmpuint (snapshots->len, ==, 2);
  g_assert_true (
      sr_id_equal (sr_snapshot_get_id (snapshots->pdata[0]), sr_snapshot_get_id (first)));
  latest = sr_repository_find_snapshot (self->repository, "latest", NULL, NULL);
  g_assert_true (sr_id_equal (sr_snapshot_get_id (latest), sr_snapshot_get_id (second)));
}

static void
swap (Fixture *self, SrSnapshot *one, SrSnapshot *other)
{
  g_autofree char *path = get_snapshot_path (self, one);
  g_autofree char *other_path = get_snapshot_path (self, other);
  g_autofree char *between = g_strconcat (self->folder, "/between", NULL);

  g_assert_no_errno (g_rename (path, between));
  g_assert_no_errno (g_rename (other_path, path));
  g_assert_no_errno (g_rename (between, other_path));
}

static const struct
{
  const char *name;
  void (*damage) (const char *path); /* NULL: swapped with another one */
} snapshot_damages[] = {
  { "empty", empty },
  { "cut", cut },
  { "flipped", flip },
  { "swapped", NULL },
};

static void
test_damaged_snapshot (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (SrSnapshot) good = store_snapshot (self, 1);
  g_autoptr (SrSnapshot) bad = store_snapshot (self, 2);
  g_autoptr (SrSnapshot) other = store_snapshot (self, 3);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr (GPtrArray) snapshots = NULL;
  g_autofree char *path = get_snapshot_path (self, bad);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;

  if (snapshot_damages[row].damage != NULL)
    snapshot_damages[row].damage (path);
  else
    swap (self, bad, other);
  g_assert_null (sr_repository_list_snapshots (self->repository, NULL, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);

  snapshots = sr_repository_list_snapshots (self->repository, problems, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (snapshots->len + problems->len, ==, 3);
  g_assert_cmpuint (problems->len, ==, snapshot_damages[row].damage != NULL ? 1 : 2);
  g_assert_null (sr_repository_find_snapshot (self->repository, name, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, name));
}

/* The newest good one is "latest", whatever lies beside it. */
static void
test_latest_beside_damage (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) good = store_snapshot (self, 1);
  g_autoptr (SrSnapshot) bad = store_snapshot (self, 2);
  g_autofree char *path = get_snapshot_path (self, bad);
  g_autoptr (SrSnapshot) latest = NULL;
  g_autoptr (GError) error = NULL;

  empty (path);
  latest = sr_repository_find_snapshot (self->repository, "latest", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (sr_id_equal (sr_snapshot_get_id (latest), sr_snapshot_get_id (good)));
}

static void
test_find (Fixture *self, gconstpointer data)
{
  g_autoptr (SrSnapshot) snapshot = store_snapshot (self, 1);
  g_autoptr (GError) error = NULL;
  char hex[SR_ID_HEX_SIZE];
  SrId id;

  sr_id_to_hex (sr_snapshot_get_id (snapshot), hex);
  for (gsize length = 1; length <= 64; length += 21)
    {
      g_autofree char *prefix = g_strndup (hex, length);
      g_autofree char *upper = g_ascii_strup (prefix, -1);

      g_assert_true (
          sr_repository_find_id (self->repository, SR_FILE_SNAPSHOT, upper, &id, NULL, &error));
      g_assert_true (sr_id_equal (&id, sr_snapshot_get_id (snapshot)));
    }
  hex[0] = hex[0] == '0' ? '1' : '0';
  g_assert_false (
      sr_repository_find_id (self->repository, SR_FILE_SNAPSHOT, hex, &id, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (
      sr_repository_find_id (self->repository, SR_FILE_SNAPSHOT, "", &id, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (
      sr_repository_find_id (self->repository, SR_FILE_SNAPSHOT, "../config", &id, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

/* Seventeen ids have two that begin alike. */
static void
test_ambiguous (Fixture *self, gconstpointer data)
{
  guint n_ambiguous = 0;

  for (guint8 i = 1; i <= 17; i++)
    g_object_unref (store_snapshot (self, i));
  for (const char *digit = "0123456789abcdef"; *digit != '\0'; digit++)
    {
      const char name[] = { *digit, '\0' };
      g_autoptr (GError) error = NULL;
      SrId id;

      if (!sr_repository_find_id (self->repository, SR_FILE_SNAPSHOT, name, &id, NULL, &error))
        n_ambiguous += g_error_matches (error, SR_ERROR, SR_ERROR_AMBIGUOUS);
    }
  g_assert_cmpuint (n_ambiguous, >=, 1);
}

static void
test_damaged_index (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  SrBlob blob = { { { 1 } }, 0, 50, 0, SR_BLOB_DATA };
  SrId pack = { { 2 } };
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  sr_test_store_index (self->repository, &pack, &blob, 1, NULL);
  path = find_file (self, "index");
  flip (path);
  blob.id.bytes[0] = 3;
  sr_test_store_index (self->repository, &pack, &blob, 1, NULL);
  g_assert_false (sr_repository_load_index (self->repository, NULL, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_true (sr_repository_load_index (self->repository, problems, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_true (
      sr_index_contains (sr_repository_get_index (self->repository), SR_BLOB_DATA, &blob.id));
}

static void
test_new_handle (Fixture *self, gconstpointer data)
{
  SrBlob blob = { { { 1 } }, 0, 50, 0, SR_BLOB_DATA };
  SrId pack = { { 2 } };
  g_autoptr (SrRepository) handle = NULL;
  g_autoptr (SrSnapshot) snapshot = store_snapshot (self, 1);
  g_autoptr (SrSnapshot) same = NULL;

  g_assert_true (
      sr_index_add_pack (sr_repository_get_index (self->repository), &pack, &blob, 1, NULL));
  handle = sr_repository_new_handle (self->repository, NULL);
  g_assert_cmpuint (sr_index_get_n_blobs (sr_repository_get_index (handle)), ==, 0);
  same = sr_repository_find_snapshot (handle, "latest", NULL, NULL);
  g_assert_nonnull (same);
}

static void
add (const char *path, void (*func) (Fixture *self, gconstpointer data), gconstpointer data)
{
  g_test_add (path, Fixture, data, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strconcat ("/repository/damage/", damages[i].name, NULL);

      add (path, test_damage, GUINT_TO_POINTER (i));
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *path = g_strconcat ("/repository/wrong-password/", wrong[i].name, NULL);

      add (path, test_wrong_password, GUINT_TO_POINTER (i));
    }
  for (guint i = 0; i < G_N_ELEMENTS (leftovers); i++)
    {
      g_autofree char *path = g_strconcat ("/repository/create/without-", leftovers[i], NULL);

      add (path, test_create_over_another, leftovers[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (snapshot_damages); i++)
    {
      g_autofree char *path = g_strconcat ("/repository/snapshot/", snapshot_damages[i].name, NULL);

      add (path, test_damaged_snapshot, GUINT_TO_POINTER (i));
    }
  add ("/repository/create/over-another", test_create_over_another, NULL);
  add ("/repository/create/opens", test_created, NULL);
  add ("/repository/damaged-key-beside-a-good-one", test_damaged_key_beside_a_good_one, NULL);
  g_test_add_func ("/repository/no-repository", test_no_repository);
  add ("/repository/no-snapshot", test_no_snapshot, NULL);
  add ("/repository/snapshots-in-order", test_snapshots_in_order, NULL);
  add ("/repository/latest-beside-damage", test_latest_beside_damage, NULL);
  add ("/repository/find", test_find, NULL);
  add ("/repository/ambiguous", test_ambiguous, NULL);
  add ("/repository/damaged-index", test_damaged_index, NULL);
  add ("/repository/new-handle", test_new_handle, NULL);
  return g_test_run ();
}
