// The congestion window: slow start, which every algorithm shares (RFC 5681 §3.1, RFC 6928, RFC
// 9406), and congestion avoidance by CUBIC or, to compare, NewReno. How a window shrinks during a
// repair is prr.hpp's. Bytes, microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/tcp/cubic.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/hystart.hpp"
#include "dataplane/tcp/newreno.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

// What an ACK tells congestion control.
struct Acked {
  uint32_t bytes = 0;  // newly known to have arrived
  Time now = 0;
  Time rtt = 0;  // of the latest segment of them; 0: none can be told
  Time smoothed_rtt = 0;
  Seq una{};  // after the ACK
  Seq nxt{};
  bool paced = false;  // what the window allows does not leave in one burst
};

class Congestion {
 public:
  // RFC 6928 §2; RFC 5681 §3.1: one segment if the SYN or the SYN-ACK was lost.
  void start(CongestionAlgorithm algorithm, uint32_t mss, bool syn_lost) noexcept {
    *this = Congestion{};
    algorithm_ = algorithm;
    mss_ = mss;
    window_ = syn_lost ? mss : initial_window();
  }
  // The window counts bytes and stays: RFC 1191 §6.5, a narrow link is no congestion.
  void set_mss(uint32_t mss) noexcept {
    cubic_.scale(static_cast<float>(mss_) / static_cast<float>(mss));
    mss_ = mss;
    window_ = std::max(window_, mss);
  }
  // The window was needed, and nothing is being repaired.
  void on_ack(const Acked& ack) noexcept;
  // The window was not needed: what was not tried proves nothing (RFC 7661 §4.4.1).
  void on_unused(Time now) noexcept { cubic_.on_unused(now); }
  // While the holes of a timeout are being filled and the peer does not say what it holds, an ACK may
  // stand for data that left long ago, so L = 1 (RFC 3465 §2.3).
  void on_vague_ack(Acked ack) noexcept {
    ack.bytes = std::min(ack.bytes, mss_);
    on_ack(ack);
  }
  // Something was lost: sets the threshold, which is the window once it is repaired. `flight`: bytes
  // on their way.
  void on_loss(uint32_t flight) noexcept {
    threshold_ = algorithm_ == CongestionAlgorithm::cubic ? cubic_.after_loss(window_, mss_)
                                                          : newreno_.after_loss(flight, mss_);
  }
  void on_repaired() noexcept { window_ = threshold_; }
  // RFC 5681 §3.1 equation 4 and RFC 9438 §4.8, at the first timeout of a segment.
  void on_timeout(uint32_t flight) noexcept {
    on_loss(flight);
    window_ = mss_;
    cubic_.on_timeout();
    newreno_.on_timeout();
  }
  // RFC 5681 §4.1: nothing was sent for longer than the timeout.
  void on_idle() noexcept { window_ = std::min(window_, initial_window()); }

  // What a repair that turns out to have been needless is undone to (RFC 5682 §4, RFC 9438 §4.9).
  struct Saved {
    uint32_t window = 0;
    uint32_t threshold = 0;
    NewReno newreno;
    Cubic cubic;
  };
  [[nodiscard]] Saved save() const noexcept { return {window_, threshold_, newreno_, cubic_}; }
  void restore(const Saved& saved) noexcept {
    window_ = std::max(window_, saved.window);
    threshold_ = saved.threshold;
    newreno_ = saved.newreno;
    cubic_ = saved.cubic;
  }

  [[nodiscard]] uint32_t window() const noexcept { return window_; }
  [[nodiscard]] uint32_t threshold() const noexcept { return threshold_; }
  [[nodiscard]] bool slow_start() const noexcept { return window_ < threshold_; }

 private:
  [[nodiscard]] uint32_t initial_window() const noexcept {
    return std::min(10 * mss_, std::max(2 * mss_, 14600u));
  }

  static constexpr uint32_t kMaxWindow = 1u << 30;  // RFC 7323 §2.3: no window is larger
  static constexpr uint32_t kNever = UINT32_MAX / 2;

  uint32_t mss_ = 536;
  uint32_t window_ = 536;
  uint32_t threshold_ = kNever;
  CongestionAlgorithm algorithm_ = CongestionAlgorithm::cubic;
  NewReno newreno_;
  Cubic cubic_;
  HyStart hystart_;
};

}  // namespace culvert::tcp
