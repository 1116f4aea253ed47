// What an ethdev can do, as far as it is to be believed: drivers leave limits unsaid, and some offer
// what they do wrong.
#pragma once

#include <cstdint>

#include <rte_ethdev.h>

namespace culvert::dp {

struct PortCapabilities {
  uint16_t max_rx_queues = 1;
  uint16_t max_tx_queues = 1;
  bool is_virtual = true;            // no PCI device behind it: other software makes its packets
  bool pairs_queues = true;          // as many queues are used each way
  bool power_of_two_queues = false;  // takes no other number of them
  bool rx_ip_checksum = false;       // the port verifies
  bool rx_tcp_checksum = false;
  bool rx_udp_checksum = false;
  bool tx_ip_checksum = false;  // the port fills
  bool tx_tcp_checksum = false;
  bool tx_udp_checksum = false;
  bool rx_scatter = false;     // a frame may arrive in several buffers
  bool multi_segment = false;  // a frame may leave in several buffers
  uint16_t max_segments = 1;   // of a frame that leaves
  bool tso = false;
  uint16_t max_tso_segments = 0;  // buffers of a TCP super-segment
  uint32_t max_tso_size = 0;      // its bytes, headers included
  bool rss_tuple = false;         // hashes TCP/IPv4 by addresses and ports
  bool rss_destination = false;   // hashes by destination address alone
  uint16_t min_mtu = 68;
  uint16_t max_mtu = 1500;
};

// Whether to use what a driver offers but does wrong (only tests have a reason to).
enum class DriverFaults : uint8_t { avoid, ignore };

// `info` as rte_eth_dev_info_get() fills it; `is_virtual` as on_virtual_bus() finds.
[[nodiscard]] PortCapabilities capabilities_of(const rte_eth_dev_info& info, bool is_virtual,
                                               DriverFaults faults);

// A driver that names no bus that reaches hardware: DPDK's virtual bus is called "vdev".
[[nodiscard]] bool on_virtual_bus(const rte_eth_dev_info& info);

struct QueueCounts {
  uint16_t rx = 0, tx = 0;
  friend bool operator==(const QueueCounts&, const QueueCounts&) = default;
};
// How many queues `workers` (1 or more) use: one each, if the port has them and they would all get
// packets. 0 where the port has none at all.
[[nodiscard]] QueueCounts queues_for(const PortCapabilities& c, uint16_t workers) noexcept;

}  // namespace culvert::dp
