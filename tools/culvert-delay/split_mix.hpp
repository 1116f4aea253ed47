// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): eight bytes
// of state, the same numbers everywhere for the same seed.
#pragma once

#include <cstdint>

namespace culvert::delay {

class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t state) noexcept : state_(state) {}

  [[nodiscard]] uint64_t next() noexcept {
    state_ += kGolden;
    return mix(state_);
  }
  // True in `share` (0..1) of all calls.
  [[nodiscard]] bool hits(double share) noexcept {
    return static_cast<double>(next() >> 11) * 0x1p-53 < share;
  }
  // Seeds that differ by one have nothing to do with each other any more.
  [[nodiscard]] static constexpr uint64_t mix(uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  static constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;

  uint64_t state_;
};

}  // namespace culvert::delay
