// Sums of durations, as RFC 9971 weighs them.
#include "tools/search/load_record.hpp"

#include <algorithm>

namespace culvert::search {

namespace {

// Durations are made by multiplication, and sums of them by addition.

bool full_length(const TrialResult& result, const Target& target) noexcept {
  return result.duration_s >= target.trial_s * (1 - kRounding);
}

struct Sums {
  double full_high = 0, full_low = 0, short_high = 0, short_low = 0;  // seconds
};

Sums sums_of(const std::vector<TrialResult>& results, const Target& target) noexcept {
  Sums sums;
  for (const TrialResult& result : results) {
    const bool high = result.loss_ratio > target.loss_ratio;
    double& sum = full_length(result, target) ? (high ? sums.full_high : sums.full_low)
                                              : (high ? sums.short_high : sums.short_low);
    sum += result.duration_s;
  }
  return sums;
}

}  // namespace

Verdict LoadRecord::verdict(const Target& target) const noexcept {
  if (results_.empty()) return Verdict::undecided;
  const Sums sums = sums_of(results_, target);
  const double made_up_for = sums.short_low * target.exceed_ratio / (1 - target.exceed_ratio);
  const double high = sums.full_high + std::max(0.0, sums.short_high - made_up_for);
  const double done = high + sums.full_low;
  const double whole = std::max(done, target.duration_sum_s);
  const double rounding = whole * kRounding;
  const double forgiven = whole * target.exceed_ratio + rounding;
  if (high > forgiven) return Verdict::upper;
  if (whole - sums.full_low <= forgiven) return Verdict::lower;
  return Verdict::undecided;
}

double LoadRecord::conditional_throughput(const Target& target) const {
  std::vector<TrialResult> full;
  double done = 0;
  for (const TrialResult& result : results_) {
    if (!full_length(result, target)) continue;
    full.push_back(result);
    done += result.duration_s;
  }
  std::ranges::sort(full, {}, &TrialResult::loss_ratio);
  const double whole = std::max(done, target.duration_sum_s);
  double remaining = whole * (1 - target.exceed_ratio) - whole * kRounding;
  double loss = 1;  // of trials that nobody did
  for (const TrialResult& result : full) {
    loss = result.loss_ratio;
    remaining -= result.duration_s;
    if (remaining <= 0) break;
  }
  if (remaining > 0) loss = 1;
  return results_.front().load * (1 - loss);
}

}  // namespace culvert::search
