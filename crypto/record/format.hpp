// TLS and DTLS records on the wire: every constant and limit the workers need, on one page.
#pragma once

#include <cstddef>
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

// RFC 6347 §4.1.
struct DtlsHeader {
  uint8_t type;
  be16 version;         // 0xfefd, or 0x0100
  be64 epoch_sequence;  // 16 bits of epoch, 48 of sequence number
  be16 length;          // of what follows the header
};
static_assert(sizeof(DtlsHeader) == 13);

inline constexpr uint16_t kWireVersion = 0x0303;
inline constexpr uint16_t kDtls12WireVersion = 0xfefd;
inline constexpr uint16_t kDtls09WireVersion = 0x0100;  // OpenSSL calls it DTLS1_BAD_VER
inline constexpr uint32_t kDtlsHeaderSize = 13;
inline constexpr unsigned kDtlsSequenceBits = 48;
inline constexpr uint64_t kDtlsSequenceMask = (uint64_t{1} << kDtlsSequenceBits) - 1;
inline constexpr uint32_t kHeaderSize = 5;
inline constexpr uint32_t kTagSize = 16;
inline constexpr uint32_t kExplicitNonceSize = 8;                   // RFC 5288 §3
inline constexpr uint32_t kMaxPlaintext = 1u << 14;                 // RFC 8446 §5.1
inline constexpr uint32_t kMaxCiphertext = kMaxPlaintext + 256;     // RFC 8446 §5.2
inline constexpr uint32_t kMaxCiphertext12 = kMaxPlaintext + 2048;  // RFC 5246 §6.2.3
inline constexpr uint32_t kMaxRecord = kHeaderSize + kMaxCiphertext12;

inline constexpr uint32_t kBlockSize = 16;    // AES
inline constexpr uint32_t kMaxPadding = 256;  // RFC 5246 §6.2.3.2, with the byte that says how much

// Bytes that a sealed record has before and after the payload.
struct Overhead {
  uint16_t prefix = 0;    // header (and explicit nonce, or IV)
  uint16_t suffix = 0;    // (inner content type and) tag; or MAC and the most padding that may be
  uint16_t shortest = 0;  // size of the shortest record there can be: one with an empty payload
  [[nodiscard]] constexpr uint32_t total() const noexcept { return uint32_t{prefix} + suffix; }
};

[[nodiscard]] constexpr uint32_t header_size(Version v) noexcept {
  return is_dtls(v) ? kDtlsHeaderSize : kHeaderSize;
}

// What records say that their version is, in their header and in what is authenticated.
[[nodiscard]] constexpr uint16_t wire_version(Version v) noexcept {
  return v == Version::dtls12   ? kDtls12WireVersion
         : v == Version::dtls09 ? kDtls09WireVersion
                                : kWireVersion;
}

// Whether records carry part of their nonce: RFC 5288 §3. RFC 7905 and RFC 8446 compute all of it.
[[nodiscard]] constexpr bool has_explicit_nonce(Version v, Cipher c) noexcept {
  return v != Version::tls13 && (c == Cipher::aes128_gcm || c == Cipher::aes256_gcm);
}

[[nodiscard]] constexpr uint32_t mac_size(Mac mac) noexcept {
  switch (mac) {
    case Mac::hmac_sha1: return 20;
    case Mac::hmac_sha256: return 32;
    case Mac::hmac_sha384: return 48;
    case Mac::aead: break;
  }
  return 0;
}

// What MAC and padding make of a payload: whole blocks, at least one byte of padding (RFC 5246
// §6.2.3.2). With Mac::aead: what padding alone makes of it.
[[nodiscard]] constexpr uint32_t padded_size(Mac mac, uint32_t payload_size) noexcept {
  return (payload_size + mac_size(mac) + kBlockSize) / kBlockSize * kBlockSize;
}

// `encrypt_then_mac` (RFC 7366) concerns CBC alone: the MAC follows the padding, in clear.
[[nodiscard]] constexpr Overhead overhead(Version v, Cipher c, Mac mac,
                                          bool encrypt_then_mac = false) noexcept {
  uint32_t prefix = header_size(v);
  uint32_t suffix = kTagSize;
  if (mac != Mac::aead) {
    prefix += kBlockSize;
    suffix = mac_size(mac) + kBlockSize;
    return {static_cast<uint16_t>(prefix), static_cast<uint16_t>(suffix),
            static_cast<uint16_t>(prefix + (encrypt_then_mac ? suffix : padded_size(mac, 0)))};
  }
  if (v == Version::tls13) suffix++;  // RFC 8446 §5.2, without padding
  if (has_explicit_nonce(v, c)) prefix += kExplicitNonceSize;
  return {static_cast<uint16_t>(prefix), static_cast<uint16_t>(suffix),
          static_cast<uint16_t>(prefix + suffix)};
}

template <Version V, Cipher C>
inline constexpr Overhead kAeadOverhead = overhead(V, C, Mac::aead);

[[nodiscard]] constexpr Overhead overhead(const Suite& suite,
                                          bool encrypt_then_mac = false) noexcept {
  return overhead(suite.version, suite.cipher, suite.mac, encrypt_then_mac);
}

// The size of the record that seal() makes of a payload.
[[nodiscard]] constexpr uint32_t record_size(const Suite& suite, uint32_t payload_size,
                                             bool encrypt_then_mac = false) noexcept {
  const Overhead o = overhead(suite);
  if (suite.mac == Mac::aead) return o.total() + payload_size;
  return o.prefix + (encrypt_then_mac ? padded_size(Mac::aead, payload_size) + mac_size(suite.mac)
                                      : padded_size(suite.mac, payload_size));
}

// Epoch and sequence number of a DTLS record whose header is all there, as in Keys::sequence.
[[nodiscard]] inline uint64_t dtls_sequence(const uint8_t* record) noexcept {
  return load_be<uint64_t>(record + offsetof(DtlsHeader, epoch_sequence));
}
[[nodiscard]] constexpr uint64_t dtls_sequence(uint16_t epoch, uint64_t number) noexcept {
  return uint64_t{epoch} << kDtlsSequenceBits | (number & kDtlsSequenceMask);
}

}  // namespace culvert::crypto::record
