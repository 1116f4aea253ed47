// Takes the record layer over from OpenSSL: keys, sequence numbers and nonces for a worker.
#pragma once

#include "control/tls/connection.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::control {

struct TunnelKeys {
  crypto::record::KeyMaterial rx;  // opens what the other side seals
  crypto::record::KeyMaterial tx;  // seals what the other side opens
};

// For an established connection whose output has been taken: what `connection` would use for the
// next record in each direction. The connection must not seal or open anything afterwards. Throws
// std::runtime_error if OpenSSL still holds bytes, or a secret is missing.
[[nodiscard]] TunnelKeys export_keys(const TlsConnection& connection);

}  // namespace culvert::control
