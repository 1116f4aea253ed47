// Asks a headend what its workers did while a trial ran.
#pragma once

#include <string>
#include <vector>

#include "tools/culvertctl/client.hpp"
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

class Headend {
 public:
  // `socket`: culvertd's management socket.
  explicit Headend(const std::string& socket) : client_(socket) {}
  // "show culvert workers". Throws Failure if the headend does not answer.
  [[nodiscard]] std::vector<WorkerCounts> workers();

 private:
  ctl::Client client_;
};

}  // namespace culvert::replay
