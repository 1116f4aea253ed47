// The least round trip of the last minutes (RFC 8985 §6.2 step 1): what the path takes without
// queues. A path that has become longer is believed after the time of two halves.
#pragma once

#include <algorithm>

#include "dataplane/tcp/endpoint.hpp"

namespace culvert::tcp {

class MinRtt {
 public:
  void sample(Time rtt, Time now) noexcept {
    if (now - half_began_ >= kHalf) {
      older_ = now - half_began_ >= 2 * kHalf ? kNone : newer_;
      newer_ = kNone;
      half_began_ = now;
    }
    newer_ = std::min(newer_, rtt);
  }
  // Microseconds; 0: no sample yet.
  [[nodiscard]] Time value() const noexcept {
    const Time least = std::min(older_, newer_);
    return least == kNone ? 0 : least;
  }

 private:
  static constexpr Time kHalf = 150'000'000;
  static constexpr Time kNone = ~Time{0};

  Time older_ = kNone;
  Time newer_ = kNone;
  Time half_began_ = 0;
};

}  // namespace culvert::tcp
