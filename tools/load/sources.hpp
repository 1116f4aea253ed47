// The clients' own addresses.
#pragma once

#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert::load {

inline constexpr uint32_t kMostSources = 65536;

// From the first to the last, both included. Empty if they are of two families, in the wrong order, or more than
// kMostSources.
[[nodiscard]] std::vector<dp::IpAddress> sources_between(const dp::IpAddress& first,
                                                         const dp::IpAddress& last);

}  // namespace culvert::load
