// What a router says of a packet of ours that is larger than its next link: ICMP "fragmentation
// needed" (RFC 1191) and ICMPv6 "packet too big" (RFC 8201). Read here, judged by the flow's owner.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// A path is never believed to be narrower, bytes. IPv4: the 512 bytes that any host takes (RFC 879)
// and the headers of TCP, as in Linux. IPv6: RFC 8200 §5.
inline constexpr uint16_t kLeastPathMtu4 = 552;
inline constexpr uint16_t kLeastPathMtu6 = 1280;

// How long a report counts before a larger packet may try the path again (RFC 1191 §6.3, RFC 8201 §4).
inline constexpr Time kPathReportAge = 600 * kSecond;

struct PathReport {
  Flow flow;  // of the quoted packet as this box sees it: the source is `local`
  IpProtocol protocol = IpProtocol::tcp;  // or udp
  uint16_t mtu = 0;                       // bytes, of the next link; at least the floor
  bool below_floor = false;   // the link is narrower than kLeastPathMtu4: fragments must be allowed
  uint32_t tcp_sequence = 0;  // of the quoted segment
};

// `m`: such a message to the box, IP header first, its type and checksum checked, meta filled. Returns
// DropReason::count_ and fills `out`, or icmp_malformed (cut short, an impossible MTU), icmp_no_flow
// (quotes neither TCP nor UDP, or not this box), icmp_other_packet (the quoted packet would have fitted),
// icmp_mtu_ignored (RFC 8201 §4: IPv6 below 1280).
//
// A router that names no MTU (RFC 1191 §5: 0) is answered with the next plateau below the quoted
// packet's length: such routers are old, but what stands in the field may have been cleared on the way,
// and the alternative is a black hole.
[[nodiscard]] DropReason read_path_report(rte_mbuf* m, PathReport& out) noexcept;

}  // namespace culvert::dp
