// Dead peer detection and keepalives of one channel: when to ask, when to speak, when to give up.
#pragma once

#include <algorithm>

#include "tools/culvert-client/patience.hpp"

namespace culvert::client {

class Liveness {
 public:
  enum class Due : unsigned char { nothing, ask, speak, dead };

  Liveness() = default;
  // Intervals in seconds; 0: never.
  Liveness(unsigned dpd_s, unsigned keepalive_s, Clock::time_point now)
      : dpd_(dpd_s * 1000), keepalive_(keepalive_s * 1000), heard_(now), said_(now), asked_(now) {}

  void heard(Clock::time_point now) noexcept { heard_ = now; }
  void said(Clock::time_point now) noexcept { said_ = now; }

  // After an interval without a word it is asked, again every half of one, and dead after two.
  [[nodiscard]] Due due(Clock::time_point now) noexcept {
    if (dpd_.count() != 0) {
      if (now - heard_ > 2 * dpd_) return Due::dead;
      if (now - heard_ >= dpd_ && now - std::max(asked_, heard_) >= dpd_ / 2) {
        asked_ = now;
        return Due::ask;
      }
    }
    if (keepalive_.count() != 0 && now - said_ >= keepalive_) {
      said_ = now;
      return Due::speak;
    }
    return Due::nothing;
  }
  // When due() is to be asked again.
  [[nodiscard]] Clock::time_point next() const noexcept {
    auto when = Clock::time_point::max();
    if (dpd_.count() != 0) {
      when = std::max(heard_ + dpd_, std::max(asked_, heard_) + dpd_ / 2);
    }
    if (keepalive_.count() != 0) when = std::min(when, said_ + keepalive_);
    return when;
  }

 private:
  std::chrono::milliseconds dpd_{0};
  std::chrono::milliseconds keepalive_{0};
  Clock::time_point heard_{}, said_{}, asked_{};
};

}  // namespace culvert::client
