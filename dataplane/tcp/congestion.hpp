// Congestion control: the interface that recovery needs, and NewReno behind it (RFC 5681, RFC 6582,
// RFC 6928). Bytes.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

namespace culvert::tcp {

// What one algorithm offers. Time is not a parameter yet because NewReno has no use for it.
template <typename T>
concept CongestionControl = requires(T c, const T& k, uint32_t bytes) {
  c.start(bytes, true);      // MSS; whether the SYN-ACK was lost
  c.on_ack(bytes);           // newly acknowledged, while the window was full and nothing was lost
  c.on_recovery_ack(bytes);  // the same after a timeout
  c.on_loss(bytes);          // flight, when fast recovery begins
  c.on_timeout(bytes);       // flight, at the first timeout of a segment
  c.on_idle();               // nothing was sent for longer than the timeout
  c.set_mss(bytes);          // the path's MTU has changed, and with it what a segment may carry
  { k.window() } -> std::same_as<uint32_t>;
};

class NewReno {
 public:
  void start(uint32_t mss, bool syn_lost) noexcept {
    mss_ = mss;
    // RFC 6928 §2; RFC 5681 §3.1: one segment if the SYN-ACK was lost.
    window_ = syn_lost ? mss : initial_window();
    threshold_ = UINT32_MAX / 2;
    acked_ = 0;
  }
  // The window counts bytes and stays: RFC 1191 §6.5, a narrow link is no congestion.
  void set_mss(uint32_t mss) noexcept {
    mss_ = mss;
    window_ = std::max(window_, mss);
  }
  void on_ack(uint32_t bytes) noexcept {
    if (window_ < threshold_) {
      // Slow start counts bytes (RFC 3465), at most eight segments an ACK (RFC 9406 §4.2), because
      // receivers that merge segments acknowledge many at a time.
      grow(std::min(bytes, 8 * mss_));
      return;
    }
    acked_ += bytes;
    if (acked_ >= window_) {  // RFC 5681 §3.1: one MSS a window
      acked_ -= window_;
      grow(mss_);
    }
  }
  // While the holes of a timeout are being filled an ACK may stand for data that left long ago, so
  // L = 1 (RFC 3465 §2.3).
  void on_recovery_ack(uint32_t bytes) noexcept { on_ack(std::min(bytes, mss_)); }
  void on_loss(uint32_t flight) noexcept {
    threshold_ = std::max(flight / 2, 2 * mss_);
    window_ = threshold_;
    acked_ = 0;
  }
  void on_timeout(uint32_t flight) noexcept {
    on_loss(flight);
    window_ = mss_;
  }
  void on_idle() noexcept { window_ = std::min(window_, initial_window()); }  // RFC 5681 §4.1
  // RFC 6582 §3.2 without SACK: each duplicate ACK says that a segment has left the network.
  void inflate(uint32_t bytes) noexcept { grow(bytes); }
  void deflate(uint32_t bytes) noexcept {
    window_ = std::max(window_ > bytes ? window_ - bytes : 0, mss_);
  }
  // RFC 6582 §3.2 step 3: leaving recovery must not release a burst.
  void leave_recovery(uint32_t flight) noexcept {
    window_ = std::min(threshold_, std::max(flight, mss_) + mss_);
  }
  [[nodiscard]] uint32_t window() const noexcept { return window_; }
  [[nodiscard]] uint32_t threshold() const noexcept { return threshold_; }

 private:
  [[nodiscard]] uint32_t initial_window() const noexcept {
    return std::min(10 * mss_, std::max(2 * mss_, 14600u));
  }
  void grow(uint32_t bytes) noexcept { window_ = std::min(window_ + bytes, kMaxWindow); }

  static constexpr uint32_t kMaxWindow = 1u << 30;  // RFC 7323 §2.3: no window is larger
  uint32_t mss_ = 536;
  uint32_t window_ = 536;
  uint32_t threshold_ = UINT32_MAX / 2;
  uint32_t acked_ = 0;
};
static_assert(CongestionControl<NewReno>);

}  // namespace culvert::tcp
