/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Turns complete folders into trees, from the leaves up.
 *
 * The thread that fills the last node of a folder makes the tree, and so may complete the folder
 * above, and so on. A folder in which nothing has changed keeps the tree that the parent snapshot
 * names: nothing is written, hashed or compared.
 *
 * A tree's id is the hash of its JSON, which must be known before it is decided whether to store it. Trees of usual
 * size are written into a buffer. Of larger ones (a folder of 100,000 files makes 40 MB) the JSON is made twice: once
 * for the hash and the length, and, if the repository does not have it, once more through the
 * compressor and the cipher into a pack, so that it is never in memory. */

#include "config.h"

#include "sr-tree-builder.h"

#include "crypto/sr-cipher.h"
#include "crypto/sr-hash.h"
#include "repository/sr-tree.h"

#define MAX_BUFFERED_SIZE (2 * 1024 * 1024) /* bytes of JSON */

struct _SrTreeBuilder
{
  SrBackupContext *context; /* lent */
  SrBatcher *batcher; /* lent */
  SrHash *hash; /* (owned) */
  SrCipher *cipher; /* (owned) */
  SrCompressor *compressor; /* (owned) (nullable): made when a large tree comes */
  SrBuffer json; /* of a tree that is not too large */
  guint64 length; /* bytes of the tree's JSON */
  SrPackWriter *pack; /* lent while a large tree is stored */
};

SrTreeBuilder *
sr_tree_builder_new (SrBackupContext *context, SrBatcher *batcher, GError **error)
{
  SrCipher *cipher = sr_cipher_new (sr_repository_get_key (context->repository), error);
  SrTreeBuilder *self;

  if (cipher == NULL)
    return NULL;

  self = g_new0 (SrTreeBuilder, 1);
  self->context = context;
  self->batcher = batcher;
  self->cipher = cipher;
  self->hash = sr_hash_new ();
  return self;
}

void
sr_tree_builder_free (SrTreeBuilder *self)
{
  if (self == NULL)
    return;

  sr_buffer_clear (&self->json);
  g_clear_pointer (&self->compressor, sr_compressor_free);
  sr_cipher_free (self->cipher);
  sr_hash_free (self->hash);
  g_free (self);
}

static gboolean
write_nodes (const SrFolder *folder, SrJsonWriter *writer, GError **error)
{
  sr_tree_write_begin (writer);
  for (guint i = 0; i < folder->n_nodes; i++)
    if (folder->nodes[i].name != NULL)
      sr_node_write (&folder->nodes[i], writer);
  sr_tree_write_end (writer);
  return sr_json_writer_finish (writer, error);
}

/* Hashes and counts, and keeps the bytes as long as they are few. */
static gboolean
take_json (gpointer user_data, const guint8 *data, gsize length, GError **error)
{
  SrTreeBuilder *self = user_data;

  sr_hash_update (self->hash, data, length);
  self->length += length;
  if (self->length <= MAX_BUFFERED_SIZE)
    sr_buffer_append (&self->json, data, length);
  return !g_cancellable_set_error_if_cancelled (sr_stop_get_cancellable (self->context->stop),
                                                error);
}

static gboolean
make_json (SrTreeBuilder *self, const SrFolder *folder, SrId *out_id, GError **error)
{
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new (take_json, self);

  self->json.length = 0;
  self->length = 0;
  sr_hash_reset (self->hash);
  if (!write_nodes (folder, writer, error))
    return FALSE;

  sr_hash_finish (self->hash, out_id);
  return TRUE;
}

/* A compressed, or in version 1 plain, piece of a large tree on its way into the pack. */
static gboolean
seal_piece (gpointer user_data, guint8 *data, gsize length, GError **error)
{
  SrTreeBuilder *self = user_data;

  return sr_cipher_seal_update (self->cipher, data, length, data, error) &&
         sr_pack_writer_append_piece (self->pack, data, length,
                                      sr_stop_get_cancellable (self->context->stop), error);
}

static gboolean
compress_piece (gpointer user_data, const guint8 *data, gsize length, GError **error)
{
  SrTreeBuilder *self = user_data;
  g_autofree guint8 *copy = NULL;

  if (self->compressor != NULL)
    return sr_compressor_update (self->compressor, data, length, seal_piece, self, error);

  copy = g_memdup2 (data, length);
  return seal_piece (self, copy, length, error);
}

static gboolean
seal_pieces (SrTreeBuilder *self, const SrFolder *folder, GError **error)
{
  GCancellable *cancellable = sr_stop_get_cancellable (self->context->stop);
  g_autoptr (SrJsonWriter) writer = sr_json_writer_new (compress_piece, self);
  guint8 nonce[SR_CIPHER_NONCE_SIZE], tag[SR_CIPHER_TAG_SIZE];

  if (self->compressor != NULL)
    sr_compressor_begin (self->compressor, self->length);
  return sr_cipher_seal_begin (self->cipher, nonce, error) &&
         sr_pack_writer_append_piece (self->pack, nonce, sizeof nonce, cancellable, error) &&
         write_nodes (folder, writer, error) &&
         (self->compressor == NULL ||
          sr_compressor_end (self->compressor, seal_piece, self, error)) &&
         sr_cipher_seal_end (self->cipher, tag, error) &&
         sr_pack_writer_append_piece (self->pack, tag, sizeof tag, cancellable, error);
}

static gboolean
store_large (SrTreeBuilder *self, const SrFolder *folder, const SrId *id, GError **error)
{
  SrBackupCounters *counters = &self->context->counters;
  gboolean compressed = sr_repository_get_config (self->context->repository)->version >= 2;
  guint64 size_before;
  gboolean stored;

  if (compressed && self->compressor == NULL)
    self->compressor = sr_compressor_new_for_json ();
  self->pack = sr_pack_set_take (self->context->packs, SR_BLOB_TREE, error);
  if (self->pack == NULL)
    return FALSE;

  size_before = sr_pack_writer_get_size (self->pack);
  stored = seal_pieces (self, folder, error) &&
           sr_pack_writer_end_pieces (self->pack, id, compressed ? self->length : 0, error);
  if (!stored)
    {
      g_clear_pointer (&self->pack, sr_pack_writer_free);
      return FALSE;
    }

  atomic_fetch_add (&counters->tree_blobs, 1);
  atomic_fetch_add (&counters->data_added, self->length);
  atomic_fetch_add (&counters->data_added_packed,
                    sr_pack_writer_get_size (self->pack) - size_before);
  sr_progress_add_stored (self->context->progress, self->length,
                          sr_pack_writer_get_size (self->pack) - size_before);
  return sr_pack_set_give (self->context->packs, g_steal_pointer (&self->pack), error);
}

/* What the index says is there is not always: a tree that could not be read a moment ago is stored again. */
static gboolean
is_broken (const SrFolder *folder, const SrId *tree)
{
  return folder->previous_is_broken && sr_id_equal (tree, &folder->previous);
}

static gboolean
build (SrTreeBuilder *self, SrFolder *folder, SrId *out_id, GError **error)
{
  SrIndex *index = sr_repository_get_index (self->context->repository);

  if (!sr_folder_is_changed (folder))
    {
      *out_id = folder->previous;
      return TRUE;
    }
  if (!make_json (self, folder, out_id, error))
    return FALSE;
  if (!sr_index_reserve (index, SR_BLOB_TREE, out_id) && !is_broken (folder, out_id))
    return TRUE;
  if (self->length > MAX_BUFFERED_SIZE)
    return store_large (self, folder, out_id, error);

  sr_batcher_put (self->batcher, SR_BLOB_TREE, out_id, self->json.data, self->json.length);
  return TRUE;
}

static void
count_folder (SrTreeBuilder *self, const SrFolder *folder, const SrId *tree)
{
  SrBackupCounters *counters = &self->context->counters;

  if (!folder->has_previous)
    atomic_fetch_add (&counters->folders_new, 1);
  else if (sr_id_equal (tree, &folder->previous))
    atomic_fetch_add (&counters->folders_unmodified, 1);
  else
    atomic_fetch_add (&counters->folders_changed, 1);
}

/* Hands the tree to whoever was waiting for it. */
static void
deliver (SrTreeBuilder *self, SrFolder *folder, const SrId *tree)
{
  SrNode *node;

  if (folder->parent == NULL)
    {
      self->context->root_tree = *tree;
      return;
    }

  count_folder (self, folder, tree);
  if (!folder->has_previous || !sr_id_equal (tree, &folder->previous))
    sr_folder_mark_changed (folder->parent);
  node = sr_folder_get_node (folder->parent, folder->slot);
  node->subtree = *tree;
  node->has_subtree = TRUE;
}

/**
 * sr_tree_builder_fulfil:
 * @self: a builder
 * @folder: a folder, not to be touched afterwards
 * @n_nodes: how many of the nodes it waits for are filled now
 * @error: (out): what went wrong with the repository
 *
 * Makes the trees of @folder and of the folders above that are complete by this.
 */
gboolean
sr_tree_builder_fulfil (SrTreeBuilder *self, SrFolder *folder, guint n_nodes, GError **error)
{
  while (folder != NULL && sr_folder_fulfil (folder, n_nodes))
    {
      SrFolder *parent = folder->parent;
      SrId tree;
      gboolean built = build (self, folder, &tree, error);

      if (built)
        deliver (self, folder, &tree);
      sr_folder_free (folder);
      if (!built)
        return FALSE;
      folder = parent;
      n_nodes = 1;
    }
  return TRUE;
}
