// A self-signed certificate with an ECDSA key and one with an RSA key, for test servers.
#pragma once

#include <openssl/ssl.h>

namespace culvert::crypto::record {

// Throws std::runtime_error if OpenSSL refuses.
void use_identities(SSL_CTX* server);

}  // namespace culvert::crypto::record
