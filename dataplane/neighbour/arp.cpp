// ARP input and output.
#include "dataplane/neighbour/arp.hpp"

#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/counter.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint32_t kFrameSize = sizeof(EthernetHeader) + sizeof(ArpPacket);

void report_clash(LinkContext& link, ArpState& state, const Interface& interface,
                  const MacAddress& station, Time now) noexcept {
  uint64_t packed = interface.index;
  for (const uint8_t byte : station)
    packed = packed << 8 | byte;
  state.counters.clash_station.store(packed, std::memory_order_relaxed);
  count(state.counters.clashes);
  Time& next = state.next_defence[interface.index];
  if (now < next) return;
  next = now + ArpState::kDefendInterval;
  send_arp(link, interface,
           {.operation = ArpOperation::request,
            .to = kBroadcastMac,
            .sender_ip = interface.ipv4,
            .target_mac = {},
            .target_ip = interface.ipv4});
}

void send_ready(LinkContext& link, const Interface& interface, const MacAddress& mac,
                Batch& ready) noexcept {
  for (rte_mbuf* m : ready)
    send_frame(link, interface, mac, EtherType::ipv4, m);
  ready.clear();
}

// Turns the request into its reply in the same buffer.
void reply_in_place(LinkContext& link, ArpState& state, const Interface& interface, rte_mbuf* m,
                    ArpPacket& arp) noexcept {
  const MacAddress asker = arp.sender_mac;
  arp.operation = static_cast<uint16_t>(ArpOperation::reply);
  arp.target_mac = asker;
  arp.target_ip = arp.sender_ip.get();
  arp.sender_mac = interface.mac;
  arp.sender_ip = interface.ipv4;
  cut_to(m, kFrameSize);
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  count(state.counters.replies_out);
  send_frame(link, interface, asker, EtherType::arp, m);
}

void input_one(LinkContext& link, ArpState& state, rte_mbuf* m, Time now) noexcept {
  const Interface* interface = link.interfaces.by_port(meta(m).port);
  if (interface == nullptr || !make_contiguous(m, kFrameSize) ||
      !arp_well_formed(*header_at<ArpPacket>(m, sizeof(EthernetHeader)))) {
    drop(link.drops, DropReason::arp_malformed, m);
    return;
  }
  ArpPacket& arp = *header_at<ArpPacket>(m, sizeof(EthernetHeader));
  const bool first_hand = meta(m).handoff != Handoff::neighbour;
  const bool request = arp.operation == static_cast<uint16_t>(ArpOperation::request);
  const uint32_t sender = arp.sender_ip;
  const uint32_t own = interface->ipv4;
  if (first_hand) count(request ? state.counters.requests_in : state.counters.replies_in);

  if (own == 0) {
    rte_pktmbuf_free(m);
    return;
  }
  if (sender == own) {
    // Our own frames may come back (a capture port, a hub); only another station's are a conflict.
    if (first_hand && arp.sender_mac != interface->mac) {
      report_clash(link, state, *interface, arp.sender_mac, now);
    }
    rte_pktmbuf_free(m);
    return;
  }
  const bool for_us = arp.target_ip == own;
  // A probe (RFC 5227 §1.1) has no sender address to learn; a foreign network's is none of ours.
  if (interface->on_link(sender)) {
    Batch ready;
    const auto source = !for_us   ? NeighbourCache::Source::update
                        : request ? NeighbourCache::Source::request
                                  : NeighbourCache::Source::reply;
    const MacAddress mac = arp.sender_mac;
    (void)link.neighbours.learn(IpAddress::v4(sender), interface->index, mac, source, now, ready);
    send_ready(link, *interface, mac, ready);
  } else if (first_hand && sender != 0) {
    count(state.counters.not_for_us);
  }
  if (first_hand && request && for_us && interface->up) {
    reply_in_place(link, state, *interface, m, arp);
    return;
  }
  if (first_hand && !for_us) count(state.counters.not_for_us);
  rte_pktmbuf_free(m);
}

}  // namespace

bool arp_well_formed(const ArpPacket& arp) noexcept {
  if (arp.hardware_type != 1 || arp.protocol_type != static_cast<uint16_t>(EtherType::ipv4) ||
      arp.hardware_size != 6 || arp.protocol_size != 4) {
    return false;
  }
  const uint16_t operation = arp.operation;
  if (operation != 1 && operation != 2) return false;
  // A group address can answer for nobody (RFC 1812 §3.3.2), nor can the zero address.
  if ((arp.sender_mac[0] & 1) != 0 || arp.sender_mac == MacAddress{}) return false;
  const uint32_t sender = arp.sender_ip;
  return sender < 0xe0000000U && (sender >> 24) != 127;
}

void arp_input(LinkContext& link, ArpState& state, Batch& in, Time now) noexcept {
  for (rte_mbuf* m : in)
    input_one(link, state, m, now);
  in.clear();
}

bool send_arp(LinkContext& link, const Interface& interface, const ArpMessage& message) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(link.pool);
  if (m == nullptr) {
    link.drops.add(DropReason::no_buffer);
    return false;
  }
  meta(m) = {};
  auto* arp = reinterpret_cast<ArpPacket*>(rte_pktmbuf_append(m, sizeof(ArpPacket)));
  *arp = {.hardware_type = 1,
          .protocol_type = static_cast<uint16_t>(EtherType::ipv4),
          .hardware_size = 6,
          .protocol_size = 4,
          .operation = static_cast<uint16_t>(message.operation),
          .sender_mac = interface.mac,
          .sender_ip = message.sender_ip,
          .target_mac = message.target_mac,
          .target_ip = message.target_ip};
  send_frame(link, interface, message.to, EtherType::arp, m);
  return true;
}

}  // namespace culvert::dp
