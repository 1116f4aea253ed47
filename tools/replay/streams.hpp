// Streams of marked packets that several receive queues saw parts of, put together: a card deals packets to its queues
// by what is in them, so that to each queue the others' numbers look lost.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "tools/replay/receiver.hpp"

namespace culvert::replay {

struct StreamCounts {
  uint64_t streams = 0;  // of which anything came
  uint64_t arrived = 0;  // packets; copies not counted that came by the same queue
  uint64_t missing = 0;  // numbers from 0 to the highest of the stream that came to no queue
};

// Of all streams. While the receivers are polled it is a moment's view, out by what just comes.
[[nodiscard]] StreamCounts count_streams(std::span<const std::unique_ptr<Receiver>> receivers);

}  // namespace culvert::replay
