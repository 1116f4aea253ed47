// The report for people.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tools/load/buckets.hpp"
#include "tools/load/report.hpp"

namespace culvert::load {

namespace {

std::string row(const char* name, const std::string& value) {
  return fmt::format("  {:<13}{}\n", name, value);
}

std::string seconds(double microseconds) {
  return with_unit(microseconds * 1e-6, Unit::seconds);
}

std::string distribution_text(const replay::Histogram& of) {
  std::string said =
      fmt::format("min {}, mean {}", seconds(static_cast<double>(of.min())), seconds(of.mean()));
  for (const double percent : kPercents)
    said +=
        fmt::format(", {:g} % {}", percent, seconds(static_cast<double>(of.percentile(percent))));
  return said + ", max " + seconds(static_cast<double>(of.max()));
}

// The longest bar has `kWidth` signs.
std::string bars(const replay::Histogram& of) {
  constexpr double kWidth = 50;
  const std::vector<Bucket> buckets = buckets_of(of);
  const auto most = std::ranges::max_element(buckets, {}, &Bucket::count);
  std::string said;
  for (const Bucket& each : buckets) {
    const double share = static_cast<double>(each.count) / static_cast<double>(most->count);
    said += fmt::format("    < {:>9} {:>8} {}\n", seconds(each.below), each.count,
                        std::string(static_cast<size_t>(std::ceil(share * kWidth)), '#'));
  }
  return said;
}

std::string attempts_text(const Attempts& a) {
  return a.failed == 0 ? fmt::format("{}", a.worked)
                       : fmt::format("{} of {}, {} failed", a.worked, a.made, a.failed);
}

std::string reasons_text(const Reasons& of) {
  std::string said;
  for (const auto& [why, times] : of)
    said += fmt::format("{}{} {}", said.empty() ? "" : ", ", times, why);
  return said;
}

std::string data_text(const Report& r) {
  const LedgerTotals& d = r.data;
  std::string said =
      row("data", fmt::format("{} echo requests, {} answered, {} lost, {} damaged, {} double; {} "
                              "of the sessions got answers",
                              d.sent, d.answered, d.missing(), r.tally.damaged, d.again, d.heard));
  if (d.interrupted != 0) {
    said += row("", fmt::format("{} were on their way when their tunnel was cut, moved or left; {} "
                                "of their answers came late",
                                d.interrupted, d.late));
  }
  const Tally& t = r.tally;
  if (t.later + t.closed_channel + t.unfit + t.no_buffer != 0) {
    said += row("not sent", fmt::format("{} for which TCP had no room, {} without a channel, {} "
                                        "that were too large for it, {} without a packet buffer",
                                        t.later, t.closed_channel, t.unfit, t.no_buffer));
  }
  if (r.tally.rtt.count() != 0) said += row("round trip", distribution_text(r.tally.rtt));
  return said;
}

std::string strangers_text(const Report& r) {
  std::string said;
  for (size_t i = 0; i < kStrangerKinds; ++i) {
    const StrangerCount& count = r.strangers[i];
    if (count.came == 0) continue;
    std::string words = fmt::format("{} {}", count.came, kStrangerNames[i]);
    if (count.opened != 0) words += fmt::format(", {} with a connection", count.opened);
    if (count.shown_out != 0) {
      words += fmt::format(", {} shown out after {} on average", count.shown_out,
                           seconds(count.stay.mean()));
    }
    if (count.not_sent != 0) words += fmt::format(", {} could not be sent", count.not_sent);
    said += row("strangers", words);
  }
  return said;
}

std::string slow_readers_text(const Report& r) {
  std::string said;
  for (size_t i = 0; i < kSlowReaderKinds; ++i) {
    const SlowReaderCount& count = r.slow_readers[i];
    if (count.wanted == 0) continue;
    std::string words = fmt::format("{} of {} {}, {} kept to the end, {} shown out", count.slow,
                                    count.wanted, kSlowReaderNames[i], count.kept, count.shown_out);
    if (count.stay.count() != 0)
      words += fmt::format(", after {} on average", seconds(count.stay.mean()));
    words += fmt::format("; of {} echoes they read {}", count.requests, count.answers);
    if (count.damaged + count.foreign != 0)
      words += fmt::format(", and {} damaged, {} others", count.damaged, count.foreign);
    if (!count.ends.empty()) words += "; " + reasons_text(count.ends);
    said += row("slow readers", words);
  }
  return said;
}

std::string times(const char* name, const replay::Histogram& of) {
  return of.count() == 0 ? "" : row(name, distribution_text(of)) + bars(of);
}

std::string set_ups(const Report& r) {
  const Tally& t = r.tally;
  std::string said = row("log-ins", fmt::format("{}, {:.1f} a second in the ramp",
                                                attempts_text(t.log_ins), r.log_ins_per_second()));
  said += times("  took", t.setup);
  if (t.dtls.made != 0) {
    said += row("DTLS", fmt::format("{}; {} had it at the end of the hold", attempts_text(t.dtls),
                                    r.held_dtls));
    if (t.dtls_again.made != 0)
      said += row("  again", attempts_text(t.dtls_again) + " of those, by who had tried before");
    said += times("  took", t.dtls_setup);
  }
  for (const StormReport& storm : r.storms) {
    said += row("storm", fmt::format("{} of {} were back, the last after {}", storm.back,
                                     storm.members, with_unit(storm.seconds, Unit::seconds)));
  }
  if (t.reconnects.made != 0)
    said += row("reconnects", attempts_text(t.reconnects)) + times("  took", t.reconnect);
  if (t.roamed_port + t.roamed_address != 0) {
    said += row("roamed", fmt::format("{} to another port, {} to another address, {} failed",
                                      t.roamed_port, t.roamed_address, t.roams_failed));
    if (t.roam.count() != 0) said += row("  took", distribution_text(t.roam));
  }
  return said;
}

}  // namespace

std::string as_text(const Report& r) {
  const Tally& t = r.tally;
  std::string said = fmt::format("{} sessions on {}\n", r.asked, r.url);
  said += row("sessions",
              fmt::format("{} at the same time, {} at the end of the hold", r.peak, r.held));
  if (r.gave_up != 0) said += row("gave up", fmt::format("{}", r.gave_up));
  said += set_ups(r);
  if (t.left + t.vanished != 0)
    said += row("ended", fmt::format("{} left, {} fell silent", t.left, t.vanished));
  if (t.closed != 0) said += row("were closed", reasons_text(t.closings));
  if (!t.failures.empty()) said += row("failures", reasons_text(t.failures));
  if (!t.dtls_failures.empty()) said += row("of DTLS", reasons_text(t.dtls_failures));
  if (!t.suites.empty()) said += row("suites", reasons_text(t.suites));
  if (r.data_wanted) said += data_text(r);
  said += strangers_text(r) + slow_readers_text(r);
  for (const auto& [name, count] : r.drops)
    said += row("dropped here", fmt::format("{} {}", count, name));
  if (r.port_missed != 0)
    said += row("missed", fmt::format("{} frames that the port had no room for", r.port_missed));
  for (const GoalResult& goal : r.goals) {
    const Unit unit = unit_of_figure(goal.goal.figure).value_or(Unit::count);
    said += row(goal.met ? "goal met" : "GOAL MISSED",
                fmt::format("{}: {}", goal.goal.text,
                            goal.found ? with_unit(*goal.found, unit)
                                       : why_no_figure(r, goal.goal.figure)));
  }
  return said + fmt::format("{}: {}\n", r.complete ? "Complete" : "Not complete", r.end);
}

}  // namespace culvert::load
