// A rate limit that costs two additions: so many events a second, with a burst.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// One owner, no locking. Full at the start.
class TokenBucket {
 public:
  // `rate` 1..1,000,000 events a second; `burst` events at once.
  TokenBucket(uint32_t rate, uint32_t burst) noexcept
      : cost_(kSecond / std::max<uint32_t>(rate, 1)), depth_(cost_ * burst), credit_(depth_) {}

  [[nodiscard]] bool take(Time now) noexcept {
    credit_ = std::min(depth_, credit_ + (now - last_));
    last_ = now;
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  Time cost_;  // microseconds that one event takes to come back
  Time depth_;
  Time credit_;
  Time last_ = 0;
};

}  // namespace culvert::dp
