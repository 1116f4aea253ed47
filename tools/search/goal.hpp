// What is searched for, in the words of RFC 9971 (Multiple Loss Ratio Search).
#pragma once

#include <string>
#include <vector>

namespace culvert::search {

// By how much, relatively, computed times and rates may miss what they were meant to be.
inline constexpr double kRounding = 1e-9;

// RFC 9971, "Search Goal". The defaults find a rate in about two minutes on a machine that hiccups;
// final_trial_s = 60, duration_sum_s = 60 and exceed_ratio = 0 are those of RFC 2544 §24 and §26.1.
struct Goal {
  std::string name;              // for who reads: "NDR"
  double loss_ratio = 0;         // 0..1: what a trial may lose
  double exceed_ratio = 0.5;     // 0..1, less than 1: which share of the trials' time may lose more
  double initial_trial_s = 1;    // of the coarsest target
  double final_trial_s = 1;      // trials that are shorter are not enough
  double duration_sum_s = 21;    // of the trials at one load
  double width = 0.005;          // 0..1: (upper - lower) / upper at the end
  unsigned coarser_targets = 2;  // which come before the goal itself, each cheaper than the next
};

// A goal, or a coarser one on the way to it.
struct Target {
  double loss_ratio = 0, exceed_ratio = 0;
  double trial_s = 1, duration_sum_s = 1;
  double width = 0.005;
};

// From the coarsest to the goal itself: durations grow by equal factors, widths halve. Throws
// std::invalid_argument, with a sentence, for a goal that makes no sense.
[[nodiscard]] std::vector<Target> targets_of(const Goal& goal);

}  // namespace culvert::search
