// The summary for programs.
#include <fmt/format.h>

#include "tools/replay/report.hpp"

namespace culvert::replay {

namespace {

using Json = nlohmann::ordered_json;

Json traffic(const Traffic& t) {
  return {{"packets", t.packets},
          {"bytes", t.bytes},
          {"seconds", t.seconds},
          {"packets_per_second", t.packets_per_second()},
          {"layer1_bits_per_second", t.layer1_bits_per_second()},
          {"layer2_bits_per_second", t.layer2_bits_per_second()}};
}

Json left_out(const LeftOut& out) {
  return {{"filtered", out.filtered}, {"truncated", out.truncated}, {"oversized", out.oversized},
          {"unfit", out.unfit},       {"runt", out.runt},           {"damages", out.damages}};
}

Json sent(const SentReport& s) {
  Json json = {{"port", s.port}, {"captures", s.captures}};
  json.update(traffic(s.sent));
  json.update(Json{{"asked_packets", s.asked ? Json(*s.asked) : Json(nullptr)},
                   {"asked_pace", s.pace},
                   {"packets_in_captures", s.a_round},
                   {"refused_bursts", s.refusals},
                   {"out_of_order", s.out_of_order},
                   {"shortened_gaps", s.shortened_gaps},
                   {"lateness_ns", distribution_json(s.lateness)},
                   {"left_out", left_out(s.left_out)}});
  return json;
}

Json received(const ReceivedReport& r) {
  Json json = {{"port", r.port}};
  json.update(traffic(r.received));
  json["missed"] = r.missed;
  if (!r.tracked) return json;
  json.update(Json{{"unmarked", r.unmarked},
                   {"streams", r.streams},
                   {"missing", r.missing},
                   {"duplicates", r.duplicates},
                   {"reordered", r.reordered},
                   {"furthest_behind", r.furthest},
                   {"latency_ns", distribution_json(r.latency)}});
  return json;
}

}  // namespace

Json distribution_json(const std::optional<Distribution>& d) {
  if (!d) return nullptr;
  Json json = {{"count", d->count}, {"min", d->min}, {"mean", d->mean}};
  for (const auto& [percent, value] : d->percentiles)
    json[fmt::format("{:g}", percent)] = value;
  json["max"] = d->max;
  return json;
}

Json as_json(const Report& report) {
  Json json = {{"complete", report.complete}, {"end", report.end}};
  json["sent"] = Json::array();
  for (const SentReport& s : report.sent)
    json["sent"].push_back(sent(s));
  json["received"] = Json::array();
  for (const ReceivedReport& r : report.received)
    json["received"].push_back(received(r));
  json["lost"] = report.lost ? Json(*report.lost) : Json(nullptr);
  json["surplus"] = report.surplus;
  if (report.written) {
    json["written"] = {{"file", report.written->path},
                       {"packets", report.written->packets},
                       {"unwritten", report.written->unwritten},
                       {"trouble", report.written->trouble}};
  }
  return json;
}

}  // namespace culvert::replay
