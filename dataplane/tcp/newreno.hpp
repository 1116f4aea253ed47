// The window of NewReno in congestion avoidance (RFC 5681 §3.1, RFC 6582), to compare with. Bytes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace culvert::tcp {

class NewReno {
 public:
  [[nodiscard]] uint32_t after_loss(uint32_t flight, uint32_t mss) noexcept {
    acked_ = 0;
    return std::max(flight / 2, 2 * mss);
  }
  void on_timeout() noexcept { acked_ = 0; }
  // One segment a window, counted in bytes (RFC 3465).
  [[nodiscard]] uint32_t on_ack(uint32_t window, uint32_t mss, uint32_t acked) noexcept {
    acked_ += acked;
    if (acked_ < window) return window;
    acked_ -= window;
    return window + mss;
  }

 private:
  uint32_t acked_ = 0;
};

}  // namespace culvert::tcp
