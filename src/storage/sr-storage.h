/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "storage/sr-spool.h"

G_BEGIN_DECLS

typedef enum
{
  SR_FILE_CONFIG, /* the one file without an id */
  SR_FILE_KEY,
  SR_FILE_PACK,
  SR_FILE_INDEX,
  SR_FILE_SNAPSHOT,
  SR_FILE_LOCK,
} SrFileKind;

#define SR_N_FILE_KINDS 6

typedef struct
{
  SrFileKind kind;
  SrId id; /* zeros for the config */
} SrFileName;

typedef struct
{
  SrId id;
  guint64 size; /* bytes */
} SrFileInfo;

/* Named files kept somewhere. A file is there whole or not at all, and never changes. The verbs
 * without _async block, work from any number of threads at once, and are for worker threads. */
#define SR_TYPE_STORAGE (sr_storage_get_type ())
G_DECLARE_DERIVABLE_TYPE (SrStorage, sr_storage, SR, STORAGE, GObject)

/* A kind of storage has all of these. They are called with checked arguments and with no out
 * parameter that is NULL, and contract and errors are those of the functions below. */
struct _SrStorageClass
{
  GObjectClass parent_class;

  char *(*dup_location) (SrStorage *self);
  gboolean (*create) (SrStorage *self, GCancellable *cancellable, GError **error);
  gboolean (*has) (SrStorage *self,
                   const SrFileName *name,
                   gboolean *out_present,
                   guint64 *out_size,
                   GCancellable *cancellable,
                   GError **error);
  gssize (*read) (SrStorage *self,
                  const SrFileName *name,
                  guint64 offset,
                  guint8 *buffer,
                  gsize length,
                  GCancellable *cancellable,
                  GError **error);
  SrSpool *(*create_spool) (SrStorage *self, guint64 size_hint, GError **error);
  gboolean (*write) (SrStorage *self,
                     const SrFileName *name,
                     SrSpool *spool,
                     GCancellable *cancellable,
                     GError **error);
  GArray *(*list) (SrStorage *self, SrFileKind kind, GCancellable *cancellable, GError **error);
  gboolean (*remove) (SrStorage *self,
                      const SrFileName *name,
                      GCancellable *cancellable,
                      GError **error);
};

char *sr_storage_dup_location (SrStorage *self);
gboolean sr_storage_create (SrStorage *self, GCancellable *cancellable, GError **error);
gboolean sr_storage_has (SrStorage *self,
                         const SrFileName *name,
                         gboolean *out_present,
                         guint64 *out_size,
                         GCancellable *cancellable,
                         GError **error);
gssize sr_storage_read (SrStorage *self,
                        const SrFileName *name,
                        guint64 offset,
                        guint8 *buffer,
                        gsize length,
                        GCancellable *cancellable,
                        GError **error);
GBytes *sr_storage_load (SrStorage *self,
                         const SrFileName *name,
                         gsize limit,
                         GCancellable *cancellable,
                         GError **error);
SrSpool *sr_storage_create_spool (SrStorage *self, guint64 size_hint, GError **error);
gboolean sr_storage_write (SrStorage *self,
                           const SrFileName *name,
                           SrSpool *spool,
                           GCancellable *cancellable,
                           GError **error);
GArray *sr_storage_list (SrStorage *self,
                         SrFileKind kind,
                         GCancellable *cancellable,
                         GError **error);
gboolean sr_storage_remove (SrStorage *self,
                            const SrFileName *name,
                            GCancellable *cancellable,
                            GError **error);

void sr_storage_create_async (SrStorage *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean sr_storage_create_finish (SrStorage *self, GAsyncResult *result, GError **error);
void sr_storage_has_async (SrStorage *self,
                           const SrFileName *name,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean sr_storage_has_finish (SrStorage *self,
                                GAsyncResult *result,
                                gboolean *out_present,
                                guint64 *out_size,
                                GError **error);
void sr_storage_load_async (SrStorage *self,
                            const SrFileName *name,
                            gsize limit,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
GBytes *sr_storage_load_finish (SrStorage *self, GAsyncResult *result, GError **error);
void sr_storage_write_async (SrStorage *self,
                             const SrFileName *name,
                             SrSpool *spool,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean sr_storage_write_finish (SrStorage *self, GAsyncResult *result, GError **error);
void sr_storage_list_async (SrStorage *self,
                            SrFileKind kind,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
GArray *sr_storage_list_finish (SrStorage *self, GAsyncResult *result, GError **error);
void sr_storage_remove_async (SrStorage *self,
                              const SrFileName *name,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean sr_storage_remove_finish (SrStorage *self, GAsyncResult *result, GError **error);

const char *sr_file_kind_get_folder (SrFileKind kind);
char *sr_file_name_to_string (const SrFileName *name);

G_END_DECLS
