// IP addresses of a frame, and the checksums that are over them.
#pragma once

#include <cstdint>
#include <span>

#include "tools/replay/address_map.hpp"
#include "tools/replay/layers.hpp"

namespace culvert::replay {

// `layers` is what find_layers(frame) found.
void rewrite_addresses(const AddressMap& map, std::span<uint8_t> frame,
                       const Layers& layers) noexcept;

}  // namespace culvert::replay
