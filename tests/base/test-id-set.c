/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The set knows exactly what was added, also ids that begin alike and the one of zeros. */

#include "config.h"

#include "base/sr-id-set.h"

#include <string.h>

/* Scattered as hashes are, or all with the same first bytes. */
static SrId
make_id (guint number, gboolean alike)
{
  guint32 scattered = number * 2654435761u;
  SrId id = { { 0 } };

  memcpy (id.bytes + (alike ? 24 : 0), &scattered, sizeof scattered);
  id.bytes[31] = 1;
  return id;
}

static void
test_set (gconstpointer alike)
{
  g_autoptr (SrIdSet) set = sr_id_set_new ();
  guint n_ids = alike != NULL ? 500 : 20000;

  for (guint i = 0; i < n_ids; i++)
    {
      SrId id = make_id (i, alike != NULL);

      g_assert_false (sr_id_set_contains (set, &id));
      g_assert_true (sr_id_set_add (set, &id));
      g_assert_false (sr_id_set_add (set, &id));
    }
  g_assert_cmpuint (sr_id_set_get_size (set), ==, n_ids);
  for (guint i = 0; i < 2 * n_ids; i++)
    {
      SrId id = make_id (i, alike != NULL);

      g_assert_cmpint (sr_id_set_contains (set, &id), ==, i < n_ids);
    }
}

static void
test_zeros (void)
{
  g_autoptr (SrIdSet) set = sr_id_set_new ();
  SrId zeros = { { 0 } };

  g_assert_false (sr_id_set_contains (set, &zeros));
  g_assert_true (sr_id_set_add (set, &zeros));
  g_assert_false (sr_id_set_add (set, &zeros));
  g_assert_true (sr_id_set_contains (set, &zeros));
  g_assert_cmpuint (sr_id_set_get_size (set), ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/id-set/many", NULL, test_set);
  g_test_add_data_func ("/id-set/alike", GUINT_TO_POINTER (1), test_set);
  g_test_add_func ("/id-set/zeros", test_zeros);
  return g_test_run ();
}
