/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Polynomials that restic accepts and refuses. */

#include "config.h"

#include "repository/sr-polynomial.h"

#include <string.h>

#include "support/sr-test-json.h"

static guint64
hex_value (const SrTestJson *json)
{
  return g_ascii_strtoull (sr_test_json_string (json), NULL, 16);
}

static void
test_vectors (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/chunker-vectors.json");
  const SrTestJson *rows = sr_test_json_get (root, "polynomials");

  g_assert_cmpuint (sr_test_json_length (rows), ==, 10);
  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);

      g_test_message ("%s", sr_test_json_string (sr_test_json_get (row, "hex")));
      g_assert_cmpint (sr_polynomial_is_irreducible (hex_value (sr_test_json_get (row, "hex"))), ==,
                       sr_test_json_boolean (sr_test_json_get (row, "irreducible")));
    }
}

static void
test_candidates (void)
{
  g_autoptr (SrTestJson) root = sr_test_json_load ("restic-v2/chunker-vectors.json");
  const SrTestJson *rows = sr_test_json_get (root, "polynomial_candidates_from_random_bytes");

  for (guint i = 0; i < sr_test_json_length (rows); i++)
    {
      const SrTestJson *row = sr_test_json_at (rows, i);
      gsize length;
      g_autofree guint8 *bytes =
          sr_test_json_dup_hex (sr_test_json_get (row, "random8_hex"), &length);
      guint64 random;

      g_assert_cmpuint (length, ==, sizeof random);
      memcpy (&random, bytes, sizeof random);
      g_assert_cmphex (sr_polynomial_candidate (GUINT64_FROM_LE (random)), ==,
                       hex_value (sr_test_json_get (row, "candidate_hex")));
    }
}

/* Irreducible ones of other degrees, and what is hardly a polynomial. */
static void
test_other_degrees (void)
{
  static const SrPolynomial others[] = {
    0,
    1,
    2,
    3,
    7,
    0x11b, /* of AES */
    G_GUINT64_CONSTANT (1) << 53,
    G_GUINT64_CONSTANT (0x7da3358b4dc173), /* degree 54 */
    G_GUINT64_CONSTANT (0x803da3358b4dc173),
    G_MAXUINT64,
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (sr_polynomial_is_irreducible (others[i]));
}

static void
test_generate (void)
{
  SrPolynomial one, two;

  g_assert_true (sr_polynomial_generate (&one, NULL));
  g_assert_true (sr_polynomial_generate (&two, NULL));
  g_assert_true (sr_polynomial_is_irreducible (one));
  g_assert_cmphex (one, !=, two);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/polynomial/vectors", test_vectors);
  g_test_add_func ("/polynomial/candidates", test_candidates);
  g_test_add_func ("/polynomial/other-degrees", test_other_degrees);
  g_test_add_func ("/polynomial/generate", test_generate);

  return g_test_run ();
}
