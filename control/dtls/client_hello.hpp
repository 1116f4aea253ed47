// The one message of DTLS that is looked at before there is any state: a ClientHello in the clear
// (RFC 6347 §4.2.1, RFC 5246 §7.4.1.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace culvert::control {

// Spans point into the datagram.
struct ClientHello {
  uint16_t version =
      0;  // the newest that the client speaks: 0xfefd is DTLS 1.2, 0x0100 Cisco's older one
  std::span<const uint8_t> record_sequence;  // epoch (0) and number, 8 bytes
  std::span<const uint8_t> random;           // 32 bytes
  std::span<const uint8_t> session_id;       // 0..32 bytes
  std::span<const uint8_t> cookie;           // 0..255 bytes
};

// The ClientHello that `datagram` begins with, if it does. Of a fragmented one the first fragment
// will do when it reaches beyond the cookie; whatever follows the cookie is the handshake's to judge.
[[nodiscard]] std::optional<ClientHello> parse_client_hello(
    std::span<const uint8_t> datagram) noexcept;

}  // namespace culvert::control
