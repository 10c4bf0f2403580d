/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

#include "repository/sr-node.h"

G_BEGIN_DECLS

/* A folder while it is being backed up: its nodes, and what is still missing of them.
 *
 * The scanner makes it; readers fill nodes, each its own ones; whoever fills the last one has the folder to itself
 * and makes the tree of it. That, the tree's id, is what the parent was waiting for. */
typedef struct _SrFolder SrFolder;

/* All folders of a backup that are there, so that a backup that is stopped can free them. Any thread. */
typedef struct
{
  GMutex mutex;
  GQueue folders; /* (locked by mutex) */
} SrFolderSet;

void sr_folder_set_init (SrFolderSet *self);
void sr_folder_set_clear (SrFolderSet *self);

struct _SrFolder
{
  SrFolderSet *set; /* lent */
  GList link; /* (locked by the set's mutex) */
  SrFolder *parent; /* (nullable): NULL for the root of the snapshot */
  guint slot; /* where in the parent's nodes this folder is */
  char *name; /* (owned): in the parent, "" for the root */
  SrNode *nodes; /* (owned) (array length=n_nodes): sorted by name; those left out have no name */
  guint n_nodes;
  gboolean has_previous; /* the parent snapshot has this folder */
  SrId previous; /* its tree there */
  gboolean previous_is_broken; /* which cannot be read */

  int n_pending; /* (atomic) nodes not filled yet, and 1 for the scanner */
  int n_users; /* (atomic) who needs fd */
  int changed; /* (atomic) some node is not as in the previous tree */
  int fd; /* (owned); -1 for one that is not on disk as such */
};

/* An entry of a folder as it is listed. */
typedef struct
{
  char *name; /* (owned) */
  gboolean is_file; /* a regular one, as the listing says; FALSE: something else, or not known */
} SrFolderName;

void sr_folder_name_clear (gpointer name);

SrFolder *sr_folder_new (SrFolderSet *set, SrFolder *parent, guint slot, const char *name, int fd);
void sr_folder_free (SrFolder *self);
void sr_folder_set_names (SrFolder *self, GArray *names);
SrNode *sr_folder_get_node (SrFolder *self, guint slot);
char *sr_folder_build_path (SrFolder *self, const char *name);
void sr_folder_drop_node (SrFolder *self, guint slot);
void sr_folder_mark_changed (SrFolder *self);
gboolean sr_folder_is_changed (SrFolder *self);
void sr_folder_use (SrFolder *self);
void sr_folder_unuse (SrFolder *self);
void sr_folder_expect (SrFolder *self, guint n_nodes);
gboolean sr_folder_fulfil (SrFolder *self, guint n_nodes);

G_END_DECLS
