// OpenSSL 3's headers, and what they say in macros that Swift does not see.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// TLS 1.2 or later, no renegotiation, no compression, buffers given back between records; tickets resume sessions, so
/// the cache of the server's side, which grows, is off.
static inline int cssl_set_up(SSL_CTX *_Nonnull context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

/// What lies in a memory BIO; valid until it is next used.
static inline long cssl_contents(BIO *_Nonnull bio, const void *_Nullable *_Nonnull bytes) {
  char *start = 0;
  long count = BIO_get_mem_data(bio, &start);
  *bytes = start;
  return count;
}

static inline void cssl_empty(BIO *_Nonnull bio) { (void)BIO_reset(bio); }

/// The reason of the oldest error of this thread, without its library's and function's names; empties the queue.
static inline const char *_Nullable cssl_take_error(void) {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return 0;
  if (ERR_SYSTEM_ERROR(code)) return strerror(ERR_GET_REASON(code));
  return ERR_reason_error_string(code);
}
