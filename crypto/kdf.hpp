// From the secrets that a handshake leaves behind to the keys of the record layer.
//
// All functions run on control threads: they allocate, and throw std::runtime_error where a length
// is wrong or OpenSSL refuses. Results carry sequence 0 and explicit nonce 0; the caller fills in
// where the handshake ended: for DTLS that is the epoch too (record::dtls_sequence).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/record/protection.hpp"
#include "crypto/secret.hpp"
#include "crypto/suite.hpp"

namespace culvert::crypto {

inline constexpr size_t kMasterSecretSize = 48;  // RFC 5246 §8.1
inline constexpr size_t kRandomSize = 32;        // RFC 5246 §7.4.1.2

// What each side seals with.
struct TrafficKeys {
  record::KeyMaterial client;
  record::KeyMaterial server;
};

// RFC 5246 §6.3, for TLS 1.2 and DTLS 1.2; for the older DTLS with TLS 1.0's PRF
// (RFC 2246 §6.3). `master` from SSL_SESSION_get_master_key, the randoms from
// SSL_get_{client,server}_random.
[[nodiscard]] TrafficKeys tls12_keys(const Suite& suite, std::span<const uint8_t> master,
                                     std::span<const uint8_t> client_random,
                                     std::span<const uint8_t> server_random);

// RFC 2246 §7.4.9: the Finished message of the older DTLS. `label` is "client finished" or "server
// finished", `transcript` all that was hashed: MD5 of it and then SHA-1, 36 bytes.
inline constexpr size_t kVerifyDataSize = 12;
[[nodiscard]] std::array<uint8_t, kVerifyDataSize> tls10_verify_data(
    std::span<const uint8_t> master, std::string_view label, std::span<const uint8_t> transcript);

// RFC 8446 §7.3. `traffic_secret` is one direction's, as long as the suite's hash (32 or 48 bytes).
[[nodiscard]] record::KeyMaterial tls13_keys(const Suite& suite,
                                             std::span<const uint8_t> traffic_secret);

// RFC 8446 §7.2: the secret that follows `traffic_secret` after a KeyUpdate.
[[nodiscard]] Secret<48> tls13_next_secret(const Suite& suite,
                                           std::span<const uint8_t> traffic_secret);

}  // namespace culvert::crypto
