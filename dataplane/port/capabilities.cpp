// Capabilities from rte_eth_dev_info, and what is known of the drivers of DPDK 22.11 beyond it.
#include "dataplane/port/capabilities.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include <rte_bus.h>
#include <rte_dev.h>

namespace culvert::dp {

namespace {

// Many drivers state the largest frame only, and leave the MTU at the most that a number can say.
uint16_t largest_mtu(const rte_eth_dev_info& info) {
  const bool stated = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
  if (stated || info.max_rx_pktlen == 0) return info.max_mtu;
  constexpr uint32_t kOverhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;  // as ethdev reckons
  const uint32_t frame = std::max(info.max_rx_pktlen, kOverhead);
  return static_cast<uint16_t>(std::min<uint32_t>(info.max_mtu, frame - kOverhead));
}

void read_segmentation(const rte_eth_dev_info& info, PortCapabilities& c) {
  const auto tx = [&](uint64_t bit) { return (info.tx_offload_capa & bit) != 0; };
  c.multi_segment = tx(RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
  // A driver that states no limit takes what a 64 KB frame can need.
  constexpr uint16_t kUnstated = 64;
  if (c.multi_segment) {
    c.max_segments =
        info.tx_desc_lim.nb_mtu_seg_max == 0 ? kUnstated : info.tx_desc_lim.nb_mtu_seg_max;
  }
  c.tso = tx(RTE_ETH_TX_OFFLOAD_TCP_TSO) && c.multi_segment && c.tx_tcp_checksum;
  if (!c.tso) return;
  c.max_tso_segments = info.tx_desc_lim.nb_seg_max == 0 ? kUnstated : info.tx_desc_lim.nb_seg_max;
  // IPv4's total length is the limit; no driver of DPDK 22.11 states a lower one.
  c.max_tso_size = 65535;
}

// net_tap of DPDK 22.11 does its offloads in software, no faster than we do, and wrong: the checksum
// of a chain that has a buffer of odd length before its last (the next buffer is added as if it
// began at an even place), and segmentation where a cut frame with its Ethernet header exceeds the
// MTU (it is refused for ever, and what is behind it waits). And what it verifies on receipt are
// the packets of all and sundry, though only ours need it.
void use_no_offload_of_tap(PortCapabilities& c) {
  c.rx_ip_checksum = c.rx_tcp_checksum = c.rx_udp_checksum = false;
  c.tx_ip_checksum = c.tx_tcp_checksum = c.tx_udp_checksum = false;
  c.tso = false;
  c.max_tso_segments = 0;
  c.max_tso_size = 0;
}

}  // namespace

bool on_virtual_bus(const rte_eth_dev_info& info) {
  if (info.device == nullptr) return true;
  return std::strcmp(rte_bus_name(rte_dev_bus(info.device)), "vdev") == 0;
}

PortCapabilities capabilities_of(const rte_eth_dev_info& info, bool is_virtual,
                                 DriverFaults faults) {
  PortCapabilities c;
  const auto rx = [&](uint64_t bit) { return (info.rx_offload_capa & bit) != 0; };
  const auto tx = [&](uint64_t bit) { return (info.tx_offload_capa & bit) != 0; };
  const std::string_view driver = info.driver_name == nullptr ? "" : info.driver_name;
  c.max_rx_queues = info.max_rx_queues;
  c.max_tx_queues = info.max_tx_queues;
  c.is_virtual = is_virtual;
  // Virtual drivers pair their queues (tap, memif, af_xdp); so does paravirtual hardware: what it
  // puts on a queue that nobody polls is lost.
  c.pairs_queues = is_virtual || driver == "net_virtio" || driver == "net_vmxnet3";
  c.power_of_two_queues = driver == "net_vmxnet3";
  // The cards have one transmit context, in which a packet says how its checksums are to be made, for
  // both of the queues that the driver offers; the oldest have one queue.
  if (driver == "net_e1000_em") c.max_rx_queues = c.max_tx_queues = 1;
  c.rx_ip_checksum = rx(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
  c.rx_tcp_checksum = rx(RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
  c.rx_udp_checksum = rx(RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  c.rx_scatter = rx(RTE_ETH_RX_OFFLOAD_SCATTER);
  c.tx_ip_checksum = tx(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
  c.tx_tcp_checksum = tx(RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
  c.tx_udp_checksum = tx(RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
  read_segmentation(info, c);
  // A virtual device may say that it hashes (tap does), but where a packet lands is decided by what
  // feeds it, which may change its mind; so nobody relies on that.
  const uint64_t hashes = is_virtual ? 0 : info.flow_type_rss_offloads;
  c.rss_tuple = (hashes & RTE_ETH_RSS_NONFRAG_IPV4_TCP) != 0;
  c.rss_destination = (hashes & RTE_ETH_RSS_L3_DST_ONLY) != 0 && (hashes & RTE_ETH_RSS_IPV4) != 0;
  c.min_mtu = info.min_mtu;
  c.max_mtu = largest_mtu(info);
  if (faults == DriverFaults::avoid && driver == "net_tap") use_no_offload_of_tap(c);
  return c;
}

QueueCounts queues_for(const PortCapabilities& c, uint16_t workers) noexcept {
  QueueCounts q{std::min(workers, c.max_rx_queues), std::min(workers, c.max_tx_queues)};
  if (q.rx == 0 || q.tx == 0) return {};
  // A card without RSS would leave all queues but the first empty. What feeds a virtual device
  // spreads packets by a hash of its own, or not at all.
  if (!c.pairs_queues && !c.rss_tuple) q.rx = 1;
  if (c.pairs_queues) q.rx = q.tx = std::min(q.rx, q.tx);
  if (c.power_of_two_queues) {
    q.rx = std::bit_floor(q.rx);
    q.tx = std::bit_floor(q.tx);
  }
  return q;
}

}  // namespace culvert::dp
