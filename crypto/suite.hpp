// The cipher suites a worker can carry, one row each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace culvert::crypto {

// dtls09 is Cisco's DTLS from before the standard, version 0x0100 on the wire.
enum class Version : uint8_t { tls12, tls13, dtls12, dtls09 };
enum class Cipher : uint8_t { aes128_gcm, aes256_gcm, chacha20_poly1305, aes128_cbc, aes256_cbc };
// What authenticates records; an AEAD does so itself.
enum class Mac : uint8_t { aead, hmac_sha1, hmac_sha256, hmac_sha384 };
// md5_sha1: both, the one xor the other (RFC 2246 §5).
enum class Hash : uint8_t { sha256, sha384, md5_sha1 };

[[nodiscard]] constexpr bool is_dtls(Version v) noexcept {
  return v == Version::dtls12 || v == Version::dtls09;
}
// RFC 7366 §3: TLS 1.3 has AEADs only, and the older DTLS knows no extensions.
[[nodiscard]] constexpr bool has_encrypt_then_mac(Version v) noexcept {
  return v == Version::tls12 || v == Version::dtls12;
}

[[nodiscard]] constexpr bool is_cbc(Cipher c) noexcept {
  return c == Cipher::aes128_cbc || c == Cipher::aes256_cbc;
}

struct Suite {
  uint16_t id;            // IANA number as on the wire
  std::string_view name;  // OpenSSL's name: what logs, config and JSON use
  Version version;
  Cipher cipher;
  Mac mac;
  Hash prf;               // hash of the PRF (TLS 1.2, DTLS 1.2) or of HKDF (TLS 1.3)
  uint8_t key_size;       // bytes
  uint8_t fixed_iv_size;  // bytes from the key block: 4 (GCM salt of (D)TLS 1.2), 12, or 0 (CBC)
  std::string_view asa_encryption;  // as `show vpn-sessiondb` prints it: "AES-GCM-128"
  std::string_view asa_hashing;     // "SHA256"
};

// In order of preference, TLS 1.3 before TLS 1.2.
[[nodiscard]] std::span<const Suite> tls_suites() noexcept;
// Those of DTLS 1.2: what TLS 1.2 has, and with pre-shared keys (AnyConnect's PSK-NEGOTIATE).
[[nodiscard]] std::span<const Suite> dtls_suites() noexcept;
// Those of Cisco's older DTLS: what AnyConnect and openconnect know of it, but 3DES.
[[nodiscard]] std::span<const Suite> dtls09_suites() noexcept;
// nullptr for a suite that workers do not carry in that version: TLS 1.2 and both DTLS share numbers
// and names.
[[nodiscard]] const Suite* find_suite(Version version, uint16_t id) noexcept;
[[nodiscard]] const Suite* find_suite(Version version, std::string_view openssl_name) noexcept;
[[nodiscard]] std::string_view to_string(Version v) noexcept;  // "TLSv1.2", "DTLSv0.9"

}  // namespace culvert::crypto
