// The summary for people.
#include <fmt/format.h>

#include "tools/replay/pace.hpp"
#include "tools/replay/report_rows.hpp"
#include "tools/replay/tunnel/tunnel_report.hpp"

namespace culvert::replay {

namespace {

std::string drops(const DropCounts& counts) {
  Counts said;
  for (const auto& [keyword, count] : counts)
    said.add(count, keyword);
  return said.text();
}

std::string latency(const Distribution& d) {
  std::string said = fmt::format("{:.1f}", d.mean / 1000);
  for (const auto& [percent, value] : d.percentiles)
    said += fmt::format(", {:g} % {:.1f}", percent, value / 1000);
  return "mean " + said + fmt::format(", max {:.1f} microseconds", d.max / 1000);
}

std::string total(const PassageReport& p) {
  const char* name = p.up ? "up" : "down";
  std::string said = fmt::format("{} packets, {} bytes sent", p.sent, p.sent_bytes);
  if (!p.watched) return row(name, said + "; nobody looked at what came out");
  said += fmt::format("; {} intact, {} lost", p.intact, p.lost);
  Counts more;
  more.add(p.clamped, "with a lowered segment size").add(p.changed, "CHANGED");
  more.add(p.reordered, "out of order").add(p.other_channel, "over the other channel");
  if (!more.text().empty()) said += ", " + more.text();
  said = row(name, said);
  if (p.latency) said += row("", "latency " + latency(*p.latency));
  return said;
}

double microseconds(const std::optional<Distribution>& d, double percent) {
  return d ? d->at(percent) / 1000 : 0;
}

std::string table(const std::vector<PassageReport>& rows) {
  std::string said = fmt::format(
      "  {:<5}{:<5}{:<36}{:>14}{:>10}{:>10}{:>8}{:>9}{:>11}{:>10}{:>10}\n", "", "", "cipher",
      "bytes", "sent", "intact", "lost", "changed", "reordered", "50 % µs", "99 % µs");
  for (const PassageReport& p : rows) {
    said += fmt::format("  {:<5}{:<5}{:<36}{:>14}{:>10}", p.up ? "up" : "down", p.channel, p.suite,
                        p.sizes.empty() ? "all" : p.sizes, p.sent);
    if (p.watched) {
      said += fmt::format("{:>10}{:>8}{:>9}{:>11}{:>10.1f}{:>10.1f}", p.intact + p.clamped, p.lost,
                          p.changed, p.reordered, microseconds(p.latency, 50),
                          microseconds(p.latency, 99));
    }
    said += "\n";
  }
  return said;
}

std::string sent(const TunnelReport& r) {
  uint64_t packets = 0, bytes = 0;
  for (const PassageReport& p : r.totals) {
    packets += p.sent;
    bytes += p.sent_bytes;
  }
  std::string said = fmt::format("{} packets, {} bytes", packets, bytes);
  if (r.seconds <= 0) return said;
  return said + fmt::format(" in {:.3f} s: {}packets/s, {}bit/s of IP packets", r.seconds,
                            with_prefix(static_cast<double>(packets) / r.seconds),
                            with_prefix(8 * static_cast<double>(bytes) / r.seconds));
}

}  // namespace

std::string as_text(const TunnelReport& r) {
  std::string said = fmt::format("Through tunnels to {} from {}\n", r.headend, listed(r.captures));
  said += row("sessions", fmt::format("{} of {} in {:.3f} s", r.ready, r.sessions, r.set_up_s));
  for (const auto& [why, count] : r.ended)
    said += row("ended", fmt::format("{}: {}", count, why));
  said += row("sent", sent(r));
  said += row("asked", (r.asked == 0 ? std::string("no end") : fmt::format("{} packets", r.asked)) +
                           fmt::format(", {} conversations, {}", r.conversations, r.pace));
  said += row("left out", Counts()
                              .add(r.left_out.not_ip, "not IP")
                              .add(r.left_out.not_whole, "not whole")
                              .add(r.left_out.one_address, "to their own source")
                              .add(r.left_out.too_large, "larger than the tunnel")
                              .add(r.left_out.no_family, "of a family without address")
                              .text());
  said += row("of captures", Counts()
                                 .add(r.captures_left_out.filtered, "by the filter")
                                 .add(r.captures_left_out.truncated, "not whole")
                                 .add(r.captures_left_out.runt, "too short")
                                 .add(r.captures_left_out.oversized, "too large for any tunnel")
                                 .text());
  for (const std::string& damage : r.captures_left_out.damages)
    said += row("damaged", damage);
  said += row("not sent", Counts()
                              .add(r.closed, "of sessions that had ended")
                              .add(r.unfit, "that the tunnel did not take")
                              .add(r.waiting, "that waited to the end")
                              .text());
  if (r.lateness) said += row("late by", latency(*r.lateness));
  for (const PassageReport& p : r.totals)
    said += total(p);
  said += row("besides", Counts()
                             .add(r.copies, "copies")
                             .add(r.strangers, "with numbers that are not on their way")
                             .add(r.foreign, "that are none of ours")
                             .text());
  said += row("dropped here", drops(r.here));
  if (r.headend_drops) {
    said += row("headend drops", r.headend_drops->empty() ? "none" : drops(*r.headend_drops));
  }
  if (!r.suites.empty()) said += "\n" + table(r.suites) + "\n" + table(r.sizes);
  return said + row("missing", r.missing) + row("end", r.end);
}

}  // namespace culvert::replay
