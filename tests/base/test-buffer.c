/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "base/sr-buffer.h"

static void
test_append (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;

  sr_buffer_append (&buffer, NULL, 0);
  g_assert_cmpuint (buffer.length, ==, 0);

  for (guint i = 0; i < 10000; i++)
    sr_buffer_append (&buffer, &i, sizeof i);

  g_assert_cmpuint (buffer.length, ==, 10000 * sizeof (guint));
  g_assert_cmpuint (buffer.capacity, >=, buffer.length);
  for (guint i = 0; i < 10000; i++)
    g_assert_cmpmem (buffer.data + i * sizeof i, sizeof i, &i, sizeof i);
}

static void
test_reserve (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;
  guint8 *data;

  sr_buffer_append (&buffer, "abc", 3);
  sr_buffer_reserve (&buffer, 100000);
  g_assert_cmpuint (buffer.capacity, >=, 100000);
  g_assert_cmpmem (buffer.data, buffer.length, "abc", 3);

  /* What has been reserved is used without moving. */
  data = buffer.data;
  memset (buffer.data, 'x', 100000);
  sr_buffer_reserve (&buffer, 5);
  sr_buffer_reserve (&buffer, 100000);
  g_assert_true (buffer.data == data);
}

static void
test_shrink (void)
{
  g_auto (SrBuffer) buffer = SR_BUFFER_INIT;

  sr_buffer_append (&buffer, "abc", 3);
  sr_buffer_shrink (&buffer, 100000);
  g_assert_cmpuint (buffer.length, ==, 0);
  g_assert_nonnull (buffer.data);

  sr_buffer_reserve (&buffer, 100001);
  sr_buffer_shrink (&buffer, 100000);
  g_assert_cmpuint (buffer.capacity, <=, 100000);

  sr_buffer_append (&buffer, "again", 5);
  g_assert_cmpmem (buffer.data, buffer.length, "again", 5);
  sr_buffer_clear (&buffer);
  sr_buffer_clear (&buffer);
  g_assert_null (buffer.data);
  g_assert_cmpuint (buffer.capacity, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/buffer/append", test_append);
  g_test_add_func ("/buffer/reserve", test_reserve);
  g_test_add_func ("/buffer/shrink", test_shrink);

  return g_test_run ();
}
