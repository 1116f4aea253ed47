// One trial of a search, in full: what was asked of the wire and what came of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "tools/replay/report.hpp"

namespace culvert::dp {
class Port;
}

namespace culvert::replay {

// What the headend's workers did meanwhile.
struct HeadendUse {
  double busiest = 0;  // 0..1: the share of time in which the busiest worker found work
  double cycles_per_packet =
      0;  // busy cycles of all workers, by packets that they received; 0: none came
};

// Packets are of all ports that send, together.
struct TrialRecord {
  double rate = 0;     // asked, packets a second of each port; infinity: as fast as it goes
  double seconds = 0;  // asked
  uint64_t expected =
      0;  // packets of that rate and time; as many as were sent, if there was no rate
  uint64_t sent = 0;
  uint64_t arrived = 0;  // of these very packets, copies not counted
  uint64_t duplicates = 0, reordered = 0;
  uint64_t missed = 0;  // what came to ports of the tester and found no room there
  double sent_seconds = 0;
  std::optional<Distribution> latency{}, lateness{};
  std::optional<HeadendUse> headend{};

  // What was to be sent and was not counts as lost.
  [[nodiscard]] uint64_t lost() const noexcept { return expected - std::min(expected, arrived); }
  // RFC 9971, "Trial Loss Ratio".
  [[nodiscard]] double loss_ratio() const noexcept {
    if (expected == 0) return 1;
    return arrived >= expected ? 0
                               : 1 - static_cast<double>(arrived) / static_cast<double>(expected);
  }
  // More than a trace of the loss is the tester's own.
  [[nodiscard]] bool tester_fell_behind() const noexcept {
    const uint64_t own = expected - std::min(expected, sent) + missed;
    return own > 0 && own >= lost() / 10;
  }
};

// Whoever has a wire: traffic at a rate (packets a second of each port that sends) for so long. Throws Failure
// if there can be none.
using RunTrial = std::function<TrialRecord(double rate, double seconds)>;

// A sender that was held up may catch up for so long behind the end of its time; then what is left counts as
// lost, for it could not be sent at that rate.
inline constexpr double kGraceSeconds = 0.01;
// Packets of a finite rate in so long; one at least.
[[nodiscard]] uint64_t packets_for(double rate, double seconds) noexcept;
// What came to these ports of the tester and found no room, since they were started.
[[nodiscard]] uint64_t missed_by(std::span<const dp::Port* const> ports);

}  // namespace culvert::replay
