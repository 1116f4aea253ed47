// CSTP: a header of eight bytes before each packet in TLS; one byte, the type, in DTLS. It is written
// anew here, so that client and headend check each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace culvert::client {

enum class Frame : uint8_t {
  data = 0x00,
  dpd_request = 0x03,
  dpd_response = 0x04,
  disconnect = 0x05,
  keepalive = 0x07,
  compressed = 0x08,
  terminate = 0x09,
};

inline constexpr size_t kCstpHeader = 8;
inline constexpr size_t kLargestRecord = 16384;  // RFC 5246 §6.2.1
inline constexpr uint8_t kUserDisconnect = 0xb0;
inline constexpr uint8_t kReconnecting = 0x91;

// "STF", version 1, length, type, 0.
inline void write_cstp_header(std::span<uint8_t, kCstpHeader> out, Frame type, size_t payload) {
  const std::array<uint8_t, kCstpHeader> header{'S',
                                                'T',
                                                'F',
                                                1,
                                                static_cast<uint8_t>(payload >> 8),
                                                static_cast<uint8_t>(payload),
                                                static_cast<uint8_t>(type),
                                                0};
  for (size_t i = 0; i < kCstpHeader; i++)
    out[i] = header[i];
}

struct CstpPacket {
  Frame type;
  std::span<const uint8_t> payload;
};

// Nothing unless `record`, one TLS record's plaintext, is exactly one packet: clients in the field
// take nothing else.
[[nodiscard]] inline std::optional<CstpPacket> parse_cstp(
    std::span<const uint8_t> record) noexcept {
  if (record.size() < kCstpHeader || record[0] != 'S' || record[1] != 'T' || record[2] != 'F' ||
      record[3] != 1 || record[7] != 0) {
    return std::nullopt;
  }
  const size_t length = static_cast<size_t>(record[4] << 8 | record[5]);
  if (record.size() != kCstpHeader + length) return std::nullopt;
  return CstpPacket{static_cast<Frame>(record[6]), record.subspan(kCstpHeader)};
}

}  // namespace culvert::client
