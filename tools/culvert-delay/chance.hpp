// Seeded draws. Each kind of trouble has a sequence of its own, so that a line which also reorders
// loses the same packets as one that does not.
#pragma once

#include <cstdint>

namespace culvert::delay {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): eight
// bytes of state, and seeds that differ by one give sequences that have nothing to do with each other.
class Chance {
 public:
  // `stream` tells sequences of one seed apart.
  Chance(uint64_t seed, uint64_t stream) noexcept : state_(mix(seed) ^ mix(~stream)) {}

  [[nodiscard]] uint64_t next() noexcept {
    state_ += kGolden;
    return mix(state_);
  }
  // True in `share` (0..1) of all calls.
  [[nodiscard]] bool hits(double share) noexcept {
    return static_cast<double>(next() >> 11) * 0x1p-53 < share;
  }

 private:
  static constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;

  [[nodiscard]] static constexpr uint64_t mix(uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace culvert::delay
