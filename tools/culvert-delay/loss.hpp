// Which packets a line loses: each by itself, or in bursts.
#pragma once

#include "tools/culvert-delay/chance.hpp"

namespace culvert::delay {

// Bernoulli, or with `burst` > 1 Gilbert's model ("Capacity of a burst-noise channel", 1960) in its
// simplest form: a bad state that loses everything and lasts `burst` packets on average, entered as
// often as makes `share` of all packets lost.
class Loss {
 public:
  // 0 <= share < 1; burst >= 1, and with bursts share <= burst / (burst + 1).
  Loss(double share, double burst, Chance chance) noexcept
      : share_(share),
        leave_(1 / burst),
        enter_(share / (burst * (1 - share))),
        bursts_(burst > 1),
        chance_(chance) {}

  // One draw a packet, whatever comes of it.
  [[nodiscard]] bool next() noexcept {
    if (!bursts_) return chance_.hits(share_);
    bad_ = bad_ ? !chance_.hits(leave_) : chance_.hits(enter_);
    return bad_;
  }

 private:
  double share_, leave_, enter_;
  bool bursts_;
  bool bad_ = false;
  Chance chance_;
};

}  // namespace culvert::delay
