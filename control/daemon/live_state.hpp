// The show commands' view of the running headend.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "control/config/config.hpp"
#include "control/log/log.hpp"
#include "control/setup/listeners.hpp"
#include "control/setup/server.hpp"
#include "control/show/snapshot.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/worker/dataplane.hpp"

namespace culvert::control {

// The workers' counters are read one by one, without any order among them.
inline constexpr auto kRelaxed = std::memory_order_relaxed;

class LiveState final : public StateSource {
 public:
  using Configure = std::function<ConfigChange(const std::string& lines, const std::string& by)>;

  LiveState(const Config& config, Log& log, const dp::Dataplane& dataplane,
            const Listeners& listeners, Captures& captures, std::string config_file,
            Configure configure);

  // nullptr before set-up exists and after it is gone.
  void set_setup(Setup* setup) noexcept { setup_ = setup; }
  // Ten times a second: what is measured over time.
  void tick();

  [[nodiscard]] Time now() const override { return std::chrono::system_clock::now(); }
  [[nodiscard]] const Config& config() const override { return config_; }
  [[nodiscard]] std::vector<SessionView> sessions() const override;
  [[nodiscard]] SessionSummary session_summary() const override;
  [[nodiscard]] DropState drops() const override;
  [[nodiscard]] std::vector<SocketView> sockets() const override;
  [[nodiscard]] std::vector<InterfaceView> interfaces() const override;
  [[nodiscard]] VersionView version() const override;
  [[nodiscard]] LogView log() const override { return log_.view(); }
  [[nodiscard]] std::vector<ArpView> arp() const override;
  [[nodiscard]] std::vector<NeighbourView> neighbours6() const override;
  [[nodiscard]] std::vector<RouteView> routes() const override;
  [[nodiscard]] std::vector<WorkerView> workers() const override;
  [[nodiscard]] std::vector<CarriedTunnelView> carried_tunnels() const override;
  [[nodiscard]] ResourceView resources() const override;
  [[nodiscard]] std::vector<CounterView> tcp_counters() const override;
  [[nodiscard]] std::vector<CounterView> setup_counters() const override;
  [[nodiscard]] IcmpErrorsView icmp_errors() const override {
    const dp::UnreachableLimit &v4 = dataplane_.unreachable(), &v6 = dataplane_.unreachable6();
    return {v4.sent(), v4.suppressed(), v6.sent(), v6.suppressed()};
  }
  void clear_drops(const std::string& by, const std::vector<std::string>& keywords) override;
  void clear_log() override { log_.clear_buffer(); }
  ConfigChange configure(const std::string& lines, const std::string& by) override {
    return configure_(lines, by);
  }
  DebugLevels& debug() override { return debug_; }
  Captures& captures() override { return captures_; }
  size_t logoff_name(const std::string& username) override;
  size_t logoff_index(uint32_t index) override;
  size_t logoff_all() override;

 private:
  [[nodiscard]] uint64_t dropped(dp::DropReason reason) const noexcept;  // ever

  struct Load {
    uint64_t busy = 0, total = 0;
    unsigned percent = 0;
  };
  const Config& config_;
  Log& log_;
  const dp::Dataplane& dataplane_;
  const Listeners& listeners_;
  Captures& captures_;
  std::string config_file_;
  Configure configure_;
  Time started_;
  Setup* setup_ = nullptr;
  DebugLevels debug_{};
  std::array<uint64_t, dp::kDropReasons> cleared_{};  // counts at the last clearing
  std::optional<Time> last_clearing_;
  std::string cleared_by_;
  std::vector<Load> load_;
  unsigned ticks_ = 0;
  uint64_t peak_tunnels_ = 0;
  uint64_t peak_dtls_ = 0;
};

}  // namespace culvert::control
