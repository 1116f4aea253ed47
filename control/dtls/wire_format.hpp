// What of DTLS's handshake lies on the wire (RFC 6347 §4), in both of its versions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace culvert::control {

inline constexpr uint8_t kHandshakeRecord = 22;  // §4.1, ContentType
inline constexpr size_t kMessageHeader = 12;     // §4.2.2, bytes
inline constexpr uint16_t kEpochOfData = 1;      // after the first and only ChangeCipherSpec
// The last flight of a handshake may be sent again, each time with new record numbers; the worker's records begin
// beyond them.
inline constexpr uint64_t kFirstRecord = 0x100;

// Lengths and offsets of messages have three bytes.
[[nodiscard]] inline uint32_t load24(const uint8_t* p) noexcept {
  return uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
}

}  // namespace culvert::control
