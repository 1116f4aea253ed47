// TLS records on the wire: every constant and limit the workers need, on one page.
#pragma once

#include <cstdint>

#include "crypto/bytes.hpp"
#include "crypto/suite.hpp"

namespace culvert::crypto::record {

// RFC 8446 §5.1, RFC 5246 §6.2.1.
enum class ContentType : uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

struct Header {
  uint8_t type;
  be16 version;  // 0x0303 on every record after the hello, in TLS 1.3 too
  be16 length;   // of what follows the header
};
static_assert(sizeof(Header) == 5);

inline constexpr uint16_t kWireVersion = 0x0303;
inline constexpr uint32_t kHeaderSize = 5;
inline constexpr uint32_t kTagSize = 16;
inline constexpr uint32_t kExplicitNonceSize = 8;                   // RFC 5288 §3
inline constexpr uint32_t kMaxPlaintext = 1u << 14;                 // RFC 8446 §5.1
inline constexpr uint32_t kMaxCiphertext = kMaxPlaintext + 256;     // RFC 8446 §5.2
inline constexpr uint32_t kMaxCiphertext12 = kMaxPlaintext + 2048;  // RFC 5246 §6.2.3
inline constexpr uint32_t kMaxRecord = kHeaderSize + kMaxCiphertext12;

// Bytes that a sealed record has before and after the payload.
struct Overhead {
  uint16_t prefix;  // header (and explicit nonce)
  uint16_t suffix;  // (inner content type and) tag
  [[nodiscard]] constexpr uint32_t total() const noexcept { return uint32_t{prefix} + suffix; }
};

[[nodiscard]] constexpr Overhead overhead(Version v) noexcept {
  // TLS 1.2 GCM: RFC 5288 §3. TLS 1.3: RFC 8446 §5.2, one inner type byte, no padding.
  return v == Version::tls12 ? Overhead{kHeaderSize + kExplicitNonceSize, kTagSize}
                             : Overhead{kHeaderSize, 1 + kTagSize};
}

}  // namespace culvert::crypto::record
