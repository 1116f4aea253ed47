// The IP header of what a crowd sends: twenty bytes of IPv4, or forty of IPv6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::load {

struct IpFields {
  dp::IpAddress from{}, to{};  // of one family
  dp::IpProtocol protocol{};
  uint16_t id = 0;  // IPv4
};

[[nodiscard]] constexpr size_t ip_header_size(const dp::IpAddress& address) noexcept {
  return address.is_v4() ? sizeof(dp::Ipv4Header) : sizeof(dp::Ipv6Header);
}
// Writes the header of a packet with `size` bytes behind it, all together 65535 at most, with its checksum. `room` has
// ip_header_size() bytes at least.
void write_ip_header(std::span<uint8_t> room, const IpFields& fields, size_t size) noexcept;

}  // namespace culvert::load
