// CUBIC (RFC 9438): the window of congestion avoidance as a function of the time since the last
// loss, so that long paths are not at a disadvantage. Bytes and microseconds outside, segments and
// seconds inside, as in the RFC.
#pragma once

#include <cstdint>

#include "dataplane/tcp/endpoint.hpp"

namespace culvert::tcp {

class Cubic {
 public:
  static constexpr double kBeta = 0.7;  // §4.6

  // §4.6 and §4.7: what the window becomes after a loss.
  [[nodiscard]] uint32_t after_loss(uint32_t window, uint32_t mss) noexcept;
  // §4.8: congestion avoidance after a timeout starts afresh.
  void on_timeout() noexcept { *this = Cubic{}; }
  // §4.2 to §4.5: the window after an ACK of `acked` bytes in congestion avoidance.
  [[nodiscard]] uint32_t on_ack(uint32_t window, uint32_t mss, uint32_t acked, Time now,
                                Time rtt) noexcept;
  // Segments have become larger or smaller by this factor.
  void scale(float factor) noexcept {
    w_max_ *= factor;
    epoch_began_ = 0;
  }
  // §5.8: time in which the window was not needed does not count.
  void on_unused(Time now) noexcept {
    if (epoch_began_ != 0 && last_ack_ != 0) epoch_began_ += now - last_ack_;
    last_ack_ = now;
  }

 private:
  Time epoch_began_ = 0;  // 0: with the next ACK
  Time last_ack_ = 0;
  double estimate_ = 0;  // W_est: what Reno would have, segments (§4.3)
  float w_max_ = 0;      // segments
  float k_ = 0;          // seconds from the epoch's begin until W_max
  float remainder_ = 0;  // of the window, below a byte
};

}  // namespace culvert::tcp
