// The order of a search's parts, and what the numbers around it mean for its results.
#include "tools/replay/search_run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/pace.hpp"

namespace culvert::replay {

namespace {

constexpr unsigned kTesterTrials = 3;
constexpr double kLeastShare = 1e-3;  // of the highest rate, if no least one is given
constexpr double kWarmUpShare = 0.1;  // of the highest rate
constexpr double kBeyond = 1.2;       // how far behind the highest rate found the curve goes

double shortest_trial(const SearchWish& wish) {
  double shortest = wish.goals.front().final_trial_s;
  for (const search::Goal& goal : wish.goals)
    shortest = std::min(shortest, goal.final_trial_s);
  return shortest;
}

// What arrives when it sends as fast as it can: the median of three.
double tester_rate(const Bench& bench, const SearchWish& wish, Progress& progress) {
  std::vector<double> rates;
  for (unsigned i = 0; i < kTesterTrials; ++i) {
    if (progress.due()) progress.show("what the tester carries by itself");
    const TrialRecord trial =
        bench.tester(std::numeric_limits<double>::infinity(), shortest_trial(wish));
    if (trial.arrived == 0 || trial.sent_seconds <= 0) {
      throw Failure("Nothing of what the tester sent to itself arrived.");
    }
    rates.push_back(static_cast<double>(trial.arrived) / trial.sent_seconds /
                    static_cast<double>(bench.ports));
  }
  std::ranges::sort(rates);
  return median(rates);
}

double highest_rate(const SearchReport& report, const SearchWish& wish) {
  if (wish.max_rate > 0) return wish.max_rate;
  double most = std::numeric_limits<double>::infinity();
  for (const auto& limit : {report.line_rate, report.slot_rate, report.tester_rate})
    most = std::min(most, limit.value_or(most));
  if (!std::isfinite(most)) {
    throw Failure("Nothing tells how fast packets might go: give --max-rate.");
  }
  return most;
}

// The trial at a load whose loss is in the middle.
std::optional<TrialRecord> middle_trial(const std::vector<TrialRecord>& trials,
                                        const std::optional<double>& rate) {
  if (!rate) return std::nullopt;
  std::vector<TrialRecord> there;
  std::ranges::copy_if(trials, std::back_inserter(there),
                       [&](const TrialRecord& trial) { return trial.rate == *rate; });
  if (there.empty()) return std::nullopt;
  std::ranges::sort(there, {}, &TrialRecord::loss_ratio);
  return there[(there.size() - 1) / 2];
}

// Most trials decide; one may have met a hiccup.
bool mostly_fell_behind(const std::vector<TrialRecord>& trials, double rate) {
  size_t all = 0, behind = 0;
  for (const TrialRecord& trial : trials) {
    if (trial.rate != rate) continue;
    ++all;
    behind += trial.tester_fell_behind() ? 1 : 0;
  }
  return 2 * behind > all;
}

Found found_of(const search::GoalResult& result, const SearchPass& pass,
               const SearchReport& report) {
  Found found{.result = result};
  found.at_lower = middle_trial(pass.trials, result.lower);
  found.at_upper = middle_trial(pass.trials, result.upper);
  search::Evidence evidence{.rate = result.lower.value_or(0),
                            .width = result.width().value_or(result.goal.width),
                            .line_rate = report.line_rate,
                            .slot_rate = report.slot_rate,
                            .tester_rate = report.tester_rate,
                            .at_maximum = result.end == search::GoalResult::End::at_maximum};
  if (result.upper) evidence.tester_fell_behind = mostly_fell_behind(pass.trials, *result.upper);
  for (const auto& trial : {found.at_lower, found.at_upper}) {
    if (!trial || !trial->headend) continue;
    evidence.worker_busy = std::max(evidence.worker_busy.value_or(0), trial->headend->busiest);
  }
  found.bottleneck = search::bottleneck(evidence);
  return found;
}

std::string line_of(const search::Search& search, const search::Trial& trial) {
  std::string line =
      fmt::format("trial {}: {}packets/s", search.trials() + 1, with_prefix(trial.load));
  for (const search::GoalResult& result : search.results()) {
    if (!result.lower && !result.upper) continue;
    line += fmt::format(", {} {}..{}", result.goal.name, with_prefix(result.lower.value_or(0)),
                        result.upper ? with_prefix(*result.upper) : "?");
  }
  return line;
}

// What is known by then is in the report, too, if a trial throws; a search without any trial is not.
void one_pass(const Bench& bench, const SearchWish& wish, SearchReport& report,
              Progress& progress) {
  search::Search search(
      {.min_load = report.min_rate, .max_load = report.max_rate, .goals = wish.goals});
  SearchPass pass;
  const auto conclude = [&] {
    pass.trial_seconds = search.trial_seconds();
    pass.finished = !search.next();
    for (const search::GoalResult& result : search.results())
      pass.found.push_back(found_of(result, pass, report));
    report.passes.push_back(std::move(pass));
  };
  try {
    while (const auto trial = search.next()) {
      if (wish.limit_s > 0 && search.trial_seconds() + trial->duration_s > wish.limit_s) break;
      if (progress.due()) progress.show(line_of(search, *trial));
      pass.trials.push_back(bench.run(trial->load, trial->duration_s));
      search.add({trial->load, trial->duration_s, pass.trials.back().loss_ratio()});
    }
  } catch (...) {
    if (!pass.trials.empty()) conclude();
    throw;
  }
  conclude();
}

// Before the curve, which goes beyond what is carried and may leave queues full.
void sustain(const Bench& bench, const SearchWish& wish, SearchReport& report, Progress& progress) {
  const std::vector<double> lower = lower_bounds(report, 0);
  if (wish.sustain <= 0 || lower.empty()) return;
  const double rate = median(lower) * wish.sustain;
  if (progress.due()) {
    progress.show(fmt::format("{:g} s at {}packets/s", wish.sustain_s, with_prefix(rate)));
  }
  report.sustained = bench.run(rate, wish.sustain_s);
  report.sustained_share = wish.sustain;
}

void draw_curve(const Bench& bench, const SearchWish& wish, SearchReport& report,
                Progress& progress) {
  double highest = 0;
  for (size_t goal = 0; goal < wish.goals.size(); ++goal) {
    const std::vector<double> lower = lower_bounds(report, goal);
    if (!lower.empty()) highest = std::max(highest, median(lower));
  }
  if (highest == 0) return;
  for (unsigned i = 1; i <= wish.curve; ++i) {
    const double rate = std::min(report.max_rate, highest * kBeyond * i / wish.curve);
    if (progress.due()) progress.show(fmt::format("curve: {}packets/s", with_prefix(rate)));
    report.curve.push_back(bench.run(rate, shortest_trial(wish)));
    if (rate == report.max_rate) break;
  }
}

// What an error kept from being measured that came in that phase, when so many searches were over.
enum class Phase : uint8_t { searches, margin, curve };
std::string what_is_missing(const SearchReport& report, const SearchWish& wish, Phase phase,
                            size_t over, const std::string& why) {
  std::vector<std::string> what;
  const size_t begun = report.passes.size();
  if (begun > over) what.push_back(fmt::format("the rest of search {}", begun));
  if (begun < wish.repeat)
    what.push_back(fmt::format("{} of {} searches", wish.repeat - begun, wish.repeat));
  if (phase != Phase::curve && wish.sustain > 0) what.emplace_back("the trial with a margin");
  if (wish.curve > 0)
    what.emplace_back(report.curve.empty() ? "the curve" : "the rest of the curve");
  return fmt::format("{}: {}", fmt::join(what, ", "), why);
}

// All that takes long. What is there stays there when a trial fails; without any the failure is all that there is to
// say.
void measure(const Bench& bench, const SearchWish& wish, SearchReport& report, Progress& progress) {
  Phase phase = Phase::searches;
  unsigned over = 0;
  try {
    for (; over < wish.repeat; ++over)
      one_pass(bench, wish, report, progress);
    phase = Phase::margin;
    sustain(bench, wish, report, progress);
    phase = Phase::curve;
    draw_curve(bench, wish, report, progress);
  } catch (const std::exception& error) {
    if (report.passes.empty()) throw;
    report.missing = what_is_missing(report, wish, phase, over, error.what());
  }
}

}  // namespace

SearchReport search_on(const Bench& bench, const SearchWish& wish, Progress& progress) {
  SearchReport report{.ports = bench.ports,
                      .mean_frame = bench.mean_frame,
                      .bits_on_wire = bench.bits_on_wire,
                      .line_rate = bench.line_rate,
                      .slot_rate = bench.slot_rate};
  if (wish.line_rate > 0) report.line_rate = wish.line_rate / bench.bits_on_wire;
  if (wish.tester_rate > 0) {
    report.tester_rate = wish.tester_rate;
  } else if (bench.tester) {
    report.tester_rate = tester_rate(bench, wish, progress);
    report.tester_measured = true;
  }
  report.max_rate = highest_rate(report, wish);
  report.min_rate = wish.min_rate > 0 ? wish.min_rate : report.max_rate * kLeastShare;
  if (report.min_rate >= report.max_rate) {
    throw Failure("The least rate is not less than the highest one.", ExitStatus::command_line);
  }
  if (wish.warm_up_s > 0) {
    const double rate = std::max(report.min_rate, report.max_rate * kWarmUpShare);
    report.warm_up = bench.run(rate, wish.warm_up_s);
    if (report.warm_up->arrived == 0) {
      throw Failure(
          fmt::format("Nothing arrived of {} packets: the device under test does not pass them on, "
                      "or not to the port that receives.",
                      report.warm_up->sent));
    }
  }
  measure(bench, wish, report, progress);
  progress.end();
  return report;
}

}  // namespace culvert::replay
