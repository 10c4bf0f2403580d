/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "storage/sr-storage.h"

G_BEGIN_DECLS

#define SR_TYPE_FOLDER_STORAGE (sr_folder_storage_get_type ())
G_DECLARE_FINAL_TYPE (SrFolderStorage, sr_folder_storage, SR, FOLDER_STORAGE, SrStorage)

SrStorage *sr_folder_storage_new (GFile *folder);

G_END_DECLS
