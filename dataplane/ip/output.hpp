// IP packets made or passed on here, to the link: route, neighbour, Ethernet header, transmit.
//
// In: packets that begin with their IP header, checksums filled or marked in ol_flags (with l3_len,
// l4_len). The time to live of packets passed on was lowered by the caller. Drops: ip_version,
// ip_no_route, ip_no_adjacency, interface_down, exceeds_mtu, no_buffer. RFC 1812 §5.2.4 (next hop),
// §5.2.6.
#pragma once

#include "dataplane/ip/route.hpp"
#include "dataplane/ip/route6.hpp"
#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

struct OutputContext {
  LinkContext& link;
  const RouteTable* routes;  // control swaps it between loops
  const RouteTable6* routes6;
};

// Empties the batch. Frames leave with the PortTx's next flush.
void ip_output(OutputContext& context, Batch& packets, Time now) noexcept;

// Its part for IPv6, which is never fragmented on the way (RFC 8200 §5). Takes all packets.
void ip6_output(OutputContext& context, std::span<rte_mbuf*> packets, Time now) noexcept;

// True if the packet, or a piece that the port cuts from a super-segment, is larger than the
// interface takes.
[[nodiscard]] bool exceeds_mtu(const rte_mbuf* m, const Interface& interface) noexcept;

}  // namespace culvert::dp
