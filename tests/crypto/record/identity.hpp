// A self-signed certificate with an ECDSA key and one with an RSA key, for test servers.
#pragma once

#include <stdexcept>
#include <string>

#include <openssl/ssl.h>

namespace culvert::crypto::record {

// Throws std::runtime_error unless OpenSSL did it.
inline void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

// Throws std::runtime_error if OpenSSL refuses.
void use_identities(SSL_CTX* server);

}  // namespace culvert::crypto::record
