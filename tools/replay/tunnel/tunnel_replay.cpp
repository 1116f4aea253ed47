// One run of traffic through tunnels, and its report.
#include "tools/replay/tunnel/tunnel_replay.hpp"

#include <fmt/format.h>

#include "tools/replay/ending.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/tunnel/tunnel_stage.hpp"

namespace culvert::replay {

namespace {

class Run : TunnelStage {
 public:
  using TunnelStage::TunnelStage;
  TunnelReport go();

 private:
  void play();
  [[nodiscard]] std::string early_end(Standstill& standstill, double elapsed);
  void show_progress(double elapsed);
  void count_drops();
  void fill(TunnelReport& report);

  DropCounts drops_before_;
  std::optional<DropCounts> drops_;  // the headend's, meanwhile
  std::string missing_;              // of the report, and why
  bool stands_still_ = false;
  std::string end_ = "everything was sent";
};

// Why it ends before everything is sent; empty: it goes on.
std::string Run::early_end(Standstill& standstill, double elapsed) {
  if (interrupted_.load()) return "interrupted";
  if (options_.seconds > 0 && elapsed >= options_.seconds)
    return fmt::format("{:g} seconds are over", options_.seconds);
  stands_still_ = standstill.over(traffic_->settled(), traffic_->held_up(), elapsed);
  if (stands_still_) return fmt::format("{} for {:g} s", traffic_->held_up_by(), kPatienceSeconds);
  return {};
}

void Run::show_progress(double elapsed) {
  const Ledger& ledger = traffic_->ledger();
  std::string line = fmt::format("sent {} ({}packets/s)", ledger.sent(),
                                 with_prefix(static_cast<double>(ledger.sent()) / elapsed));
  const HowFar far{.elapsed_s = elapsed, .sent = traffic_->taken(), .to_send = traffic_->total()};
  if (const auto left = seconds_left({}, far))
    line += fmt::format(" of {}, {:.0f} s left", far.to_send, *left);
  progress_.show(line + fmt::format(", on their way or lost {}", traffic_->on_their_way()));
}

void Run::play() {
  address_packets(options_.loops);
  const uint64_t origin = recording_.recorded.empty() ? 0 : recording_.recorded.front().time_ns;
  TrafficPlan plan{.rounds = options_.loops,
                   .times = make_timetable(options_.pace, recording_.recorded, origin,
                                           ticks_.ticks_per_second())};
  make_traffic(std::move(plan));
  if (!options_.tunnel.cli_socket.empty())
    drops_before_ = headend_drops(options_.tunnel.cli_socket);
  const uint64_t began = rte_rdtsc();
  traffic_->begin(began);
  Standstill standstill(0, kPatienceSeconds);
  while (!traffic_->all_sent()) {
    turn();
    sessions_->watch();
    const double elapsed = ticks_.seconds(rte_rdtsc() - began);
    if (std::string why = early_end(standstill, elapsed); !why.empty()) {
      end_ = std::move(why);
      traffic_->stop();
      break;
    }
    if (progress_.due()) show_progress(elapsed);
  }
}

// All the rest is there by then, and is not to be lost for this.
void Run::count_drops() {
  if (options_.tunnel.cli_socket.empty()) return;
  try {
    drops_ = drops_since(drops_before_, headend_drops(options_.tunnel.cli_socket));
  } catch (const Failure& failure) {
    missing_ = fmt::format("what the headend dropped: {}", failure.what());
  }
}

void Run::fill(TunnelReport& report) {
  const TunnelTraffic& traffic = *traffic_;
  report.headend = options_.tunnel.headend;
  report.captures = options_.captures;
  report.sessions = sessions_->size();
  report.ready = sessions_->ready();
  report.set_up_s = sessions_->set_up_seconds();
  report.ended = sessions_->ended();
  report.conversations = recording_.conversations;
  report.rounds = traffic.rounds_begun();
  report.left_out = packets_->left_out(traffic.taken());
  // What a tunnel never carries is no packet of the traffic's, but one of the captures'.
  const NotTunnelled& out = report.left_out;
  report.taken = traffic.taken() + out.of_no_session();
  report.asked = (packets_->a_round() + recording_.left_out.of_no_session()) * options_.loops;
  report.captures_left_out = found_.left_out;
  report.closed = traffic.closed();
  report.unfit = traffic.unfit();
  report.waiting = traffic.given_up();
  report.pace = describe(options_.pace);
  report.seconds = ticks_.seconds(traffic.last_sent() - traffic.first_sent());
  report.lateness = distribution(traffic.lateness(), ticks_);
  gather_passages(traffic, inside_.has_value(), ticks_, report);
  report.copies = traffic.ledger().copies();
  report.strangers = traffic.ledger().strangers();
  report.foreign = traffic.foreign();
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const uint64_t count = crowd_->drops().get(reason);
    if (count != 0) report.here[std::string(dp::text(reason).keyword)] = count;
  }
  report.headend_drops = drops_;
  report.missing = missing_;
  report.end = end_;
  report.complete = whole(report) && !stands_still_;
}

TunnelReport Run::go() {
  load();
  start();
  set_up();
  play();
  settle();
  progress_.end();
  count_drops();
  TunnelReport report;
  fill(report);
  leave();
  linger();
  return report;
}

}  // namespace

TunnelReport replay_through_tunnels(Options& options, const std::atomic<bool>& interrupted) {
  return Run(options, interrupted).go();
}

}  // namespace culvert::replay
