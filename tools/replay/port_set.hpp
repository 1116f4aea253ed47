// The ports of a replay: those that send, those that receive, each once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/eal.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/port/port.hpp"
#include "tools/replay/options.hpp"

namespace culvert::replay {

// The devices of the options in the order in which DPDK gets them: those that send first.
[[nodiscard]] std::vector<std::string> devices_of(const Options& options);
// What the ports' own buffers take, bytes.
[[nodiscard]] uint64_t memory_for_ports(const Options& options);

// Bytes of the largest frame that a device's driver sends right, whatever the MTU: net_memif of DPDK 22.11
// leaves flags of frames in several buffers on buffers that it uses again, so that two frames become one. Throws
// std::runtime_error for what is no device's name.
[[nodiscard]] uint32_t largest_frame(const std::string& device);

class PortSet {
 public:
  // Finds and configures them. Throws std::runtime_error with a sentence.
  PortSet(const Options& options, const dp::Eal& eal);

  // In the order of options.ports and options.receive_ports.
  [[nodiscard]] const std::vector<dp::Port*>& sending() const noexcept { return sending_; }
  [[nodiscard]] const std::vector<dp::Port*>& receiving() const noexcept { return receiving_; }
  // For frames that a sender must copy; null unless packets are tracked.
  [[nodiscard]] rte_mempool* copies() const noexcept { return copies_.get(); }

  void start();
  void stop() noexcept;
  [[nodiscard]] bool all_links_down() const;  // of the ports that send; false if there is none

 private:
  dp::PacketPool pool_, copies_;
  std::vector<std::unique_ptr<dp::Port>> ports_;
  std::vector<dp::Port*> sending_, receiving_;
};

}  // namespace culvert::replay
