/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-id.h"

G_BEGIN_DECLS

/* The files read last, kept open. Any number of threads may use it at once. */
typedef struct _SrOpenFiles SrOpenFiles;

/* A file of these; whoever holds one may read from fd until it releases it. */
typedef struct
{
  SrId id;
  int fd;
} SrOpenFile;

SrOpenFiles *sr_open_files_new (guint limit);
void sr_open_files_free (SrOpenFiles *self);
SrOpenFile *sr_open_files_lookup (SrOpenFiles *self, const SrId *id);
SrOpenFile *sr_open_files_add (SrOpenFiles *self, const SrId *id, int fd);
void sr_open_files_forget (SrOpenFiles *self, const SrId *id);
void sr_open_file_release (SrOpenFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrOpenFiles, sr_open_files_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrOpenFile, sr_open_file_release)

G_END_DECLS
