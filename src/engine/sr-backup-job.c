/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Backs files up: lock, parent snapshot, index; scanner, readers, sealers, packs; snapshot.
 *
 * The order in which things become durable is what makes a backup safe (FORMAT.md, "Ordering"):
 * packs, then the index files that list them, and when all of that is there, the snapshot. Until then nothing
 * refers to the new files, and whatever breaks leaves the repository as valid as it was. */

#include "config.h"

#include "sr-backup-job.h"

#include <glib/gi18n-lib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sr-error.h"
#include "engine/sr-backup-context.h"
#include "engine/sr-backup-count.h"
#include "engine/sr-backup-roots.h"
#include "engine/sr-file-reader.h"
#include "engine/sr-scanner.h"
#include "engine/sr-sealer.h"
#include "repository/sr-lock.h"

#define MAX_READERS 2
#define MAX_SEALERS 2 /* more would need more memory than a backup in the background may take */

struct _SrBackupJob
{
  SrJob parent_instance;
  SrRepository *repository; /* (owned) */
  GPtrArray *files; /* (owned) (element-type GFile): to be backed up */
  GPtrArray *never; /* (owned) (element-type GFile) */
  SrPatternList *excludes; /* (owned) (nullable) */
  char **exclude_texts; /* (owned) (nullable) */
  char **tags; /* (owned) (nullable) */
  char *hostname; /* (owned) */
  guint64 max_file_size; /* bytes; 0: any */
  SrCompression compression;
  gboolean exclude_caches;
  gboolean one_file_system;
  gboolean force_rescan;

  /* Of the run, on its thread. */
  SrBackupRules *rules; /* (owned) (nullable) */
  SrBackupRoot *root; /* (owned) (nullable) */
  GPtrArray
      *paths; /* (owned) (nullable) (element-type filename): with links resolved, NULL-terminated */
  SrSnapshot *parent; /* (owned) (nullable) */
  SrTime start;
  SrSnapshot *snapshot; /* (owned) (nullable): the result */
};

G_DEFINE_FINAL_TYPE (SrBackupJob, sr_backup_job, SR_TYPE_JOB)

static void
sr_backup_job_finalize (GObject *object)
{
  SrBackupJob *self = SR_BACKUP_JOB (object);

  g_clear_object (&self->repository);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->never, g_ptr_array_unref);
  g_clear_pointer (&self->excludes, sr_pattern_list_unref);
  g_clear_pointer (&self->exclude_texts, g_strfreev);
  g_clear_pointer (&self->tags, g_strfreev);
  g_clear_pointer (&self->hostname, g_free);
  g_clear_pointer (&self->rules, sr_backup_rules_free);
  g_clear_pointer (&self->root, sr_backup_root_free);
  g_clear_pointer (&self->paths, g_ptr_array_unref);
  g_clear_object (&self->parent);
  g_clear_object (&self->snapshot);
  G_OBJECT_CLASS (sr_backup_job_parent_class)->finalize (object);
}

static void
prepare_rules (SrBackupJob *self)
{
  g_autofree char *location =
      sr_storage_dup_location (sr_repository_get_storage (self->repository));

  self->rules = sr_backup_rules_new ();
  sr_backup_rules_set_patterns (self->rules, self->excludes);
  sr_backup_rules_set_exclude_caches (self->rules, self->exclude_caches);
  sr_backup_rules_set_max_file_size (self->rules, self->max_file_size);
  sr_backup_rules_set_one_file_system (self->rules, self->one_file_system);
  if (g_path_is_absolute (location))
    sr_backup_rules_add_never (self->rules, location);
  for (guint i = 0; i < self->never->len; i++)
    {
      g_autofree char *path = g_file_get_path (g_ptr_array_index (self->never, i));

      if (path != NULL)
        sr_backup_rules_add_never (self->rules, path);
    }
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* Takes one file or folder in. */
static gboolean
prepare_root (SrBackupJob *self, GFile *file, GError **error)
{
  g_autofree char *path = sr_backup_root_resolve (file, error);

  if (path == NULL)
    return FALSE;
  if (!sr_backup_rules_take_root (self->rules, path))
    {
      g_set_error (error, SR_ERROR, SR_ERROR_SOURCE,
                   _ ("%s is part of a repository or of this program's own files, which are never "
                      "backed up; choose another folder"),
                   path);
      return FALSE;
    }

  sr_backup_root_add (self->root, path);
  sr_backup_rules_add_root (self->rules, path);
  if (!g_ptr_array_find_with_equal_func (self->paths, path, g_str_equal, NULL))
    g_ptr_array_add (self->paths, g_steal_pointer (&path));
  return TRUE;
}

static char *
describe_file (GFile *file)
{
  const char *path = g_file_peek_path (file);

  return path != NULL ? g_strdup (path) : g_file_get_uri (file);
}

/* One that is missing is a problem; when all are, there is nothing to do. */
static gboolean
prepare_roots (SrBackupJob *self, GError **error)
{
  g_autoptr (GError) first_error = NULL;

  self->root = sr_backup_root_new ();
  self->paths = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->files->len; i++)
    {
      GFile *file = g_ptr_array_index (self->files, i);
      g_autofree char *name = describe_file (file);
      g_autoptr (GError) local_error = NULL;

      if (prepare_root (self, file, &local_error))
        continue;
      sr_job_add_problem (SR_JOB (self), name, local_error);
      if (first_error == NULL)
        first_error = g_steal_pointer (&local_error);
    }

  if (self->paths->len == 0)
    {
      g_propagate_error (error, g_steal_pointer (&first_error));
      return FALSE;
    }
  g_ptr_array_sort (self->paths, compare_paths);
  g_ptr_array_add (self->paths, NULL);
  return TRUE;
}

static gboolean
check_repository (SrBackupJob *self, GError **error)
{
  if (!sr_repository_get_config (self->repository)->foreign_chunker)
    return TRUE;

  g_set_error_literal (
      error, SR_ERROR, SR_ERROR_UNSUPPORTED,
      _ ("The repository is cut by a method that this program does not have; it can be "
         "read, but not added to"));
  return FALSE;
}

static gboolean
may_be_parent (SrBackupJob *self, SrSnapshot *snapshot)
{
  return sr_time_compare (sr_snapshot_get_time (snapshot), &self->start) <= 0 &&
         g_strcmp0 (sr_snapshot_get_hostname (snapshot), self->hostname) == 0 &&
         g_strv_equal (sr_snapshot_get_paths (snapshot), (const char *const *) self->paths->pdata);
}

/* Damage is named in the result, but is no reason not to back up what is there now. */
static void
report_damage (SrBackupJob *self, GPtrArray *problems)
{
  g_autofree char *location =
      sr_storage_dup_location (sr_repository_get_storage (self->repository));

  for (guint i = 0; i < problems->len; i++)
    sr_job_add_problem (SR_JOB (self), location, g_ptr_array_index (problems, i));
}

/* The newest snapshot of the same folders on the same computer; snapshots before the index, which then has
 * everything that they need. */
static gboolean
load_repository (SrBackupJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr (GPtrArray) snapshots =
      sr_repository_list_snapshots (self->repository, problems, cancellable, error);

  if (snapshots == NULL)
    return FALSE;

  for (guint i = snapshots->len; i > 0 && self->parent == NULL; i--)
    if (may_be_parent (self, g_ptr_array_index (snapshots, i - 1)))
      self->parent = g_object_ref (g_ptr_array_index (snapshots, i - 1));

  if (!sr_repository_load_index (self->repository, problems, cancellable, error))
    return FALSE;
  report_damage (self, problems);
  return TRUE;
}

/* How much there is to do: as much as last time, or else counted meanwhile. */
static SrBackupCount *
announce_totals (SrBackupJob *self, SrBackupContext *context)
{
  const SrSnapshotSummary *summary =
      self->parent != NULL ? sr_snapshot_get_summary (self->parent) : NULL;

  if (summary == NULL)
    return sr_backup_count_start (self->rules, (const char *const *) self->paths->pdata,
                                  SR_BACKUP_COUNT_DELAY_USEC, context->progress, context->stop);

  sr_progress_set_totals (context->progress, summary->total_files_processed,
                          summary->total_bytes_processed);
  return NULL;
}

/* Runs all stages until everything that the folders hold is stored. */
static gboolean
run_stages (SrBackupJob *self, SrBackupContext *context, GError **error)
{
  const SrId *previous = self->parent != NULL ? sr_snapshot_get_tree (self->parent) : NULL;
  guint n_readers = CLAMP (g_get_num_processors (), 1, MAX_READERS);
  guint n_sealers = CLAMP (g_get_num_processors (), 1, MAX_SEALERS);
  GThread *readers[MAX_READERS], *sealers[MAX_SEALERS];
  SrBackupCount *count = announce_totals (self, context);
  GError *local_error = NULL;

  for (guint i = 0; i < n_readers; i++)
    readers[i] = g_thread_new ("sr-read", sr_file_reader_thread, context);
  for (guint i = 0; i < n_sealers; i++)
    sealers[i] = g_thread_new ("sr-seal", sr_sealer_thread, context);

  if (!sr_scanner_run (context, self->root, previous, &local_error))
    sr_stop_fail (context->stop, local_error);
  sr_backup_count_end (count);
  sr_bounded_queue_close (context->groups);
  for (guint i = 0; i < n_readers; i++)
    g_thread_join (readers[i]);
  sr_bounded_queue_close (context->batches);
  for (guint i = 0; i < n_sealers; i++)
    g_thread_join (sealers[i]);

  sr_progress_set_phase (context->progress, SR_PHASE_FINISHING);
  local_error = NULL;
  if (!sr_stop_is_set (context->stop) && !sr_pack_set_finish (context->packs, &local_error))
    sr_stop_fail (context->stop, local_error);
  if (sr_stop_is_set (context->stop))
    sr_pack_set_salvage (context->packs);
  return sr_stop_finish (context->stop, error);
}

static void
fill_summary (SrBackupJob *self, const SrBackupCounters *counters, SrSnapshotSummary *summary)
{
  summary->backup_start = self->start;
  sr_time_now (&summary->backup_end);
  summary->files_new = counters->files_new;
  summary->files_changed = counters->files_changed;
  summary->files_unmodified = counters->files_unmodified;
  summary->dirs_new = counters->folders_new;
  summary->dirs_changed = counters->folders_changed;
  summary->dirs_unmodified = counters->folders_unmodified;
  summary->data_blobs = counters->data_blobs;
  summary->tree_blobs = counters->tree_blobs;
  summary->data_added = counters->data_added;
  summary->data_added_packed = counters->data_added_packed;
  summary->total_files_processed =
      summary->files_new + summary->files_changed + summary->files_unmodified;
  summary->total_bytes_processed = counters->total_bytes;
}

static SrSnapshot *
make_snapshot (SrBackupJob *self, const SrBackupContext *context)
{
  SrSnapshot *snapshot = sr_snapshot_new ();
  SrSnapshotSummary summary = { { 0 } };

  fill_summary (self, &context->counters, &summary);
  sr_snapshot_set_time (snapshot, &self->start);
  if (self->parent != NULL)
    sr_snapshot_set_parent (snapshot, sr_snapshot_get_id (self->parent));
  sr_snapshot_set_tree (snapshot, &context->root_tree);
  sr_snapshot_set_paths (snapshot, (const char *const *) self->paths->pdata);
  sr_snapshot_set_hostname (snapshot, self->hostname);
  sr_snapshot_set_user (snapshot, g_get_user_name (), getuid (), getgid ());
  sr_snapshot_set_tags (snapshot, (const char *const *) self->tags);
  sr_snapshot_set_excludes (snapshot, (const char *const *) self->exclude_texts);
  sr_snapshot_set_program_version (snapshot, "strongroom " SR_VERSION);
  sr_snapshot_set_summary (snapshot, &summary);
  return snapshot;
}

/* From here on the backup exists. */
static gboolean
store_snapshot (SrBackupJob *self,
                const SrBackupContext *context,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (SrSnapshot) snapshot = make_snapshot (self, context);
  g_auto (SrBuffer) json = SR_BUFFER_INIT;
  SrId id;

  sr_snapshot_to_json (snapshot, &json);
  if (!sr_repository_save_unpacked (self->repository, SR_FILE_SNAPSHOT, json.data, json.length, &id,
                                    cancellable, error))
    return FALSE;

  sr_snapshot_set_id (snapshot, &id);
  self->snapshot = g_steal_pointer (&snapshot);
  return TRUE;
}

static gboolean
back_up (SrBackupJob *self, SrLock *lock, GCancellable *cancellable, GError **error)
{
  g_autoptr (SrBackupContext) context = NULL;

  if (!load_repository (self, cancellable, error))
    return FALSE;

  context = sr_backup_context_new (SR_JOB (self), self->repository, self->rules, cancellable);
  context->compression = self->compression;
  context->force_rescan = self->force_rescan;
  sr_progress_set_phase (context->progress, SR_PHASE_WORKING);
  return run_stages (self, context, error) && sr_lock_check (lock, cancellable, error) &&
         store_snapshot (self, context, cancellable, error);
}

/* An index that others use too may say of a blob that it is being stored, or is in a pack that is in no index file yet,
 * by a run that then fails. Only what this run does, and what was read from index files, may count. */
static gboolean
take_own_index (SrBackupJob *self, GError **error)
{
  SrRepository *handle = sr_repository_new_handle (self->repository, error);

  if (handle == NULL)
    return FALSE;

  g_object_unref (self->repository);
  self->repository = handle;
  return TRUE;
}

/* A folder stays open until the last one inside it has been opened. The usual limit of 1,024 is for programs that use
 * select(), which none of ours does. */
static void
raise_file_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit); /* where it fails, deep folders are named as problems */
}

static gboolean
sr_backup_job_run (SrJob *job, GCancellable *cancellable, GError **error)
{
  SrBackupJob *self = SR_BACKUP_JOB (job);
  g_autoptr (SrLock) lock = NULL;

  sr_progress_set_phase (sr_job_get_progress (job), SR_PHASE_OPENING);
  sr_time_now (&self->start);
  raise_file_limit ();
  if (!take_own_index (self, error))
    return FALSE;
  prepare_rules (self);
  if (!check_repository (self, error) || !prepare_roots (self, error))
    return FALSE;

  lock = sr_lock_acquire (self->repository, FALSE, cancellable, error);
  return lock != NULL && back_up (self, lock, cancellable, error);
}

static void
sr_backup_job_class_init (SrBackupJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sr_backup_job_finalize;
  SR_JOB_CLASS (klass)->run = sr_backup_job_run;
}

static void
sr_backup_job_init (SrBackupJob *self)
{
  self->files = g_ptr_array_new_with_free_func (g_object_unref);
  self->never = g_ptr_array_new_with_free_func (g_object_unref);
  self->hostname = g_strdup (g_get_host_name ());
}

/**
 * sr_backup_job_new:
 * @repository: where the backup goes
 * @roots: (array length=n_roots): files and folders to back up, with all that is in them
 * @n_roots: how many, at least one
 *
 * Makes a backup that is set up by the functions below and then run by sr_job_run_async(). Its own
 * repository is never in it.
 *
 * The run fails with %SR_ERROR_SOURCE when none of the roots can be found, %SR_ERROR_INCOMPLETE when
 * there is a snapshot that lacks the files that the problems name, %SR_ERROR_REPOSITORY_LOCKED,
 * %SR_ERROR_UNSUPPORTED, or as the storage says.
 *
 * Returns: (transfer full): a job
 */
SrBackupJob *
sr_backup_job_new (SrRepository *repository, GFile *const *roots, gsize n_roots)
{
  SrBackupJob *self = g_object_new (SR_TYPE_BACKUP_JOB, NULL);

  self->repository = g_object_ref (repository);
  for (gsize i = 0; i < n_roots; i++)
    g_ptr_array_add (self->files, g_object_ref (roots[i]));
  return self;
}

/**
 * sr_backup_job_set_excludes:
 * @self: a job that has not run
 * @patterns: what to leave out
 * @texts: (array zero-terminated=1): the same as it was typed, to be noted in the snapshot
 */
void
sr_backup_job_set_excludes (SrBackupJob *self, SrPatternList *patterns, const char *const *texts)
{
  g_clear_pointer (&self->excludes, sr_pattern_list_unref);
  g_strfreev (self->exclude_texts);
  self->excludes = sr_pattern_list_ref (patterns);
  self->exclude_texts = g_strdupv ((char **) texts);
}

/**
 * sr_backup_job_set_exclude_caches:
 * @self: a job that has not run
 * @exclude_caches: whether of a folder with a valid CACHEDIR.TAG only the tag goes in
 */
void
sr_backup_job_set_exclude_caches (SrBackupJob *self, gboolean exclude_caches)
{
  self->exclude_caches = exclude_caches;
}

/**
 * sr_backup_job_set_max_file_size:
 * @self: a job that has not run
 * @max_file_size: larger files are left out, bytes; 0: any size goes in
 */
void
sr_backup_job_set_max_file_size (SrBackupJob *self, guint64 max_file_size)
{
  self->max_file_size = max_file_size;
}

/**
 * sr_backup_job_set_one_file_system:
 * @self: a job that has not run
 * @one_file_system: whether file systems that are mounted inside the roots are left out
 */
void
sr_backup_job_set_one_file_system (SrBackupJob *self, gboolean one_file_system)
{
  self->one_file_system = one_file_system;
}

/**
 * sr_backup_job_add_never:
 * @self: a job that has not run
 * @folder: left out without a word: spool, catalog, state, other repositories
 */
void
sr_backup_job_add_never (SrBackupJob *self, GFile *folder)
{
  g_ptr_array_add (self->never, g_object_ref (folder));
}

void
sr_backup_job_set_compression (SrBackupJob *self, SrCompression compression)
{
  self->compression = compression;
}

/**
 * sr_backup_job_set_tags:
 * @self: a job that has not run
 * @tags: (array zero-terminated=1) (nullable): words for the snapshot, without commas
 */
void
sr_backup_job_set_tags (SrBackupJob *self, const char *const *tags)
{
  g_strfreev (self->tags);
  self->tags = g_strdupv ((char **) tags);
}

/**
 * sr_backup_job_set_hostname:
 * @self: a job that has not run
 * @hostname: which computer the snapshot is of; by default this one
 */
void
sr_backup_job_set_hostname (SrBackupJob *self, const char *hostname)
{
  g_free (self->hostname);
  self->hostname = g_strdup (hostname);
}

/**
 * sr_backup_job_set_force_rescan:
 * @self: a job that has not run
 * @force_rescan: whether files that look unchanged are read as well
 */
void
sr_backup_job_set_force_rescan (SrBackupJob *self, gboolean force_rescan)
{
  self->force_rescan = force_rescan;
}

/**
 * sr_backup_job_get_snapshot:
 * @self: a job
 *
 * Returns: (transfer none) (nullable): the new snapshot with its summary, when the job has made one; also
 *   when it ended with %SR_ERROR_INCOMPLETE
 */
SrSnapshot *
sr_backup_job_get_snapshot (SrBackupJob *self)
{
  return self->snapshot;
}
