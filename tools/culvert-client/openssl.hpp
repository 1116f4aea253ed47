// OpenSSL's objects with owners, and its errors as words.
#pragma once

#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace culvert::client {

struct FreeOpenssl {
  void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  void operator()(SSL* s) const noexcept { SSL_free(s); }
  void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeOpenssl>;
using Ssl = std::unique_ptr<SSL, FreeOpenssl>;
using SslSession = std::unique_ptr<SSL_SESSION, FreeOpenssl>;

// What OpenSSL complains of last, or `otherwise`; its queue is empty afterwards.
inline std::string openssl_words(const std::string& otherwise) {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? otherwise : reason;
}

}  // namespace culvert::client
