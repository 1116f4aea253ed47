// A trial's loop with a clock that runs for one of its two ends only.
#include "tools/replay/tunnel/tester_alone.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <rte_cycles.h>

#include "tools/replay/failure.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kOnTheirWay = 4096;       // packets that each end may hold
constexpr uint32_t kTurnsInARow = 4;         // of the tester's: the far end's work cools its caches
constexpr double kSetUpSeconds = 10;         // for the tunnels
constexpr double kMeanwhileSeconds = 0.002;  // between looks at the real sessions
constexpr unsigned kQuietRounds = 64;        // without an arrival: the rest is lost
constexpr double kIdleSeconds = 1e-5;  // that pass, at least, when the tester has nothing to do
constexpr double kHeldUp = 30;         // times as long as asked for: it does not come to an end

}  // namespace

uint32_t TesterAlone::buffers_for(const crowd::CrowdConfig& config) {
  return 2 * crowd::buffers_for(config, kOnTheirWay);
}

uint64_t TesterAlone::memory_for(const crowd::CrowdConfig& config) {
  return 2 * crowd::memory_for(config) + (4u << 20);
}

TesterAlone::TesterAlone(const crowd::CrowdConfig& config, const InsideConfig& inside,
                         const SessionSet& sessions,
                         const std::vector<crowd::Membership>& memberships,
                         const AddressedPackets& packets, dp::BufferLayout layout,
                         const TickClock& ticks, std::function<void()> meanwhile,
                         const std::atomic<bool>& interrupted)
    : sessions_(sessions),
      ends_(sessions.ends()),
      packets_(packets),
      ticks_(ticks),
      meanwhile_(std::move(meanwhile)),
      interrupted_(interrupted),
      began_(rte_rdtsc()),
      clock_(began_),
      pool_(dp::make_packet_pool("tester-alone", buffers_for(config), config.mtu, layout)),
      counterpart_(config, inside, memberships, pool_.get(), now()) {
  while (!counterpart_.set_up(now())) {
    turns(nullptr);
    look_after_sessions();
    if (ticks_.seconds(rte_rdtsc() - began_) > kSetUpSeconds)
      throw Failure("The tester's tunnels to itself do not come about: give --tester-rate.");
  }
}

void TesterAlone::look_after_sessions() {
  if (interrupted_.load()) throw Failure("Interrupted while the tester was measured.");
  const uint64_t tick = rte_rdtsc();
  if (ticks_.seconds(tick - looked_after_) < kMeanwhileSeconds) return;
  meanwhile_();
  looked_after_ = rte_rdtsc();
}

void TesterAlone::turns(TunnelTraffic* traffic) {
  for (uint32_t i = 0; i < kTurnsInARow; ++i) {
    const dp::Time at = now();
    const uint64_t from = rte_rdtsc();
    bool busy = false;
    if (traffic != nullptr) {
      busy = traffic->send(at, from);
      busy |= traffic->receive(rte_rdtsc());
    }
    counterpart_.inside().poll(at);
    busy |= counterpart_.crowd().poll(at);
    const uint64_t took = rte_rdtsc() - from;
    if (busy) {
      worked_ += took;
    } else {
      idled_ += std::max(took, static_cast<uint64_t>(kIdleSeconds * ticks_.ticks_per_second()));
    }
  }
  counterpart_.turn(now());
}

TrialRecord TesterAlone::run(TrafficPlan plan, double seconds) {
  TunnelTraffic traffic(std::move(plan), packets_, sessions_, ends_, counterpart_.crowd(),
                        &counterpart_.inside(), pool_.get());
  const uint64_t worked_before = worked_;
  const uint64_t from = rte_rdtsc();
  traffic.begin(from);
  while (ticks_.seconds(worked_ - worked_before) < seconds) {
    turns(&traffic);
    look_after_sessions();
    if (ticks_.seconds(rte_rdtsc() - from) > seconds * kHeldUp)
      throw Failure("What the tester sends to itself does not arrive: give --tester-rate.");
  }
  traffic.stop();
  uint64_t arrived = 0;
  for (unsigned quiet = 0; quiet < kQuietRounds; ++quiet) {
    if (traffic.on_their_way() == 0 && traffic.waiting() == 0) break;
    turns(&traffic);
    look_after_sessions();
    if (std::exchange(arrived, traffic.ledger().arrived()) != arrived) quiet = 0;
  }
  traffic.give_up();
  if (traffic.closed() != 0)
    throw Failure("A tunnel from the tester to itself has ended: give --tester-rate.");
  TrialRecord record{.rate = std::numeric_limits<double>::infinity(), .seconds = seconds};
  record.expected = record.sent = traffic.ledger().sent();
  const Tally all = traffic.ledger().total();
  record.arrived = all.intact + all.clamped;
  record.reordered = all.reordered;
  record.duplicates = traffic.ledger().copies();
  record.sent_seconds = ticks_.seconds(worked_ - worked_before);
  return record;
}

}  // namespace culvert::replay
