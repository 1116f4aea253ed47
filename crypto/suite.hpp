// The cipher suites a worker can carry, one row each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace culvert::crypto {

enum class Version : uint8_t { tls12, tls13 };
enum class Cipher : uint8_t { aes128_gcm, aes256_gcm };
enum class Hash : uint8_t { sha256, sha384 };

struct Suite {
  uint16_t id;            // IANA number as on the wire
  std::string_view name;  // OpenSSL's name: what logs, config and JSON use
  Version version;
  Cipher cipher;
  Hash prf;               // hash of the PRF (TLS 1.2) or of HKDF (TLS 1.3)
  uint8_t key_size;       // bytes
  uint8_t fixed_iv_size;  // bytes from the key block: 4 (TLS 1.2 GCM salt) or 12 (TLS 1.3)
  std::string_view asa_encryption;  // as `show vpn-sessiondb` prints it: "AES-GCM-128"
  std::string_view asa_hashing;     // "SHA256"
};

[[nodiscard]] std::span<const Suite> suites() noexcept;
// nullptr for a suite that workers do not carry.
[[nodiscard]] const Suite* find_suite(uint16_t id) noexcept;
[[nodiscard]] const Suite* find_suite(std::string_view openssl_name) noexcept;
[[nodiscard]] std::string_view to_string(Version v) noexcept;  // "TLSv1.2", "TLSv1.3"

}  // namespace culvert::crypto
