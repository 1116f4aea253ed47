// Sums by name.
#include "tools/replay/streams.hpp"

#include <algorithm>
#include <map>

namespace culvert::replay {

StreamCounts count_streams(std::span<const std::unique_ptr<Receiver>> receivers) {
  struct Seen {
    uint64_t end = 0, distinct = 0;
  };
  std::map<uint32_t, Seen> by_name;
  for (const auto& receiver : receivers) {
    for (const auto& stream : receiver->streams()) {
      const uint64_t end = stream->end.load(std::memory_order_acquire);
      if (end == 0) break;
      Seen& seen = by_name[stream->name.load(std::memory_order_relaxed)];
      seen.end = std::max(seen.end, end);
      seen.distinct += stream->distinct.load(std::memory_order_relaxed);
    }
  }
  StreamCounts counts{.streams = by_name.size()};
  for (const auto& [name, seen] : by_name) {
    counts.arrived += seen.distinct;
    counts.missing += seen.end - std::min(seen.end, seen.distinct);
  }
  return counts;
}

}  // namespace culvert::replay
