/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "storage/sr-storage.h"

G_BEGIN_DECLS

/* Where the files of a repository are below its top folder. */
char *sr_folder_layout_dup_folder (const char *top, const SrFileName *name);
void sr_folder_layout_get_base (const SrFileName *name, char base[SR_ID_HEX_SIZE]);
char *sr_folder_layout_dup_path (const char *top, const SrFileName *name);

gboolean sr_folder_layout_check (const char *top, GError **error);
gboolean sr_folder_layout_is_for_group (const char *top);
gboolean sr_folder_layout_create (const char *top, GCancellable *cancellable, GError **error);
gboolean sr_folder_layout_make_missing (const char *top, const SrFileName *name, GError **error);
gboolean sr_folder_layout_sync (const char *folder, GError **error);
GArray *sr_folder_layout_list (const char *top,
                               SrFileKind kind,
                               GCancellable *cancellable,
                               GError **error);

G_END_DECLS
