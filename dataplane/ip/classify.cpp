// Classification of received frames.
#include "dataplane/ip/classify.hpp"

#include <algorithm>

#include <rte_prefetch.h>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint32_t kPrefetchAhead = 4;
constexpr auto kGood = DropReason::count_;
constexpr uint32_t kLimitedBroadcast = 0xffffffffU;

struct Verdict {
  Batch* edge;
  DropReason reason;
};

Verdict dropped(DropReason reason) noexcept {
  return {nullptr, reason};
}

// For somebody behind us. What the sender left undone because the wire is no wire (another machine on
// the same virtual switch) has to be done before the packet goes into a tunnel.
Verdict pass_on(rte_mbuf* m, ClassifyEdges& out) noexcept {
  if (transport_checksum_missing(m)) [[unlikely]] {
    const uint16_t plain_size = meta(m).l3_size;
    const uint16_t size = meta(m).family == 6 ? walk_extensions(m).size : plain_size;
    meta(m).l3_size = plain_size;  // what passes through is judged by its first header alone
    (void)make_contiguous(m, std::min(size + uint32_t{sizeof(TcpHeader)}, m->pkt_len));
    (void)make_transport_checksum(m, size);
  }
  return {&out.transit, kGood};
}

// Which addresses may be on a packet that came in by this interface, and whom it is for.
Verdict judge_addresses(rte_mbuf* m, const Ipv4Header& ip, bool group_frame,
                        const Interface& interface, const InterfaceTable& interfaces,
                        ClassifyEdges& out) noexcept {
  const uint32_t src = ip.src;
  const uint32_t dst = ip.dst;
  if (martian_source(src) || interfaces.by_address(src) != nullptr ||
      (src == interface.ipv4_broadcast() && src != 0)) {
    return dropped(DropReason::ip_bad_address);
  }
  if (dst == interface.ipv4 && dst != 0) [[likely]] {
    // RFC 1122 §3.3.6: unicast in a broadcast frame is somebody's mistake, or an attack.
    if (group_frame) return dropped(DropReason::ip_bad_address);
    if (ip.is_fragment()) return {&out.local_fragment, kGood};
    // A TCP header split over buffers is brought together here, once.
    const uint32_t want = ip.header_size() + uint32_t{sizeof(TcpHeader)};
    if (m->data_len < want) (void)make_contiguous(m, std::min(want, m->pkt_len));
    return {&out.local(4, ip.protocol), kGood};
  }
  const uint32_t first = dst >> 24;
  if (first == 0 || first == 127 || (first >= 240 && dst != kLimitedBroadcast)) {
    return dropped(DropReason::ip_bad_address);
  }
  // Broadcast and multicast reach the box, but nothing in it listens to them.
  if (first >= 224 || (dst == interface.ipv4_broadcast() && dst != 0)) {
    return dropped(DropReason::ip_protocol);
  }
  if (group_frame) return dropped(DropReason::ip_bad_address);
  // The address of another interface is not served here, as on the ASA.
  if (interfaces.by_address(dst) != nullptr) return dropped(DropReason::ip_not_forwarded);
  return pass_on(m, out);
}

Verdict input_ipv4(rte_mbuf* m, bool group_frame, const Interface& interface,
                   const InterfaceTable& interfaces, ClassifyEdges& out) noexcept {
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  const DropReason reason = check_ipv4(m);
  if (reason != kGood) return dropped(reason);
  return judge_addresses(m, *header_at<Ipv4Header>(m, 0), group_frame, interface, interfaces, out);
}

// For the box itself, by what comes behind the extension headers.
Verdict to_the_box6(rte_mbuf* m, bool group, ClassifyEdges& out) noexcept {
  const ExtensionWalk walk = walk_extensions(m);
  if (walk.reason != kGood) return dropped(walk.reason);
  if (group && (walk.fragment || walk.protocol != static_cast<uint8_t>(IpProtocol::icmpv6))) {
    return dropped(DropReason::ip_protocol);
  }
  if (walk.fragment) return {&out.local_fragment, kGood};
  const uint32_t want = walk.size + uint32_t{sizeof(TcpHeader)};
  if (m->data_len < want) (void)make_contiguous(m, std::min(want, m->pkt_len));
  return {&out.local(6, walk.protocol), kGood};
}

Verdict judge_addresses6(rte_mbuf* m, bool group_frame, const Interface& interface,
                         const InterfaceTable& interfaces, ClassifyEdges& out) noexcept {
  const auto* ip = header_at<Ipv6Header>(m, 0);
  const IpAddress src = IpAddress::v6(ip->src);
  const IpAddress dst = IpAddress::v6(ip->dst);
  if (is_multicast6(dst)) {
    // Nobody has that source to a single host. To a group it is a probe for an address that is
    // being chosen, or somebody who has ours: neighbour discovery looks into both.
    if (!group_frame) return dropped(DropReason::ip6_bad_address);
    if (!interface.listens_to(dst)) return dropped(DropReason::ip_protocol);
    return to_the_box6(m, true, out);
  }
  if (src.is_unspecified() || interface.owns(src) || interfaces.by_address6(src) != nullptr) {
    return dropped(DropReason::ip6_bad_address);
  }
  if (group_frame) return dropped(DropReason::ip6_bad_address);
  if (interface.owns(dst)) [[likely]]
    return to_the_box6(m, false, out);
  // RFC 4291 §2.5.6: link-local addresses stay on their link.
  if (is_link_local6(src) || is_link_local6(dst)) return dropped(DropReason::ip6_bad_address);
  if (interfaces.by_address6(dst) != nullptr) return dropped(DropReason::ip_not_forwarded);
  return pass_on(m, out);
}

Verdict input_ipv6(rte_mbuf* m, bool group_frame, const Interface& interface,
                   const InterfaceTable& interfaces, ClassifyEdges& out) noexcept {
  if (!interface.has_ipv6()) return dropped(DropReason::ip_version);
  rte_pktmbuf_adj(m, sizeof(EthernetHeader));
  const DropReason reason = check_ipv6(m);
  if (reason != kGood) return dropped(reason);
  return judge_addresses6(m, group_frame, interface, interfaces, out);
}

Verdict input_frame(rte_mbuf* m, const Interface& interface, const InterfaceTable& interfaces,
                    ClassifyEdges& out) noexcept {
  if (!make_contiguous(m, sizeof(EthernetHeader))) return dropped(DropReason::l2_malformed);
  const auto* ethernet = header_at<EthernetHeader>(m, 0);
  const bool group_frame = (ethernet->dst[0] & 1) != 0;
  if (!group_frame && ethernet->dst != interface.mac) return dropped(DropReason::l2_not_ours);
  // Some ports take the tag off and only say so.
  if ((m->ol_flags & RTE_MBUF_F_RX_VLAN) != 0) return dropped(DropReason::l2_vlan);
  switch (static_cast<EtherType>(ethernet->type.get())) {
    [[likely]] case EtherType::ipv4 : return input_ipv4(m, group_frame, interface, interfaces, out);
    case EtherType::arp: return {&out.arp, kGood};
    case EtherType::vlan: return dropped(DropReason::l2_vlan);
    case EtherType::ipv6: return input_ipv6(m, group_frame, interface, interfaces, out);
    default: break;
  }
  return dropped(DropReason::l2_malformed);
}

}  // namespace

Batch& ClassifyEdges::local(uint8_t family, uint8_t protocol) noexcept {
  switch (static_cast<IpProtocol>(protocol)) {
    case IpProtocol::tcp: return local_tcp;
    case IpProtocol::udp: return local_udp;
    // Each family has its own ICMP, and no business with the other's.
    case IpProtocol::icmp: return family == 4 ? local_icmp : local_other;
    case IpProtocol::icmpv6: return family == 6 ? local_icmp6 : local_other;
    default: return local_other;
  }
}

void ClassifyEdges::clear() noexcept {
  for (Batch* edge : {&arp, &local_tcp, &local_udp, &local_icmp, &local_icmp6, &local_fragment,
                      &local_other, &transit}) {
    edge->clear();
  }
}

DropReason check_ipv4(rte_mbuf* m) noexcept {
  // RFC 1812 §5.2.2 (1). The order of the others differs from the RFC's where a later one gives the
  // drop its better name; a packet passes all of them or none.
  if (!make_contiguous(m, sizeof(Ipv4Header))) return DropReason::ip_bad_header;
  const auto* ip = header_at<Ipv4Header>(m, 0);
  if (ip->version() != 4) return DropReason::ip_version;  // (3)
  const unsigned header_size = ip->header_size();
  if (header_size < sizeof(Ipv4Header) || !make_contiguous(m, header_size)) {  // (4)
    return DropReason::ip_bad_header;
  }
  const uint16_t total = ip->total_length;
  if (total < header_size || total > m->pkt_len) return DropReason::ip_bad_length;  // (5)
  if (!ipv4_checksum_ok(m, *ip, header_size)) return DropReason::ip_bad_header;     // (2)
  // What follows is Ethernet's padding (RFC 894).
  if (m->pkt_len != total) cut_to(m, total);
  PacketMeta& out = meta(m);
  out.family = 4;
  out.l3_size = static_cast<uint16_t>(header_size);
  return kGood;
}

void classify(Batch& in, uint16_t port, const InterfaceTable& interfaces, ClassifyEdges& out,
              DropCounters& drops) noexcept {
  const Interface* interface = interfaces.by_port(port);
  if (interface == nullptr || !interface->up) [[unlikely]] {
    for (rte_mbuf* m : in)
      drop(drops, DropReason::interface_down, m);
    in.clear();
    return;
  }
  const uint32_t n = in.size();
  for (uint32_t i = 0; i < std::min(n, kPrefetchAhead); ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(in[i], void*));
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (i + kPrefetchAhead < n) rte_prefetch0(rte_pktmbuf_mtod(in[i + kPrefetchAhead], void*));
    rte_mbuf* m = in[i];
    meta(m) = {};
    meta(m).port = port;
    const Verdict verdict = input_frame(m, *interface, interfaces, out);
    if (verdict.edge != nullptr) [[likely]] {
      verdict.edge->push(m);
    } else {
      drop(drops, verdict.reason, m);
    }
  }
  in.clear();
}

}  // namespace culvert::dp
