// Ethdev set-up: queues, offloads and MTU within what the device offers.
#include "dataplane/port/port.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <stdexcept>

#include <rte_errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/wake.hpp"

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

const char* yes_no(bool b) {
  return b ? "yes" : "no";
}

// Of TCP, that is: its checksum is over all the data. That of the IPv4 header costs next to nothing.
std::string checksums_by(const PortCapabilities& c) {
  if (c.rx_tcp_checksum && c.tx_tcp_checksum) {
    return c.rx_ip_checksum && c.tx_ip_checksum
               ? "checksums by the port"
               : "checksums by the port (of IPv4 headers in software)";
  }
  return c.rx_tcp_checksum   ? "receive checksums by the port"
         : c.tx_tcp_checksum ? "transmit checksums by the port"
                             : "checksums in software";
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
  const rte_eth_dev_info info = device_info(id_);
  if (info.driver_name != nullptr) driver_ = info.driver_name;
  capabilities_ = capabilities_of(info, on_virtual_bus(info), faults);
  rte_ether_addr address{};
  const int rc = rte_eth_macaddr_get(id_, &address);
  if (rc != 0) fail("has no MAC address", rc);
  std::copy_n(address.addr_bytes, mac_.size(), mac_.begin());
}

Port::~Port() {
  stop();
  rte_eth_dev_close(id_);
}

void Port::choose_queues(const PortConfig& config) {
  const QueueCounts queues = queues_for(capabilities_, config.workers);
  if (queues.rx == 0) {
    throw std::runtime_error(name_ + " cannot both receive and send: give it arguments for both.");
  }
  rx_queues_ = queues.rx;
  tx_queues_ = queues.tx;
}

rte_eth_conf Port::choose_offloads(const PortConfig& config) {
  const PortCapabilities& c = capabilities_;
  rte_eth_conf conf{};
  conf.rxmode.mtu = config.mtu;
  const auto rx = [&](bool can, uint64_t bit) { conf.rxmode.offloads |= can ? bit : 0; };
  if (!config.verbatim) {
    rx(c.rx_ip_checksum, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
    rx(c.rx_tcp_checksum, RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
    rx(c.rx_udp_checksum, RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  }
  const uint32_t frame = uint32_t{config.mtu} + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  const uint32_t room = rte_pktmbuf_data_room_size(config.pool) - RTE_PKTMBUF_HEADROOM;
  rx(c.rx_scatter && frame > room, RTE_ETH_RX_OFFLOAD_SCATTER);

  const auto tx = [&](bool can, uint64_t offload, uint64_t flags) {
    if (!can || config.verbatim) return;
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
  if (driver_ != "net_af_xdp") return;
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
  verbatim_ = config.verbatim;
  const int rc = rte_eth_dev_configure(id_, rx_queues_, tx_queues_, &conf);
  if (rc != 0) fail("cannot be configured", rc);
  apply_mtu(config.mtu);
  set_up_queues(config);
}

void Port::leave_checksums() noexcept {
  capabilities_.tx_ip_checksum = capabilities_.tx_tcp_checksum = capabilities_.tx_udp_checksum =
      true;
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
  for (uint16_t q = 0; q < rx_queues_; ++q)
    set_up_rx_queue(q, rx, numa, config.pool);
  find_packet_sockets();
  for (uint16_t q = 0; q < tx_queues_; ++q) {
    rc = rte_eth_tx_queue_setup(id_, q, tx, numa, nullptr);
    if (rc != 0) fail("refuses transmit queue " + std::to_string(q), rc);
  }
}

void Port::set_up_rx_queue(uint16_t queue, uint16_t descriptors, unsigned numa, rte_mempool* pool) {
  const bool af_xdp = driver_ == "net_af_xdp";
  const std::vector<int> before = af_xdp ? sockets_of(AF_XDP) : std::vector<int>{};
  const int rc = rte_eth_rx_queue_setup(id_, queue, descriptors, numa, nullptr, pool);
  if (rc != 0) fail("refuses receive queue " + std::to_string(queue), rc);
  if (!af_xdp) return;
  // Nothing else tells which socket is this queue's.
  std::vector<int> made;
  std::ranges::set_difference(sockets_of(AF_XDP), before, std::back_inserter(made));
  if (made.size() == 1 && wake_fds_.size() == queue) wake_fds_.push_back(made.front());
}

// The driver opens one socket a queue, in their order, and closes none meanwhile: so the descriptors
// ascend.
void Port::find_packet_sockets() {
  const rte_eth_dev_info info = device_info(id_);
  if (driver_ != "net_af_packet" || info.if_index == 0) return;
  std::vector<int> sockets = packet_sockets_on(info.if_index);
  if (sockets.size() == capabilities_.max_rx_queues) wake_fds_ = std::move(sockets);
}

void Port::start() {
  const int rc = rte_eth_dev_start(id_);
  if (rc != 0) fail("does not start", rc);
  started_ = true;
  // IPv4 needs only its own address and broadcast; neighbour discovery (RFC 4861) needs multicast.
  // Not all virtual devices have such a filter, and then nothing is lost.
  (void)(verbatim_ ? rte_eth_promiscuous_enable(id_) : rte_eth_promiscuous_disable(id_));
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
  std::string s = nameif.empty() ? name_ : nameif + ": " + name_;
  // A virtual device is called after its driver.
  if (!c.is_virtual) s += " (" + driver_ + ")";
  s += " " + to_string(mac_) + ", " + std::to_string(rx_queues_) + " rx/" +
       std::to_string(tx_queues_) + (tx_queues_ == 1 ? " tx queue" : " tx queues");
  s += ", " + checksums_by(c) + ", multi-segment ";
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
