// ARP (RFC 826) and neighbour discovery (RFC 4861) as far as one host with one neighbour needs them.
#include "tools/replay/tunnel/inside_port.hpp"

#include <cstring>

#include <rte_ethdev.h>

#include "dataplane/packet/checksum.hpp"

namespace culvert::replay {

namespace {

using dp::EthernetHeader;
using dp::EtherType;

constexpr uint16_t kRequest = 1, kReply = 2;

struct ArpFrame {
  EthernetHeader ethernet;
  dp::ArpPacket arp;
};
static_assert(sizeof(ArpFrame) == 42);

// A solicitation or advertisement with the option that says the sender's MAC address (RFC 4861 §4.6.1).
struct NeighbourFrame {
  EthernetHeader ethernet;
  dp::Ipv6Header ip;
  dp::NeighbourMessage message;
  uint8_t option;
  uint8_t option_size;  // in units of 8 bytes
  dp::MacAddress mac;
};
static_assert(sizeof(NeighbourFrame) == 14 + 40 + 24 + 8);
constexpr uint8_t kSourceMac = 1, kTargetMac = 2;

dp::MacAddress multicast_mac(const dp::IpAddress& group) noexcept {
  const auto& b = group.bytes();
  return {0x33, 0x33, b[12], b[13], b[14], b[15]};
}

NeighbourFrame neighbour_frame(const dp::MacAddress& from, const dp::MacAddress& to,
                               const dp::IpAddress& source, const dp::IpAddress& destination,
                               const dp::IpAddress& target) noexcept {
  NeighbourFrame frame{};
  frame.ethernet = {to, from, static_cast<uint16_t>(EtherType::ipv6)};
  frame.ip.version_class_flow = 0x60000000;
  frame.ip.payload_length = sizeof frame - sizeof frame.ethernet - sizeof frame.ip;
  frame.ip.next_header = static_cast<uint8_t>(dp::IpProtocol::icmpv6);
  frame.ip.hop_limit = 255;
  frame.ip.src = source.bytes();
  frame.ip.dst = destination.bytes();
  frame.message.target = target.bytes();
  frame.option_size = 1;
  frame.mac = from;
  return frame;
}

}  // namespace

void InsidePort::transmit(const void* frame, uint16_t size) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(pool_);
  if (m == nullptr) return;
  std::memcpy(rte_pktmbuf_append(m, size), frame, size);
  const auto& ethernet = *rte_pktmbuf_mtod(m, const EthernetHeader*);
  if (ethernet.type == static_cast<uint16_t>(EtherType::ipv6)) {
    rte_pktmbuf_adj(m, sizeof ethernet);
    dp::fill_icmp6_checksum(m);
    rte_pktmbuf_prepend(m, sizeof ethernet);
  }
  if (rte_eth_tx_burst(port_.id(), 0, &m, 1) == 0) rte_pktmbuf_free(m);
}

void InsidePort::ask4() noexcept {
  ArpFrame frame{};
  frame.ethernet = {dp::kBroadcastMac, port_.mac(), static_cast<uint16_t>(EtherType::arp)};
  frame.arp = {1,
               static_cast<uint16_t>(EtherType::ipv4),
               6,
               4,
               kRequest,
               port_.mac(),
               config_.own4.v4_value(),
               {},
               config_.gateway4.v4_value()};
  transmit(&frame, sizeof frame);
}

void InsidePort::ask6() noexcept {
  const dp::IpAddress group = solicited_node(config_.gateway6);
  NeighbourFrame frame =
      neighbour_frame(port_.mac(), multicast_mac(group), config_.own6, group, config_.gateway6);
  frame.message.icmp.type = dp::Icmp6Header::kNeighbourSolicitation;
  frame.option = kSourceMac;
  transmit(&frame, sizeof frame);
}

void InsidePort::poll(dp::Time now) noexcept {
  if (ready() || now < next_question_) return;
  next_question_ = now + dp::kSecond;
  if (!config_.gateway4.is_unspecified() && !config_.own4.is_unspecified()) ask4();
  if (!config_.gateway6.is_unspecified() && !config_.own6.is_unspecified()) ask6();
}

void InsidePort::arp(const rte_mbuf* m) noexcept {
  if (m->data_len < sizeof(ArpFrame)) return;
  const auto& asked = rte_pktmbuf_mtod(m, const ArpFrame*)->arp;
  if (asked.protocol_type != static_cast<uint16_t>(EtherType::ipv4)) return;
  const bool from_headend =
      !config_.gateway4.is_unspecified() && asked.sender_ip == config_.gateway4.v4_value();
  if (from_headend) learn(asked.sender_mac);
  if (asked.operation != kRequest || config_.own4.is_unspecified() ||
      asked.target_ip != config_.own4.v4_value())
    return;
  ArpFrame answer{};
  answer.ethernet = {asked.sender_mac, port_.mac(), static_cast<uint16_t>(EtherType::arp)};
  answer.arp = asked;
  answer.arp.operation = kReply;
  answer.arp.sender_mac = port_.mac();
  answer.arp.sender_ip = asked.target_ip;
  answer.arp.target_mac = asked.sender_mac;
  answer.arp.target_ip = asked.sender_ip;
  transmit(&answer, sizeof answer);
}

bool InsidePort::neighbour_message(const rte_mbuf* m) noexcept {
  if (m->data_len < sizeof(NeighbourFrame)) return false;
  const auto& frame = *rte_pktmbuf_mtod(m, const NeighbourFrame*);
  const uint8_t type = frame.message.icmp.type;
  const bool asks = type == dp::Icmp6Header::kNeighbourSolicitation;
  if (frame.ip.next_header != static_cast<uint8_t>(dp::IpProtocol::icmpv6) ||
      frame.ip.hop_limit != 255 || (!asks && type != dp::Icmp6Header::kNeighbourAdvertisement)) {
    return false;
  }
  const dp::IpAddress target = dp::IpAddress::v6(frame.message.target);
  if (!asks) {
    if (target == config_.gateway6 && frame.option == kTargetMac) learn(frame.mac);
    return true;
  }
  if (target != config_.own6 || config_.own6.is_unspecified()) return true;
  NeighbourFrame answer = neighbour_frame(port_.mac(), frame.ethernet.src, target,
                                          dp::IpAddress::v6(frame.ip.src), target);
  answer.message.icmp.type = dp::Icmp6Header::kNeighbourAdvertisement;
  answer.message.icmp.rest = dp::NeighbourMessage::kSolicited | dp::NeighbourMessage::kOverride;
  answer.option = kTargetMac;
  transmit(&answer, sizeof answer);
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
      ++other_frames_;
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
