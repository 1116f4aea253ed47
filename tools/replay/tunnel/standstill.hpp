// When nothing moves any more although something waits.
#pragma once

#include <cstdint>

namespace culvert::replay {

// Times are ticks, from `since` on; `limit`: how long it may last.
class Standstill {
 public:
  Standstill(uint64_t since, uint64_t limit) noexcept : since_(since), limit_(limit) {}

  // `taken`: packets that have found a taker, of all times. `waits`: whether one is due that has not. True if that has
  // been so for longer than the limit, and none was taken meanwhile.
  [[nodiscard]] bool over(uint64_t taken, bool waits, uint64_t now) noexcept {
    if (taken != taken_ || !waits) since_ = now;
    taken_ = taken;
    return now > since_ && now - since_ > limit_;
  }

 private:
  uint64_t since_, limit_, taken_ = 0;
};

}  // namespace culvert::replay
