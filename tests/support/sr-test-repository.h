/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "repository/sr-repository.h"

G_BEGIN_DECLS

#define SR_TEST_GOLDEN_PASSWORD "correct horse battery staple"
#define SR_TEST_PASSWORD "test" /* of sr_test_create_repository() */

/* Scrypt that takes no time. */
#define SR_TEST_SCRYPT ((SrScryptParameters){ 1024, 8, 1 })

SrSecret *sr_test_secret (const char *text);
char *sr_test_copy_golden_repository (void);
SrRepository *sr_test_open_repository (const char *folder, const char *password);
SrRepository *sr_test_create_repository (const char *folder);

/* A pack with any content, well formed or not, for tests of what reads it. */
typedef struct _SrTestPack SrTestPack;

SrTestPack *sr_test_pack_new (SrRepository *repository);
void sr_test_pack_add (SrTestPack *self,
                       SrBlobType type,
                       const void *data,
                       gssize length,
                       SrId *out_id);
GArray *sr_test_pack_get_blobs (SrTestPack *self);
void sr_test_pack_store (SrTestPack *self, SrId *out_pack);

void sr_test_store_index (SrRepository *repository,
                          const SrId *pack,
                          const SrBlob *blobs,
                          gsize n_blobs,
                          SrId *out_id);
SrSnapshot *sr_test_store_snapshot (SrRepository *repository, const SrId *tree);
SrSnapshot *sr_test_store_tree (SrRepository *repository, const char *json);

G_END_DECLS
