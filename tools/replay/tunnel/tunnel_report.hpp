// What a tunnelled replay did, for people and for programs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/replay/report.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/tunnel/headend_drops.hpp"
#include "tools/replay/tunnel/inner_recording.hpp"
#include "tools/replay/tunnel/ledger.hpp"
#include "tools/replay/tunnel/tunnel_traffic.hpp"

namespace culvert::replay {

// Packets of one kind.
struct PassageReport {
  bool up = true;
  std::string channel{}, suite{};
  std::string sizes{};  // "65-128"; empty: all
  uint64_t sent = 0, sent_bytes = 0;
  bool watched = true;  // false: nobody was there to see what comes out
  uint64_t intact = 0, intact_bytes = 0, clamped = 0, changed = 0, lost = 0, reordered = 0;
  uint64_t other_channel = 0;
  std::optional<Distribution> latency{};
};

struct TunnelReport {
  std::string headend;
  std::vector<std::string> captures{};
  uint32_t sessions = 0, ready = 0;
  double set_up_s = 0;
  std::map<std::string, uint64_t> ended{};  // sessions, by why they did not last
  uint32_t conversations = 0;
  uint64_t rounds = 0;  // begun
  uint64_t asked =
      0;  // packets of the captures, those left out included; 0: as many as there was time for
  uint64_t taken = 0;  // of them
  NotTunnelled left_out{};
  LeftOut captures_left_out{};
  uint64_t closed = 0, unfit = 0;  // were to be sent, and no tunnel took them
  uint64_t waiting = 0;            // likewise, because it was over before
  std::string pace;
  double seconds = 0;  // from the first packet sent to the last
  std::optional<Distribution> lateness{};
  std::vector<PassageReport> totals{};  // up, down
  std::vector<PassageReport> suites{};  // by direction, channel, suite
  std::vector<PassageReport> sizes{};   // and by size too
  uint64_t copies = 0, strangers = 0, foreign = 0;
  DropCounts here{};  // dropped by this side of the tunnels, by the same names
  std::optional<DropCounts> headend_drops{};  // nothing: --cli was not given, or see `missing`
  std::string missing{};                      // what was asked for and is not here, and why
  std::string end{};
  bool complete = true;
};

// Whether all that was asked for was sent, and told. What has no end is not the less for that.
[[nodiscard]] inline bool whole(const TunnelReport& r) noexcept {
  return (r.asked == 0 || r.taken == r.asked) && r.waiting == 0 && r.closed == 0 && r.unfit == 0 &&
         r.ended.empty() && r.missing.empty();
}

// The parts that the traffic knows.
void gather_passages(const TunnelTraffic& traffic, bool watched_up, const TickClock& clock,
                     TunnelReport& report);

[[nodiscard]] std::string as_text(const TunnelReport& report);
[[nodiscard]] nlohmann::ordered_json as_json(const TunnelReport& report);

}  // namespace culvert::replay
