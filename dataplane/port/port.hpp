// One ethdev: what it can do, set up for so many workers, and described in a line.
//
// Software ports (af_packet, af_xdp over veth) hand over packets of local peers whose TCP checksum
// is not filled in yet, unless the peer switches transmit checksumming off (`ethtool -K IFACE tx
// off`). Such packets are dropped as bad-tcp-cksum: nothing in them tells them from broken ones.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "dataplane/packet/headers.hpp"
#include "dataplane/port/capabilities.hpp"

namespace culvert::dp {

// How received packets are wanted on the queues, and what the port really does.
enum class Spread : uint8_t {
  none,         // one queue, or whoever feeds a virtual device decides
  tuple,        // by the hash of addresses and ports
  destination,  // by the hash of the destination address
};

struct PortConfig {
  uint16_t workers = 1;
  rte_mempool* pool = nullptr;  // for received packets
  uint16_t mtu = 1500;
  Spread spread = Spread::tuple;  // a wish
  uint16_t rx_descriptors = 1024;
  uint16_t tx_descriptors = 1024;
  // Frames come and go as they are, whoever they are for: promiscuous, and nothing of checksums or
  // segmentation is left to the port, so that a driver may take its shortest way.
  bool verbatim = false;
};

// What the ethdev counted since it started.
struct PortStats {
  uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_buffer;
  uint64_t tx_packets, tx_bytes, tx_errors;
};

struct LinkState {
  bool up = false;
  uint32_t megabits = 0;  // 0 = unknown
  bool full_duplex = true;
};

// Errors are std::runtime_error with a sentence. The destructor stops and closes the ethdev.
class Port {
 public:
  // Finds the open ethdev of that name and reads its capabilities.
  explicit Port(const std::string& device_name, DriverFaults faults = DriverFaults::avoid);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Throws if the device cannot have this MTU.
  void check_mtu(unsigned mtu) const;
  // Sets up queues and offloads. Once.
  void configure(const PortConfig& config);
  // Nobody reads the checksums of what leaves here, so none are made. After configure().
  void leave_checksums() noexcept;
  void start();
  void stop() noexcept;

  [[nodiscard]] uint16_t id() const noexcept { return id_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // "net_ice"
  [[nodiscard]] const std::string& driver() const noexcept { return driver_; }
  [[nodiscard]] const PortCapabilities& capabilities() const noexcept { return capabilities_; }
  [[nodiscard]] const MacAddress& mac() const noexcept { return mac_; }
  [[nodiscard]] uint16_t mtu() const noexcept { return mtu_; }
  // At most `workers` of each; worker w polls queue w if there is one.
  [[nodiscard]] uint16_t rx_queues() const noexcept { return rx_queues_; }
  [[nodiscard]] uint16_t tx_queues() const noexcept { return tx_queues_; }
  [[nodiscard]] Spread spread() const noexcept { return spread_; }
  // The transmit flags (RTE_MBUF_F_TX_*) that the port acts on.
  [[nodiscard]] uint64_t tx_flags() const noexcept { return tx_flags_; }
  // A descriptor that polls as readable while a packet waits in the queue; -1 if the driver has none.
  [[nodiscard]] int wake_fd(uint16_t rx_queue) const noexcept {
    return rx_queue < wake_fds_.size() ? wake_fds_[rx_queue] : -1;
  }

  [[nodiscard]] LinkState link() const noexcept;
  [[nodiscard]] PortStats stats() const noexcept;
  // "outside: net_af_xdp0 02:00:00:00:00:01, 1 rx/1 tx queue, checksums in software, ..."
  [[nodiscard]] std::string describe(const std::string& nameif) const;

 private:
  [[nodiscard]] rte_eth_conf choose_offloads(const PortConfig& config);
  void choose_queues(const PortConfig& config);
  void set_up_queues(const PortConfig& config);
  void set_up_rx_queue(uint16_t queue, uint16_t descriptors, unsigned numa, rte_mempool* pool);
  void find_packet_sockets();
  void apply_mtu(uint16_t mtu);
  void check_buffers(const rte_mempool& pool) const;
  [[noreturn]] void fail(const std::string& what, int error) const;

  std::string name_;
  std::string driver_;
  uint16_t id_ = 0;
  PortCapabilities capabilities_;
  MacAddress mac_{};
  uint16_t mtu_ = 1500;
  uint16_t rx_queues_ = 0;
  uint16_t tx_queues_ = 0;
  Spread spread_ = Spread::none;
  uint64_t tx_flags_ = 0;
  std::vector<int> wake_fds_;  // by receive queue; the driver's, not ours to close
  bool verbatim_ = false;
  bool started_ = false;
};

[[nodiscard]] std::string to_string(const MacAddress& mac);

}  // namespace culvert::dp
