// Random numbers that are the same everywhere for the same seed (SplitMix64).
#pragma once

#include <cstdint>

namespace culvert::tcp::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t roll() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 <= x < limit; limit > 0.
  uint64_t below(uint64_t limit) { return roll() % limit; }
  uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
  bool happens(double probability) {
    return probability > 0 && static_cast<double>(roll() >> 11) * 0x1p-53 < probability;
  }
  template <typename T, size_t N>
  const T& one_of(const T (&choices)[N]) {
    return choices[below(N)];
  }

 private:
  uint64_t state_;
};

}  // namespace culvert::tcp::test
