// Takes the record layer of DTLS 1.2 over from OpenSSL: keys, and where both directions go on.
#pragma once

#include <openssl/ssl.h>

#include "control/tls/connection.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::control {

struct DtlsKeys {
  crypto::record::KeyMaterial rx;  // opens what the other side seals
  crypto::record::KeyMaterial tx;
};

// After the handshake of `ssl`, in which `suite` was agreed on, and for CBC maybe `encrypt_then_mac`
// (RFC 7366). tx begins beyond the records in which OpenSSL may send its last flight again. Throws
// std::runtime_error.
[[nodiscard]] DtlsKeys export_dtls_keys(SSL* ssl, TlsRole role, const crypto::Suite& suite,
                                        bool encrypt_then_mac);

}  // namespace culvert::control
