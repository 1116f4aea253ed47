// What trials at one load say.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/search/goal.hpp"

namespace culvert::search {

// To be done: traffic at this load, for so long.
struct Trial {
  double load = 0;  // packets a second; the search does not mind the unit
  double duration_s = 0;
};

struct TrialResult {
  double load = 0, duration_s = 0;  // the trial's
  double loss_ratio = 0;            // 0..1; what was to be sent and was not is lost, too
};

enum class Verdict : uint8_t {
  undecided,  // more trials are needed
  lower,      // a lower bound: the load is carried
  upper,      // an upper bound: it is not
};

class LoadRecord {
 public:
  void add(const TrialResult& result) { results_.push_back(result); }

  // RFC 9971, Appendix "Load Classification Code": whether the target would be met, and whether it would be
  // missed, with the best and with the worst results of the trials that are not done yet. Short trials with
  // high loss count as far as they are more than what short ones with low loss make up for.
  [[nodiscard]] Verdict verdict(const Target& target) const noexcept;
  // RFC 9971, "Conditional Throughput": what came through per second if loss was as in the worst of those trials
  // that the exceed ratio does not forgive. The load must have trials.
  [[nodiscard]] double conditional_throughput(const Target& target) const;

  // In the order of the trials.
  [[nodiscard]] const std::vector<TrialResult>& results() const noexcept { return results_; }

 private:
  std::vector<TrialResult> results_;
};

}  // namespace culvert::search
