/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One thing that a job could not do. An object and not a struct, so that a GListModel can hold it and a
 * list in the window can show it without a copy. */

#include "config.h"

#include "sr-problem.h"

struct _SrProblem
{
  GObject parent_instance;
  char *path; /* (owned): raw bytes */
  GError *error; /* (owned) */
};

G_DEFINE_FINAL_TYPE (SrProblem, sr_problem, G_TYPE_OBJECT)

static void
sr_problem_finalize (GObject *object)
{
  SrProblem *self = SR_PROBLEM (object);

  g_free (self->path);
  g_error_free (self->error);
  G_OBJECT_CLASS (sr_problem_parent_class)->finalize (object);
}

static void
sr_problem_class_init (SrProblemClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sr_problem_finalize;
}

static void
sr_problem_init (SrProblem *self)
{
}

/**
 * sr_problem_new:
 * @path: what it happened to; copied
 * @error: why; copied
 *
 * Returns: (transfer full): a problem, which never changes and may be read from any thread
 */
SrProblem *
sr_problem_new (const char *path, const GError *error)
{
  SrProblem *self = g_object_new (SR_TYPE_PROBLEM, NULL);

  self->path = g_strdup (path);
  self->error = g_error_copy (error);
  return self;
}

/**
 * sr_problem_get_path:
 * @self: a problem
 *
 * Returns: (transfer none) (type filename): the path of the file, as bytes of the file system (so
 *   perhaps not UTF-8); for damage in a repository the name of the file there, as "data/ab12…"
 */
const char *
sr_problem_get_path (SrProblem *self)
{
  return self->path;
}

/**
 * sr_problem_get_error:
 * @self: a problem
 *
 * Returns: (transfer none): what happened, and what to do about it
 */
const GError *
sr_problem_get_error (SrProblem *self)
{
  return self->error;
}
