// When a member without DTLS tries it again.
#pragma once

#include <algorithm>

#include "dataplane/packet/time.hpp"
#include "tools/crowd/member.hpp"
#include "tools/culvert-delay/split_mix.hpp"

namespace culvert::crowd {

// Whether another try may end otherwise. What both ends are willing to speak stays as it is.
[[nodiscard]] constexpr bool worth_a_try(Why why) noexcept {
  return why != Why::no_common_suite;
}

// openconnect waits until a fixed time after its last handshake began, be it that this failed or that its tunnel died,
// and goes on at once if that has passed. Here chance spreads members over half of that time: what they share fails
// for thousands in one moment.
class DtlsRetry {
 public:
  // `period` 0: they do not try again.
  DtlsRetry(Time period, uint64_t seed) noexcept : period_(period), chance_(seed) {}

  // `began`: the handshake that has failed by now, or whose tunnel has ended. Between three and five quarters of the
  // period later, but no sooner than now.
  [[nodiscard]] Time next(Time began, Time now) noexcept {
    if (period_ == 0) return dp::kNever;
    return std::max(began + period_ - period_ / 4, now) + chance_.next() % (period_ / 2 + 1);
  }

 private:
  Time period_;
  delay::SplitMix64 chance_;
};

}  // namespace culvert::crowd
