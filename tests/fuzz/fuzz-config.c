/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The plaintext of a config. What is accepted has to survive being written and read again. */

#include "config.h"

#include <stdint.h>

#include "repository/sr-config.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (SrBuffer) encoded = SR_BUFFER_INIT;
  SrConfig config, again;

  if (!sr_config_decode (&config, (const char *) data, size, NULL) || config.foreign_chunker)
    return 0;

  sr_config_encode (&config, &encoded);
  g_assert_true (sr_config_decode (&again, (const char *) encoded.data, encoded.length, NULL));
  g_assert_cmpuint (again.version, ==, config.version);
  g_assert_true (sr_id_equal (&again.id, &config.id));
  g_assert_cmphex (again.polynomial, ==, config.polynomial);
  return 0;
}
