// The time of a scenario.
#pragma once

#include "dataplane/packet/time.hpp"

namespace culvert::load {

using dp::kNever;
using dp::kSecond;
using dp::Time;  // microseconds

[[nodiscard]] constexpr Time from_seconds(double s) noexcept {
  return s <= 0 ? 0 : static_cast<Time>(s * static_cast<double>(kSecond));
}
[[nodiscard]] constexpr double in_seconds(Time t) noexcept {
  return static_cast<double>(t) / static_cast<double>(kSecond);
}

}  // namespace culvert::load
