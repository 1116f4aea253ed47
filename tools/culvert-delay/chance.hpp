// Seeded draws. Each kind of trouble has a sequence of its own, so that a line which also reorders
// loses the same packets as one that does not.
#pragma once

#include <cstdint>

#include "tools/culvert-delay/split_mix.hpp"

namespace culvert::delay {

class Chance : public SplitMix64 {
 public:
  // `stream` tells sequences of one seed apart.
  Chance(uint64_t seed, uint64_t stream) noexcept : SplitMix64(mix(seed) ^ mix(~stream)) {}
};

}  // namespace culvert::delay
