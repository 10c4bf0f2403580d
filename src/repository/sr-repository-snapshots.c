/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Finds the snapshots of a repository: all of them, the latest, or the one that a user names by the first digits of
 * its id. Their files are small and have no order of their own, so each is loaded to know its time. */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/sr-error.h"
#include "repository/sr-repository-private.h"

/**
 * sr_repository_load_snapshot:
 * @self: a repository
 * @id: of the snapshot
 * @cancellable: (nullable): ends the transfer
 *
 * Returns: (transfer full): the snapshot; NULL: as sr_repository_load_unpacked()
 */
SrSnapshot *
sr_repository_load_snapshot (SrRepository *self,
                             const SrId *id,
                             GCancellable *cancellable,
                             GError **error)
{
  SrFileName name = { SR_FILE_SNAPSHOT, *id };
  g_autoptr (GBytes) json = sr_repository_load_unpacked (self, &name, cancellable, error);
  SrSnapshot *snapshot;

  if (json == NULL)
    return NULL;

  snapshot =
      sr_snapshot_new_from_json (g_bytes_get_data (json, NULL), g_bytes_get_size (json), id, error);
  if (snapshot == NULL)
    {
      g_autofree char *text = sr_file_name_to_string (&name);

      sr_prefix_error (error, _ ("The file %s is damaged"), text);
    }
  return snapshot;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  SrSnapshot *left = *(SrSnapshot *const *) a;
  SrSnapshot *right = *(SrSnapshot *const *) b;
  int order = sr_time_compare (sr_snapshot_get_time (left), sr_snapshot_get_time (right));

  if (order != 0)
    return order;
  return sr_id_compare (sr_snapshot_get_id (left), sr_snapshot_get_id (right));
}

/**
 * sr_repository_list_snapshots:
 * @self: a repository
 * @problems: (nullable) (element-type GError): as for sr_repository_load_index()
 * @cancellable: (nullable): looked at between snapshots
 *
 * Returns: (transfer full) (element-type SrSnapshot): all snapshots, oldest first
 */
GPtrArray *
sr_repository_list_snapshots (SrRepository *self,
                              GPtrArray *problems,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, SR_FILE_SNAPSHOT, cancellable, error);
  g_autoptr (GPtrArray) snapshots = g_ptr_array_new_with_free_func (g_object_unref);

  if (files == NULL)
    return NULL;

  for (guint i = 0; i < files->len; i++)
    {
      const SrId *id = &g_array_index (files, SrFileInfo, i).id;
      g_autoptr (GError) local_error = NULL;
      SrSnapshot *snapshot = sr_repository_load_snapshot (self, id, cancellable, &local_error);

      if (snapshot != NULL)
        g_ptr_array_add (snapshots, snapshot);
      else if (!sr_repository_pass_over (g_steal_pointer (&local_error), problems, error))
        return NULL;
    }
  g_ptr_array_sort (snapshots, compare_times);
  return g_steal_pointer (&snapshots);
}

/* A damaged snapshot beside it is no reason to refuse the newest good one. */
static SrSnapshot *
find_latest (SrRepository *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr (GPtrArray) snapshots =
      sr_repository_list_snapshots (self, problems, cancellable, error);

  if (snapshots == NULL)
    return NULL;
  if (snapshots->len > 0)
    return g_object_ref (g_ptr_array_index (snapshots, snapshots->len - 1));

  if (problems->len > 0)
    g_propagate_error (error, g_error_copy (g_ptr_array_index (problems, 0)));
  else
    g_set_error_literal (error, SR_ERROR, SR_ERROR_NOT_FOUND,
                         _ ("The repository has no snapshot yet; back something up first"));
  return NULL;
}

static gboolean
has_prefix (const SrId *id, const char *prefix)
{
  char hex[SR_ID_HEX_SIZE];

  sr_id_to_hex (id, hex);
  return g_ascii_strncasecmp (hex, prefix, strlen (prefix)) == 0;
}

/**
 * sr_repository_find_id:
 * @self: a repository
 * @kind: snapshots, keys, …
 * @name: an id, or as many of its first digits as make it unique
 * @out_id: (out): the whole id
 * @cancellable: (nullable): ends the listing
 *
 * Fails with %SR_ERROR_NOT_FOUND, %SR_ERROR_AMBIGUOUS, or as the storage says.
 */
gboolean
sr_repository_find_id (SrRepository *self,
                       SrFileKind kind,
                       const char *name,
                       SrId *out_id,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GArray) files = sr_storage_list (self->storage, kind, cancellable, error);
  guint n_found = 0;

  if (files == NULL)
    return FALSE;

  for (guint i = 0; i < files->len && *name != '\0'; i++)
    if (has_prefix (&g_array_index (files, SrFileInfo, i).id, name))
      {
        *out_id = g_array_index (files, SrFileInfo, i).id;
        n_found++;
      }

  if (n_found == 0)
    g_set_error (
        error, SR_ERROR, SR_ERROR_NOT_FOUND,
        _ ("Nothing in “%s” has an id that begins with “%s”; list them to see which there are"),
        sr_file_kind_get_folder (kind), name);
  else if (n_found > 1)
    g_set_error (error, SR_ERROR, SR_ERROR_AMBIGUOUS,
                 _ ("%u files in “%s” have an id that begins with “%s”; type more of it"), n_found,
                 sr_file_kind_get_folder (kind), name);
  return n_found == 1;
}

/**
 * sr_repository_find_snapshot:
 * @self: a repository
 * @name: "latest" for the one with the greatest time, an id, or its first digits
 * @cancellable: (nullable): looked at between snapshots
 *
 * Returns: (transfer full): the snapshot; NULL: %SR_ERROR_NOT_FOUND, %SR_ERROR_AMBIGUOUS, …
 */
SrSnapshot *
sr_repository_find_snapshot (SrRepository *self,
                             const char *name,
                             GCancellable *cancellable,
                             GError **error)
{
  SrId id;

  if (strcmp (name, "latest") == 0)
    return find_latest (self, cancellable, error);
  if (!sr_repository_find_id (self, SR_FILE_SNAPSHOT, name, &id, cancellable, error))
    return NULL;
  return sr_repository_load_snapshot (self, &id, cancellable, error);
}
