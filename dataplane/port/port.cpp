// Ethdev set-up: queues, offloads and MTU within what the device offers.
#include "dataplane/port/port.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <unistd.h>

namespace culvert::dp {

namespace {

constexpr uint64_t kTupleHash = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
                                RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
constexpr uint64_t kAddressHash = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;

rte_eth_dev_info device_info(uint16_t id) {
  rte_eth_dev_info info{};
  const int rc = rte_eth_dev_info_get(id, &info);
  if (rc != 0) throw std::runtime_error("DPDK cannot describe port " + std::to_string(id) + ".");
  return info;
}

// A driver that names no bus that reaches hardware: DPDK's virtual bus is called "vdev".
bool on_virtual_bus(const rte_eth_dev_info& info) {
  if (info.device == nullptr) return true;
  return std::strcmp(rte_bus_name(rte_dev_bus(info.device)), "vdev") == 0;
}

// Many drivers state the largest frame only, and leave the MTU at the most that a number can say.
uint16_t largest_mtu(const rte_eth_dev_info& info) {
  const bool stated = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
  if (stated || info.max_rx_pktlen == 0) return info.max_mtu;
  constexpr uint32_t kOverhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;  // as ethdev reckons
  const uint32_t frame = std::max(info.max_rx_pktlen, kOverhead);
  return static_cast<uint16_t>(std::min<uint32_t>(info.max_mtu, frame - kOverhead));
}

std::string_view driver_name(const rte_eth_dev_info& info) {
  return info.driver_name == nullptr ? "" : info.driver_name;
}

const char* yes_no(bool b) {
  return b ? "yes" : "no";
}

}  // namespace

std::string to_string(const MacAddress& mac) {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                mac[3], mac[4], mac[5]);
  return text.data();
}

Port::Port(const std::string& device_name, DriverFaults faults) : name_(device_name) {
  if (rte_eth_dev_get_port_by_name(device_name.c_str(), &id_) != 0) {
    throw std::runtime_error("There is no DPDK port " + device_name + ".");
  }
  read_capabilities();
  if (faults == DriverFaults::avoid) avoid_faults(driver_name(device_info(id_)));
  rte_ether_addr address{};
  const int rc = rte_eth_macaddr_get(id_, &address);
  if (rc != 0) fail("has no MAC address", rc);
  std::copy_n(address.addr_bytes, mac_.size(), mac_.begin());
}

Port::~Port() {
  stop();
  rte_eth_dev_close(id_);
}

void Port::read_capabilities() {
  const rte_eth_dev_info info = device_info(id_);
  PortCapabilities& c = capabilities_;
  const auto rx = [&](uint64_t bit) { return (info.rx_offload_capa & bit) != 0; };
  const auto tx = [&](uint64_t bit) { return (info.tx_offload_capa & bit) != 0; };
  c.max_rx_queues = info.max_rx_queues;
  c.max_tx_queues = info.max_tx_queues;
  c.is_virtual = on_virtual_bus(info);
  const std::string_view driver = driver_name(info);
  // Virtual drivers pair their queues (tap, memif, af_xdp); so does paravirtual hardware: what it
  // puts on a queue that nobody polls is lost.
  c.pairs_queues = c.is_virtual || driver == "net_virtio" || driver == "net_vmxnet3";
  c.rx_ip_checksum = rx(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
  c.rx_tcp_checksum = rx(RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
  c.rx_udp_checksum = rx(RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  c.rx_scatter = rx(RTE_ETH_RX_OFFLOAD_SCATTER);
  c.tx_ip_checksum = tx(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
  c.tx_tcp_checksum = tx(RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
  c.tx_udp_checksum = tx(RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
  c.multi_segment = tx(RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
  // A driver that states no limit takes what a 64 KB frame can need.
  constexpr uint16_t kUnstated = 64;
  if (c.multi_segment) {
    c.max_segments =
        info.tx_desc_lim.nb_mtu_seg_max == 0 ? kUnstated : info.tx_desc_lim.nb_mtu_seg_max;
  }
  c.tso = tx(RTE_ETH_TX_OFFLOAD_TCP_TSO) && c.multi_segment && c.tx_tcp_checksum;
  if (c.tso) {
    c.max_tso_segments = info.tx_desc_lim.nb_seg_max == 0 ? kUnstated : info.tx_desc_lim.nb_seg_max;
    // IPv4's total length is the limit; no driver of DPDK 22.11 states a lower one.
    c.max_tso_size = 65535;
  }
  // A virtual device may say that it hashes (tap does), but where a packet lands is decided by what
  // feeds it, which may change its mind; so nobody relies on that.
  const bool hashes = !c.is_virtual;
  c.rss_tuple = hashes && (info.flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_TCP) != 0;
  c.rss_destination = hashes && (info.flow_type_rss_offloads & RTE_ETH_RSS_L3_DST_ONLY) != 0 &&
                      (info.flow_type_rss_offloads & RTE_ETH_RSS_IPV4) != 0;
  c.min_mtu = info.min_mtu;
  c.max_mtu = largest_mtu(info);
}

// net_tap of DPDK 22.11 does its offloads in software, no faster than we do, and wrong: the checksum
// of a chain that has a buffer of odd length before its last (the next buffer is added as if it
// began at an even place), and segmentation where a cut frame with its Ethernet header exceeds the
// MTU (it is refused for ever, and what is behind it waits). And what it verifies on receipt are
// the packets of all and sundry, though only ours need it.
void Port::avoid_faults(std::string_view driver) {
  if (driver != "net_tap") return;
  PortCapabilities& c = capabilities_;
  c.rx_ip_checksum = c.rx_tcp_checksum = c.rx_udp_checksum = false;
  c.tx_ip_checksum = c.tx_tcp_checksum = c.tx_udp_checksum = false;
  c.tso = false;
  c.max_tso_segments = 0;
  c.max_tso_size = 0;
}

void Port::choose_queues(const PortConfig& config) {
  const PortCapabilities& c = capabilities_;
  if (c.max_rx_queues == 0 || c.max_tx_queues == 0) {
    throw std::runtime_error(name_ + " cannot both receive and send: give it arguments for both.");
  }
  rx_queues_ = std::min(config.workers, c.max_rx_queues);
  tx_queues_ = std::min(config.workers, c.max_tx_queues);
  // A card without RSS would leave all queues but the first empty. What feeds a virtual device
  // spreads packets by a hash of its own, or not at all.
  if (!c.pairs_queues && !c.rss_tuple) rx_queues_ = 1;
  if (c.pairs_queues) rx_queues_ = tx_queues_ = std::min(rx_queues_, tx_queues_);
}

rte_eth_conf Port::choose_offloads(const PortConfig& config) {
  const PortCapabilities& c = capabilities_;
  rte_eth_conf conf{};
  conf.rxmode.mtu = config.mtu;
  const auto rx = [&](bool can, uint64_t bit) { conf.rxmode.offloads |= can ? bit : 0; };
  rx(c.rx_ip_checksum, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
  rx(c.rx_tcp_checksum, RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
  rx(c.rx_udp_checksum, RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  const uint32_t frame = uint32_t{config.mtu} + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  const uint32_t room = rte_pktmbuf_data_room_size(config.pool) - RTE_PKTMBUF_HEADROOM;
  rx(c.rx_scatter && frame > room, RTE_ETH_RX_OFFLOAD_SCATTER);

  const auto tx = [&](bool can, uint64_t offload, uint64_t flags) {
    if (!can) return;
    conf.txmode.offloads |= offload;
    tx_flags_ |= flags;
  };
  tx(c.tx_ip_checksum, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, RTE_MBUF_F_TX_IP_CKSUM);
  tx(c.tx_tcp_checksum, RTE_ETH_TX_OFFLOAD_TCP_CKSUM, RTE_MBUF_F_TX_TCP_CKSUM);
  tx(c.tx_udp_checksum, RTE_ETH_TX_OFFLOAD_UDP_CKSUM, RTE_MBUF_F_TX_UDP_CKSUM);
  tx(c.multi_segment, RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0);
  tx(c.tso, RTE_ETH_TX_OFFLOAD_TCP_TSO, RTE_MBUF_F_TX_TCP_SEG);

  spread_ = Spread::none;
  if (rx_queues_ > 1 && c.rss_tuple) {
    const uint64_t offered = device_info(id_).flow_type_rss_offloads;
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    if (config.spread == Spread::destination && c.rss_destination) {
      spread_ = Spread::destination;
      conf.rx_adv_conf.rss_conf.rss_hf = (offered & kAddressHash) | RTE_ETH_RSS_L3_DST_ONLY;
    } else {
      // Also the way out if the wish was `destination`: the load is spread, and the workers pass
      // on.
      spread_ = Spread::tuple;
      conf.rx_adv_conf.rss_conf.rss_hf = offered & (kTupleHash | kAddressHash);
    }
  }
  return conf;
}

void Port::check_mtu(unsigned mtu) const {
  if (mtu >= capabilities_.min_mtu && mtu <= capabilities_.max_mtu) return;
  throw std::runtime_error("MTU " + std::to_string(mtu) + " does not fit " + name_ +
                           ", which takes " + std::to_string(capabilities_.min_mtu) + " to " +
                           std::to_string(capabilities_.max_mtu) + " bytes.");
}

// af_xdp shares the buffers with the kernel, which takes none that is larger than a page.
void Port::check_buffers(const rte_mempool& pool) const {
  if (driver_name(device_info(id_)) != "net_af_xdp") return;
  const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const uint32_t size = pool.header_size + pool.elt_size + pool.trailer_size;
  if (size <= page) return;
  throw std::runtime_error(name_ + " shares packet buffers of at most " + std::to_string(page) +
                           " bytes with the kernel, and the largest MTU makes them " +
                           std::to_string(size) +
                           ": lower the 'mtu' of the other interfaces, or "
                           "use another device here.");
}

void Port::configure(const PortConfig& config) {
  check_mtu(config.mtu);
  check_buffers(*config.pool);
  choose_queues(config);
  const rte_eth_conf conf = choose_offloads(config);
  const int rc = rte_eth_dev_configure(id_, rx_queues_, tx_queues_, &conf);
  if (rc != 0) fail("cannot be configured", rc);
  apply_mtu(config.mtu);
  set_up_queues(config);
}

void Port::apply_mtu(uint16_t mtu) {
  mtu_ = mtu;
  const int rc = rte_eth_dev_set_mtu(id_, mtu);
  // A driver that cannot set the MTU (pcap, ring) takes frames of any size that fits a buffer.
  if (rc != 0 && rc != -ENOTSUP) fail("refuses MTU " + std::to_string(mtu), rc);
}

void Port::set_up_queues(const PortConfig& config) {
  uint16_t rx = config.rx_descriptors;
  uint16_t tx = config.tx_descriptors;
  int rc = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx);
  if (rc != 0) fail("accepts no queue size", rc);
  const int socket = rte_eth_dev_socket_id(id_);
  const auto numa = static_cast<unsigned>(socket < 0 ? SOCKET_ID_ANY : socket);
  for (uint16_t q = 0; q < rx_queues_; ++q) {
    rc = rte_eth_rx_queue_setup(id_, q, rx, numa, nullptr, config.pool);
    if (rc != 0) fail("refuses receive queue " + std::to_string(q), rc);
  }
  for (uint16_t q = 0; q < tx_queues_; ++q) {
    rc = rte_eth_tx_queue_setup(id_, q, tx, numa, nullptr);
    if (rc != 0) fail("refuses transmit queue " + std::to_string(q), rc);
  }
}

void Port::start() {
  const int rc = rte_eth_dev_start(id_);
  if (rc != 0) fail("does not start", rc);
  started_ = true;
  // IPv4 needs only its own address and broadcast; neighbour discovery (RFC 4861) needs multicast.
  // Not all virtual devices have such a filter, and then nothing is lost.
  (void)rte_eth_promiscuous_disable(id_);
  (void)rte_eth_allmulticast_enable(id_);
}

void Port::stop() noexcept {
  if (!started_) return;
  started_ = false;
  (void)rte_eth_dev_stop(id_);
}

LinkState Port::link() const noexcept {
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(id_, &link) != 0) return {};
  return {.up = link.link_status == RTE_ETH_LINK_UP,
          .megabits = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed,
          .full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX};
}

PortStats Port::stats() const noexcept {
  rte_eth_stats s{};
  (void)rte_eth_stats_get(id_, &s);
  return {.rx_packets = s.ipackets,
          .rx_bytes = s.ibytes,
          .rx_missed = s.imissed,
          .rx_errors = s.ierrors,
          .rx_no_buffer = s.rx_nombuf,
          .tx_packets = s.opackets,
          .tx_bytes = s.obytes,
          .tx_errors = s.oerrors};
}

std::string Port::describe(const std::string& nameif) const {
  const PortCapabilities& c = capabilities_;
  const bool rx = c.rx_ip_checksum && c.rx_tcp_checksum;
  const bool tx = c.tx_ip_checksum && c.tx_tcp_checksum;
  std::string s = nameif.empty() ? name_ : nameif + ": " + name_;
  s += " " + to_string(mac_) + ", " + std::to_string(rx_queues_) + " rx/" +
       std::to_string(tx_queues_) + (tx_queues_ == 1 ? " tx queue" : " tx queues");
  s += rx && tx ? ", checksums by the port"
       : rx     ? ", receive checksums by the port"
       : tx     ? ", transmit checksums by the port"
                : ", checksums in software";
  s += ", multi-segment ";
  s += yes_no(c.multi_segment);
  s += ", TSO ";
  s += yes_no(c.tso);
  s += spread_ == Spread::none    ? ", RSS no"
       : spread_ == Spread::tuple ? ", RSS by addresses and ports"
                                  : ", RSS by destination";
  return s + ", MTU " + std::to_string(mtu_);
}

void Port::fail(const std::string& what, int error) const {
  throw std::runtime_error(name_ + " " + what + " (" + rte_strerror(-error) +
                           "): correct its line in the configuration, or see the log for what its "
                           "driver says.");
}

}  // namespace culvert::dp
