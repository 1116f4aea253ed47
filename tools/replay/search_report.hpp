// What a search found, for people and for programs.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/replay/trial.hpp"
#include "tools/search/bottleneck.hpp"
#include "tools/search/search.hpp"

namespace culvert::replay {

// One goal of one search.
struct Found {
  search::GoalResult result;
  std::optional<TrialRecord> at_lower{};  // the median trial, by loss, at the lower bound
  std::optional<TrialRecord> at_upper{};
  search::Bottleneck bottleneck = search::Bottleneck::device;
};

struct SearchPass {
  std::vector<Found> found;
  std::vector<TrialRecord> trials;  // in their order
  double trial_seconds = 0;
  bool finished = false;  // false: its time was over, or a trial failed
};

// Packets a second are of each port that sends.
struct SearchReport {
  std::vector<std::string> captures{};
  size_t ports = 1;         // that send
  double mean_frame = 0;    // bytes as in a capture, what the tester adds included
  double bits_on_wire = 0;  // of a mean packet, on layer 1
  std::optional<double> line_rate{}, slot_rate{}, tester_rate{};
  bool tester_measured = false;  // by this very run
  double min_rate = 0, max_rate = 0;
  std::optional<TrialRecord> warm_up{};
  std::vector<SearchPass> passes{};
  // A long trial at a share of the rate that was found for the first goal: whether a load that leaves a margin, as
  // networks are run, loses anything at all.
  std::optional<TrialRecord> sustained{};
  double sustained_share = 0;
  std::vector<TrialRecord> curve{};
  std::string missing{};  // what an error kept from being measured, and which; empty: nothing

  // Whether all of it was measured that was asked for.
  [[nodiscard]] bool complete() const noexcept {
    return missing.empty() && std::ranges::all_of(passes, &SearchPass::finished);
  }
};

// Of one goal over all passes: the lower bounds, in ascending order; those that found none are left out.
[[nodiscard]] std::vector<double> lower_bounds(const SearchReport& report, size_t goal);
// Of an ascending list that is not empty.
[[nodiscard]] double median(const std::vector<double>& sorted) noexcept;
// In a few words: "exact", "at the highest rate that was tried", ...
[[nodiscard]] std::string describe(search::GoalResult::End end);

[[nodiscard]] std::string as_text(const SearchReport& report);
[[nodiscard]] nlohmann::ordered_json as_json(const SearchReport& report);

}  // namespace culvert::replay
