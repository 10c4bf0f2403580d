/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-error.h"

#include <errno.h>

static const struct
{
  const char *name;
  int code;
  SrError expected;
} cases[] = {
  { "ENOENT", ENOENT, SR_ERROR_NOT_FOUND },
  { "ENOTDIR", ENOTDIR, SR_ERROR_NOT_FOUND },
  { "EEXIST", EEXIST, SR_ERROR_ALREADY_EXISTS },
  { "ENOSPC", ENOSPC, SR_ERROR_NO_SPACE },
  { "EDQUOT", EDQUOT, SR_ERROR_NO_SPACE },
  { "EACCES", EACCES, SR_ERROR_PERMISSION },
  { "EPERM", EPERM, SR_ERROR_PERMISSION },
  { "EROFS", EROFS, SR_ERROR_PERMISSION },
  { "EIO", EIO, SR_ERROR_STORAGE },
  { "ESTALE", ESTALE, SR_ERROR_STORAGE },
};

static void
test_errno (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autofree char *message =
      g_strdup_printf ("Could not move /a b/%%s: %s", g_strerror (cases[row].code));

  sr_set_error_from_errno (&error, cases[row].code, "Could not move %s", "/a b/%s");
  g_assert_error (error, SR_ERROR, (int) cases[row].expected);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_ignored (void)
{
  GError *none = NULL;

  sr_set_error_from_errno (NULL, EIO, "Could not read %s", "it");
  sr_prefix_error (NULL, "The file %s is damaged", "it");
  sr_prefix_error (&none, "The file %s is damaged", "it");
  g_assert_no_error (none);
}

static void
test_prefix (void)
{
  g_autoptr (GError) error = g_error_new_literal (SR_ERROR, SR_ERROR_DAMAGED, "100%s");

  sr_prefix_error (&error, "The file %s is damaged", "/a b/%s");
  g_assert_error (error, SR_ERROR, SR_ERROR_DAMAGED);
  g_assert_cmpstr (error->message, ==, "The file /a b/%s is damaged: 100%s");
}

/* They stand on D-Bus and in scripts. */
static void
test_numbers (void)
{
  g_assert_cmpstr (g_quark_to_string (SR_ERROR), ==, "sr-error-quark");
  g_assert_cmpint (SR_ERROR_WRONG_PASSWORD, ==, 0);
  g_assert_cmpint (SR_ERROR_DAMAGED, ==, 7);
  g_assert_cmpint (SR_ERROR_INCOMPLETE, ==, 15);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/error/errno/%s", cases[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_errno);
    }
  g_test_add_func ("/error/ignored", test_ignored);
  g_test_add_func ("/error/numbers", test_numbers);
  g_test_add_func ("/error/prefix", test_prefix);

  return g_test_run ();
}
