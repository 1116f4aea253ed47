// RFC 791 §3.1, RFC 8200 §3.
#include "tools/load/ip_header.hpp"

#include <cstring>

#include "dataplane/packet/checksum.hpp"

namespace culvert::load {

namespace {
constexpr uint8_t kHops = 64;  // RFC 1700's default
}

void write_ip_header(std::span<uint8_t> room, const IpFields& fields, size_t size) noexcept {
  const auto protocol = static_cast<uint8_t>(fields.protocol);
  if (fields.from.is_v4()) {
    dp::Ipv4Header ip{.version_ihl = 0x45,
                      .tos = 0,
                      .total_length = static_cast<uint16_t>(sizeof(dp::Ipv4Header) + size),
                      .id = fields.id,
                      .fragment = uint16_t{0},
                      .ttl = kHops,
                      .protocol = protocol,
                      .checksum = uint16_t{0},
                      .src = fields.from.v4_value(),
                      .dst = fields.to.v4_value()};
    dp::fill_ipv4_checksum(ip);
    std::memcpy(room.data(), &ip, sizeof(ip));
    return;
  }
  const dp::Ipv6Header ip{.version_class_flow = 6u << 28,
                          .payload_length = static_cast<uint16_t>(size),
                          .next_header = protocol,
                          .hop_limit = kHops,
                          .src = fields.from.bytes(),
                          .dst = fields.to.bytes()};
  std::memcpy(room.data(), &ip, sizeof(ip));
}

}  // namespace culvert::load
