// Passwords of local users, stored as the ASA stores them, and tokens that nobody can guess.
//
// The form is `$sha512$ITERATIONS$SALT$HASH`, salt and hash in base64: PBKDF2 (RFC 8018 §5.2) with
// HMAC-SHA-512. A line `username u password $sha512$5000$…$… pbkdf2` from an ASA verifies here as
// it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"

namespace culvert::crypto {

// The ASA uses 5000. Twenty times that takes some 50 ms on a present core: unnoticed at a login,
// dear to a thief of the configuration.
inline constexpr uint32_t kDefaultIterations = 100'000;
inline constexpr uint32_t kMaxIterations = 10'000'000;

struct PasswordHash {
  uint32_t iterations = 0;    // 1..kMaxIterations
  std::vector<uint8_t> salt;  // 8..64 bytes
  std::vector<uint8_t> hash;  // 16..64 bytes; the ASA's are 16
};

// Whether a configuration word is meant as a hash rather than as a password in clear.
[[nodiscard]] bool looks_hashed(std::string_view text) noexcept;

// Throws std::runtime_error that says which part of `text` is wrong. Cheap.
[[nodiscard]] PasswordHash parse_password_hash(std::string_view text);
[[nodiscard]] std::string to_string(const PasswordHash& hash);

// Both are slow by design: they belong on a worker thread of control, never on its event loop. Both
// throw std::runtime_error when OpenSSL refuses. The comparison takes constant time.
[[nodiscard]] PasswordHash hash_password(std::string_view password,
                                         uint32_t iterations = kDefaultIterations);
[[nodiscard]] bool verify_password(const PasswordHash& stored, std::string_view password);

// `bytes` random bytes in lower-case hex, for cookies and the like. Throws std::runtime_error
// without entropy. The caller wipes it if it is a secret; there is no other copy.
[[nodiscard]] std::string random_token(size_t bytes);

}  // namespace culvert::crypto
