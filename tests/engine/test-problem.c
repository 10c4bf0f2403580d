/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Problems: copies of what they were made of, down to the last byte of a path. */

#include "config.h"

#include "engine/sr-problem.h"

#include <string.h>

#include "base/sr-error.h"

static void
test_copied (void)
{
  char path[] = "/caf\xe9/two\nlines";
  g_autoptr (GError) error = g_error_new (SR_ERROR, SR_ERROR_SOURCE, "It is gone");
  g_autoptr (SrProblem) problem = sr_problem_new (path, error);

  memset (path, 'x', strlen (path));
  error->message[0] = 'x';
  g_assert_cmpstr (sr_problem_get_path (problem), ==, "/caf\xe9/two\nlines");
  g_assert_error (sr_problem_get_error (problem), SR_ERROR, SR_ERROR_SOURCE);
  g_assert_cmpstr (sr_problem_get_error (problem)->message, ==, "It is gone");
}

/* A list of them outlives the job. */
static void
test_in_a_list (void)
{
  g_autoptr (GListStore) list = g_list_store_new (SR_TYPE_PROBLEM);
  g_autoptr (GError) error = g_error_new (SR_ERROR, SR_ERROR_DAMAGED, "It is damaged");
  g_autoptr (SrProblem) found = NULL;
  SrProblem *problem = sr_problem_new ("data/12", error);

  g_list_store_append (list, problem);
  g_object_unref (problem);
  found = g_list_model_get_item (G_LIST_MODEL (list), 0);
  g_assert_cmpstr (sr_problem_get_path (found), ==, "data/12");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/problem/copied", test_copied);
  g_test_add_func ("/problem/in-a-list", test_in_a_list);
  return g_test_run ();
}
