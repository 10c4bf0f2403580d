/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SHA-256 against the examples of FIPS 180-4 and against itself in pieces. */

#include "config.h"

#include "crypto/sr-hash.h"

#include <string.h>

static const struct
{
  const char *name;
  const char *text;
  const char *digest;
} cases[] = {
  { "empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { "abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "two-blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void
assert_digest (const SrId *id, const char *digest)
{
  char hex[SR_ID_HEX_SIZE] = "";

  for (guint i = 0; i < SR_ID_SIZE; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", id->bytes[i]);
  g_assert_cmpstr (hex, ==, digest);
}

static void
test_digest (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  gsize length = strlen (cases[row].text);
  g_autoptr (SrHash) hash = sr_hash_new ();
  SrId id;

  sr_hash_data (cases[row].text, length, &id);
  assert_digest (&id, cases[row].digest);

  sr_hash_update (hash, "left from before", 16);
  sr_hash_digest (hash, cases[row].text, length, &id);
  assert_digest (&id, cases[row].digest);
}

static void
test_pieces (void)
{
  const char *text = cases[2].text;
  gsize length = strlen (text);
  g_autoptr (SrHash) hash = sr_hash_new ();

  for (gsize cut = 0; cut <= length; cut++)
    {
      SrId id;

      sr_hash_reset (hash);
      sr_hash_update (hash, text, cut);
      sr_hash_update (hash, NULL, 0);
      sr_hash_update (hash, text + cut, length - cut);
      sr_hash_finish (hash, &id);
      assert_digest (&id, cases[2].digest);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autofree char *path = g_strconcat ("/hash/digest/", cases[row].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (row), test_digest);
    }
  g_test_add_func ("/hash/pieces", test_pieces);

  return g_test_run ();
}
