// ARP (RFC 826) and neighbour discovery (RFC 4861) as far as one host with one neighbour needs them.
#include "tools/replay/tunnel/inside_port.hpp"

#include <rte_ethdev.h>

#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::replay {

namespace {

using dp::EthernetHeader;
using dp::EtherType;

dp::Interface interface_of(const dp::Port& port) {
  dp::Interface interface;
  interface.index = 0;
  interface.port = port.id();
  interface.mac = port.mac();
  interface.up = true;
  return interface;
}

}  // namespace

InsidePort::InsidePort(const InsideConfig& config, const dp::Port& port, rte_mempool* pool)
    : config_(config),
      port_(port),
      tx_(port, 0, nullptr, pool, drops_),
      no_neighbours_({.max_entries = 8, .max_waiting = 8}, drops_),
      interface_(interface_of(port)),
      link_{no_interfaces_, {&tx_}, no_neighbours_, pool, drops_} {
  if (config.gateway_mac) learn(*config.gateway_mac);
}

void InsidePort::ask() noexcept {
  if (!config_.gateway4.is_unspecified() && !config_.own4.is_unspecified()) {
    (void)dp::send_arp(link_, interface_,
                       {.operation = dp::ArpOperation::request,
                        .to = dp::kBroadcastMac,
                        .sender_ip = config_.own4.v4_value(),
                        .target_mac = {},
                        .target_ip = config_.gateway4.v4_value()});
  }
  if (!config_.gateway6.is_unspecified() && !config_.own6.is_unspecified()) {
    (void)dp::send_solicitation(link_, interface_,
                                {.source = config_.own6, .target = config_.gateway6});
  }
}

void InsidePort::poll(dp::Time now) noexcept {
  if (!ready() && now >= next_question_) {
    next_question_ = now + dp::kSecond;
    ask();
  }
  tx_.flush();
}

void InsidePort::arp(rte_mbuf* m) noexcept {
  if (m->data_len < sizeof(EthernetHeader) + sizeof(dp::ArpPacket)) return;
  const auto& said = *dp::header_at<dp::ArpPacket>(m, sizeof(EthernetHeader));
  if (!dp::arp_well_formed(said)) return;
  const bool from_headend =
      !config_.gateway4.is_unspecified() && said.sender_ip == config_.gateway4.v4_value();
  if (from_headend) learn(said.sender_mac);
  if (said.operation != static_cast<uint16_t>(dp::ArpOperation::request) ||
      config_.own4.is_unspecified() || said.target_ip != config_.own4.v4_value())
    return;
  (void)dp::send_arp(link_, interface_,
                     {.operation = dp::ArpOperation::reply,
                      .to = said.sender_mac,
                      .sender_ip = said.target_ip,
                      .target_mac = said.sender_mac,
                      .target_ip = said.sender_ip});
}

bool InsidePort::neighbour_message(rte_mbuf* m) noexcept {
  constexpr uint32_t kMessageAt = sizeof(EthernetHeader) + sizeof(dp::Ipv6Header);
  if (m->data_len < kMessageAt + sizeof(dp::NeighbourMessage)) return false;
  const auto& ethernet = *dp::header_at<EthernetHeader>(m, 0);
  const auto& ip = *dp::header_at<dp::Ipv6Header>(m, sizeof ethernet);
  const uint8_t type = dp::header_at<dp::Icmp6Header>(m, kMessageAt)->type;
  const bool asks = type == dp::Icmp6Header::kNeighbourSolicitation;
  if (ip.next_header != static_cast<uint8_t>(dp::IpProtocol::icmpv6) || ip.hop_limit != 255 ||
      (!asks && type != dp::Icmp6Header::kNeighbourAdvertisement)) {
    return false;
  }
  rte_pktmbuf_adj(m, sizeof ethernet);
  dp::meta(m) = {};
  dp::meta(m).l3_size = sizeof ip;
  const std::optional<dp::NeighbourWord> word = dp::read_neighbour_word(m);
  if (!word) return true;
  if (!asks) {
    if (word->target == config_.gateway6 && word->mac != nullptr) learn(*word->mac);
  } else if (word->target == config_.own6 && !config_.own6.is_unspecified()) {
    (void)dp::answer_solicitation(link_, interface_, *word,
                                  word->mac != nullptr ? *word->mac : ethernet.src, false);
  }
  return true;
}

bool InsidePort::take(rte_mbuf* m) noexcept {
  if (m->nb_segs != 1 || m->data_len < sizeof(EthernetHeader) + sizeof(dp::Ipv4Header))
    return false;
  const auto* ethernet = rte_pktmbuf_mtod(m, const EthernetHeader*);
  const auto* behind = reinterpret_cast<const uint8_t*>(ethernet + 1);
  const uint32_t there = m->data_len - uint32_t{sizeof(EthernetHeader)};
  uint32_t size = 0;
  switch (static_cast<uint16_t>(ethernet->type)) {
    case static_cast<uint16_t>(EtherType::arp): arp(m); return false;
    case static_cast<uint16_t>(EtherType::ipv4):
      if (behind[0] >> 4 == 4) size = reinterpret_cast<const dp::Ipv4Header*>(behind)->total_length;
      break;
    case static_cast<uint16_t>(EtherType::ipv6):
      if (there < sizeof(dp::Ipv6Header) || neighbour_message(m)) return false;
      if (behind[0] >> 4 == 6) {
        size = reinterpret_cast<const dp::Ipv6Header*>(behind)->payload_length +
               uint32_t{sizeof(dp::Ipv6Header)};
      }
      break;
    default: break;
  }
  if (size < sizeof(dp::Ipv4Header) || size > there) return false;
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  rte_pktmbuf_trim(m, static_cast<uint16_t>(there - size));
  return true;
}

uint32_t InsidePort::receive(std::span<rte_mbuf*, kBurst> packets) noexcept {
  const uint16_t came = rte_eth_rx_burst(port_.id(), 0, packets.data(), kBurst);
  uint32_t kept = 0;
  for (uint16_t i = 0; i < came; ++i) {
    if (take(packets[i])) {
      packets[kept++] = packets[i];
    } else {
      rte_pktmbuf_free(packets[i]);
    }
  }
  return kept;
}

uint32_t InsidePort::send(std::span<rte_mbuf*> packets) noexcept {
  for (rte_mbuf* m : packets) {
    const bool v4 = *rte_pktmbuf_mtod(m, const uint8_t*) >> 4 == 4;
    auto* ethernet =
        reinterpret_cast<EthernetHeader*>(rte_pktmbuf_prepend(m, sizeof(EthernetHeader)));
    *ethernet = {gateway_, port_.mac(),
                 static_cast<uint16_t>(v4 ? EtherType::ipv4 : EtherType::ipv6)};
  }
  const uint16_t taken =
      rte_eth_tx_burst(port_.id(), 0, packets.data(), static_cast<uint16_t>(packets.size()));
  for (size_t i = taken; i < packets.size(); ++i)
    rte_pktmbuf_adj(packets[i], sizeof(EthernetHeader));
  return taken;
}

}  // namespace culvert::replay
