// What a search found, as tables.
#include <algorithm>

#include <fmt/format.h>

#include "tools/replay/pace.hpp"
#include "tools/replay/search_report.hpp"

namespace culvert::replay {

namespace {

std::string rate_of(const SearchReport& report, double rate) {
  std::string said = fmt::format("{}packets/s, {}bit/s on layer 1", with_prefix(rate),
                                 with_prefix(rate * report.bits_on_wire));
  if (report.line_rate)
    said += fmt::format(", {:.1f} % of line rate", 100 * rate / *report.line_rate);
  return said;
}

std::string trial_text(const TrialRecord& trial) {
  std::string said = fmt::format("loss {:.2e}", trial.loss_ratio());
  if (trial.latency) {
    const Distribution& latency = *trial.latency;
    said += fmt::format(", latency 50 % {:.1f}, 99 % {:.1f}, 99.9 % {:.1f} microseconds",
                        latency.at(50) / 1000, latency.at(99) / 1000, latency.at(99.9) / 1000);
  }
  if (trial.headend) {
    said += fmt::format(", headend busy {:.0f} %, {:.0f} cycles/packet",
                        100 * trial.headend->busiest, trial.headend->cycles_per_packet);
  }
  return said;
}

std::string goal_text(const SearchReport& report, size_t index) {
  const Found& found = report.passes.front().found.at(index);
  const search::Goal& goal = found.result.goal;
  std::string said = fmt::format(
      "{} (loss ratio {:g}, exceed ratio {:g}, {:g} s of trials of {:g} s)\n", goal.name,
      goal.loss_ratio, goal.exceed_ratio, goal.duration_sum_s, goal.final_trial_s);
  for (const SearchPass& pass : report.passes) {
    const Found& one = pass.found.at(index);
    const search::GoalResult& result = one.result;
    if (!result.lower) {
      said += fmt::format("  {}\n", describe(result.end));
      continue;
    }
    said += fmt::format("  {}", rate_of(report, *result.lower));
    // Bounds may be closer than was asked for by chance, on a machine that has moods, and say no more for that.
    if (const auto width = result.width()) {
      said += fmt::format(", -0 +{:.2f} %", 100 * std::max(*width, goal.width));
    }
    if (result.end != search::GoalResult::End::exact) said += ", " + describe(result.end);
    said += one.bottleneck == search::Bottleneck::generator
                ? "; generator-bound: the device may be faster\n"
                : fmt::format("; limited by: {}\n", search::name_of(one.bottleneck));
    if (one.at_lower) said += fmt::format("    there:      {}\n", trial_text(*one.at_lower));
    if (one.at_upper) said += fmt::format("    just above: {}\n", trial_text(*one.at_upper));
  }
  const std::vector<double> all = lower_bounds(report, index);
  if (report.passes.size() > 1 && !all.empty()) {
    said +=
        fmt::format("  median of {} searches {}packets/s ({} to {})\n", all.size(),
                    with_prefix(median(all)), with_prefix(all.front()), with_prefix(all.back()));
  }
  return said;
}

}  // namespace

std::vector<double> lower_bounds(const SearchReport& report, size_t goal) {
  std::vector<double> bounds;
  for (const SearchPass& pass : report.passes) {
    if (const auto lower = pass.found.at(goal).result.lower) bounds.push_back(*lower);
  }
  std::ranges::sort(bounds);
  return bounds;
}

double median(const std::vector<double>& sorted) noexcept {
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::string describe(search::GoalResult::End end) {
  using End = search::GoalResult::End;
  switch (end) {
    case End::exact: return "exact";
    case End::at_maximum: return "at the highest rate that was tried";
    case End::below_minimum: return "no rate that was tried has so little loss";
    case End::unfinished: break;
  }
  return "not finished";
}

std::string as_text(const SearchReport& report) {
  std::string said =
      fmt::format("Frames of {:.1f} bytes on average, from {} port{}; rates are of each\n",
                  report.mean_frame, report.ports, report.ports == 1 ? "" : "s");
  const auto limit = [&](const char* name, const std::optional<double>& rate) {
    if (rate) said += fmt::format("  {:<14}{}packets/s\n", name, with_prefix(*rate));
  };
  limit("line", report.line_rate);
  limit("slot", report.slot_rate);
  limit(report.tester_measured ? "tester alone" : "tester, given", report.tester_rate);
  if (report.passes.empty()) return said;
  for (size_t i = 0; i < report.passes.front().found.size(); ++i)
    said += goal_text(report, i);
  if (const auto& trial = report.sustained) {
    said += fmt::format(
        "{:g} % of {} for {:g} s: {}packets/s, {} of {} lost{}; {}\n", 100 * report.sustained_share,
        report.passes.front().found.front().result.goal.name, trial->seconds,
        with_prefix(trial->rate), trial->lost(), trial->expected,
        trial->tester_fell_behind() ? " (the tester fell behind)" : "", trial_text(*trial));
  }
  size_t trials = 0;
  double seconds = 0;
  for (const SearchPass& pass : report.passes) {
    trials += pass.trials.size();
    seconds += pass.trial_seconds;
  }
  said += fmt::format("{} trials, {:.0f} s of traffic\n", trials, seconds);
  return report.missing.empty() ? said : said + fmt::format("Missing: {}\n", report.missing);
}

}  // namespace culvert::replay
