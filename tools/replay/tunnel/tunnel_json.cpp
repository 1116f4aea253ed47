// The summary for programs.
#include "tools/replay/tunnel/tunnel_report.hpp"

namespace culvert::replay {

namespace {

using Json = nlohmann::ordered_json;

Json passage(const PassageReport& p) {
  Json json = {{"direction", p.up ? "up" : "down"}};
  if (!p.channel.empty()) json.update(Json{{"channel", p.channel}, {"cipher", p.suite}});
  if (!p.sizes.empty()) json["sizes"] = p.sizes;
  json.update(Json{{"sent", p.sent}, {"sent_bytes", p.sent_bytes}});
  if (!p.watched) return json;
  json.update(Json{{"intact", p.intact},
                   {"intact_bytes", p.intact_bytes},
                   {"clamped", p.clamped},
                   {"changed", p.changed},
                   {"lost", p.lost},
                   {"reordered", p.reordered},
                   {"other_channel", p.other_channel},
                   {"latency_ns", distribution_json(p.latency)}});
  return json;
}

Json passages(const std::vector<PassageReport>& all) {
  Json json = Json::array();
  for (const PassageReport& p : all)
    json.push_back(passage(p));
  return json;
}

Json left_out(const TunnelReport& r) {
  const LeftOut& captured = r.captures_left_out;
  return {{"not_ip", r.left_out.not_ip},
          {"not_whole", r.left_out.not_whole},
          {"one_address", r.left_out.one_address},
          {"too_large", r.left_out.too_large},
          {"no_family", r.left_out.no_family},
          {"filtered", captured.filtered},
          {"truncated", captured.truncated},
          {"oversized", captured.oversized},
          {"runt", captured.runt},
          {"damages", captured.damages}};
}

}  // namespace

Json as_json(const TunnelReport& r) {
  return {{"complete", r.complete},
          {"end", r.end},
          {"missing", r.missing.empty() ? Json(nullptr) : Json(r.missing)},
          {"headend", r.headend},
          {"captures", r.captures},
          {"sessions", r.sessions},
          {"sessions_ready", r.ready},
          {"sessions_ended", r.ended},
          {"set_up_seconds", r.set_up_s},
          {"conversations", r.conversations},
          {"rounds", r.rounds},
          {"asked_packets", r.asked == 0 ? Json(nullptr) : Json(r.asked)},
          {"taken_packets", r.taken},
          {"left_out", left_out(r)},
          {"unsent", {{"closed", r.closed}, {"unfit", r.unfit}, {"waiting", r.waiting}}},
          {"asked_pace", r.pace},
          {"seconds", r.seconds},
          {"lateness_ns", distribution_json(r.lateness)},
          {"total", passages(r.totals)},
          {"by_cipher", passages(r.suites)},
          {"by_size", passages(r.sizes)},
          {"copies", r.copies},
          {"strangers", r.strangers},
          {"foreign", r.foreign},
          {"drops_here", r.here},
          {"headend_drops", r.headend_drops ? Json(*r.headend_drops) : Json(nullptr)}};
}

}  // namespace culvert::replay
