// From counters to a report.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "tools/replay/capture_writer.hpp"
#include "tools/replay/load.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/packet_store.hpp"
#include "tools/replay/port_set.hpp"
#include "tools/replay/report.hpp"
#include "tools/replay/traffic_run.hpp"

namespace culvert::replay {

// What one port plays.
struct Part {
  std::vector<std::string> captures{};
  SelectionRules rules{};
  Survey found{};
  Recording recording{};
  uint64_t out_of_order = 0, shortened_gaps = 0;
  double filling = 0;       // bytes that Ethernet adds to a packet, on average
  size_t first_sender = 0;  // of the run's
  size_t senders = 0;
};

// The time from the first packet of any queue to the last of any.
class TickSpan {
 public:
  void add(uint64_t first, uint64_t last) noexcept {
    if (first == 0) return;
    first_ = first_ == 0 ? first : std::min(first_, first);
    last_ = std::max(last_, last);
  }
  [[nodiscard]] uint64_t ticks() const noexcept { return last_ - first_; }

 private:
  uint64_t first_ = 0, last_ = 0;
};
// A histogram of ticks, in nanoseconds; nothing if it counted nothing.
[[nodiscard]] std::optional<Distribution> distribution(const Histogram& histogram,
                                                       const TickClock& clock);

[[nodiscard]] StoreSize store_size(const Survey& found) noexcept;
// The time of the first packet of all parts; 0 if there is none.
[[nodiscard]] uint64_t earliest(std::span<const Part> parts) noexcept;
// Bytes that Ethernet adds to a packet that is too short, on average over all.
[[nodiscard]] double filling_of(std::span<const Recorded> packets) noexcept;

struct Results {
  const Options& options;
  const std::vector<Part>& parts;
  const PortSet& ports;
  const TickClock& clock;
  const TrafficRun& run;
  const CaptureWriter* writer;  // null: nothing was written
};
// Everything but why it ended.
[[nodiscard]] Report gather(const Results& results);

}  // namespace culvert::replay
