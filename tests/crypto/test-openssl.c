/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is taken from OpenSSL: once for all threads, and with a sentence where it is not to be had. */

#include "config.h"

#include "crypto/sr-openssl.h"

#include <glib/gstdio.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "base/sr-error.h"

static gpointer
get (gpointer user_data)
{
  return (gpointer) sr_openssl_get (NULL);
}

static void
test_all_there (void)
{
  GThread *threads[4];
  const SrOpenssl *first;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("get", get, NULL);
  first = sr_openssl_get (NULL);
  g_assert_nonnull (first);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_true (g_thread_join (threads[i]) == first);

  g_assert_cmpint (EVP_MD_get_size (first->sha256), ==, 32);
  g_assert_cmpint (EVP_CIPHER_get_key_length (first->aes_256_ctr), ==, 32);
  g_assert_cmpint (EVP_CIPHER_get_key_length (first->aes_128_ecb), ==, 16);
  g_assert_true (EVP_MAC_is_a (first->poly1305, "POLY1305"));
}

/* An administrator may have allowed no provider that has what we need; "null" has nothing at all. */
static void
test_lacking (void)
{
  static const char settings[] = "openssl_conf = top\n"
                                 "[top]\nproviders = providers\n"
                                 "[providers]\nnull = null_provider\n"
                                 "[null_provider]\nactivate = 1\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  fd = g_file_open_tmp ("openssl-XXXXXX", &path, NULL);
  g_assert_cmpint (write (fd, settings, strlen (settings)), ==, (int) strlen (settings));
  close (fd);
  g_setenv ("OPENSSL_CONF", path, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_clear_error (&error);
      g_assert_null (sr_openssl_get (&error));
      g_assert_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, "allow its default provider"));
    }
  g_unlink (path);
}

/* OpenSSL's words are used once: the next error must not be given an old reason. */
static void
test_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) next = NULL;

  g_assert_null (EVP_MD_fetch (NULL, "no-such-hash", NULL));
  sr_openssl_set_error (&error, "Could not seal a message");
  g_assert_error (error, SR_ERROR, SR_ERROR_UNSUPPORTED);
  g_assert_true (g_str_has_prefix (error->message, "Could not seal a message"));
  g_assert_nonnull (strstr (error->message, "unsupported"));
  g_assert_cmpuint (ERR_peek_error (), ==, 0);

  sr_openssl_set_error (&next, "Could not open a message");
  g_assert_error (next, SR_ERROR, SR_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (next->message, "no reason given"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openssl/all-there", test_all_there);
  g_test_add_func ("/openssl/lacking", test_lacking);
  g_test_add_func ("/openssl/error", test_error);
  return g_test_run ();
}
