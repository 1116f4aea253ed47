// Multiple Loss Ratio Search (RFC 9971) without a clock or a wire: given what trials found, which trial is next.
//
// A load is a bound once its trials decide so (LoadRecord::verdict). For each goal the relevant upper bound
// is the smallest load that is one, and the relevant lower bound the largest that is one below that; a
// search ends when they are close enough. Each goal has coarser targets before it, whose bounds say where
// the next one has to look, and every trial counts for every goal. The RFC leaves the choice of loads to
// the implementation; see Search::load_for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/search/load_record.hpp"

namespace culvert::search {

struct SearchRules {
  double min_load = 0, max_load = 0;  // 0 < min_load < max_load
  std::vector<Goal> goals{};          // at least one
};

// RFC 9971, "Goal Result".
struct GoalResult {
  Goal goal;
  std::optional<double> lower, upper;  // the relevant bounds, as far as they were found
  // Which way it ended: `exact`: both bounds, close enough. `at_maximum`: max_load is a lower bound. `below_minimum`:
  // min_load is an upper bound. `unfinished`: somebody stopped the search.
  enum class End { exact, at_maximum, below_minimum, unfinished } end = End::unfinished;
  double conditional_throughput = 0;                           // at the lower bound; 0 without one
  [[nodiscard]] std::optional<double> width() const noexcept;  // relative, if both bounds are there
};

class Search {
 public:
  // Throws std::invalid_argument with a sentence.
  explicit Search(SearchRules rules);

  // The next trial; nothing when every goal is reached. The same until add() is called.
  [[nodiscard]] std::optional<Trial> next();
  void add(const TrialResult& result);

  // One for each goal, at any time.
  [[nodiscard]] std::vector<GoalResult> results() const;
  [[nodiscard]] const std::map<double, LoadRecord>& loads() const noexcept { return loads_; }
  [[nodiscard]] size_t trials() const noexcept { return trials_; }
  [[nodiscard]] double trial_seconds() const noexcept { return trial_seconds_; }

 private:
  struct Bounds {
    std::optional<double> lower, upper;
  };
  // One target of one goal, on its way.
  struct Pursuit {
    Target target;
    std::optional<double> focus{};  // the load that is being decided
    unsigned outward = 0;           // steps that were made beyond the only bound that there is
  };

  [[nodiscard]] Bounds bounds(const Target& target) const;
  [[nodiscard]] Verdict verdict_at(double load, const Target& target) const;
  [[nodiscard]] bool reached(const Bounds& found, double width) const noexcept;
  [[nodiscard]] double load_for(Pursuit& pursuit, const Bounds& found, const Bounds& before);
  [[nodiscard]] double below(Pursuit& pursuit, double upper) const;
  [[nodiscard]] double above(Pursuit& pursuit, double lower) const;

  SearchRules rules_;
  std::vector<std::vector<Pursuit>> pursuits_;  // by goal, from coarse to fine
  std::map<double, LoadRecord> loads_;
  std::optional<Trial> pending_;
  size_t trials_ = 0;
  double trial_seconds_ = 0;
};

}  // namespace culvert::search
