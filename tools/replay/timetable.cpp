// Due times from recorded times or from a rate.
#include "tools/replay/timetable.hpp"

#include <algorithm>
#include <cmath>

namespace culvert::replay {

namespace {

uint64_t rounded(double ticks) {
  return static_cast<uint64_t>(std::llround(ticks));
}

Timetable as_recorded(const Pace& pace, std::span<const Recorded> packets, uint64_t origin_ns,
                      double ticks_per_second) {
  Timetable table;
  table.due.reserve(packets.size());
  const double ticks_per_ns = ticks_per_second / 1e9 / pace.value;
  const double longest_ns = pace.longest_gap_s > 0 ? pace.longest_gap_s * 1e9 : HUGE_VAL;
  double elapsed_ns = 0;        // what is played, gaps shortened
  uint64_t newest = origin_ns;  // the latest time that was seen
  for (const Recorded& packet : packets) {
    if (packet.time_ns < newest) {
      if (!table.due.empty()) ++table.out_of_order;
    } else {
      const auto gap = static_cast<double>(packet.time_ns - newest);
      if (gap > longest_ns) ++table.shortened_gaps;
      elapsed_ns += std::min(gap, longest_ns);
      newest = packet.time_ns;
    }
    table.due.push_back(rounded(elapsed_ns * ticks_per_ns));
  }
  if (table.due.empty()) return table;
  const uint64_t last = table.due.back();
  const uint64_t gaps = std::max<uint64_t>(packets.size() - 1, 1);
  table.period = last + std::max<uint64_t>((last - table.due.front()) / gaps, 1);
  return table;
}

double bits(const Pace& pace, const Recorded& packet) {
  switch (pace.kind) {
    case PaceKind::layer1_bits: return 8.0 * bytes_on_layer1(packet.size);
    case PaceKind::layer2_bits: return 8.0 * bytes_on_layer2(packet.size);
    default: return 1;  // packets are what is counted
  }
}

}  // namespace

Timetable make_timetable(const Pace& pace, std::span<const Recorded> packets, uint64_t origin_ns,
                         double ticks_per_second) {
  if (pace.kind == PaceKind::unlimited) return {};
  if (pace.kind == PaceKind::recorded) {
    return as_recorded(pace, packets, origin_ns, ticks_per_second);
  }
  Timetable table;
  table.due.reserve(packets.size());
  double units = 0;  // whole numbers, so that nothing is lost in adding them up
  for (const Recorded& packet : packets) {
    table.due.push_back(rounded(units * ticks_per_second / pace.value));
    units += bits(pace, packet);
  }
  table.period = rounded(units * ticks_per_second / pace.value);
  return table;
}

}  // namespace culvert::replay
