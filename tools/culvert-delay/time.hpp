// Time inside a line: whole nanoseconds, because a packet at 1 Gbit/s takes less than a microsecond
// for every hundred bytes.
#pragma once

#include <cstdint>

namespace culvert::delay {

// Nanoseconds since the program's start, monotonic.
using Nanoseconds = uint64_t;

inline constexpr Nanoseconds kMicrosecond = 1'000;
inline constexpr Nanoseconds kMillisecond = 1'000'000;
inline constexpr Nanoseconds kSecond = 1'000'000'000;
inline constexpr Nanoseconds kNever = ~Nanoseconds{0};

}  // namespace culvert::delay
