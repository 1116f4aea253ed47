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

bool found_somebody(const StormReport& storm) noexcept {
  return storm.members != 0;
}

bool all_are_back(const StormReport& storm) noexcept {
  return storm.back == storm.members;
}

bool is_of_data(std::string_view name) noexcept {
  return name == "lost" || name == "loss" || name == "damaged" || name == "duplicates" ||
         name == "answered-sessions" || name.starts_with("rtt-");
}

}  // namespace

double Report::log_ins_per_second() const noexcept {
  const double ramp = seconds[static_cast<size_t>(Phase::ramp)];
  return ramp <= 0 ? 0 : static_cast<double>(came) / ramp;
}

bool Report::goals_met() const noexcept {
  return std::ranges::all_of(goals, [](const GoalResult& goal) { return goal.met; });
}

// What did not happen has no figure: a zero would meet goals that nobody has tried to reach.
Figures figures_of(const Report& report) {
  const Tally& t = report.tally;
  Figures figures{{"sessions", report.held},
                  {"peak", report.peak},
                  {"gave-up", report.gave_up},
                  {"dtls-sessions", report.held_dtls}};
  const auto set = [&](const char* name, uint64_t count, bool happened) {
    if (happened) figures[name] = static_cast<double>(count);
  };
  set("failed", t.log_ins.failed + t.reconnects.failed + t.roams_failed, t.log_ins.made != 0);
  set("closed", t.closed, t.log_ins.worked != 0);
  set("dtls-failed", t.dtls.failed, t.dtls.made != 0);
  if (report.came != 0) figures["rate"] = report.log_ins_per_second();
  const auto& storms = report.storms;
  if (!storms.empty() && std::ranges::all_of(storms, found_somebody) &&
      std::ranges::all_of(storms, all_are_back)) {
    figures["storm"] = std::ranges::max_element(storms, {}, &StormReport::seconds)->seconds;
  }
  const bool data = report.data_wanted && report.data.sent != 0;
  set("lost", report.data.missing(), data);
  set("damaged", t.damaged, data);
  set("duplicates", report.data.again, data);
  set("answered-sessions", report.data.heard, data);
  if (data) figures["loss"] = figures["lost"] / static_cast<double>(report.data.sent);
  add(figures, "setup", t.setup);
  add(figures, "dtls", t.dtls_setup);
  add(figures, "reconnect", t.reconnect);
  add(figures, "roam", t.roam);
  add(figures, "rtt", t.rtt);
  return figures;
}

std::string why_no_figure(const Report& report, std::string_view name) {
  if (is_of_data(name)) {
    if (!report.data_wanted) return "there was no --target";
    return report.data.sent == 0 ? "no echo request was sent" : "no echo request was answered";
  }
  if (name == "storm") {
    if (!std::ranges::all_of(report.storms, all_are_back)) return "not all came back";
    if (!report.storms.empty()) return "one of them found nobody up";
  }
  return "nothing was measured";
}

}  // namespace culvert::load
