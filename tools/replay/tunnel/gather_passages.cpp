// Tallies summed up three times: by direction, by suite, by size.
#include <fmt/format.h>

#include "tools/replay/gather.hpp"
#include "tools/replay/tunnel/tunnel_report.hpp"

namespace culvert::replay {

namespace {

std::string name_of_class(size_t index) {
  const uint32_t first = index == 0 ? 0 : kSizeClasses[index - 1] + 1;
  if (index + 1 == kSizeClasses.size()) return fmt::format("{} and more", first);
  return index == 0 ? fmt::format("up to {}", kSizeClasses[0])
                    : fmt::format("{}-{}", first, kSizeClasses[index]);
}

PassageReport report_of(const Tally& tally, const TallyName& name, bool watched,
                        const TickClock& clock) {
  PassageReport report{.up = name.up,
                       .channel = name.channel == crowd::Channel::tls ? "TLS" : "DTLS",
                       .suite = name.suite};
  report.sent = tally.sent;
  report.sent_bytes = tally.sent_bytes;
  report.watched = watched;
  if (!watched) return report;
  report.intact = tally.intact;
  report.intact_bytes = tally.intact_bytes;
  report.clamped = tally.clamped;
  report.changed = tally.changed;
  report.lost = tally.lost();
  report.reordered = tally.reordered;
  report.other_channel = tally.other_channel;
  report.latency = distribution(tally.latency, clock);
  return report;
}

}  // namespace

void gather_passages(const TunnelTraffic& traffic, bool watched_up, const TickClock& clock,
                     TunnelReport& report) {
  const auto& tallies = traffic.ledger().tallies();
  Tally directions[2];
  for (size_t i = 0; i < traffic.tally_names().size(); ++i) {
    const TallyName& name = traffic.tally_names()[i];
    const bool watched = watched_up || !name.up;
    Tally suite;
    for (size_t size = 0; size < kSizeClasses.size(); ++size) {
      const Tally& tally = *tallies[i * kSizeClasses.size() + size];
      if (tally.sent == 0) continue;
      suite.add(tally);
      PassageReport& row = report.sizes.emplace_back(report_of(tally, name, watched, clock));
      row.sizes = name_of_class(size);
    }
    if (suite.sent == 0) continue;
    report.suites.push_back(report_of(suite, name, watched, clock));
    directions[name.up ? 0 : 1].add(suite);
  }
  for (const bool up : {true, false}) {
    const Tally& tally = directions[up ? 0 : 1];
    if (tally.sent == 0) continue;
    PassageReport& row =
        report.totals.emplace_back(report_of(tally, {up, {}, {}}, watched_up || !up, clock));
    row.channel.clear();
  }
}

}  // namespace culvert::replay
