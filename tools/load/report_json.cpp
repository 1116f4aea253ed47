// The report for programs. Times are in seconds.
#include <fmt/format.h>

#include "tools/load/buckets.hpp"
#include "tools/load/report.hpp"

namespace culvert::load {

namespace {

using Json = nlohmann::ordered_json;

Json distribution(const replay::Histogram& of) {
  if (of.count() == 0) return nullptr;
  const auto seconds = [](auto microseconds) { return static_cast<double>(microseconds) * 1e-6; };
  Json json = {{"count", of.count()}, {"min", seconds(of.min())}, {"mean", seconds(of.mean())}};
  for (const double percent : kPercents)
    json[fmt::format("{:g}", percent)] = seconds(of.percentile(percent));
  json["max"] = seconds(of.max());
  json["buckets"] = Json::array();
  for (const Bucket& each : buckets_of(of))
    json["buckets"].push_back({{"below", seconds(each.below)}, {"count", each.count}});
  return json;
}

Json attempts(const Attempts& a) {
  return {{"attempts", a.made}, {"worked", a.worked}, {"failed", a.failed}};
}

Json attempts(const Attempts& a, const replay::Histogram& times) {
  Json json = attempts(a);
  json["seconds"] = distribution(times);
  return json;
}

Json reasons(const Reasons& of) {
  Json json = Json::object();
  for (const auto& [why, times] : of)
    json[why] = times;
  return json;
}

Json data(const Report& r) {
  if (!r.data_wanted) return nullptr;
  return {{"sent", r.data.sent},
          {"answered", r.data.answered},
          {"sessions_answered", r.data.heard},
          {"lost", r.data.missing()},
          {"interrupted", r.data.interrupted},
          {"duplicates", r.data.again},
          {"late", r.data.late},
          {"damaged", r.tally.damaged},
          {"foreign", r.tally.foreign},
          {"not_sent",
           {{"later", r.tally.later},
            {"closed", r.tally.closed_channel},
            {"unfit", r.tally.unfit},
            {"no_buffer", r.tally.no_buffer}}},
          {"bytes_up", r.tally.bytes_up},
          {"bytes_down", r.tally.bytes_down},
          {"round_trip_seconds", distribution(r.tally.rtt)}};
}

Json strangers(const Report& r) {
  Json json = Json::object();
  for (size_t i = 0; i < kStrangerKinds; ++i) {
    const StrangerCount& count = r.strangers[i];
    if (count.came == 0) continue;
    json[std::string(kStrangerNames[i])] = {{"came", count.came},
                                            {"not_sent", count.not_sent},
                                            {"opened", count.opened},
                                            {"shown_out", count.shown_out},
                                            {"stay_seconds", distribution(count.stay)}};
  }
  return json;
}

Json slow_readers(const Report& r) {
  Json json = Json::object();
  for (size_t i = 0; i < kSlowReaderKinds; ++i) {
    const SlowReaderCount& count = r.slow_readers[i];
    if (count.wanted == 0) continue;
    json[std::string(kSlowReaderNames[i])] = {
        {"wanted", count.wanted},       {"up", count.up},
        {"refused", count.refused},     {"slow", count.slow},
        {"shown_out", count.shown_out}, {"kept", count.kept},
        {"ends", reasons(count.ends)},  {"echoes_asked", count.requests},
        {"echoes_read", count.answers}, {"damaged", count.damaged},
        {"foreign", count.foreign},     {"stay_seconds", distribution(count.stay)}};
  }
  return json;
}

}  // namespace

nlohmann::ordered_json as_json(const Report& r) {
  const Tally& t = r.tally;
  Json json = {{"headend", r.url},
               {"complete", r.complete},
               {"end", r.end},
               {"sessions",
                {{"asked", r.asked}, {"peak", r.peak}, {"held", r.held}, {"gave_up", r.gave_up}}},
               {"log_ins_per_second", r.log_ins_per_second()}};
  for (size_t i = 0; i < kPhases - 1; ++i)
    json["phases_seconds"][kPhaseNames[i]] = r.seconds[i];
  json["log_ins"] = attempts(t.log_ins, t.setup);
  json["reconnects"] = attempts(t.reconnects, t.reconnect);
  json["dtls"] = attempts(t.dtls, t.dtls_setup);
  json["dtls"]["again"] = attempts(t.dtls_again);
  json["dtls"]["held"] = r.held_dtls;
  json["roams"] = {{"port", t.roamed_port},
                   {"address", t.roamed_address},
                   {"failed", t.roams_failed},
                   {"seconds", distribution(t.roam)}};
  json["left"] = t.left;
  json["vanished"] = t.vanished;
  json["closed"] = t.closed;
  json["dtls_closed"] = t.dtls_closed;
  json["failures"] = reasons(t.failures);
  json["closings"] = reasons(t.closings);
  json["dtls_failures"] = reasons(t.dtls_failures);
  json["suites"] = reasons(t.suites);
  json["storms"] = Json::array();
  for (const StormReport& storm : r.storms) {
    json["storms"].push_back(
        {{"members", storm.members}, {"back", storm.back}, {"seconds", storm.seconds}});
  }
  json["data"] = data(r);
  json["strangers"] = strangers(r);
  json["slow_readers"] = slow_readers(r);
  json["own_drops"] = Json::object();
  for (const auto& [name, count] : r.drops)
    json["own_drops"][name] = count;
  json["port_missed"] = r.port_missed;
  json["goals"] = Json::array();
  for (const GoalResult& goal : r.goals) {
    json["goals"].push_back(
        {{"goal", goal.goal.text},
         {"found", goal.found ? Json(*goal.found) : Json(nullptr)},
         {"met", goal.met},
         {"why", goal.found ? Json(nullptr) : Json(why_no_figure(r, goal.goal.figure))}});
  }
  return json;
}

}  // namespace culvert::load
