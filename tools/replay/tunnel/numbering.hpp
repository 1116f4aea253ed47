// How a packet that comes out of a tunnel is found again: by a number in a field that routers leave alone.
//
// It is the identification of IPv4 (RFC 791; without meaning in packets that are in one piece, RFC 6864) and the
// low 16 bits of IPv6's flow label (RFC 6437). A mark in the payload, as --track puts behind frames, was decided
// against: an acknowledgement of 40 bytes has no room for one, and if packets grew for it, sizes would not be those
// of the capture, and the largest would not fit the tunnel. So sizes, payloads and checksums of transports stay as
// they were captured. Fragments of a datagram get a number each, so that nobody on the way can put them together
// again.
//
// 16 bits are enough because each session counts by itself, each direction too, and its address says which one it
// is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/bytes.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::replay {

inline constexpr size_t kFlowLabelAt = 2;  // of the IPv6 header: its last 16 bits

// `packet` begins with a whole IP header.
inline void write_number(std::span<uint8_t> packet, uint16_t number) noexcept {
  if (packet[0] >> 4 != 4) {
    store_be(packet.data() + kFlowLabelAt, number);
    return;
  }
  auto& ip = *reinterpret_cast<dp::Ipv4Header*>(packet.data());
  ip.checksum = dp::updated_checksum(ip.checksum, ip.id, number);
  ip.id = number;
}
[[nodiscard]] inline uint16_t read_number(std::span<const uint8_t> packet) noexcept {
  return load_be<uint16_t>(packet.data() +
                           (packet[0] >> 4 == 4 ? offsetof(dp::Ipv4Header, id) : kFlowLabelAt));
}

}  // namespace culvert::replay
