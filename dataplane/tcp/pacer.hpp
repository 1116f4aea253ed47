// Pacing: a window's worth of data leaves spread over the round trip instead of in one burst that a
// queue on the way has to take (RFC 9002 §7.7 says why and at what rate). A bucket of bytes that fills at
// the rate; it holds what three ticks of the timer wheel bring, so that the wheel, which may be two late,
// can be its clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/timer_wheel.hpp"

namespace culvert::tcp {

class Pacer {
 public:
  // Below this round trip (µs) a window lasts for less than a few ticks: nothing to spread.
  static constexpr Time kLeastRtt = 4 * TimerWheel::kTick;
  static constexpr uint32_t kBurst = 10;  // segments

  // How many bytes may leave now. `window` bytes leave in a `rtt` of at least kLeastRtt, at `percent`
  // of that rate.
  [[nodiscard]] uint32_t allowance(Time now, uint32_t window, Time rtt, uint32_t percent,
                                   uint32_t mss) noexcept {
    const uint64_t rate = uint64_t{window} * percent / 100;  // bytes a round trip
    // After a pause an initial window may leave at once (RFC 9002 §7.7), which every path has to take
    // anyhow.
    const uint64_t most = std::max<uint64_t>(rate * 3 * TimerWheel::kTick / rtt, kBurst * mss);
    const uint64_t gained = rate * std::min(now - filled_at_, rtt) / rtt;
    if (credit_ + gained >= most) {
      credit_ = static_cast<uint32_t>(most);
      filled_at_ = now;
    } else {
      // Only the time that whole bytes stand for, or frequent calls would gain nothing.
      credit_ += static_cast<uint32_t>(gained);
      if (rate > 0) filled_at_ += gained * rtt / rate;
    }
    return credit_;
  }
  void on_sent(uint32_t bytes) noexcept { credit_ -= std::min(bytes, credit_); }

 private:
  uint32_t credit_ = 0;
  Time filled_at_ = 0;
};

}  // namespace culvert::tcp
