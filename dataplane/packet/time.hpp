// The datapath's clock: read once per loop, handed down as a parameter.
#pragma once

#include <cstdint>

namespace culvert::dp {

// Microseconds since an arbitrary start, monotonic, never wraps.
using Time = uint64_t;
inline constexpr Time kMillisecond = 1'000;
inline constexpr Time kSecond = 1'000'000;
inline constexpr Time kNever = ~Time{0};

}  // namespace culvert::dp
