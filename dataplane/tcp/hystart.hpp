// HyStart++ (RFC 9406): leaves slow start when round trips grow, before the queue overflows; and
// goes back to it when they did not mean it. One thing is not as in the RFC: it compares the least of any
// eight round trips in succession, not the least of the whole round so far. The first segments of a round
// meet no queue yet, so that the RFC's minimum only shows it in the next round, a doubling later.
// Microseconds, bytes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class HyStart {
 public:
  // How much of what an ACK acknowledges slow start adds to the window: a part of kGrowthDivisor.
  static constexpr uint32_t kGrowthDivisor = 4;

  // RFC 9406 §4.2, for each ACK in the initial slow start. `rtt`: 0 if the ACK gives none. True if
  // slow start is over.
  [[nodiscard]] bool on_ack(Time rtt, Seq una, Seq nxt) noexcept {
    bool over = false;
    if (!started_ || una >= round_end_) {
      if (started_) over = conservative_ && ++conservative_rounds_ >= kConservativeRounds;
      last_round_ = this_round_;
      this_round_ = eight_ = kNone;
      samples_ = 0;
      round_end_ = nxt;
      started_ = true;
    }
    if (rtt == 0) return over;
    eight_ = std::min(eight_, static_cast<uint32_t>(std::min<Time>(rtt, kNone - 1)));
    this_round_ = std::min(this_round_, eight_);
    if (++samples_ < kSamples) return over;
    if (!conservative_) {
      const uint32_t threshold = std::clamp(last_round_ / 8, kLeastThreshold, kMostThreshold);
      if (last_round_ != kNone && eight_ >= last_round_ + threshold) {
        conservative_ = true;
        conservative_rounds_ = 0;
        baseline_ = eight_;
      }
    } else if (eight_ < baseline_) {
      conservative_ = false;
    }
    eight_ = kNone;
    samples_ = 0;
    return over;
  }
  [[nodiscard]] bool conservative() const noexcept { return conservative_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kLeastThreshold = 4'000;  // RFC 9406 §4.3
  static constexpr uint32_t kMostThreshold = 16'000;
  static constexpr uint8_t kSamples = 8;
  static constexpr uint8_t kConservativeRounds = 5;

  uint32_t last_round_ = kNone;  // least round trip of each
  uint32_t this_round_ = kNone;
  uint32_t eight_ = kNone;  // least of up to eight in succession
  uint32_t baseline_ = kNone;
  Seq round_end_;
  uint8_t samples_ = 0;
  uint8_t conservative_rounds_ = 0;
  bool conservative_ = false;
  bool started_ = false;
};

}  // namespace culvert::tcp
