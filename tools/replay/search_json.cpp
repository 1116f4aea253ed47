// What a search found, for programs: rates in packets a second of each port, ratios from 0 to 1.
#include <cmath>

#include "tools/replay/search_report.hpp"

namespace culvert::replay {

namespace {

using Json = nlohmann::ordered_json;

Json maybe(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json headend(const std::optional<HeadendUse>& use) {
  if (!use) return nullptr;
  return {{"busiest_worker", use->busiest}, {"cycles_per_packet", use->cycles_per_packet}};
}

Json trial(const std::optional<TrialRecord>& record) {
  if (!record) return nullptr;
  const TrialRecord& t = *record;
  return {{"rate", std::isfinite(t.rate) ? Json(t.rate) : Json(nullptr)},
          {"seconds", t.seconds},
          {"expected", t.expected},
          {"sent", t.sent},
          {"arrived", t.arrived},
          {"duplicates", t.duplicates},
          {"reordered", t.reordered},
          {"missed_by_tester", t.missed},
          {"loss_ratio", t.loss_ratio()},
          {"tester_fell_behind", t.tester_fell_behind()},
          {"latency_ns", distribution_json(t.latency)},
          {"lateness_ns", distribution_json(t.lateness)},
          {"headend", headend(t.headend)}};
}

Json trials(const std::vector<TrialRecord>& records) {
  Json json = Json::array();
  for (const TrialRecord& record : records)
    json.push_back(trial(record));
  return json;
}

Json found(const SearchReport& report, const Found& f) {
  const search::GoalResult& r = f.result;
  const auto of = [&](const std::optional<double>& whole) {
    return whole && r.lower ? Json(*r.lower / *whole) : Json(nullptr);
  };
  return {
      {"goal", r.goal.name},
      {"end", describe(r.end)},
      {"exact", r.end == search::GoalResult::End::exact},
      {"rate", maybe(r.lower)},
      {"upper", maybe(r.upper)},
      {"width", maybe(r.width())},
      {"conditional_throughput", r.conditional_throughput},
      {"layer1_bits_per_second", r.lower ? Json(*r.lower * report.bits_on_wire) : Json(nullptr)},
      {"share_of_line", of(report.line_rate)},
      {"share_of_tester", of(report.tester_rate)},
      {"bottleneck", search::name_of(f.bottleneck)},
      {"generator_bound", f.bottleneck == search::Bottleneck::generator},
      {"at_rate", trial(f.at_lower)},
      {"at_upper", trial(f.at_upper)}};
}

Json goal(const search::Goal& g) {
  return {{"name", g.name},
          {"loss_ratio", g.loss_ratio},
          {"exceed_ratio", g.exceed_ratio},
          {"initial_trial_seconds", g.initial_trial_s},
          {"final_trial_seconds", g.final_trial_s},
          {"duration_sum_seconds", g.duration_sum_s},
          {"width", g.width}};
}

}  // namespace

Json as_json(const SearchReport& report) {
  Json json = {{"captures", report.captures},
               {"ports", report.ports},
               {"mean_frame_bytes", report.mean_frame},
               {"layer1_bits_per_packet", report.bits_on_wire},
               {"line_rate", maybe(report.line_rate)},
               {"slot_rate", maybe(report.slot_rate)},
               {"tester_rate", maybe(report.tester_rate)},
               {"tester_measured", report.tester_measured},
               {"min_rate", report.min_rate},
               {"max_rate", report.max_rate},
               {"warm_up", trial(report.warm_up)},
               {"goals", Json::array()},
               {"results", Json::array()},
               {"searches", Json::array()}};
  const size_t goals = report.passes.empty() ? 0 : report.passes.front().found.size();
  for (size_t i = 0; i < goals; ++i) {
    json["goals"].push_back(goal(report.passes.front().found[i].result.goal));
    const std::vector<double> all = lower_bounds(report, i);
    json["results"].push_back({{"goal", report.passes.front().found[i].result.goal.name},
                               {"rate", all.empty() ? Json(nullptr) : Json(median(all))},
                               {"least", all.empty() ? Json(nullptr) : Json(all.front())},
                               {"most", all.empty() ? Json(nullptr) : Json(all.back())},
                               {"searches", all.size()}});
  }
  for (const SearchPass& pass : report.passes) {
    Json one = {{"finished", pass.finished},
                {"trial_seconds", pass.trial_seconds},
                {"found", Json::array()},
                {"trials", trials(pass.trials)}};
    for (const Found& f : pass.found)
      one["found"].push_back(found(report, f));
    json["searches"].push_back(std::move(one));
  }
  json["sustained_share"] = report.sustained ? Json(report.sustained_share) : Json(nullptr);
  json["sustained"] = trial(report.sustained);
  json["curve"] = trials(report.curve);
  json["missing"] = report.missing.empty() ? Json(nullptr) : Json(report.missing);
  return json;
}

}  // namespace culvert::replay
