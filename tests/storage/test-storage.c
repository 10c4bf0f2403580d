/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tests of what all kinds of storage have in common: whole files, and the _async forms. The storage
 * underneath fails on command, which is tested along the way. */

#include "config.h"

#include "storage/sr-storage.h"

#include <string.h>

#include "base/sr-error.h"
#include "storage/sr-folder-storage.h"
#include "tests/support/sr-fault-storage.h"
#include "tests/support/sr-test-files.h"

typedef struct
{
  char *folder; /* (owned) */
  SrStorage *storage; /* (owned): an SrFaultStorage */
  SrFaultStorage *faults; /* the same */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (SrStorage) inner = NULL;
  g_autoptr (GError) error = NULL;

  fixture->folder = sr_test_make_folder ();
  file = g_file_new_for_path (fixture->folder);
  inner = sr_folder_storage_new (file);
  fixture->storage = sr_fault_storage_new (inner);
  fixture->faults = SR_FAULT_STORAGE (fixture->storage);
  sr_storage_create (fixture->storage, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  g_object_unref (fixture->storage);
  sr_test_remove_folder (fixture->folder);
}

static SrSpool *
make_spool (gsize length, guint8 byte)
{
  g_autofree guint8 *data = g_malloc (MAX (length, 1));
  g_autoptr (GBytes) bytes = NULL;

  memset (data, byte, length);
  bytes = g_bytes_new_take (g_steal_pointer (&data), length);
  return sr_spool_new_for_bytes (bytes);
}

static SrFileName
name_spool (SrFileKind kind, SrSpool *spool)
{
  return (SrFileName){ .kind = kind, .id = *sr_spool_get_sha256 (spool) };
}

static gboolean
try_write (Fixture *fixture, SrFileKind kind, gsize length, SrFileName *out_name, GError **error)
{
  g_autoptr (SrSpool) spool = make_spool (length, 'x');
  SrFileName name = name_spool (kind, spool);

  if (out_name != NULL)
    *out_name = name;
  return sr_storage_write (fixture->storage, &name, spool, NULL, error);
}

static SrFileName
write_file (Fixture *fixture, SrFileKind kind, gsize length)
{
  g_autoptr (GError) error = NULL;
  SrFileName name;

  try_write (fixture, kind, length, &name, &error);
  g_assert_no_error (error);
  return name;
}

static void
test_names (void)
{
  SrFileName name = { .kind = SR_FILE_CONFIG };
  g_autofree char *config = sr_file_name_to_string (&name);
  g_autofree char *pack = NULL;

  name.kind = SR_FILE_PACK;
  memset (name.id.bytes, 0xab, SR_ID_SIZE);
  pack = sr_file_name_to_string (&name);
  g_assert_cmpstr (config, ==, "config");
  g_assert_cmpstr (pack, ==,
                   "data/abababababababababababababababababababababababababababababababab");
}

static const struct
{
  const char *name;
  gsize length; /* bytes of the file */
  gsize limit;
  gboolean too_long;
} load_cases[] = {
  { "empty", 0, 100, FALSE },
  { "empty-without-limit", 0, G_MAXSIZE, FALSE },
  { "empty-with-limit-zero", 0, 0, FALSE },
  { "at-limit", 100, 100, FALSE },
  { "above-limit", 101, 100, TRUE },
  { "one-byte-with-limit-zero", 1, 0, TRUE },
  { "one-read", 256 * 1024 - 1, 1 << 20, FALSE },
  { "exactly-the-first-read", 256 * 1024, 1 << 20, FALSE },
  { "exactly-the-first-read-at-limit", 256 * 1024, 256 * 1024, FALSE },
  { "first-read-above-limit", 256 * 1024, 256 * 1024 - 1, TRUE },
  { "two-reads", 1 << 20, 1 << 20, FALSE },
  { "two-reads-above-limit", (1 << 20) + 1, 1 << 20, TRUE },
};

static void
test_load (Fixture *fixture, gconstpointer user_data)
{
  guint row = GPOINTER_TO_UINT (user_data);
  SrFileName name = write_file (fixture, SR_FILE_INDEX, load_cases[row].length);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      sr_storage_load (fixture->storage, &name, load_cases[row].limit, NULL, &error);

  if (load_cases[row].too_long)
    {
      g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
      g_assert_null (bytes);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, load_cases[row].length);
}

/* The second read of a long file ends early: that must not pass for the whole file. */
static void
test_load_cut_short (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = {
    .effect = SR_FAULT_SHORT_READ, .verbs = SR_VERB_READ, .first = 2, .amount = 10
  };
  SrFileName name = write_file (fixture, SR_FILE_INDEX, 1 << 20);
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (fixture->faults, &fault);
  g_assert_null (sr_storage_load (fixture->storage, &name, 1 << 20, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
}

static void
test_absurd_offset (Fixture *fixture, gconstpointer user_data)
{
  SrFileName name = write_file (fixture, SR_FILE_PACK, 100);
  g_autoptr (GError) error = NULL;
  guint8 buffer[16];

  g_assert_cmpint (
      sr_storage_read (fixture->storage, &name, G_MAXINT64 - 16, buffer, 16, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (sr_storage_read (fixture->storage, &name, G_MAXUINT64, buffer, 16, NULL, &error),
                   ==, -1);
  g_assert_error (error, SR_ERROR, SR_ERROR_LIMIT);
}

/* Whatever is asked of a storage with a cancelled cancellable, it does not do. */
static void
test_cancelled_before (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrSpool) spool = make_spool (10, 'x');
  SrFileName name = name_spool (SR_FILE_PACK, spool);
  guint8 buffer[10];

  sr_fault_storage_forget_calls (fixture->faults);
  g_cancellable_cancel (cancellable);
  g_assert_false (sr_storage_create (fixture->storage, cancellable, NULL));
  g_assert_false (sr_storage_has (fixture->storage, &name, NULL, NULL, cancellable, NULL));
  g_assert_cmpint (sr_storage_read (fixture->storage, &name, 0, buffer, 10, cancellable, NULL), ==,
                   -1);
  g_assert_null (sr_storage_load (fixture->storage, &name, 10, cancellable, NULL));
  g_assert_false (sr_storage_write (fixture->storage, &name, spool, cancellable, NULL));
  g_assert_null (sr_storage_list (fixture->storage, SR_FILE_PACK, cancellable, NULL));
  g_assert_false (sr_storage_remove (fixture->storage, &name, cancellable, NULL));
  g_assert_cmpuint (sr_fault_storage_count_calls (fixture->faults, 0, 0), ==, 0);
}

/* The results of a test's own main context, which is not the default one. */
typedef struct
{
  GMainContext *context; /* (owned) */
  GAsyncResult *result; /* (owned) (nullable) */
} Waiter;

static void
waiter_init (Waiter *waiter)
{
  waiter->context = g_main_context_new ();
  waiter->result = NULL;
  g_main_context_push_thread_default (waiter->context);
}

static void
waiter_clear (Waiter *waiter)
{
  g_main_context_pop_thread_default (waiter->context);
  g_main_context_unref (waiter->context);
  g_clear_object (&waiter->result);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Waiter, waiter_clear)

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Waiter *waiter = user_data;

  g_assert_true (g_main_context_is_owner (waiter->context));
  g_assert_null (waiter->result);
  waiter->result = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (Waiter *waiter)
{
  g_clear_object (&waiter->result);
  while (waiter->result == NULL)
    g_main_context_iteration (waiter->context, TRUE);
  return waiter->result;
}

static void
test_async (Fixture *fixture, gconstpointer user_data)
{
  SrStorage *storage = fixture->storage;
  g_auto (Waiter) waiter;
  g_autoptr (GError) error = NULL;
  g_autoptr (SrSpool) spool = make_spool (1000, 'x');
  SrFileName name = name_spool (SR_FILE_SNAPSHOT, spool);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GArray) files = NULL;
  gboolean present;
  guint64 size;

  waiter_init (&waiter);
  sr_storage_create_async (storage, NULL, on_result, &waiter);
  g_assert_true (sr_storage_create_finish (storage, wait_for_result (&waiter), &error));
  sr_storage_write_async (storage, &name, spool, NULL, on_result, &waiter);
  g_assert_true (sr_storage_write_finish (storage, wait_for_result (&waiter), &error));
  sr_storage_has_async (storage, &name, NULL, on_result, &waiter);
  g_assert_true (
      sr_storage_has_finish (storage, wait_for_result (&waiter), &present, &size, &error));
  g_assert_true (present);
  g_assert_cmpuint (size, ==, 1000);
  sr_storage_load_async (storage, &name, 1000, NULL, on_result, &waiter);
  bytes = sr_storage_load_finish (storage, wait_for_result (&waiter), &error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1000);
  sr_storage_list_async (storage, SR_FILE_SNAPSHOT, NULL, on_result, &waiter);
  files = sr_storage_list_finish (storage, wait_for_result (&waiter), &error);
  g_assert_cmpuint (files->len, ==, 1);
  sr_storage_remove_async (storage, &name, NULL, on_result, &waiter);
  g_assert_true (sr_storage_remove_finish (storage, wait_for_result (&waiter), &error));
  g_assert_no_error (error);

  sr_storage_load_async (storage, &name, 1000, NULL, on_result, &waiter);
  g_assert_null (sr_storage_load_finish (storage, wait_for_result (&waiter), &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NOT_FOUND);
}

static void
test_async_cancelled_in_a_stall (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = { .effect = SR_FAULT_STALL, .verbs = SR_VERB_WRITE };
  g_auto (Waiter) waiter;
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SrSpool) spool = make_spool (1000, 'x');
  SrFileName name = name_spool (SR_FILE_PACK, spool);
  gboolean present;

  waiter_init (&waiter);
  sr_fault_storage_plan (fixture->faults, &fault);
  sr_storage_write_async (fixture->storage, &name, spool, cancellable, on_result, &waiter);
  sr_fault_storage_wait_for_stall (fixture->faults, 1);
  g_assert_false (g_main_context_iteration (waiter.context, FALSE));

  g_cancellable_cancel (cancellable);
  g_assert_false (sr_storage_write_finish (fixture->storage, wait_for_result (&waiter), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (sr_storage_has (fixture->storage, &name, &present, NULL, NULL, NULL));
  g_assert_false (present);
}

static void
test_async_released_from_a_stall (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = { .effect = SR_FAULT_STALL, .verbs = SR_VERB_LIST };
  g_auto (Waiter) waiter;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = NULL;

  waiter_init (&waiter);
  sr_fault_storage_plan (fixture->faults, &fault);
  sr_storage_list_async (fixture->storage, SR_FILE_LOCK, NULL, on_result, &waiter);
  sr_fault_storage_wait_for_stall (fixture->faults, 1);
  sr_fault_storage_release (fixture->faults);
  files = sr_storage_list_finish (fixture->storage, wait_for_result (&waiter), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 0);
}

static void
test_fault_of_the_second_index (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = {
    .effect = SR_FAULT_ERROR,
    .verbs = SR_VERB_WRITE,
    .kinds = SR_KIND_BIT (SR_FILE_INDEX),
    .first = 2,
    .count = 1,
    .code = SR_ERROR_PERMISSION,
    .message = "No longer yours",
  };
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (fixture->faults, &fault);
  write_file (fixture, SR_FILE_INDEX, 1);
  write_file (fixture, SR_FILE_PACK, 1);
  g_assert_false (try_write (fixture, SR_FILE_INDEX, 2, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_PERMISSION);
  g_assert_cmpstr (error->message, ==, "No longer yours");
  write_file (fixture, SR_FILE_INDEX, 2);
  g_assert_cmpuint (
      sr_fault_storage_count_calls (fixture->faults, SR_VERB_WRITE, SR_KIND_BIT (SR_FILE_INDEX)),
      ==, 3);
}

static void
test_fault_answer_lost (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = { .effect = SR_FAULT_ANSWER_LOST, .count = 1, .code = SR_ERROR_STORAGE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  SrFileName name;

  sr_fault_storage_plan (fixture->faults, &fault);
  g_assert_false (try_write (fixture, SR_FILE_SNAPSHOT, 5, &name, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_STORAGE);
  bytes = sr_storage_load (fixture->storage, &name, 5, NULL, NULL);
  g_assert_nonnull (bytes);
  write_file (fixture, SR_FILE_SNAPSHOT, 5);
}

static void
test_fault_disk_full (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = { .effect = SR_FAULT_DISK_FULL, .verbs = SR_VERB_WRITE, .amount = 100 };
  g_autoptr (GError) error = NULL;

  sr_fault_storage_plan (fixture->faults, &fault);
  write_file (fixture, SR_FILE_PACK, 60);
  g_assert_false (try_write (fixture, SR_FILE_PACK, 41, NULL, &error));
  g_assert_error (error, SR_ERROR, SR_ERROR_NO_SPACE);
  write_file (fixture, SR_FILE_PACK, 40);
}

static void
test_fault_power_cut (Fixture *fixture, gconstpointer user_data)
{
  const SrFault fault = { .effect = SR_FAULT_POWER_CUT, .verbs = SR_VERB_WRITE, .first = 2 };
  SrFileName first;
  SrFileName second;

  sr_fault_storage_plan (fixture->faults, &fault);
  first = write_file (fixture, SR_FILE_PACK, 1);
  g_assert_false (try_write (fixture, SR_FILE_PACK, 2, &second, NULL));
  g_assert_null (sr_storage_list (fixture->storage, SR_FILE_PACK, NULL, NULL));
  g_assert_false (sr_storage_has (fixture->storage, &first, NULL, NULL, NULL, NULL));

  sr_fault_storage_clear (fixture->faults);
  g_assert_true (sr_storage_has (fixture->storage, &first, NULL, NULL, NULL, NULL));
  g_assert_null (sr_storage_load (fixture->storage, &second, 10, NULL, NULL));
}

static void
test_fault_wrong_bytes (Fixture *fixture, gconstpointer user_data)
{
  const SrFault flip = {
    .effect = SR_FAULT_BIT_FLIP, .verbs = SR_VERB_READ, .count = 2, .amount = 7
  };
  const SrFault wrong = { .effect = SR_FAULT_WRONG_BYTES, .verbs = SR_VERB_WRITE };
  SrFileName name = write_file (fixture, SR_FILE_PACK, 20);
  guint8 buffer[4];

  sr_fault_storage_plan (fixture->faults, &flip);
  g_assert_cmpint (sr_storage_read (fixture->storage, &name, 4, buffer, 4, NULL, NULL), ==, 4);
  g_assert_cmpmem (buffer, 4, "xxxy", 4);
  g_assert_cmpint (sr_storage_read (fixture->storage, &name, 8, buffer, 4, NULL, NULL), ==, 4);
  g_assert_cmpmem (buffer, 4, "xxxx", 4);

  sr_fault_storage_plan (fixture->faults, &wrong);
  name = write_file (fixture, SR_FILE_PACK, 4);
  g_assert_cmpint (sr_storage_read (fixture->storage, &name, 0, buffer, 4, NULL, NULL), ==, 4);
  g_assert_cmpmem (buffer, 4, "\x87\x87\x87\x87", 4);
}

static void
test_fault_order (Fixture *fixture, gconstpointer user_data)
{
  const guint packs = SR_KIND_BIT (SR_FILE_PACK);
  const guint snapshots = SR_KIND_BIT (SR_FILE_SNAPSHOT);
  g_autoptr (GArray) calls = NULL;
  const SrFaultCall *call;

  sr_fault_storage_forget_calls (fixture->faults);
  write_file (fixture, SR_FILE_PACK, 1);
  g_assert_false (sr_fault_storage_is_ordered (fixture->faults, 0, packs, 0, snapshots));
  write_file (fixture, SR_FILE_SNAPSHOT, 2);
  g_assert_true (sr_fault_storage_is_ordered (fixture->faults, 0, packs, 0, snapshots));
  write_file (fixture, SR_FILE_PACK, 3);
  g_assert_false (sr_fault_storage_is_ordered (fixture->faults, 0, packs, 0, snapshots));

  calls = sr_fault_storage_dup_calls (fixture->faults);
  g_assert_cmpuint (calls->len, ==, 3);
  call = &g_array_index (calls, SrFaultCall, 1);
  g_assert_cmpuint (call->verb, ==, SR_VERB_WRITE);
  g_assert_cmpuint (call->name.kind, ==, SR_FILE_SNAPSHOT);
  g_assert_cmpuint (call->length, ==, 2);
  g_assert_true (call->done);
}

typedef void (*FixtureFunc) (Fixture *fixture, gconstpointer user_data);

static const struct
{
  const char *path;
  FixtureFunc function;
} tests[] = {
  { "/storage/load-cut-short", test_load_cut_short },
  { "/storage/absurd-offset", test_absurd_offset },
  { "/storage/cancelled-before", test_cancelled_before },
  { "/storage/async", test_async },
  { "/storage/async-cancelled-in-a-stall", test_async_cancelled_in_a_stall },
  { "/storage/async-released-from-a-stall", test_async_released_from_a_stall },
  { "/storage/fault/of-the-second-index", test_fault_of_the_second_index },
  { "/storage/fault/answer-lost", test_fault_answer_lost },
  { "/storage/fault/disk-full", test_fault_disk_full },
  { "/storage/fault/power-cut", test_fault_power_cut },
  { "/storage/fault/wrong-bytes", test_fault_wrong_bytes },
  { "/storage/fault/order", test_fault_order },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/storage/names", test_names);
  for (guint i = 0; i < G_N_ELEMENTS (load_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/storage/load/", load_cases[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_load, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].function, tear_down);
  return g_test_run ();
}
