/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A polynomial over GF(2), bit i being the coefficient of x^i. */
typedef guint64 SrPolynomial;

#define SR_POLYNOMIAL_DEGREE 53

gboolean sr_polynomial_is_irreducible (SrPolynomial polynomial);
SrPolynomial sr_polynomial_candidate (guint64 random);
gboolean sr_polynomial_generate (SrPolynomial *out_polynomial, GError **error);

G_END_DECLS
