// From a goal to its targets.
#include "tools/search/goal.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace culvert::search {

namespace {

constexpr double kWidest = 0.5;

void check(bool good, const Goal& goal, const char* what) {
  if (!good) throw std::invalid_argument("Goal " + goal.name + ": " + what);
}

// The `step`th of `steps` equal factors from one value to another.
double between(double from, double to, unsigned step, unsigned steps) {
  return step == steps ? to : from * std::pow(to / from, static_cast<double>(step) / steps);
}

}  // namespace

std::vector<Target> targets_of(const Goal& goal) {
  check(goal.loss_ratio >= 0 && goal.loss_ratio < 1, goal,
        "the loss ratio is 0 or more, and less than 1");
  check(goal.exceed_ratio >= 0 && goal.exceed_ratio < 1, goal,
        "the exceed ratio is 0 or more, and less than 1");
  check(goal.width > 0 && goal.width <= kWidest, goal, "the width is more than 0, and 0.5 at most");
  check(goal.initial_trial_s > 0 && goal.initial_trial_s <= goal.final_trial_s, goal,
        "the first trials are not longer than the last ones");
  check(goal.final_trial_s <= goal.duration_sum_s, goal,
        "the sum of trials is not less than one trial");
  check(goal.coarser_targets <= 16, goal, "there are 16 coarser targets at most");
  std::vector<Target> targets;
  const unsigned steps = goal.coarser_targets;
  for (unsigned step = 0; step <= steps; ++step) {
    targets.push_back(
        {.loss_ratio = goal.loss_ratio,
         .exceed_ratio = goal.exceed_ratio,
         .trial_s = between(goal.initial_trial_s, goal.final_trial_s, step, steps),
         .duration_sum_s = between(goal.initial_trial_s, goal.duration_sum_s, step, steps),
         .width = std::min(kWidest, std::ldexp(goal.width, static_cast<int>(steps - step)))});
  }
  return targets;
}

}  // namespace culvert::search
