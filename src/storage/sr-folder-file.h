/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Files that get their name when they are whole, and what is said when a folder refuses. */
typedef enum
{
  SR_PLACE_DONE,
  SR_PLACE_TAKEN, /* something has the name already */
  SR_PLACE_IMPOSSIBLE, /* not with this file or on this file system: copy it there */
  SR_PLACE_FAILED, /* with an error */
} SrPlaceResult;

void sr_folder_set_error (GError **error, int code, const char *folder, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
int sr_folder_open (const char *folder, GError **error);
gboolean sr_folder_sync (int fd, const char *folder, GError **error);

int sr_folder_file_new (const char *folder);
int sr_folder_file_new_named (const char *folder, char **out_path);
gboolean sr_folder_file_pwrite (int fd,
                                const guint8 *data,
                                gsize length,
                                guint64 offset,
                                const char *folder,
                                GCancellable *cancellable,
                                GError **error);
void sr_folder_file_discard (char *path);
void sr_folder_file_sweep (const char *folder, gint64 now_usec);
SrPlaceResult sr_folder_file_link (int fd,
                                   int folder_fd,
                                   const char *folder,
                                   const char *name,
                                   GError **error);
SrPlaceResult sr_folder_file_rename (const char *path,
                                     int folder_fd,
                                     const char *folder,
                                     const char *name,
                                     GError **error);

G_END_DECLS
