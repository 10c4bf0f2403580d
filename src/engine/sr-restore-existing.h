/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "engine/sr-restore-file.h"

G_BEGIN_DECLS

void sr_restore_look (SrRestoreFile *file, SrRestoreComparer *comparer);
gboolean sr_restore_link (SrRestoreFile *file);
void sr_restore_make_special (SrRestoreFile *file);

G_END_DECLS
