// The summary for people.
#include <fmt/format.h>

#include "tools/replay/pace.hpp"
#include "tools/replay/report.hpp"
#include "tools/replay/report_rows.hpp"

namespace culvert::replay {

namespace {

std::string traffic_text(const Traffic& t) {
  std::string said = fmt::format("{} packets, {} bytes", t.packets, t.bytes);
  if (t.seconds <= 0) return said;
  return said + fmt::format(" in {:.3f} s: {}packets/s, {}bit/s on layer 1, {}bit/s on layer 2",
                            t.seconds, with_prefix(t.packets_per_second()),
                            with_prefix(t.layer1_bits_per_second()),
                            with_prefix(t.layer2_bits_per_second()));
}

std::string microseconds(double ns) {
  return fmt::format("{:.2f}", ns / 1000);
}

std::string distribution(const Distribution& d) {
  std::string said = fmt::format("min {}, mean {}", microseconds(d.min), microseconds(d.mean));
  for (const auto& [percent, value] : d.percentiles)
    said += fmt::format(", {:g} % {}", percent, microseconds(value));
  return said + fmt::format(", max {} microseconds", microseconds(d.max));
}

std::string left_out_text(const LeftOut& out) {
  return Counts()
      .add(out.filtered, "by the filter")
      .add(out.truncated, "not whole")
      .add(out.oversized, "too large")
      .add(out.unfit, "too large for the driver")
      .add(out.runt, "too short")
      .text();
}

std::string sent_text(const SentReport& s) {
  std::string said = fmt::format("Sent on {} from {}\n", s.port, listed(s.captures));
  said += row("sent", traffic_text(s.sent));
  const std::string asked = s.asked ? fmt::format("{} packets", *s.asked) : std::string("no end");
  said += row("asked", asked + ", " + s.pace);
  if (s.lateness) said += row("late by", distribution(*s.lateness));
  if (s.refusals != 0) {
    said += row("full", fmt::format("{} times the port did not take all at once", s.refusals));
  }
  said += row("left out", left_out_text(s.left_out));
  for (const std::string& damage : s.left_out.damages)
    said += row("damaged", damage);
  if (s.out_of_order != 0) {
    said += row("order", fmt::format("{} packets were recorded before the one that precedes them",
                                     s.out_of_order));
  }
  if (s.shortened_gaps != 0) said += row("gaps", fmt::format("{} shortened", s.shortened_gaps));
  return said;
}

std::string received_text(const ReceivedReport& r) {
  std::string said = fmt::format("Received on {}\n", r.port);
  said += row("received", traffic_text(r.received));
  if (r.missed != 0)
    said += row("missed", fmt::format("{} that the port had no room for", r.missed));
  if (!r.tracked) return said;
  said +=
      row("tracked", fmt::format("{} streams, {} packets without a mark", r.streams, r.unmarked));
  said += row("missing", fmt::format("{} before the last that came", r.missing));
  said += row("order", fmt::format("{} behind their turn, by {} at most; {} copies", r.reordered,
                                   r.furthest, r.duplicates));
  if (r.latency) said += row("latency", distribution(*r.latency));
  return said;
}

}  // namespace

std::string as_text(const Report& report) {
  std::string said;
  for (const SentReport& s : report.sent)
    said += sent_text(s);
  for (const ReceivedReport& r : report.received)
    said += received_text(r);
  if (report.written) {
    const WrittenReport& w = *report.written;
    said += fmt::format("Written to {}: {} packets", w.path, w.packets);
    if (w.unwritten != 0) said += fmt::format(", {} more came too fast", w.unwritten);
    said += w.trouble.empty() ? "\n" : ". " + w.trouble + "\n";
  }
  if (report.lost) said += fmt::format("Lost: {} packets\n", *report.lost);
  if (report.surplus != 0) {
    said += fmt::format(
        "Lost: not known, for {} packets more came than were sent: others send there, too, or "
        "packets came twice\n",
        report.surplus);
  }
  said += fmt::format("{}: {}\n", report.complete ? "Complete" : "Not complete", report.end);
  return said;
}

}  // namespace culvert::replay
