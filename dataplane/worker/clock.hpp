// The time-stamp counter as microseconds, the same on all workers.
#pragma once

#include <cstdint>

#include <rte_cycles.h>

#include "dataplane/packet/time.hpp"

namespace culvert::dp {

class Clock {
 public:
  explicit Clock(uint64_t start_tsc) noexcept
      : start_(start_tsc),
        // Microseconds per tick as a 64-bit fraction, so that reading the clock needs no division.
        per_tick_(static_cast<uint64_t>((static_cast<unsigned __int128>(kSecond) << 64) /
                                        rte_get_tsc_hz())) {}

  [[nodiscard]] Time at(uint64_t tsc) const noexcept {
    // One second ahead of zero: 0 means "never" in several places.
    return kSecond +
           static_cast<Time>((static_cast<unsigned __int128>(tsc - start_) * per_tick_) >> 64);
  }

 private:
  uint64_t start_;
  uint64_t per_tick_;
};

}  // namespace culvert::dp
