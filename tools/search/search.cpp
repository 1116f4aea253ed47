// The choice of loads.
#include "tools/search/search.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace culvert::search {

namespace {

constexpr double kLeastFactor = 0.5;  // of one step beyond the only bound that there is
constexpr unsigned kMostDoublings = 20;

double width_of(double lower, double upper) noexcept {
  return (upper - lower) / upper;
}

// Far enough from both bounds to be worth a trial.
bool inside(double load, double lower, double upper, double width) noexcept {
  return load > lower && load < upper && width_of(lower, load) >= width / 2 &&
         width_of(load, upper) >= width / 2;
}

// In equal factors, as many of the target's width as are needed: a load such that no half becomes finer
// than asked for while the other one is still too coarse.
double split(double lower, double upper, double width) {
  const double steps = std::ceil(std::log(lower / upper) / std::log1p(-width) - kRounding);
  const double above = std::max(1.0, std::floor(steps / 2));
  return upper * std::pow(1 - width, above);
}

// The first step is one of the target's width; each further one is twice as many.
double step_factor(double width, unsigned outward) {
  return std::max(
      kLeastFactor,
      std::pow(1 - width, std::ldexp(1.0, static_cast<int>(std::min(outward, kMostDoublings)))));
}

double median_loss(const LoadRecord& record) {
  std::vector<double> losses;
  for (const TrialResult& result : record.results())
    losses.push_back(result.loss_ratio);
  const auto middle = losses.begin() + static_cast<ptrdiff_t>(losses.size() / 2);
  std::ranges::nth_element(losses, middle);
  return *middle;
}

}  // namespace

std::optional<double> GoalResult::width() const noexcept {
  if (!lower || !upper) return std::nullopt;
  return width_of(*lower, *upper);
}

Search::Search(SearchRules rules) : rules_(std::move(rules)) {
  if (!(rules_.min_load > 0) || !(rules_.min_load < rules_.max_load) ||
      !std::isfinite(rules_.max_load)) {
    throw std::invalid_argument("The least load is more than 0 and less than the most.");
  }
  if (rules_.goals.empty()) throw std::invalid_argument("A search needs a goal.");
  for (const Goal& goal : rules_.goals) {
    std::vector<Pursuit> pursuits;
    for (const Target& target : targets_of(goal))
      pursuits.push_back({.target = target});
    pursuits_.push_back(std::move(pursuits));
  }
}

Search::Bounds Search::bounds(const Target& target) const {
  Bounds found;
  for (const auto& [load, record] : loads_) {
    const Verdict verdict = record.verdict(target);
    // A lower bound above an upper one is not to be relied upon: RFC 9971, "Relevant Lower Bound".
    if (verdict == Verdict::upper) {
      found.upper = load;
      break;
    }
    if (verdict == Verdict::lower) found.lower = load;
  }
  return found;
}

Verdict Search::verdict_at(double load, const Target& target) const {
  const auto at = loads_.find(load);
  return at == loads_.end() ? Verdict::undecided : at->second.verdict(target);
}

bool Search::reached(const Bounds& found, double width) const noexcept {
  if (found.lower && found.upper)
    return width_of(*found.lower, *found.upper) <= width * (1 + kRounding);
  if (found.lower) return *found.lower >= rules_.max_load;
  return found.upper && *found.upper <= rules_.min_load;
}

double Search::below(Pursuit& pursuit, double upper) const {
  // What came through there is a good guess (RFC 2285 §3.6.2: forwarding rate at maximum offered load), the
  // first time.
  const double through = upper * (1 - median_loss(loads_.at(upper)));
  const double step = upper * step_factor(pursuit.target.width, pursuit.outward);
  if (pursuit.outward++ == 0) return std::max(rules_.min_load, std::min(through, step));
  return std::max(rules_.min_load, step);
}

double Search::above(Pursuit& pursuit, double lower) const {
  return std::min(rules_.max_load, lower / step_factor(pursuit.target.width, pursuit.outward++));
}

// `before` are the bounds of the next coarser target, which have fewer or shorter trials. The lower one of
// two candidates goes first: what it finds may make the other one needless, and not the other way round.
double Search::load_for(Pursuit& pursuit, const Bounds& found, const Bounds& before) {
  const double width = pursuit.target.width;
  if (found.lower && found.upper) {
    for (const std::optional<double>& hint : {before.lower, before.upper}) {
      if (hint && inside(*hint, *found.lower, *found.upper, width)) return *hint;
    }
    return split(*found.lower, *found.upper, width);
  }
  if (found.upper) {
    if (before.lower && *before.lower < *found.upper) return *before.lower;
    return below(pursuit, *found.upper);
  }
  if (found.lower) {
    if (before.upper && *before.upper > *found.lower) return *before.upper;
    return above(pursuit, *found.lower);
  }
  return before.lower ? *before.lower : before.upper.value_or(rules_.max_load);
}

std::optional<Trial> Search::next() {
  if (pending_) return pending_;
  size_t levels = 0;
  for (const auto& pursuits : pursuits_)
    levels = std::max(levels, pursuits.size());
  for (size_t level = 0; level < levels; ++level) {
    for (auto& pursuits : pursuits_) {
      if (level >= pursuits.size()) continue;
      Pursuit& pursuit = pursuits[level];
      const Bounds found = bounds(pursuit.target);
      if (reached(found, pursuit.target.width)) {
        pursuit.focus.reset();
        continue;
      }
      // What was begun is decided first, unless other trials have made it needless.
      const bool decided = !pursuit.focus ||
                           verdict_at(*pursuit.focus, pursuit.target) != Verdict::undecided ||
                           (found.lower && *pursuit.focus < *found.lower) ||
                           (found.upper && *pursuit.focus > *found.upper);
      if (decided) {
        pursuit.focus =
            load_for(pursuit, found, level == 0 ? Bounds{} : bounds(pursuits[level - 1].target));
      }
      pending_ = Trial{*pursuit.focus, pursuit.target.trial_s};
      return pending_;
    }
  }
  return std::nullopt;
}

void Search::add(const TrialResult& result) {
  loads_[result.load].add(result);
  ++trials_;
  trial_seconds_ += result.duration_s;
  pending_.reset();
}

std::vector<GoalResult> Search::results() const {
  std::vector<GoalResult> results;
  for (size_t i = 0; i < pursuits_.size(); ++i) {
    const Target& target = pursuits_[i].back().target;
    const Bounds found = bounds(target);
    GoalResult result{.goal = rules_.goals[i], .lower = found.lower, .upper = found.upper};
    if (reached(found, target.width)) {
      result.end = !found.upper   ? GoalResult::End::at_maximum
                   : !found.lower ? GoalResult::End::below_minimum
                                  : GoalResult::End::exact;
    }
    if (found.lower) {
      result.conditional_throughput = loads_.at(*found.lower).conditional_throughput(target);
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace culvert::search
