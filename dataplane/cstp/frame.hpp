// The Cisco SSL Tunnel Protocol inside TLS: an 8-byte header and a type
// (draft-mavrogiannopoulos-openconnect §2.2). Exactly one packet per TLS record, both ways: clients
// drop a record whose length does not match.
#pragma once

#include <cstdint>
#include <cstring>

#include "crypto/bytes.hpp"

namespace culvert::cstp {

enum class PacketType : uint8_t {
  data = 0x00,
  dpd_request = 0x03,
  dpd_response = 0x04,
  disconnect = 0x05,  // payload: reason byte, then text
  keepalive = 0x07,
  compressed = 0x08,
  terminate = 0x09,  // server only
};

struct Header {
  uint8_t magic[4];  // "STF" 0x01
  be16 length;       // of the payload
  uint8_t type;
  uint8_t reserved;  // 0

  [[nodiscard]] bool valid_magic() const noexcept { return std::memcmp(magic, kMagic, 4) == 0; }
  static constexpr uint8_t kMagic[4] = {'S', 'T', 'F', 1};
};
static_assert(sizeof(Header) == 8);
inline constexpr uint32_t kHeaderSize = sizeof(Header);

inline void write_header(uint8_t* at, PacketType type, uint16_t payload_size) noexcept {
  Header h{{'S', 'T', 'F', 1}, payload_size, static_cast<uint8_t>(type), 0};
  std::memcpy(at, &h, sizeof h);
}

// What became of a plaintext record.
enum class ParseResult : uint8_t { ok, bad_framing, bad_length };

// Checks magic, reserved byte and length of one record's plaintext. Returns the header in `out` if
// it is ok.
[[nodiscard]] inline ParseResult parse(const uint8_t* plaintext, uint32_t size,
                                       Header& out) noexcept {
  if (size < kHeaderSize) return ParseResult::bad_framing;
  std::memcpy(&out, plaintext, sizeof out);
  if (!out.valid_magic() || out.reserved != 0) return ParseResult::bad_framing;
  if (out.length != size - kHeaderSize) return ParseResult::bad_length;
  return ParseResult::ok;
}

// First payload byte of a DISCONNECT.
inline constexpr uint8_t kReasonLocalError = 0x70;
inline constexpr uint8_t kReasonReconnecting = 0x91;
inline constexpr uint8_t kReasonUser = 0xb0;
inline constexpr uint8_t kReasonPause = 0xd1;

}  // namespace culvert::cstp
