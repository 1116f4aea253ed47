// "hold 12 s: 500 up, 498 with DTLS, 3 on their way, 20.0/s | took 12 ms, 99 % 40 ms | data 1200/1200"
#include "tools/load/status_line.hpp"

#include <fmt/format.h>

#include "tools/load/goal.hpp"

namespace culvert::load {

std::string status_line(const Scenario& scenario, const crowd::CrowdCounters& crowd,
                        const Tally& tally, const LedgerTotals& data, LineMemory& before,
                        Time now) {
  const uint64_t set_ups = tally.log_ins.worked + tally.reconnects.worked + tally.roamed_address;
  const double since = in_seconds(now - before.at);
  const double rate = since > 0 ? static_cast<double>(set_ups - before.set_ups) / since : 0;
  before = {now, set_ups};
  const Phase phase = scenario.phase();
  std::string line =
      fmt::format("{} {:.0f} s: {} up, {} with DTLS, {} on their way, {:.0f}/s",
                  kPhaseNames[static_cast<size_t>(phase)], in_seconds(now - scenario.began(phase)),
                  scenario.up().size(), crowd.dtls_up, scenario.on_their_way(), rate);
  const uint64_t failed = tally.log_ins.failed + tally.reconnects.failed + tally.roams_failed;
  if (failed != 0) line += fmt::format(", {} failed", failed);
  if (tally.closed != 0) line += fmt::format(", {} closed", tally.closed);
  if (tally.dtls.failed != 0) line += fmt::format(", DTLS failed {} times", tally.dtls.failed);
  const replay::Histogram& times = tally.reconnect.count() != 0 ? tally.reconnect : tally.setup;
  if (times.count() != 0) {
    const auto seconds = [&](double percent) {
      return with_unit(static_cast<double>(times.percentile(percent)) * 1e-6, Unit::seconds);
    };
    line += fmt::format(" | took {}, 99 % {}", seconds(50), seconds(99));
  }
  if (data.sent != 0) line += fmt::format(" | data {}/{}", data.answered, data.sent);
  return line;
}

}  // namespace culvert::load
