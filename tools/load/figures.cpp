// The figures that goals are about.
#include <algorithm>

#include <fmt/format.h>

#include "tools/load/report.hpp"

namespace culvert::load {

namespace {

void add(Figures& figures, const char* name, const replay::Histogram& of) {
  if (of.count() == 0) return;
  const auto seconds = [](auto microseconds) { return static_cast<double>(microseconds) * 1e-6; };
  figures[fmt::format("{}-min", name)] = seconds(of.min());
  figures[fmt::format("{}-mean", name)] = seconds(of.mean());
  figures[fmt::format("{}-max", name)] = seconds(of.max());
  for (const double percent : kPercents)
    figures[fmt::format("{}-p{:g}", name, percent)] = seconds(of.percentile(percent));
}

}  // namespace

double Report::log_ins_per_second() const noexcept {
  const double ramp = seconds[static_cast<size_t>(Phase::ramp)];
  return ramp <= 0 ? 0 : static_cast<double>(came) / ramp;
}

bool Report::goals_met() const noexcept {
  return std::ranges::all_of(goals, [](const GoalResult& goal) { return goal.met; });
}

Figures figures_of(const Report& report) {
  const Tally& t = report.tally;
  Figures figures{
      {"sessions", report.held},
      {"peak", report.peak},
      {"failed", static_cast<double>(t.log_ins.failed + t.reconnects.failed + t.roams_failed)},
      {"gave-up", report.gave_up},
      {"closed", static_cast<double>(t.closed)},
      {"dtls-failed", static_cast<double>(t.dtls.failed)},
      {"dtls-sessions", report.held_dtls},
      {"rate", report.log_ins_per_second()},
  };
  if (!report.storms.empty()) {
    figures["storm"] = std::ranges::max_element(report.storms, {}, &StormReport::seconds)->seconds;
  }
  if (report.data_wanted) {
    const auto missing = static_cast<double>(report.data.missing());
    figures["lost"] = missing;
    figures["damaged"] = static_cast<double>(t.damaged);
    figures["duplicates"] = static_cast<double>(report.data.again);
    if (report.data.sent != 0) figures["loss"] = missing / static_cast<double>(report.data.sent);
  }
  add(figures, "setup", t.setup);
  add(figures, "dtls", t.dtls_setup);
  add(figures, "reconnect", t.reconnect);
  add(figures, "roam", t.roam);
  add(figures, "rtt", t.rtt);
  return figures;
}

}  // namespace culvert::load
