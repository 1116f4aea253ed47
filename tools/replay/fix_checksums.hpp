// Checksums made anew: captures taken on the sending host often have those that the card was to fill.
#pragma once

#include <cstdint>
#include <span>

#include "tools/replay/layers.hpp"

namespace culvert::replay {

// IPv4 headers; TCP, UDP, ICMP and ICMPv6 of packets that are whole. `layers` is what find_layers(frame)
// found.
void fix_checksums(std::span<uint8_t> frame, const Layers& layers) noexcept;

}  // namespace culvert::replay
