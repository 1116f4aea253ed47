// The way out for IPv6 packets.
#include <algorithm>
#include <array>

#include "dataplane/ip/adjacency.hpp"
#include "dataplane/ip/output.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace {

void output_one(LinkContext& link, rte_mbuf* m, const IpAddress& destination, const NextHop6* hop,
                Adjacency& last, Time now) noexcept {
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
    drop(link.drops, DropReason::exceeds_mtu, m);
    return;
  }
  const IpAddress& next = hop->gateway.is_unspecified() ? destination : hop->gateway;
  if (const MacAddress* mac = resolve(link, last, next, interface, m, now)) {
    send_frame(link, interface, *mac, EtherType::ipv6, m);
  }
}

// A link-local destination is on the link of the interface that the packet speaks for (RFC 4007 §6).
const Interface* link_of(const InterfaceTable& interfaces, const rte_mbuf* m) noexcept {
  const IpAddress src = IpAddress::v6(rte_pktmbuf_mtod(m, const Ipv6Header*)->src);
  const auto* found = std::find_if(interfaces.begin(), interfaces.end(),
                                   [&](const Interface& i) { return i.owns(src); });
  return found == interfaces.end() ? nullptr : found;
}

}  // namespace

void ip6_output(OutputContext& context, std::span<rte_mbuf*> packets, Time now) noexcept {
  std::array<IpAddress, kBurst> destinations;
  std::array<const NextHop6*, kBurst> hops;
  const size_t n = packets.size();
  for (size_t i = 0; i < n; ++i)
    destinations[i] = IpAddress::v6(header_at<Ipv6Header>(packets[i], 0)->dst);
  context.routes6->lookup({destinations.data(), n}, {hops.data(), n});
  Adjacency last;
  for (size_t i = 0; i < n; ++i) {
    if (is_link_local6(destinations[i])) [[unlikely]] {
      const Interface* link = link_of(context.link.interfaces, packets[i]);
      const NextHop6 hop{link == nullptr ? kNoInterface : link->index, {}};
      output_one(context.link, packets[i], destinations[i], link == nullptr ? nullptr : &hop, last,
                 now);
      continue;
    }
    output_one(context.link, packets[i], destinations[i], hops[i], last, now);
  }
}

}  // namespace culvert::dp
