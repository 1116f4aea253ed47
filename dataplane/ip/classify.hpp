// The first stage after a port: Ethernet frames to named edges.
//
// In: a burst of frames as received. Out: the edges below. Drops: l2_malformed, l2_not_ours,
// l2_vlan, ip_version, ip_bad_header, ip_bad_length, ip_bad_address, ip6_bad_address,
// ip6_bad_extension, ip6_extension_order, ip_protocol, ip_not_forwarded, interface_down. RFC 894
// and RFC 2464 (frames), RFC 1812 §5.2.2 (header checks), §4.2.2.11 and §5.3.7 (martian addresses),
// RFC 8200, RFC 4291.
#pragma once

#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/port/interface.hpp"

namespace culvert::dp {

// Packets on all edges but `arp` begin with their IP header, are cut to the IP length, and have
// meta.port, meta.family and meta.l3_size set; the IP header with its options or extension headers
// is contiguous. Either family may be on every edge but those of ICMP. On the local edges
// the destination is an address of the interface that the packet came in by.
struct ClassifyEdges {
  Batch arp;        // with Ethernet header
  Batch local_tcp;  // the first 20 bytes after the IP header are contiguous, if there are as many
  Batch local_udp;  // the first 8 bytes likewise
  Batch local_icmp;
  Batch local_icmp6;     // the first 8 bytes likewise; also to the groups that the interface is in
  Batch local_fragment;  // to Reassembly
  Batch local_other;     // nothing listens
  Batch transit;         // for somebody else: a session's address, or nobody

  // To which edge a whole packet for the box belongs.
  [[nodiscard]] Batch& local(uint8_t family, uint8_t protocol) noexcept;
  void clear() noexcept;
};

// `port`: where the whole burst was received. The edges must have room for the burst: they are
// empty at the start of a loop. Empties `in`.
void classify(Batch& in, uint16_t port, const InterfaceTable& interfaces, ClassifyEdges& out,
              DropCounters& drops) noexcept;

// The checks of an IPv4 header alone, for packets that come other ways (out of a tunnel): version,
// header length, total length, checksum, in this order. Cuts the packet to its total length and
// sets family and l3_size. Returns DropReason::count_ if all is well.
[[nodiscard]] DropReason check_ipv4(rte_mbuf* m) noexcept;

// True if no packet may come from there: this network, loopback, multicast, class E, limited
// broadcast. Host order.
[[nodiscard]] constexpr bool martian_source(uint32_t ip) noexcept {
  const uint32_t first = ip >> 24;
  return first == 0 || first == 127 || first >= 224;
}

}  // namespace culvert::dp
