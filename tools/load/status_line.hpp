// The line that tells how it stands.
#pragma once

#include <string>

#include "tools/crowd/crowd.hpp"
#include "tools/load/ledger.hpp"
#include "tools/load/scenario.hpp"
#include "tools/load/tally.hpp"

namespace culvert::load {

// Since the line before: for rates.
struct LineMemory {
  Time at = 0;
  uint64_t set_ups = 0;
};
[[nodiscard]] std::string status_line(const Scenario& scenario, const crowd::CrowdCounters& crowd,
                                      const Tally& tally, const LedgerTotals& data,
                                      LineMemory& before, Time now);

}  // namespace culvert::load
