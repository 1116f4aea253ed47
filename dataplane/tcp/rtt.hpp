// Round-trip time and retransmission timeout (RFC 6298). Microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace culvert::tcp {

class RttEstimator {
 public:
  static constexpr uint64_t kMinRto =
      200'000;  // below RFC 6298's second, as every deployed TCP has it
  static constexpr uint64_t kMaxRto = 60'000'000;
  static constexpr uint64_t kInitialRto = 1'000'000;  // RFC 6298 §2.1
  static constexpr uint64_t kGranularity = 1'000;  // of the timestamp clock and of the timer wheel

  // RFC 6298 §2.2 and §2.3.
  void sample(uint64_t rtt) noexcept {
    rtt = std::min(rtt, kMaxRto);
    if (srtt_ == 0) {
      srtt_ = std::max<uint64_t>(rtt, 1);
      rttvar_ = rtt / 2;
    } else {
      const uint64_t error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      rttvar_ = (3 * rttvar_ + error) / 4;
      srtt_ = std::max<uint64_t>((7 * srtt_ + rtt) / 8, 1);
    }
    rto_ = std::clamp(srtt_ + std::max(kGranularity, 4 * rttvar_), kMinRto, kMaxRto);
  }
  // RFC 6298 §5.7: after a lost SYN-ACK without a sample, data starts with three seconds.
  void syn_was_lost() noexcept {
    if (srtt_ == 0) rto_ = 3'000'000;
  }
  [[nodiscard]] uint64_t smoothed() const noexcept { return srtt_; }  // 0: no sample yet
  // The timeout after `backoff` doublings (RFC 6298 §5.5).
  [[nodiscard]] uint64_t rto(uint32_t backoff = 0) const noexcept {
    return std::min(rto_ << std::min(backoff, 16u), kMaxRto);
  }

 private:
  uint64_t srtt_ = 0;
  uint64_t rttvar_ = 0;
  uint64_t rto_ = kInitialRto;
};

}  // namespace culvert::tcp
