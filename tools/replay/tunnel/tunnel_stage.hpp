// Where tunnelled traffic takes place: captures loaded, ports, a crowd, sessions, and the loop that moves it all.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/packet/pool.hpp"
#include "dataplane/worker/clock.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/progress.hpp"
#include "tools/replay/survey.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/tunnel/session_set.hpp"
#include "tools/replay/tunnel/tunnel_traffic.hpp"

namespace culvert::replay {

// One core does it all: it is the crowd's, the inside port's and the timetable's. Once a process, since
// DPDK starts once. Everything throws Failure, or std::runtime_error with a sentence; warnings and progress
// go to standard error.
class TunnelStage {
 public:
  TunnelStage(Options& options, const std::atomic<bool>& interrupted)
      : options_(options), interrupted_(interrupted), progress_(options.progress) {}
  ~TunnelStage();
  TunnelStage(const TunnelStage&) = delete;
  TunnelStage& operator=(const TunnelStage&) = delete;

 protected:
  // In this order. The password is wiped from the options when all sessions are there; `rounds` as for
  // AddressedPackets. Captures of which nothing goes through a tunnel, or through these, are refused.
  void load();
  void start();
  void set_up();
  void address_packets(uint64_t rounds);

  // Traffic is what traffic_ points at.
  void make_traffic(TrafficPlan plan);
  // One turn of traffic, the inside port and the crowd. Sleeps a moment when there has been nothing to do for a
  // while: whoever is tested may share the core.
  void turn();
  // What is still on its way may come, as long as anything comes; what still waits to be sent is given up.
  void settle();

  void leave();
  // A headend whose peer on a memif wire goes first may crash, which is the driver's fault.
  void linger();

  // What start() makes the crowd and the inside port of.
  [[nodiscard]] crowd::CrowdConfig crowd_config() const;
  [[nodiscard]] InsideConfig inside_config() const;
  // The outside one, and the inside one if there is one; after start().
  [[nodiscard]] std::vector<const dp::Port*> ports() const;
  [[nodiscard]] dp::Time now() const noexcept { return clock_->at(rte_rdtsc()); }

  Options& options_;
  const std::atomic<bool>& interrupted_;
  Progress progress_;
  TickClock ticks_;
  std::optional<dp::Clock> clock_;  // DPDK must have told how fast the counter ticks
  Survey found_;
  InnerRecording recording_;
  dp::PacketPool pool_;
  dp::BufferLayout layout_{};  // of pools, after start()
  std::unique_ptr<dp::Port> outside_, inside_port_;
  std::unique_ptr<crowd::Crowd> crowd_;
  std::optional<InsidePort> inside_;
  std::unique_ptr<SessionSet> sessions_;
  std::optional<AddressedPackets> packets_;
  std::unique_ptr<TunnelTraffic> traffic_;

 private:
  void rest(bool busy);

  unsigned idle_ = 0;
};

}  // namespace culvert::replay
