// When each packet of a capture is due.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tools/replay/pace.hpp"

namespace culvert::replay {

// In ticks of the clock that paces, since the start of a round through the capture.
struct Timetable {
  std::vector<uint64_t> due;  // ascending; empty if nothing waits (PaceKind::unlimited)
  uint64_t period = 0;        // after which the next round begins
  uint64_t out_of_order = 0;  // packets recorded earlier than one before them: due with that one
  uint64_t shortened_gaps = 0;
};

// What a packet brings along for its place in the timetable.
struct Recorded {
  uint64_t time_ns = 0;  // any epoch
  uint32_t size = 0;     // bytes of the frame as it is sent
};

// The round's last packet is followed by the first one of the next round after a mean gap. `origin_ns`:
// the moment of the recording that is the start.
[[nodiscard]] Timetable make_timetable(const Pace& pace, std::span<const Recorded> packets,
                                       uint64_t origin_ns, double ticks_per_second);

}  // namespace culvert::replay
