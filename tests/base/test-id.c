/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-id.h"

#define FIRST_62 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"

static const struct
{
  const char *name;
  const char *hex;
  gssize length;
  gboolean valid;
} cases[] = {
  { "whole", FIRST_62 "ef", -1, TRUE },
  { "whole-with-length", FIRST_62 "efXYZ", 64, TRUE },
  { "empty", "", -1, FALSE },
  { "shorter", FIRST_62 "e", -1, FALSE },
  { "longer", FIRST_62 "ef0", -1, FALSE },
  { "longer-with-length", FIRST_62 "ef0", 65, FALSE },
  { "capitals", FIRST_62 "EF", -1, FALSE },
  { "behind-9", FIRST_62 "e:", -1, FALSE },
  { "behind-f", FIRST_62 "eg", -1, FALSE },
  { "before-0", FIRST_62 "/f", -1, FALSE },
  { "before-a", FIRST_62 "`f", -1, FALSE },
  { "blank", FIRST_62 " f", -1, FALSE },
  { "not-ascii", FIRST_62 "\xe1\xe6", -1, FALSE },
  { "nul", FIRST_62 "\0f", 64, FALSE },
};

static void
test_from_hex (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  SrId id;
  char hex[SR_ID_HEX_SIZE];

  g_assert_cmpint (sr_id_from_hex (&id, cases[row].hex, cases[row].length), ==, cases[row].valid);
  if (!cases[row].valid)
    return;

  g_assert_cmpuint (id.bytes[0], ==, 0x01);
  g_assert_cmpuint (id.bytes[31], ==, 0xef);
  sr_id_to_hex (&id, hex);
  g_assert_cmpstr (hex, ==, FIRST_62 "ef");
}

static void
test_each_digit (void)
{
  /* Every pair of digits in every place comes back; every other byte in any place is refused. */
  for (guint byte = 0; byte < 256; byte++)
    {
      SrId id, back;
      char hex[SR_ID_HEX_SIZE];
      gboolean is_digit = byte != 0 && strchr ("0123456789abcdef", (int) byte) != NULL;

      memset (id.bytes, (int) byte, SR_ID_SIZE);
      sr_id_to_hex (&id, hex);
      g_assert_true (sr_id_from_hex (&back, hex, -1));
      g_assert_true (sr_id_equal (&id, &back));

      for (guint place = 0; place < 2 * SR_ID_SIZE; place++)
        {
          char kept = hex[place];

          hex[place] = (char) byte;
          g_assert_cmpint (sr_id_from_hex (&back, hex, 2 * SR_ID_SIZE), ==, is_digit);
          hex[place] = kept;
        }
    }
}

static void
test_order (void)
{
  SrId low = { { 0x01, 0xff } };
  SrId high = { { 0x80, 0x00 } };
  SrId null_id = { { 0 } };

  g_assert_cmpint (sr_id_compare (&low, &high), <, 0);
  g_assert_cmpint (sr_id_compare (&high, &low), >, 0);
  g_assert_cmpint (sr_id_compare (&low, &low), ==, 0);
  g_assert_false (sr_id_equal (&low, &high));
  g_assert_true (sr_id_equal (&low, &low));
  g_assert_cmpuint (sr_id_hash (&low), !=, sr_id_hash (&high));

  g_assert_true (sr_id_is_null (&null_id));
  null_id.bytes[31] = 1;
  g_assert_false (sr_id_is_null (&null_id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/id/from-hex/%s", cases[i].name);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_from_hex);
    }
  g_test_add_func ("/id/each-digit", test_each_digit);
  g_test_add_func ("/id/order", test_order);

  return g_test_run ();
}
