// How the congestion window grows.
#include "dataplane/tcp/congestion.hpp"

namespace culvert::tcp {

void Congestion::on_ack(const Acked& ack) noexcept {
  uint32_t bytes = ack.bytes;
  if (slow_start()) {
    // RFC 9406 §4.2: receivers that merge segments acknowledge many at a time.
    if (!ack.paced) bytes = std::min(bytes, 8 * mss_);
    // RFC 9406 §4.3: only in the first slow start, when nothing is known of the path yet.
    if (threshold_ == kNever) {
      if (hystart_.on_ack(ack.rtt, ack.una, ack.nxt)) threshold_ = window_;
      if (hystart_.conservative()) bytes /= HyStart::kGrowthDivisor;
    }
    const uint32_t room = threshold_ > window_ ? threshold_ - window_ : 0;
    const uint32_t grown = std::min(bytes, room);
    window_ = std::min(window_ + grown, kMaxWindow);
    bytes -= grown;
    if (bytes == 0 || slow_start()) return;
  }
  const uint32_t next = algorithm_ == CongestionAlgorithm::cubic
                            ? cubic_.on_ack(window_, mss_, bytes, ack.now, ack.smoothed_rtt)
                            : newreno_.on_ack(window_, mss_, bytes);
  window_ = std::min(next, kMaxWindow);
}

}  // namespace culvert::tcp
