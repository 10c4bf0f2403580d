/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The kinds of blobs, by the words that index files have for them. */

#include "config.h"

#include "sr-blob.h"

#include <string.h>

/**
 * sr_blob_type_to_string:
 * @type: a type of blob
 *
 * Returns: (transfer none): the word for @type in index files, "data" or "tree"
 */
const char *
sr_blob_type_to_string (SrBlobType type)
{
  switch (type)
    {
    case SR_BLOB_DATA:
      return "data";
    case SR_BLOB_TREE:
      return "tree";
    default:
      g_assert_not_reached ();
    }
}

/**
 * sr_blob_type_from_string:
 * @text: a word, which need not end with a NUL
 * @length: bytes in @text
 * @out_type: (out): the type of blob that it names
 *
 * Returns: whether @text is such a word
 */
gboolean
sr_blob_type_from_string (const char *text, gsize length, SrBlobType *out_type)
{
  for (SrBlobType type = SR_BLOB_DATA; type < SR_N_BLOB_TYPES; type++)
    {
      const char *word = sr_blob_type_to_string (type);

      if (strlen (word) == length && memcmp (word, text, length) == 0)
        {
          *out_type = type;
          return TRUE;
        }
    }
  return FALSE;
}
