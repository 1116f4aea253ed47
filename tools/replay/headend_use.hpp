// Asks a headend what its workers did while a trial ran.
#pragma once

#include <string>
#include <vector>

#include "tools/replay/trial.hpp"

namespace culvert::replay {

struct WorkerCounts {
  double busy_seconds = 0;  // since the headend's start
  uint64_t packets = 0;     // received
};

// What workers did between two counts that are `seconds` apart, on a machine whose counter ticks `ticks_per_second`.
[[nodiscard]] HeadendUse use_between(const std::vector<WorkerCounts>& before,
                                     const std::vector<WorkerCounts>& after, double seconds,
                                     double ticks_per_second) noexcept;

// Those trials, each with what the workers of the headend did meanwhile. `socket`: culvertd's management socket. Throws
// if nobody listens there, and in a trial Failure if the headend does not answer.
[[nodiscard]] RunTrial beside_headend(RunTrial run, const std::string& socket,
                                      double ticks_per_second);

}  // namespace culvert::replay
