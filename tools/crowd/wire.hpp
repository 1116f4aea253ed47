// A crowd's link: Ethernet, ARP or neighbour discovery, and ICMP, for as many addresses as its members have.
//
// One station stands on the other side, the headend or the router before it. In: frames of the port; out: TCP segments
// and UDP datagrams for the crowd, IP header first, as the headend's classify() leaves them. What is for others is
// counted as such. Drops: l2_malformed, l2_vlan, arp_malformed, ip_version, ip_bad_header, ip_bad_length,
// ip_bad_address, ip6_bad_address, ip6_bad_extension, ip6_extension_order, ip_protocol, fragment_failed, icmp_*,
// nd_malformed, ip_no_adjacency, no_buffer, tx_full, tx_refused.
#pragma once

#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/icmp.hpp"
#include "dataplane/ip/path_report.hpp"
#include "dataplane/neighbour/link.hpp"
#include "tools/crowd/address_book.hpp"
#include "tools/crowd/crowd_config.hpp"

namespace culvert::crowd {

class Wire {
 public:
  Wire(const CrowdConfig& config, const dp::Port& port, uint16_t queue, rte_mempool* pool,
       const AddressBook& addresses, dp::DropCounters& drops);

  // Takes one burst from the port. True if there was one.
  bool receive(Time now) noexcept;
  // What it had for the crowd, and for nobody else; the caller empties them.
  dp::Batch tcp, udp;
  dp::Batch path_reports;  // ICMP about packets of ours that were too large: read_path_report()

  // Packets that begin with their IP header, with room for Ethernet's. Takes them all.
  void send(std::span<rte_mbuf*> packets) noexcept;
  // Asks for the neighbour where that is due, and gives the port what is to be sent.
  void poll(Time now) noexcept;

  [[nodiscard]] bool ready() const noexcept { return known_; }
  [[nodiscard]] uint64_t silenced() const noexcept { return silenced_; }
  [[nodiscard]] uint64_t not_for_us() const noexcept { return not_for_us_; }

 private:
  [[nodiscard]] dp::DropReason take_in(rte_mbuf* m) noexcept;
  [[nodiscard]] dp::DropReason take_ipv4(rte_mbuf* m) noexcept;
  [[nodiscard]] dp::DropReason take_ipv6(rte_mbuf* m, bool group_frame) noexcept;
  [[nodiscard]] dp::DropReason to_edge(rte_mbuf* m, uint8_t protocol) noexcept;
  [[nodiscard]] dp::DropReason take_arp(rte_mbuf* m) noexcept;
  [[nodiscard]] dp::DropReason foreign() noexcept;
  void take_discovery() noexcept;
  [[nodiscard]] bool to_silent(rte_mbuf* m, uint8_t protocol) const noexcept;
  [[nodiscard]] bool from_silent(rte_mbuf* m) const noexcept;
  [[nodiscard]] bool is_silent(const dp::IpAddress& address, uint16_t port,
                               uint8_t protocol) const noexcept;
  void ask(Time now) noexcept;
  void learn(const dp::MacAddress& mac) noexcept {
    neighbour_mac_ = mac;
    known_ = true;
  }

  const AddressBook& addresses_;
  dp::DropCounters& drops_;
  const dp::IpAddress neighbour_;
  const uint16_t port_;
  const uint16_t queue_;
  dp::PortTx tx_;
  dp::NeighbourCache no_neighbours_;  // the link's, of which the one neighbour here has no need
  dp::InterfaceTable no_interfaces_;
  dp::Interface interface_;
  dp::LinkContext link_;
  dp::IcmpState icmp_state_;
  dp::Batch received_, icmp_, discovery_, replies_;
  dp::MacAddress neighbour_mac_{};
  bool known_ = false;
  Time next_question_ = 0;
  uint64_t silenced_ = 0, not_for_us_ = 0;
};

}  // namespace culvert::crowd
