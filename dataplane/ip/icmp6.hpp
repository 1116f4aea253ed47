// ICMPv6 to the box: echo requests are answered, neighbour discovery goes its own way, everything
// else is counted.
//
// In: the local_icmp6 edge. Out: replies, IP header first, for ip_output; messages of neighbour
// discovery, for nd_input. Drops: icmp_malformed, icmp_ignored, icmp_rate_limited. RFC 4443.
#pragma once

#include "dataplane/ip/icmp.hpp"

namespace culvert::dp {

// Empties `in`; replies and `discovery` have room for it. The limit on echoes is that of IPv4's.
void icmp6_input(IcmpState& state, Batch& in, Batch& replies, Batch& discovery, DropCounters& drops,
                 Time now) noexcept;

}  // namespace culvert::dp
