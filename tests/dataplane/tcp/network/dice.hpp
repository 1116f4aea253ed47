// Random numbers that are the same everywhere for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/culvert-delay/split_mix.hpp"

namespace culvert::tcp::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : numbers_(seed) {}
  uint64_t roll() { return numbers_.next(); }
  // 0 <= x < limit; limit > 0.
  uint64_t below(uint64_t limit) { return roll() % limit; }
  uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
  bool happens(double probability) { return probability > 0 && numbers_.hits(probability); }
  template <typename T, size_t N>
  const T& one_of(const T (&choices)[N]) {
    return choices[below(N)];
  }

 private:
  delay::SplitMix64 numbers_;
};

}  // namespace culvert::tcp::test
