// The processor's time stamp counter as a clock: how fast it ticks, and what time a tick is.
#pragma once

#include <cstdint>

#include <rte_cycles.h>

namespace culvert::replay {

// DPDK's own figure is rounded, and off by a thousandth on some virtual machines; so the counter is
// measured against the system's clock.
class TickClock {
 public:
  TickClock() noexcept;

  [[nodiscard]] static uint64_t now() noexcept { return rte_rdtsc(); }
  // Measures from the constructor until now, and waits if that is not yet long enough for one part in
  // 100,000. Call it before the others.
  void calibrate() noexcept;

  [[nodiscard]] double ticks_per_second() const noexcept { return ticks_per_second_; }
  [[nodiscard]] double seconds(uint64_t ticks) const noexcept {
    return static_cast<double>(ticks) / ticks_per_second_;
  }
  [[nodiscard]] double nanoseconds(uint64_t ticks) const noexcept { return seconds(ticks) * 1e9; }
  // Nanoseconds since 1970.
  [[nodiscard]] uint64_t time_of_day(uint64_t tick) const noexcept;

 private:
  uint64_t first_tick_;
  uint64_t first_ns_;        // CLOCK_MONOTONIC
  uint64_t time_of_day_ns_;  // when the counter was at first_tick_
  double ticks_per_second_;
};

}  // namespace culvert::replay
