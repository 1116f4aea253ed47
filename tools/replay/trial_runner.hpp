// Trials on plain ports: captures at a rate, with marks, from ports that send to ports that receive.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "tools/replay/load.hpp"
#include "tools/replay/progress.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/trial.hpp"

namespace culvert::dp {
class Port;
}

namespace culvert::replay {

// A port that sends, and what. The packets end with room for a Mark.
struct Source {
  const dp::Port* port = nullptr;
  const Recording* recording = nullptr;
};

struct Wire {
  std::vector<Source> from{};
  std::vector<const dp::Port*> to{};
  rte_mempool* copies = nullptr;  // for frames that drivers still hold
  uint32_t burst = 64;
};

class TrialRunner {
 public:
  // `workers`: of dp::Eal. All that is referred to outlives the runner; the ports are started.
  TrialRunner(Wire wire, unsigned workers, const TickClock& clock, Progress& progress,
              const std::atomic<bool>& interrupted);

  // Sends for `seconds` at `rate` packets a second of each port, or without waiting if that is infinite, takes
  // what arrives until nothing more does, and counts. Throws Failure when the user interrupts it.
  [[nodiscard]] TrialRecord run(double rate, double seconds);

 private:
  Wire wire_;
  unsigned workers_;
  const TickClock& clock_;
  Progress& progress_;
  const std::atomic<bool>& interrupted_;
  uint32_t trials_ = 0;
};

}  // namespace culvert::replay
