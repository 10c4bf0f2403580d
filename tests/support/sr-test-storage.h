/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "storage/sr-storage.h"

G_BEGIN_DECLS

SrStorage *sr_test_open_folder (const char *folder, gboolean named_files);
SrSpool *sr_test_make_spool (SrStorage *storage, const char *content);
SrFileName sr_test_name_spool (SrFileKind kind, SrSpool *spool);
SrFileName sr_test_write_file (SrStorage *storage, SrFileKind kind, const char *content);
void sr_test_assert_file (SrStorage *storage, const SrFileName *name, const char *content);
guint sr_test_count_strays (const char *folder);

G_END_DECLS
