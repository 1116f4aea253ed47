// The clock that sessions and time limits are measured by.
#pragma once

#include <chrono>
#include <cstdint>

namespace culvert::control {

// What is due regularly on the control thread is done this often.
inline constexpr long kTickMs = 100;
inline constexpr unsigned kTicksPerSecond = 1000 / kTickMs;

// Microseconds, monotonic, from an arbitrary start.
[[nodiscard]] inline uint64_t steady_us() {
  using namespace std::chrono;
  return static_cast<uint64_t>(
      duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace culvert::control
