// A TCP connection that a worker has told of, before anything is known of its client.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::control {

struct Arrival {
  dp::ConnId conn;
  dp::Flow flow;
  uint16_t peer_mss = 0;    // MSS option of the SYN
  bool timestamps = false;  // TCP's, in use
};

struct HashConn {
  size_t operator()(const dp::ConnId& id) const noexcept {
    return std::hash<uint64_t>{}(uint64_t{id.worker} << 56 ^ uint64_t{id.slot} << 32 ^
                                 id.generation);
  }
};

// Whose connections share the limits of one client: an IPv4 address, or the /64 that an IPv6 host has
// to itself (RFC 4291 §2.5.4).
[[nodiscard]] constexpr dp::IpAddress source_of(const dp::IpAddress& address) noexcept {
  if (address.is_v4()) return address;
  std::array<uint8_t, 16> bytes = address.bytes();
  for (size_t i = 8; i < bytes.size(); ++i)
    bytes[i] = 0;
  return dp::IpAddress::v6(bytes);
}

}  // namespace culvert::control
