// ICMPv6 to the box: echo requests are answered, neighbour discovery and reports of narrow paths go
// their own ways, everything else is counted.
//
// In: the local_icmp6 edge. Out: replies, IP header first, for ip_output; messages of neighbour
// discovery, for nd_input; "packet too big", for read_path_report. Drops: icmp_malformed, icmp_ignored,
// icmp_rate_limited. RFC 4443, RFC 8201.
#pragma once

#include "dataplane/ip/icmp.hpp"

namespace culvert::dp {

// Where ICMPv6 messages go from here; each has room for a whole batch.
struct Icmp6Edges {
  Batch& replies;
  Batch& discovery;
  Batch& reports;
};

// Empties `in`. The limits are those of IPv4's.
void icmp6_input(IcmpState& state, Batch& in, const Icmp6Edges& out, DropCounters& drops,
                 Time now) noexcept;

}  // namespace culvert::dp
