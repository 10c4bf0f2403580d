/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Polynomials over GF(2) for the chunker: drawn at random, and tested (repository/FORMAT.md,
 * “Chunker”). A polynomial that has factors would make fingerprints that differ less than they
 * should; restic refuses a repository with one. */

#include "config.h"

#include "sr-polynomial.h"

#include "crypto/sr-key.h"

#define DEGREE SR_POLYNOMIAL_DEGREE
#define TOP (G_GUINT64_CONSTANT (1) << DEGREE)

static guint64
multiply_modulo (guint64 a, guint64 b, SrPolynomial modulus)
{
  guint64 product = 0;

  for (; b != 0; b >>= 1)
    {
      if (b & 1)
        product ^= a;
      a <<= 1;
      if (a & TOP)
        a ^= modulus;
    }
  return product;
}

/**
 * sr_polynomial_is_irreducible:
 * @polynomial: any
 *
 * As 53 is prime, a polynomial f of that degree is irreducible exactly if it has no root in GF(2)
 * and x^(2^53) is x modulo f (Rabin's test).
 *
 * Returns: FALSE for one with factors, and for any degree but 53
 */
gboolean
sr_polynomial_is_irreducible (SrPolynomial polynomial)
{
  guint64 power = 2; /* x */

  if (polynomial >> DEGREE != 1)
    return FALSE;
  if ((polynomial & 1) == 0 || __builtin_popcountll (polynomial) % 2 == 0)
    return FALSE; /* f(0) or f(1) is 0 */

  for (guint i = 0; i < DEGREE; i++)
    power = multiply_modulo (power, power, polynomial);
  return power == 2;
}

/**
 * sr_polynomial_candidate:
 * @random: 64 random bits
 *
 * Returns: a polynomial of degree 53 with x^0 in it, as restic makes one of random bits; about 1 in
 *   26 is irreducible
 */
SrPolynomial
sr_polynomial_candidate (guint64 random)
{
  return (random & (TOP - 1)) | TOP | 1;
}

/**
 * sr_polynomial_generate:
 * @out_polynomial: (out): an irreducible one; secret, as it hides where files are cut
 * @error: return location; see sr_random_fill()
 */
gboolean
sr_polynomial_generate (SrPolynomial *out_polynomial, GError **error)
{
  SrPolynomial candidate;

  do
    {
      guint64 random;

      if (!sr_random_fill (&random, sizeof random, error))
        return FALSE;
      candidate = sr_polynomial_candidate (random);
    }
  while (!sr_polynomial_is_irreducible (candidate));

  *out_polynomial = candidate;
  return TRUE;
}
