// Proportional rate reduction (RFC 6937): how much may be on its way while what was lost is sent
// again. The flight shrinks to the threshold in step with what arrives, or grows to it if more was
// lost. With the refinement of RFC 9937 §6: faster than delivered only while ACKs move on and report
// nothing more lost. Bytes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace culvert::tcp {

class Prr {
 public:
  Prr() = default;
  void start(uint32_t flight) noexcept { *this = Prr{std::max(flight, 1u)}; }
  // An ACK told that `delivered` bytes more have arrived. `pipe`: on their way now. `safe`: the ACK
  // moved on, and no more is lost.
  void on_ack(uint32_t delivered, uint32_t pipe, uint32_t threshold, uint32_t mss,
              bool safe) noexcept {
    delivered_ += delivered;
    int64_t count = 0;
    if (pipe > threshold) {
      count = (delivered_ * threshold + flight_ - 1) / flight_ - out_;  // proportional
    } else {
      count = std::max<int64_t>(delivered_ - out_, delivered);
      if (safe) count += mss;
      count = std::min<int64_t>(threshold - pipe, count);
    }
    // The first retransmission leaves in any case.
    if (out_ == 0) count = std::max<int64_t>(count, mss);
    window_ = pipe + static_cast<uint32_t>(std::max<int64_t>(count, 0));
  }
  void on_sent(uint32_t bytes) noexcept { out_ += bytes; }
  [[nodiscard]] uint32_t window() const noexcept { return window_; }

 private:
  explicit Prr(uint32_t flight) noexcept : flight_(flight) {}

  int64_t delivered_ = 0;
  int64_t out_ = 0;
  uint32_t flight_ = 1;  // RecoverFS
  uint32_t window_ = 0;
};

}  // namespace culvert::tcp
