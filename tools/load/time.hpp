// The time of a scenario.
#pragma once

#include "dataplane/packet/time.hpp"

namespace culvert::load {

using dp::Time;  // microseconds

inline constexpr Time kSecond = 1'000'000;
inline constexpr Time kNever = ~Time{0};

[[nodiscard]] constexpr Time from_seconds(double s) noexcept {
  return s <= 0 ? 0 : static_cast<Time>(s * static_cast<double>(kSecond));
}
[[nodiscard]] constexpr double in_seconds(Time t) noexcept {
  return static_cast<double>(t) / static_cast<double>(kSecond);
}

}  // namespace culvert::load
