// A network that lies behind the tunnel.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace culvert::client {

struct Route {
  bool six = false;                   // IPv6
  std::array<uint8_t, 16> network{};  // network byte order; of IPv4 the first four bytes
  unsigned length = 0;                // bits

  // "10.48.66.0/24", "10.48.66.0/255.255.255.0" or "fd00::/64"; bits behind the length do not count.
  // Throws Failure.
  [[nodiscard]] static Route parse(const std::string& text);
};

}  // namespace culvert::client
