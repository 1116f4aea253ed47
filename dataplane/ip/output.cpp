// The way out, and what is IPv4's of it.
#include "dataplane/ip/output.hpp"

#include <array>

#include "dataplane/ip/adjacency.hpp"
#include "dataplane/ip/fragment.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace {

void output_one(OutputContext& context, rte_mbuf* m, uint32_t destination, const NextHop* hop,
                Adjacency& last, Time now) noexcept;

// RFC 1812 §5.2.6. What asks for checksums by the port is TCP of ours, which never needs it.
void output_fragments(OutputContext& context, rte_mbuf* m, uint32_t destination, const NextHop* hop,
                      Adjacency& last, Time now) noexcept {
  LinkContext& link = context.link;
  // 64 KiB over the smallest MTU that hosts must take (576 bytes) makes fewer than 128.
  std::array<rte_mbuf*, 128> parts;
  const uint16_t mtu = link.interfaces[hop->interface].mtu;
  if (header_at<Ipv4Header>(m, 0)->dont_fragment() ||
      m->pkt_len > parts.size() * fragment_payload(mtu) ||
      (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)) != 0) {
    drop(link.drops, DropReason::exceeds_mtu, m);
    return;
  }
  const uint32_t count = fragment_ipv4(m, mtu, link.pool, parts);
  if (count == 0) {
    drop(link.drops, DropReason::no_buffer, m);
    return;
  }
  rte_pktmbuf_free(m);
  for (uint32_t i = 0; i < count; ++i) {
    output_one(context, parts[i], destination, hop, last, now);
  }
}

void output_one(OutputContext& context, rte_mbuf* m, uint32_t destination, const NextHop* hop,
                Adjacency& last, Time now) noexcept {
  LinkContext& link = context.link;
  if (hop == nullptr) {
    drop(link.drops, DropReason::ip_no_route, m);
    return;
  }
  const Interface& interface = link.interfaces[hop->interface];
  if (!interface.up) [[unlikely]] {
    drop(link.drops, DropReason::interface_down, m);
    return;
  }
  if (exceeds_mtu(m, interface)) [[unlikely]] {
    output_fragments(context, m, destination, hop, last, now);
    return;
  }
  const IpAddress next = IpAddress::v4(hop->gateway != 0 ? hop->gateway : destination);
  if (const MacAddress* mac = resolve(link, last, next, interface, m, now)) {
    send_frame(link, interface, *mac, EtherType::ipv4, m);
  }
}

}  // namespace

bool exceeds_mtu(const rte_mbuf* m, const Interface& interface) noexcept {
  if (m->pkt_len <= interface.mtu) [[likely]]
    return false;
  // The port cuts a super-segment; then each piece counts.
  if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0) return true;
  const auto headers = static_cast<uint32_t>(m->l3_len) + static_cast<uint32_t>(m->l4_len);
  return headers + m->tso_segsz > interface.mtu;
}

void ip_output(OutputContext& context, Batch& packets, Time now) noexcept {
  // The families part here; each is looked up in one go.
  std::array<uint32_t, kBurst> destinations;
  std::array<const NextHop*, kBurst> hops;
  std::array<rte_mbuf*, kBurst> six;
  uint32_t n = 0;
  uint32_t n6 = 0;
  for (rte_mbuf* m : packets) {
    const auto* ip = header_at<Ipv4Header>(m, 0);
    if (m->data_len < sizeof(Ipv4Header) || ip->version() != 4) [[unlikely]] {
      if (m->data_len >= sizeof(Ipv6Header) && ip->version() == 6) {
        six[n6++] = m;
      } else {
        drop(context.link.drops, DropReason::ip_version, m);
      }
      continue;
    }
    destinations[n] = ip->dst;
    packets[n++] = m;
  }
  if (n6 != 0) ip6_output(context, {six.data(), n6}, now);
  context.routes->lookup({destinations.data(), n}, {hops.data(), n});
  Adjacency last;
  for (uint32_t i = 0; i < n; ++i) {
    output_one(context, packets[i], destinations[i], hops[i], last, now);
  }
  packets.clear();
}

}  // namespace culvert::dp
