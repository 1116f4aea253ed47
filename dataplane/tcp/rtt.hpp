// Round-trip time and retransmission timeout (RFC 6298). Microseconds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace culvert::tcp {

class RttEstimator {
 public:
  // Below RFC 6298's second, as every deployed TCP has it; a peer may delay its ACKs for so long.
  static constexpr uint64_t kMinVariance = 200'000;
  static constexpr uint64_t kMaxRto = 60'000'000;
  static constexpr uint64_t kInitialRto = 1'000'000;  // RFC 6298 §2.1

  // RFC 6298 §2.2 and §2.3. `expected`: how many samples a round trip gives; the more, the less each
  // counts, or the memory would be shorter than the round trip (RFC 7323 Appendix G).
  void sample(uint64_t rtt, uint32_t expected = 1) noexcept {
    rtt = std::min(rtt, kMaxRto);
    if (srtt_ == 0) {
      srtt_ = static_cast<float>(std::max<uint64_t>(rtt, 1));
      rttvar_ = srtt_ / 2;
    } else {
      const auto r = static_cast<float>(rtt);
      const float weight = 1.0f / static_cast<float>(std::max(expected, 1u));
      rttvar_ += weight / 4 * (std::abs(srtt_ - r) - rttvar_);
      srtt_ = std::max(srtt_ + weight / 8 * (r - srtt_), 1.0f);
    }
    // The variance term is what has a least value, as in Linux: a path of 190 ms whose round trips hardly
    // vary must not time out at its first queue.
    const auto variance = static_cast<uint64_t>(4 * rttvar_);
    rto_ = std::min(smoothed() + std::max(kMinVariance, variance), kMaxRto);
  }
  // RFC 6298 §5.7: after a lost SYN-ACK without a sample, data starts with three seconds.
  void syn_was_lost() noexcept {
    if (srtt_ == 0) rto_ = 3'000'000;
  }
  // 0: no sample yet.
  [[nodiscard]] uint64_t smoothed() const noexcept { return static_cast<uint64_t>(srtt_); }
  // The timeout after `backoff` doublings (RFC 6298 §5.5).
  [[nodiscard]] uint64_t rto(uint32_t backoff = 0) const noexcept {
    return std::min(rto_ << std::min(backoff, 16u), kMaxRto);
  }

 private:
  float srtt_ = 0;
  float rttvar_ = 0;
  uint64_t rto_ = kInitialRto;
};

}  // namespace culvert::tcp
