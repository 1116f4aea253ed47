// A window of numbers that were seen.
#include "tools/replay/sequence.hpp"

#include <algorithm>

namespace culvert::replay {

namespace {
uint64_t bit(uint64_t number) noexcept {
  return uint64_t{1} << (number % 64);
}
}  // namespace

void Sequence::advance(uint64_t number) noexcept {
  if (number - next_ >= kWindow) {
    seen_.fill(0);
  } else {
    for (uint64_t skipped = next_; skipped < number; ++skipped)
      word(skipped) &= ~bit(skipped);
  }
  word(number) |= bit(number);
  next_ = number + 1;
}

void Sequence::behind(uint64_t number) noexcept {
  const uint64_t distance = next_ - 1 - number;
  if (distance < kWindow) {
    if ((word(number) & bit(number)) != 0) {
      ++duplicates_;
      return;
    }
    word(number) |= bit(number);
  }
  ++reordered_;
  furthest_ = std::max(furthest_, distance);
}

}  // namespace culvert::replay
