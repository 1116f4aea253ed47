// --search through tunnels: what the tester carries by itself.
#pragma once

#include <atomic>
#include <functional>

#include "dataplane/packet/pool.hpp"
#include "dataplane/worker/clock.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/trial.hpp"
#include "tools/replay/tunnel/counterpart.hpp"
#include "tools/replay/tunnel/inner_recording.hpp"
#include "tools/replay/tunnel/session_set.hpp"
#include "tools/replay/tunnel/tunnel_traffic.hpp"

namespace culvert::replay {

// All that a trial costs the tester: packets are taken, numbered, sealed, handed to a port, come out at the inside port
// and are compared there, and the other way round. Both ends of the tunnels are in this core. The clock by which all
// this goes stands still while it is the far end's turn: its work is a headend's, and no part of the tester's.
class TesterAlone {
 public:
  // Packet buffers, and bytes of DPDK's memory beside them, that it needs.
  [[nodiscard]] static uint32_t buffers_for(const crowd::CrowdConfig& config);
  [[nodiscard]] static uint64_t memory_for(const crowd::CrowdConfig& config);

  // `packets` have the addresses of `sessions`, which are all ready. `meanwhile` is called a few hundred times a second
  // so that those sessions live on. Throws Failure, or std::runtime_error with a sentence.
  TesterAlone(const crowd::CrowdConfig& config, const InsideConfig& inside,
              const SessionSet& sessions, const std::vector<crowd::Membership>& memberships,
              const AddressedPackets& packets, dp::BufferLayout layout, const TickClock& ticks,
              std::function<void()> meanwhile, const std::atomic<bool>& interrupted);

  // What `plan` says, endlessly, for so many seconds of the tester's own work; `sent_seconds` is how long that was.
  [[nodiscard]] TrialRecord run(TrafficPlan plan, double seconds);

 private:
  // A few turns of the tester's, whose time counts, and then the far end's.
  void turns(TunnelTraffic* traffic);
  void look_after_sessions();
  [[nodiscard]] dp::Time now() const noexcept { return clock_.at(began_ + worked_ + idled_); }

  const SessionSet& sessions_;
  const std::vector<SessionEnds> ends_;
  const AddressedPackets& packets_;
  const TickClock& ticks_;
  const std::function<void()> meanwhile_;
  const std::atomic<bool>& interrupted_;
  const uint64_t began_;
  const dp::Clock clock_;
  uint64_t worked_ = 0;  // ticks of the tester's turns
  uint64_t idled_ = 0;   // that passed while it had nothing to do
  uint64_t looked_after_ = 0;
  dp::PacketPool pool_;
  Counterpart counterpart_;
};

}  // namespace culvert::replay
