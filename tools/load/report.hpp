// What a load showed, for people, for programs, and for goals.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/load/goal.hpp"
#include "tools/load/ledger.hpp"
#include "tools/load/scenario.hpp"
#include "tools/load/slow_readers.hpp"
#include "tools/load/strangers.hpp"
#include "tools/load/tally.hpp"

namespace culvert::load {

struct StormReport {
  uint32_t members = 0, back = 0;
  double seconds = 0;  // until the last was back or had given up
};

struct Report {
  std::string url{};
  uint32_t asked = 0;                     // sessions
  uint32_t peak = 0;                      // at the same time
  uint32_t held = 0;                      // at the end of the hold
  uint32_t held_dtls = 0;                 // of those: with a DTLS tunnel
  uint32_t gave_up = 0;                   // members
  std::array<double, kPhases> seconds{};  // of each phase
  uint64_t came = 0;                      // log-ins that worked in the ramp
  Tally tally{};
  std::vector<StormReport> storms{};
  LedgerTotals data{};
  bool data_wanted = false;
  std::array<StrangerCount, kStrangerKinds> strangers{};
  std::array<SlowReaderCount, kSlowReaderKinds> slow_readers{};
  std::vector<std::pair<std::string, uint64_t>> drops{};  // of the crowd's own stack, by name
  uint64_t port_missed = 0;                               // frames that the port had no room for
  std::vector<GoalResult> goals{};
  std::string end{};       // why it ended, a few words
  bool complete = true;    // it was not ended before its time
  bool broke_off = false;  // by an error, which `end` tells

  // Of the ramp; 0 if nobody came.
  [[nodiscard]] double log_ins_per_second() const noexcept;
  [[nodiscard]] bool goals_met() const noexcept;
};

[[nodiscard]] Figures figures_of(const Report& report);
// Of one that figures_of() does not have: why, a few words.
[[nodiscard]] std::string why_no_figure(const Report& report, std::string_view name);
[[nodiscard]] std::string as_text(const Report& report);
[[nodiscard]] nlohmann::ordered_json as_json(const Report& report);

}  // namespace culvert::load
