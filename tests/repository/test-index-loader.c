/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Index files that are read: all or nothing of each, and a damaged one is named. */

#include "config.h"

#include "repository/sr-index-loader.h"

#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "tests/support/sr-test-files.h"
#include "tests/support/sr-test-repository.h"

#define PACK "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BLOB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ENTRY \
  "{\"id\":\"" PACK "\",\"blobs\":[{\"id\":\"" BLOB \
  "\",\"type\":\"data\",\"offset\":0,\"length\":50}]}"

typedef struct
{
  char *folder;
  SrRepository *repository;
  SrIndexLoader *loader;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = sr_test_make_folder ();
  self->repository = sr_test_create_repository (self->folder);
  self->loader = sr_index_loader_new (self->repository, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sr_index_loader_free (self->loader);
  g_object_unref (self->repository);
  sr_test_remove_folder (self->folder);
}

static void
store (Fixture *self, const char *json, SrId *out_id)
{
  g_autoptr (GError) error = NULL;

  sr_repository_save_unpacked (self->repository, SR_FILE_INDEX, json, strlen (json), out_id, NULL,
                               &error);
  g_assert_no_error (error);
}

static const struct
{
  const char *name;
  const char *json;
  int code; /* -1: fine */
  guint n_blobs;
} contents[] = {
  { "empty", "{\"packs\":[]}", -1, 0 },
  { "one", "{\"packs\":[" ENTRY "]}", -1, 1 },
  { "supersedes", "{\"supersedes\":[\"" PACK "\"],\"packs\":[" ENTRY "]}", -1, 1 },
  { "twice-the-same", "{\"packs\":[" ENTRY "," ENTRY "]}", -1, 1 },
  { "cut-off", "{\"packs\":[" ENTRY, SR_ERROR_DAMAGED, 0 },
  { "more-behind", "{\"packs\":[" ENTRY "]} x", SR_ERROR_DAMAGED, 0 },
  { "bad-second", "{\"packs\":[" ENTRY ",{\"id\":\"12\"}]}", SR_ERROR_DAMAGED, 0 },
  { "no-object", "7", SR_ERROR_DAMAGED, 0 },
  { "very-old", "[{}]", SR_ERROR_UNSUPPORTED, 0 },
};

static void
test_content (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  SrId id;

  store (self, contents[row].json, &id);
  sr_index_loader_load (self->loader, &id, NULL, &error);
  if (contents[row].code < 0)
    g_assert_no_error (error);
  else
    {
      char hex[SR_ID_HEX_SIZE];

      sr_id_to_hex (&id, hex);
      g_assert_error (error, SR_ERROR, contents[row].code);
      g_assert_true (g_str_has_prefix (error->message, "The index file index/"));
      g_assert_nonnull (strstr (error->message, hex));
    }
  g_assert_cmpuint (sr_index_get_n_blobs (sr_repository_get_index (self->repository)), ==,
                    contents[row].n_blobs);
}

static void
cut (char *content, gsize *length)
{
  *length -= 1;
}

static void
empty (char *content, gsize *length)
{
  *length = 0;
}

static void
flip (char *content, gsize *length)
{
  content[*length / 2] ^= 4;
}

static const struct
{
  const char *name;
  void (*damage) (char *content, gsize *length);
} damages[] = {
  { "cut", cut },
  { "emptied", empty },
  { "flipped", flip },
};

static void
test_damage (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  char hex[SR_ID_HEX_SIZE];
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  SrId id;

  store (self, "{\"packs\":[" ENTRY "]}", &id);
  sr_id_to_hex (&id, hex);
  path = g_build_filename (self->folder, "index", hex, NULL);
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  damages[row].damage (content, &length);
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));

  g_assert_false (sr_index_loader_load (self->loader, &id, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, hex));
  g_assert_cmpuint (sr_index_get_n_packs (sr_repository_get_index (self->repository)), ==, 0);
}

static void
test_missing (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  SrId id = { { 7 } };

  g_assert_false (sr_index_loader_load (self->loader, &id, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  SrId id;

  store (self, "{\"packs\":[" ENTRY "]}", &id);
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_index_loader_load (self->loader, &id, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_what_was_listed (Fixture *self, gconstpointer data)
{
  const SrId *pack;
  gsize n_blobs;
  SrId id, wanted;

  store (self, "{\"packs\":[" ENTRY "]}", &id);
  g_assert_true (sr_index_loader_load (self->loader, &id, NULL, NULL));
  g_assert_cmpuint (sr_index_loader_get_n_packs (self->loader), ==, 1);
  pack = sr_index_loader_get_pack (self->loader, 0, &n_blobs);
  sr_id_from_hex (&wanted, PACK, 64);
  g_assert_true (sr_id_equal (pack, &wanted));
  g_assert_cmpuint (n_blobs, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *path = g_strconcat ("/index-loader/content/", contents[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_content, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strconcat ("/index-loader/", damages[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_damage, tear_down);
    }
  g_test_add ("/index-loader/missing", Fixture, NULL, set_up, test_missing, tear_down);
  g_test_add ("/index-loader/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
  g_test_add ("/index-loader/what-was-listed", Fixture, NULL, set_up, test_what_was_listed,
              tear_down);
  return g_test_run ();
}
