/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A repository in a folder, in the layout of restic's local backend (sr-folder-layout.c).
 *
 * A file is written under no name, synced, linked into its place, and the folder synced: so it is
 * there whole or not at all, whatever is unplugged when. sr-folder-file.c does that, and knows what
 * to do on file systems that cannot. A pack is built in the very file that is linked. */

#include "config.h"

#include "sr-folder-storage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "base/sr-fd.h"
#include "crypto/sr-hash.h"
#include "storage/sr-folder-file.h"
#include "storage/sr-folder-layout.h"
#include "storage/sr-open-files.h"

#define MAX_OPEN_PACKS 16
#define COPY_SIZE (1024 * 1024) /* bytes */

struct _SrFolderStorage
{
  SrStorage parent_instance;

  GFile *folder; /* (owned) */
  char *path; /* (owned) (nullable): NULL where it is on no local file system */
  SrOpenFiles *open_packs; /* (owned) */
  gint named_files; /* (atomic): whether files without a name do not work here */
  gint swept; /* (atomic): whether old leftovers have been removed */
};

/* What a spool of ours has on it: the file behind it may be named instead of copied. */
typedef struct
{
  char *folder; /* (owned): the top folder that it was made in */
  char *temporary_path; /* (owned) (nullable): its name until it is renamed or the spool goes */
  gboolean usable; /* FALSE: named already, or nobody knows what of it is on the disk */
} SpoolOrigin;

/* Where a file is to be. */
typedef struct
{
  const SrFileName *name;
  char *folder; /* (owned) */
  int folder_fd; /* (owned) */
  char base[SR_ID_HEX_SIZE]; /* its name there */
} Target;

typedef enum
{
  PROP_FOLDER = 1,
  PROP_NAMED_FILES,
} SrFolderStorageProperty;

static GParamSpec *props[PROP_NAMED_FILES + 1];

G_DEFINE_FINAL_TYPE (SrFolderStorage, sr_folder_storage, SR_TYPE_STORAGE)

static GQuark
spool_origin_quark (void)
{
  return g_quark_from_static_string ("sr-folder-storage-spool-origin");
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
target_clear (Target *target)
{
  g_clear_pointer (&target->folder, g_free);
  close_fd (&target->folder_fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Target, target_clear)

static void
spool_origin_free (gpointer data)
{
  SpoolOrigin *origin = data;

  g_clear_pointer (&origin->temporary_path, sr_folder_file_discard);
  g_free (origin->folder);
  g_free (origin);
}

static gboolean
check_path (SrFolderStorage *self, GError **error)
{
  g_autofree char *name = NULL;

  if (self->path != NULL)
    return TRUE;
  name = g_file_get_parse_name (self->folder);
  g_set_error (error, SR_ERROR, SR_ERROR_INVALID,
               _ ("“%s” is not a folder of this computer; name one that is on a drive or mounted"),
               name);
  return FALSE;
}

static char *
sr_folder_storage_dup_location (SrStorage *storage)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);

  return self->path != NULL ? g_strdup (self->path) : g_file_get_parse_name (self->folder);
}

/* For a file at @path that could not be reached. */
static void
set_file_error (SrFolderStorage *self,
                const SrFileName *name,
                const char *path,
                int code,
                GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = sr_file_name_to_string (name);

  if (code != ENOENT)
    sr_folder_set_error (error, code, folder, _ ("Could not use a file in the folder “%s”"),
                         folder);
  else if (sr_folder_layout_check (self->path, error))
    g_set_error (error, SR_ERROR, SR_ERROR_NOT_FOUND, _ ("There is no file %s in “%s”"), text,
                 self->path);
}

static gboolean
check_regular (const char *path, const struct stat *status, GError **error)
{
  if (S_ISREG (status->st_mode))
    return TRUE;
  g_set_error (error, SR_ERROR, SR_ERROR_DAMAGED,
               _ ("“%s” is not a file, but stands where one of the repository should be"), path);
  return FALSE;
}

static gboolean
sr_folder_storage_has (SrStorage *storage,
                       const SrFileName *name,
                       gboolean *out_present,
                       guint64 *out_size,
                       GCancellable *cancellable,
                       GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);
  g_autofree char *path = NULL;
  struct stat status;

  if (!check_path (self, error))
    return FALSE;

  path = sr_folder_layout_dup_path (self->path, name);
  if (stat (path, &status) == 0)
    {
      *out_present = TRUE;
      *out_size = (guint64) status.st_size;
      return check_regular (path, &status, error);
    }

  *out_present = FALSE;
  if (errno == ENOENT)
    return name->kind == SR_FILE_CONFIG || sr_folder_layout_check (self->path, error);
  set_file_error (self, name, path, errno, error);
  return FALSE;
}

/* O_NONBLOCK: a pipe that somebody made there must not stop us for ever. */
static int
open_file (SrFolderStorage *self, const SrFileName *name, GError **error)
{
  g_autofree char *path = sr_folder_layout_dup_path (self->path, name);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    set_file_error (self, name, path, errno, error);
  else if (check_regular (path, &status, error))
    return fd;
  close_fd (&fd);
  return -1;
}

static SrOpenFile *
open_pack (SrFolderStorage *self, const SrFileName *name, GError **error)
{
  SrOpenFile *file = sr_open_files_lookup (self->open_packs, &name->id);
  int fd;

  if (file != NULL)
    return file;
  fd = open_file (self, name, error);
  return fd >= 0 ? sr_open_files_add (self->open_packs, &name->id, fd) : NULL;
}

static gssize
sr_folder_storage_read (SrStorage *storage,
                        const SrFileName *name,
                        guint64 offset,
                        guint8 *buffer,
                        gsize length,
                        GCancellable *cancellable,
                        GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);
  g_autoptr (SrOpenFile) pack = NULL;
  g_autofree char *text = NULL;
  gssize n;
  int fd;

  if (!check_path (self, error))
    return -1;

  text = sr_folder_layout_dup_path (self->path, name);
  if (name->kind == SR_FILE_PACK)
    {
      pack = open_pack (self, name, error);
      return pack == NULL
                 ? -1
                 : sr_fd_pread (pack->fd, buffer, length, offset, text, cancellable, error);
    }

  fd = open_file (self, name, error);
  if (fd < 0)
    return -1;
  n = sr_fd_pread (fd, buffer, length, offset, text, cancellable, error);
  close (fd);
  return n;
}

static void
sweep_once (SrFolderStorage *self)
{
  if (g_atomic_int_compare_and_exchange (&self->swept, FALSE, TRUE))
    sr_folder_file_sweep (self->path, g_get_real_time ());
}

static gboolean
sr_folder_storage_create (SrStorage *storage, GCancellable *cancellable, GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);

  if (!check_path (self, error) || !sr_folder_layout_create (self->path, cancellable, error))
    return FALSE;
  sweep_once (self);
  return TRUE;
}

static gboolean
target_open (Target *target, SrFolderStorage *self, const SrFileName *name, GError **error)
{
  g_autoptr (GError) failure = NULL;

  target->name = name;
  target->folder = sr_folder_layout_dup_folder (self->path, name);
  sr_folder_layout_get_base (name, target->base);

  target->folder_fd = sr_folder_open (target->folder, &failure);
  if (target->folder_fd < 0 && errno == ENOENT)
    {
      if (!sr_folder_layout_make_missing (self->path, name, error))
        return FALSE;
      g_clear_error (&failure);
      target->folder_fd = sr_folder_open (target->folder, &failure);
    }
  if (target->folder_fd < 0)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  return TRUE;
}

/* Something has the name. The same file, whole and written by another thread or run, will do; its
 * name may not be synced yet. */
static gboolean
accept_taken (Target *target, SrSpool *spool, GError **error)
{
  struct stat status;

  if (fstatat (target->folder_fd, target->base, &status, 0) == 0 &&
      target->name->kind != SR_FILE_CONFIG && S_ISREG (status.st_mode) &&
      (guint64) status.st_size == sr_spool_get_length (spool))
    return sr_folder_sync (target->folder_fd, target->folder, error);

  if (target->name->kind == SR_FILE_CONFIG)
    g_set_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS,
                 _ ("There is a repository in the folder “%s” already; choose another one"),
                 target->folder);
  else
    g_set_error (error, SR_ERROR, SR_ERROR_ALREADY_EXISTS,
                 _ ("“%s/%s” is there already, but is not the same file; check the repository"),
                 target->folder, target->base);
  return FALSE;
}

/* Syncs a whole file and gives it its name. The mode is a courtesy against slips of the hand, so
 * a file system without modes may ignore it. */
static SrPlaceResult
place (SrFolderStorage *self, int fd, const char *temporary_path, Target *target, GError **error)
{
  if (fdatasync (fd) != 0)
    {
      sr_folder_set_error (error, errno, target->folder,
                           _ ("Could not save a file in the folder “%s”"), target->folder);
      return SR_PLACE_FAILED;
    }
  if (fchmod (fd, sr_folder_layout_is_for_group (self->path) ? 0440 : 0400) != 0)
    g_debug ("Could not make a file in “%s” read-only: %s", target->folder, g_strerror (errno));

  /* A backup must not drive the user's files out of the page cache. */
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);

  if (temporary_path != NULL)
    return sr_folder_file_rename (temporary_path, target->folder_fd, target->folder, target->base,
                                  error);
  return sr_folder_file_link (fd, target->folder_fd, target->folder, target->base, error);
}

/* Names the file behind a spool of ours. Once a sync has failed, the system may have dropped the
 * data and report success the next time, so such a file is not used again. */
static SrPlaceResult
place_spool (SrFolderStorage *self,
             SrSpool *spool,
             Target *target,
             GCancellable *cancellable,
             GError **error)
{
  SpoolOrigin *origin = g_object_get_qdata (G_OBJECT (spool), spool_origin_quark ());
  int fd = sr_spool_get_fd (spool);
  struct stat status;
  SrPlaceResult result;

  if (origin == NULL || !origin->usable || strcmp (origin->folder, self->path) != 0)
    return SR_PLACE_IMPOSSIBLE;
  if (!sr_spool_flush (spool, cancellable, error))
    return SR_PLACE_FAILED;
  if (fstat (fd, &status) != 0 || (guint64) status.st_size != sr_spool_get_length (spool))
    return SR_PLACE_IMPOSSIBLE;

  result = place (self, fd, origin->temporary_path, target, error);
  if (result != SR_PLACE_TAKEN)
    origin->usable = FALSE;
  if (result == SR_PLACE_DONE)
    g_clear_pointer (&origin->temporary_path, g_free);
  return result;
}

/* Compares the hash: what comes out of a file of some minutes ago may not be what went in. */
static gboolean
copy_spool (SrSpool *spool, int fd, const char *folder, GCancellable *cancellable, GError **error)
{
  guint64 length = sr_spool_get_length (spool);
  gsize size = MIN (length, COPY_SIZE);
  g_autofree guint8 *buffer = g_malloc (MAX (size, 1));
  g_autoptr (SrHash) hash = sr_hash_new ();
  guint64 done = 0;
  gssize n;
  SrId sha256;

  do
    {
      n = sr_spool_read (spool, done, buffer, size, cancellable, error);
      if (n < 0 || !sr_folder_file_pwrite (fd, buffer, (gsize) n, done, folder, cancellable, error))
        return FALSE;
      sr_hash_update (hash, buffer, (gsize) n);
      done += (guint64) n;
    }
  while (done < length && n > 0);

  sr_hash_finish (hash, &sha256);
  if (done == length && sr_id_equal (&sha256, sr_spool_get_sha256 (spool)))
    return TRUE;
  g_set_error (
      error, SR_ERROR, SR_ERROR_STORAGE,
      _ ("A file for the folder “%s” has changed while it waited to be written; the drive for "
         "temporary files, or the memory, may be faulty"),
      folder);
  return FALSE;
}

/* Opens a new file: without a name in @folder, or with one of ours in the top folder. */
static int
open_new_file (SrFolderStorage *self, const char *folder, char **out_path, GError **error)
{
  int fd = -1;

  *out_path = NULL;
  if (!g_atomic_int_get (&self->named_files))
    {
      fd = sr_folder_file_new (folder);
      if (fd < 0 && errno == EOPNOTSUPP)
        g_atomic_int_set (&self->named_files, TRUE);
    }
  if (fd < 0 && g_atomic_int_get (&self->named_files))
    {
      folder = self->path;
      fd = sr_folder_file_new_named (folder, out_path);
    }
  if (fd < 0)
    sr_folder_set_error (error, errno, folder, _ ("Could not write a file in the folder “%s”"),
                         folder);
  return fd;
}

static SrPlaceResult
place_copy (SrFolderStorage *self,
            SrSpool *spool,
            Target *target,
            GCancellable *cancellable,
            GError **error)
{
  SrPlaceResult result = SR_PLACE_FAILED;
  char *path;
  int fd = open_new_file (self, target->folder, &path, error);

  if (fd < 0)
    return SR_PLACE_FAILED;
  if (copy_spool (spool, fd, target->folder, cancellable, error) &&
      !g_cancellable_set_error_if_cancelled (cancellable, error))
    result = place (self, fd, path, target, error);
  close (fd);

  if (result != SR_PLACE_DONE)
    g_clear_pointer (&path, sr_folder_file_discard);
  g_free (path);
  return result;
}

static SrPlaceResult
place_somehow (SrFolderStorage *self,
               SrSpool *spool,
               Target *target,
               GCancellable *cancellable,
               GError **error)
{
  SrPlaceResult result = place_spool (self, spool, target, cancellable, error);

  if (result == SR_PLACE_IMPOSSIBLE)
    result = place_copy (self, spool, target, cancellable, error);
  if (result == SR_PLACE_IMPOSSIBLE && !g_atomic_int_get (&self->named_files))
    {
      g_atomic_int_set (&self->named_files, TRUE);
      result = place_copy (self, spool, target, cancellable, error);
    }
  if (result == SR_PLACE_IMPOSSIBLE)
    {
      sr_folder_set_error (error, EXDEV, target->folder,
                           _ ("Could not name a file in the folder “%s”"), target->folder);
      result = SR_PLACE_FAILED;
    }
  return result;
}

static gboolean
sr_folder_storage_write (SrStorage *storage,
                         const SrFileName *name,
                         SrSpool *spool,
                         GCancellable *cancellable,
                         GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);
  g_auto (Target) target = { .folder_fd = -1 };
  struct stat status;
  SrPlaceResult result;

  if (!check_path (self, error) || !target_open (&target, self, name, error))
    return FALSE;
  sweep_once (self);

  if (fstatat (target.folder_fd, target.base, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return accept_taken (&target, spool, error);

  result = place_somehow (self, spool, &target, cancellable, error);
  if (result == SR_PLACE_TAKEN)
    return accept_taken (&target, spool, error);
  return result == SR_PLACE_DONE && sr_folder_sync (target.folder_fd, target.folder, error);
}

static SrSpool *
sr_folder_storage_create_spool (SrStorage *storage, guint64 size_hint, GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);
  SpoolOrigin *origin;
  SrSpool *spool;
  char *path;
  int fd;

  if (!check_path (self, error))
    return NULL;
  sweep_once (self);
  fd = open_new_file (self, self->path, &path, error);
  if (fd < 0)
    return NULL;

  origin = g_new0 (SpoolOrigin, 1);
  origin->folder = g_strdup (self->path);
  origin->temporary_path = path;
  origin->usable = TRUE;
  spool = sr_spool_new_for_fd (fd, self->path, size_hint);
  g_object_set_qdata_full (G_OBJECT (spool), spool_origin_quark (), origin, spool_origin_free);
  return spool;
}

static GArray *
sr_folder_storage_list (SrStorage *storage,
                        SrFileKind kind,
                        GCancellable *cancellable,
                        GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);

  if (!check_path (self, error))
    return NULL;
  return sr_folder_layout_list (self->path, kind, cancellable, error);
}

static gboolean
sr_folder_storage_remove (SrStorage *storage,
                          const SrFileName *name,
                          GCancellable *cancellable,
                          GError **error)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (storage);
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (!check_path (self, error))
    return FALSE;
  if (name->kind == SR_FILE_PACK)
    sr_open_files_forget (self->open_packs, &name->id);

  folder = sr_folder_layout_dup_folder (self->path, name);
  path = sr_folder_layout_dup_path (self->path, name);
  if (unlink (path) == 0)
    return sr_folder_layout_sync (folder, error);
  if (errno == ENOENT)
    return sr_folder_layout_check (self->path, error);
  sr_folder_set_error (error, errno, folder, _ ("Could not remove a file in the folder “%s”"),
                       folder);
  return FALSE;
}

static void
sr_folder_storage_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (object);

  switch ((SrFolderStorageProperty) id)
    {
    case PROP_FOLDER:
      g_value_set_object (value, self->folder);
      break;
    case PROP_NAMED_FILES:
      g_value_set_boolean (value, g_atomic_int_get (&self->named_files));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sr_folder_storage_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (object);

  switch ((SrFolderStorageProperty) id)
    {
    case PROP_FOLDER:
      self->folder = g_value_dup_object (value);
      self->path = g_file_get_path (self->folder);
      break;
    case PROP_NAMED_FILES:
      g_atomic_int_set (&self->named_files, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sr_folder_storage_finalize (GObject *object)
{
  SrFolderStorage *self = SR_FOLDER_STORAGE (object);

  g_object_unref (self->folder);
  g_free (self->path);
  sr_open_files_free (self->open_packs);

  G_OBJECT_CLASS (sr_folder_storage_parent_class)->finalize (object);
}

static void
sr_folder_storage_class_init (SrFolderStorageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SrStorageClass *storage_class = SR_STORAGE_CLASS (klass);

  object_class->get_property = sr_folder_storage_get_property;
  object_class->set_property = sr_folder_storage_set_property;
  object_class->finalize = sr_folder_storage_finalize;

  storage_class->dup_location = sr_folder_storage_dup_location;
  storage_class->create = sr_folder_storage_create;
  storage_class->has = sr_folder_storage_has;
  storage_class->read = sr_folder_storage_read;
  storage_class->create_spool = sr_folder_storage_create_spool;
  storage_class->write = sr_folder_storage_write;
  storage_class->list = sr_folder_storage_list;
  storage_class->remove = sr_folder_storage_remove;

  /**
   * SrFolderStorage:folder:
   *
   * The top folder of the repository.
   */
  props[PROP_FOLDER] =
      g_param_spec_object ("folder", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * SrFolderStorage:named-files:
   *
   * Whether new files have a temporary name until they are whole. It sets itself on file systems
   * that want this; tests set it to see what happens there.
   */
  props[PROP_NAMED_FILES] =
      g_param_spec_boolean ("named-files", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
sr_folder_storage_init (SrFolderStorage *self)
{
  self->open_packs = sr_open_files_new (MAX_OPEN_PACKS);
}

/**
 * sr_folder_storage_new:
 * @folder: the top folder of a repository, there or not
 *
 * Does no I/O. The verbs fail with %SR_ERROR_INVALID where @folder has no local path.
 *
 * Returns: (transfer full): a storage
 */
SrStorage *
sr_folder_storage_new (GFile *folder)
{
  return g_object_new (SR_TYPE_FOLDER_STORAGE, "folder", folder, NULL);
}
