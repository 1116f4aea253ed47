// Trials on live sessions.
#include "tools/replay/tunnel/tunnel_search.hpp"

#include <algorithm>
#include <optional>

#include <rte_cycles.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/headend_use.hpp"
#include "tools/replay/search_run.hpp"
#include "tools/replay/tunnel/tester_alone.hpp"
#include "tools/replay/tunnel/tunnel_stage.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kEthernetHeader = 14;  // what is around an IP packet on the wire inside
constexpr double kFastest = 1e9;          // packets a second, more than there can be
constexpr double kAloneSeconds = 0.3;     // of the tester's work, in one trial of it alone

class SearchRun : TunnelStage {
 public:
  using TunnelStage::TunnelStage;
  SearchReport go(const std::function<void(const SearchReport&)>& on_report);

 private:
  [[nodiscard]] TrialRecord trial(double rate, double seconds);
  [[nodiscard]] TrialRecord trial_alone(double seconds);
  void count(TrialRecord& record) const;

  std::optional<TesterAlone> alone_;
  double playable_ = 1;  // share of the recording's packets that fit their tunnels
};

void SearchRun::count(TrialRecord& record) const {
  const TunnelTraffic& traffic = *traffic_;
  const Tally all = traffic.ledger().total();
  record.arrived = all.intact + all.clamped;
  record.reordered = all.reordered;
  record.duplicates = traffic.ledger().copies();
  // What a tunnel's TCP does not take, because the headend is not ready for more, is no fault of the tester's.
  record.sent = traffic.given_up() != 0 ? record.expected : traffic.ledger().sent();
  record.sent_seconds = ticks_.seconds(traffic.last_sent() - traffic.first_sent());
  record.latency = distribution(all.latency, ticks_);
  record.lateness = distribution(traffic.lateness(), ticks_);
}

// The sessions stay, everything else is made anew: numbers, tallies, the timetable.
TrialRecord SearchRun::trial(double rate, double seconds) {
  TrialRecord record{.rate = rate, .seconds = seconds};
  const uint64_t limit = packets_for(rate, seconds);
  record.expected = static_cast<uint64_t>(static_cast<double>(limit) * playable_);
  make_traffic({.rounds = 0,
                .limit = limit,
                .times = make_timetable({.kind = PaceKind::packets_per_second, .value = rate},
                                        recording_.recorded, 0, ticks_.ticks_per_second())});
  const uint64_t missed_before = missed_by(ports());
  const uint64_t began = rte_rdtsc();
  traffic_->begin(began);
  while (!traffic_->all_sent() && ticks_.seconds(rte_rdtsc() - began) < seconds + kGraceSeconds) {
    turn();
    if (interrupted_.load()) break;
  }
  traffic_->stop();
  traffic_->give_up();  // what no channel has taken by now is too late
  if (interrupted_.load()) throw Failure("Interrupted in the middle of a trial.");
  settle();
  sessions_->watch();
  if (!sessions_->ended().empty()) {
    throw Failure(
        "A session ended in the middle of the search: " + sessions_->ended().begin()->first + ".");
  }
  record.missed = missed_by(ports()) - missed_before;
  count(record);
  return record;
}

// As fast as it goes, and with a timetable all the same: looking things up in it is work, too.
TrialRecord SearchRun::trial_alone(double seconds) {
  if (!alone_) {
    std::vector<crowd::Membership> sessions;
    for (uint32_t i = 0; i < sessions_->size(); ++i)
      sessions.push_back(crowd_->membership(i));
    alone_.emplace(
        crowd_config(), inside_config(), *sessions_, sessions, *packets_, layout_, ticks_,
        [this] { turn(); }, interrupted_);
  }
  return alone_->run(
      {.rounds = 0,
       .times = make_timetable({.kind = PaceKind::packets_per_second, .value = kFastest},
                               recording_.recorded, 0, ticks_.ticks_per_second())},
      std::min(seconds, kAloneSeconds));
}

SearchReport SearchRun::go(const std::function<void(const SearchReport&)>& on_report) {
  const SearchWish& wish = options_.search.value();
  load();
  start();
  set_up();
  address_packets(0);

  double packets = 0, frames = 0, bits = 0;
  const uint32_t all = packets_->a_round() * packets_->rounds();
  for (uint32_t i = 0; i < all; ++i) {
    const uint32_t size = (*packets_)[i].size;
    if (size == 0) continue;
    ++packets;
    frames += size + kEthernetHeader;
    bits += 8 * bytes_on_layer1(size + kEthernetHeader);
  }
  playable_ = packets / all;
  Bench bench{.run = [this](double rate, double s) { return trial(rate, s); },
              .mean_frame = frames / packets,
              .bits_on_wire = bits / packets};
  if (wish.tester_rate == 0)
    bench.tester = [this](double, double seconds) { return trial_alone(seconds); };
  if (!wish.headend.empty())
    bench.run = beside_headend(std::move(bench.run), wish.headend, ticks_.ticks_per_second());
  SearchReport report = search_on(bench, wish, progress_);
  report.captures = options_.captures;
  on_report(report);
  leave();
  linger();
  return report;
}

}  // namespace

SearchReport search_through_tunnels(Options& options, const std::atomic<bool>& interrupted,
                                    const std::function<void(const SearchReport&)>& on_report) {
  return SearchRun(options, interrupted).go(on_report);
}

}  // namespace culvert::replay
