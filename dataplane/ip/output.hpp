// IPv4 packets made or passed on here, to the link: route, neighbour, Ethernet header, transmit.
//
// In: packets that begin with their IP header, checksums filled or marked in ol_flags (with l3_len,
// l4_len). The time to live of packets passed on was lowered by the caller. Drops: ip_version,
// ip_no_route, ip_no_adjacency, interface_down, exceeds_mtu, no_buffer. RFC 1812 §5.2.4 (next hop),
// §5.2.6.
#pragma once

#include "dataplane/ip/route.hpp"
#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

struct OutputContext {
  LinkContext& link;
  const RouteTable* routes;  // control swaps it between loops
};

// Empties the batch. Frames leave with the PortTx's next flush.
void ip_output(OutputContext& context, Batch& packets, Time now) noexcept;

}  // namespace culvert::dp
