// The host inside, as far as echo requests go.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace culvert::load {

// What it makes of a request; it leaves the checksums alone, which nobody reads here.
inline std::vector<uint8_t> answered(std::vector<uint8_t> packet, bool v6 = false) {
  const size_t first = v6 ? 8 : 12, size = v6 ? 16 : 4;
  std::swap_ranges(packet.begin() + static_cast<ptrdiff_t>(first),
                   packet.begin() + static_cast<ptrdiff_t>(first + size),
                   packet.begin() + static_cast<ptrdiff_t>(first + size));
  packet[v6 ? 40 : 20] = v6 ? 129 : 0;
  return packet;
}

}  // namespace culvert::load
