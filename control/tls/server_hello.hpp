// What a ServerHello says about the order of MAC and encryption, because OpenSSL 3.0 does not: it
// keeps what it has negotiated to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace culvert::control {

inline constexpr uint8_t kServerHelloType = 2;          // RFC 5246 §7.4
inline constexpr size_t kHandshakeHeaderSize = 4;       // RFC 5246 §7.4
inline constexpr size_t kDtlsHandshakeHeaderSize = 12;  // RFC 6347 §4.2.2

// Whether `message`, a whole ServerHello behind a header of `header_size` bytes, has the extension
// encrypt_then_mac (RFC 7366 §2). False for what is no ServerHello, or not well-formed.
[[nodiscard]] bool agrees_to_encrypt_then_mac(std::span<const uint8_t> message,
                                              size_t header_size) noexcept;

}  // namespace culvert::control
