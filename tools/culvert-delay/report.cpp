#include "tools/culvert-delay/report.hpp"

#include <nlohmann/json.hpp>

namespace culvert::delay {

namespace {

nlohmann::json as_json(const Direction& direction) {
  const DirectionCounters& c = direction.counters();
  const Lateness& late = direction.lateness();
  return {{"received", c.received.load()},
          {"received_bytes", c.received_bytes.load()},
          {"lost", c.lost.load()},
          {"queue_full", c.queue_full.load()},
          {"longest_queue_bytes", c.longest_queue.load()},
          {"held_back", c.held_back.load()},
          {"duplicated", c.duplicated.load()},
          {"no_room", c.no_room.load()},
          {"unsent", c.unsent.load()},
          {"sent", c.sent.load()},
          {"sent_bytes", c.sent_bytes.load()},
          {"late_us",
           {{"p50", late.percentile(0.5)},
            {"p90", late.percentile(0.9)},
            {"p99", late.percentile(0.99)},
            {"p99.9", late.percentile(0.999)},
            {"most", late.most() / kMicrosecond}}}};
}

}  // namespace

std::string report(const char* event, const std::vector<std::unique_ptr<Line>>& lines) {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& line : lines) {
    all.push_back(
        {{"there", as_json(line->directions()[0])}, {"back", as_json(line->directions()[1])}});
  }
  return nlohmann::json{{"event", event}, {"lines", all}}.dump();
}

}  // namespace culvert::delay
