/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The words of index files for types of blobs. */

#include "config.h"

#include "repository/sr-blob.h"

static void
test_words (void)
{
  SrBlobType type = SR_BLOB_TREE;

  g_assert_cmpstr (sr_blob_type_to_string (SR_BLOB_DATA), ==, "data");
  g_assert_cmpstr (sr_blob_type_to_string (SR_BLOB_TREE), ==, "tree");

  g_assert_true (sr_blob_type_from_string ("data, not all of it", 4, &type));
  g_assert_cmpint (type, ==, SR_BLOB_DATA);
  g_assert_true (sr_blob_type_from_string ("tree", 4, &type));
  g_assert_cmpint (type, ==, SR_BLOB_TREE);

  g_assert_false (sr_blob_type_from_string ("", 0, &type));
  g_assert_false (sr_blob_type_from_string ("dat", 3, &type));
  g_assert_false (sr_blob_type_from_string ("trees", 5, &type));
  g_assert_false (sr_blob_type_from_string ("Data", 4, &type));
}

static void
test_plain_length (void)
{
  SrBlob raw = { .length = 5032 };
  SrBlob empty = { .length = 32 };
  SrBlob compressed = { .length = 75, .uncompressed_length = 300 };

  g_assert_cmpuint (sr_blob_get_plain_length (&raw), ==, 5000);
  g_assert_cmpuint (sr_blob_get_plain_length (&empty), ==, 0);
  g_assert_cmpuint (sr_blob_get_plain_length (&compressed), ==, 300);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blob/words", test_words);
  g_test_add_func ("/blob/plain-length", test_plain_length);
  return g_test_run ();
}
