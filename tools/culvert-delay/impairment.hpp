// What one direction of a line does to packets, as it is asked for.
#pragma once

#include <cstdint>

#include "tools/culvert-delay/time.hpp"

namespace culvert::delay {

struct Impairment {
  Nanoseconds delay = 0;      // of the way, besides the time in the queue
  uint64_t rate = 0;          // bit/s of whole Ethernet frames; 0 = without limit
  uint64_t queue = 0;         // bytes before the bottleneck; 0 = no limit
  double loss = 0;            // share of the packets, 0..1
  double loss_burst = 1;      // packets lost in a row on average; 1 = each by itself
  double reorder = 0;         // share that is held back
  Nanoseconds held_back = 0;  // for so much longer than `delay`
  double duplicate = 0;       // share that arrives twice
};

}  // namespace culvert::delay
