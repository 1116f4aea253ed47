#include "tools/crowd/wire.hpp"

#include <algorithm>

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/ip/icmp6.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::crowd {

namespace {

using dp::DropReason;
using dp::EthernetHeader;
using dp::EtherType;
using dp::IpAddress;
using dp::IpProtocol;

constexpr auto kGood = DropReason::count_;
// Dealt with: the buffer is to be freed, and nothing is to be counted.
constexpr auto kDone = static_cast<DropReason>(dp::kDropReasons + 1);
constexpr uint32_t kPrefetchAhead = 4;
constexpr Time kAskAgain = dp::kSecond;      // RFC 1122 §2.3.2.1
constexpr Time kConfirm = 30 * dp::kSecond;  // RFC 4861 §10

dp::Interface interface_of(const dp::Port& port, const AddressBook& addresses, uint16_t mtu) {
  dp::Interface interface;
  interface.index = 0;
  interface.port = port.id();
  interface.mac = port.mac();
  interface.mtu = mtu;
  interface.up = true;
  if (addresses.all().front().is_v4()) interface.ipv4 = addresses.all().front().v4_value();
  return interface;
}

}  // namespace

Wire::Wire(const CrowdConfig& config, const dp::Port& port, uint16_t queue, rte_mempool* pool,
           const AddressBook& addresses, dp::DropCounters& drops)
    : addresses_(addresses),
      drops_(drops),
      neighbour_(config.gateway.is_unspecified() ? config.headend : config.gateway),
      port_(port.id()),
      queue_(queue),
      tx_(port, queue, nullptr, pool, drops),
      no_neighbours_({.max_entries = 8, .max_waiting = 8}, drops),
      interface_(interface_of(port, addresses, config.mtu)),
      link_{no_interfaces_, {&tx_}, no_neighbours_, pool, drops} {
  if (config.neighbour_mac) learn(*config.neighbour_mac);
}

bool Wire::receive(Time now) noexcept {
  const uint16_t count = rte_eth_rx_burst(port_, queue_, received_.data(), dp::kBurst);
  if (count == 0) return false;
  received_.set_size(count);
  for (uint32_t i = 0; i < std::min<uint32_t>(count, kPrefetchAhead); ++i)
    rte_prefetch0(rte_pktmbuf_mtod(received_[i], void*));
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kPrefetchAhead < count)
      rte_prefetch0(rte_pktmbuf_mtod(received_[i + kPrefetchAhead], void*));
    rte_mbuf* m = received_[i];
    dp::meta(m) = {};
    dp::meta(m).port = port_;
    const DropReason reason = take_in(m);
    if (reason == kGood) [[likely]]
      continue;
    if (reason == kDone) {
      rte_pktmbuf_free(m);
    } else {
      dp::drop(drops_, reason, m);
    }
  }
  received_.clear();
  if (!icmp_.empty()) {
    if (neighbour_.is_v4()) {
      dp::icmp_input(icmp_state_, icmp_, replies_, path_reports, drops_, now);
    } else {
      dp::icmp6_input(icmp_state_, icmp_, {replies_, discovery_, path_reports}, drops_, now);
      take_discovery();
    }
    send(replies_.span());
    replies_.clear();
  }
  return true;
}

DropReason Wire::take_in(rte_mbuf* m) noexcept {
  if (!dp::make_contiguous(m, sizeof(EthernetHeader))) return DropReason::l2_malformed;
  const auto* ethernet = dp::header_at<EthernetHeader>(m, 0);
  const bool group_frame = (ethernet->dst[0] & 1) != 0;
  if (!group_frame && ethernet->dst != interface_.mac) return foreign();
  if ((m->ol_flags & RTE_MBUF_F_RX_VLAN) != 0) return DropReason::l2_vlan;
  switch (static_cast<EtherType>(ethernet->type.get())) {
    case EtherType::ipv4: return group_frame || !neighbour_.is_v4() ? foreign() : take_ipv4(m);
    case EtherType::ipv6: return neighbour_.is_v4() ? foreign() : take_ipv6(m, group_frame);
    case EtherType::arp: return take_arp(m);
    case EtherType::vlan: return DropReason::l2_vlan;
  }
  return DropReason::l2_malformed;
}

DropReason Wire::foreign() noexcept {
  ++not_for_us_;
  return kDone;
}

DropReason Wire::take_ipv4(rte_mbuf* m) noexcept {
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  if (const DropReason reason = dp::check_ipv4(m); reason != kGood) return reason;
  const auto* ip = dp::header_at<dp::Ipv4Header>(m, 0);
  if (!addresses_.owns(IpAddress::v4(ip->dst))) return foreign();
  if (dp::martian_source(ip->src)) return DropReason::ip_bad_address;
  if (ip->is_fragment()) return DropReason::fragment_failed;
  return to_edge(m, ip->protocol);
}

DropReason Wire::take_ipv6(rte_mbuf* m, bool group_frame) noexcept {
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  if (const DropReason reason = dp::check_ipv6(m); reason != kGood) return reason;
  const IpAddress destination = IpAddress::v6(dp::header_at<dp::Ipv6Header>(m, 0)->dst);
  const bool group = dp::is_multicast6(destination);
  if (group != group_frame || (!group && !addresses_.owns(destination))) return foreign();
  const dp::ExtensionWalk walk = dp::walk_extensions(m);
  if (walk.reason != kGood) return walk.reason;
  if (walk.fragment) return DropReason::fragment_failed;
  // Of what goes to groups only questions for addresses concern anybody here.
  if (group && walk.protocol != static_cast<uint8_t>(IpProtocol::icmpv6)) return foreign();
  return to_edge(m, walk.protocol);
}

DropReason Wire::to_edge(rte_mbuf* m, uint8_t protocol) noexcept {
  const uint32_t want = dp::meta(m).l3_size + uint32_t{sizeof(dp::TcpHeader)};
  if (m->data_len < want) (void)dp::make_contiguous(m, std::min(want, m->pkt_len));
  if (addresses_.any_silent() && to_silent(m, protocol)) [[unlikely]] {
    ++silenced_;
    return kDone;
  }
  const auto icmp = neighbour_.is_v4() ? IpProtocol::icmp : IpProtocol::icmpv6;
  if (protocol == static_cast<uint8_t>(IpProtocol::tcp)) {
    tcp.push(m);
  } else if (protocol == static_cast<uint8_t>(IpProtocol::udp)) {
    udp.push(m);
  } else if (protocol == static_cast<uint8_t>(icmp)) {
    icmp_.push(m);
  } else {
    return DropReason::ip_protocol;
  }
  return kGood;
}

DropReason Wire::take_arp(rte_mbuf* m) noexcept {
  constexpr uint32_t kSize = sizeof(EthernetHeader) + sizeof(dp::ArpPacket);
  if (!dp::make_contiguous(m, kSize)) return DropReason::arp_malformed;
  const auto& arp = *dp::header_at<dp::ArpPacket>(m, sizeof(EthernetHeader));
  if (!dp::arp_well_formed(arp)) return DropReason::arp_malformed;
  if (IpAddress::v4(arp.sender_ip) == neighbour_) learn(arp.sender_mac);
  if (arp.operation == static_cast<uint16_t>(dp::ArpOperation::request) &&
      addresses_.owns(IpAddress::v4(arp.target_ip))) {
    dp::send_arp(link_, interface_,
                 {.operation = dp::ArpOperation::reply,
                  .to = arp.sender_mac,
                  .sender_ip = arp.target_ip,
                  .target_mac = arp.sender_mac,
                  .target_ip = arp.sender_ip});
  }
  return kDone;
}

void Wire::take_discovery() noexcept {
  for (rte_mbuf* m : discovery_) {
    const uint8_t type = dp::header_at<dp::Icmp6Header>(m, dp::meta(m).l3_size)->type;
    const bool question = type == dp::Icmp6Header::kNeighbourSolicitation;
    if (!question && type != dp::Icmp6Header::kNeighbourAdvertisement) {
      dp::drop(drops_, DropReason::icmp_ignored, m);
      continue;
    }
    const std::optional<dp::NeighbourWord> word = dp::read_neighbour_word(m);
    if (!word) {
      dp::drop(drops_, DropReason::nd_malformed, m);
      continue;
    }
    const IpAddress& speaker = question ? word->source : word->target;
    if (speaker == neighbour_ && word->mac != nullptr) learn(*word->mac);
    const dp::MacAddress* to = word->mac != nullptr              ? word->mac
                               : known_ && speaker == neighbour_ ? &neighbour_mac_
                                                                 : nullptr;
    if (question && addresses_.owns(word->target) &&
        (to != nullptr || word->source.is_unspecified())) {
      (void)dp::answer_solicitation(link_, interface_, *word,
                                    to != nullptr ? *to : dp::MacAddress{}, false);
    }
    rte_pktmbuf_free(m);
  }
  discovery_.clear();
}

bool Wire::to_silent(rte_mbuf* m, uint8_t protocol) const noexcept {
  const uint32_t l3_size = dp::meta(m).l3_size;
  if (m->data_len < l3_size + sizeof(dp::UdpHeader)) return false;
  const uint16_t port = dp::header_at<dp::UdpHeader>(m, l3_size)->dst_port;
  return is_silent(dp::destination_of(m), port, protocol);
}

bool Wire::from_silent(rte_mbuf* m) const noexcept {
  const auto* four = dp::header_at<dp::Ipv4Header>(m, 0);
  const bool is_four = four->version() == 4;
  const uint32_t l3_size = is_four ? four->header_size() : uint32_t{sizeof(dp::Ipv6Header)};
  const uint8_t protocol =
      is_four ? four->protocol : dp::header_at<dp::Ipv6Header>(m, 0)->next_header;
  if (m->data_len < l3_size + sizeof(dp::UdpHeader)) return false;
  const uint16_t port = dp::header_at<dp::UdpHeader>(m, l3_size)->src_port;
  return is_silent(dp::source_of(m), port, protocol);
}

// The ports of TCP and UDP lie at the same place.
bool Wire::is_silent(const IpAddress& address, uint16_t port, uint8_t protocol) const noexcept {
  if (protocol == static_cast<uint8_t>(IpProtocol::tcp))
    return addresses_.silent(address, port, Transport::tcp);
  return protocol == static_cast<uint8_t>(IpProtocol::udp) &&
         addresses_.silent(address, port, Transport::udp);
}

void Wire::send(std::span<rte_mbuf*> packets) noexcept {
  const EtherType type = neighbour_.is_v4() ? EtherType::ipv4 : EtherType::ipv6;
  for (rte_mbuf* m : packets) {
    if (addresses_.any_silent() && from_silent(m)) [[unlikely]] {
      ++silenced_;
      rte_pktmbuf_free(m);
    } else if (!known_) [[unlikely]] {
      dp::drop(drops_, DropReason::ip_no_adjacency, m);
    } else {
      dp::send_frame(link_, interface_, neighbour_mac_, type, m);
    }
  }
}

void Wire::ask(Time now) noexcept {
  next_question_ = now + (known_ ? kConfirm : kAskAgain);
  const IpAddress& own = addresses_.all().front();
  if (neighbour_.is_v4()) {
    dp::send_arp(link_, interface_,
                 {.operation = dp::ArpOperation::request,
                  .to = dp::kBroadcastMac,
                  .sender_ip = own.v4_value(),
                  .target_mac = {},
                  .target_ip = neighbour_.v4_value()});
  } else {
    (void)dp::send_solicitation(link_, interface_, {.source = own, .target = neighbour_});
  }
}

void Wire::poll(Time now) noexcept {
  if (now >= next_question_) ask(now);
  tx_.flush();
}

}  // namespace culvert::crowd
