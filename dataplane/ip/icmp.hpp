// ICMP to the box: echo requests are answered, reports of narrow paths go their own way, everything
// else is counted.
//
// In: the local_icmp edge. Out: replies, IP header first, for ip_output; "fragmentation needed", for
// read_path_report. Drops: icmp_malformed, icmp_ignored, icmp_rate_limited. RFC 792, RFC 1122 §3.2.2.6
// (echo), RFC 1812 §4.3.3.6, RFC 1191.
#pragma once

#include "dataplane/ip/token_bucket.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// One worker's.
struct IcmpState {
  TokenBucket echo{10'000, 1'000};  // replies a second
  TokenBucket reports{1'000,
                      200};  // of narrow paths: each has to be looked up, perhaps by all workers
};

// Empties `in`; `replies` and `reports` have room for it.
void icmp_input(IcmpState& state, Batch& in, Batch& replies, Batch& reports, DropCounters& drops,
                Time now) noexcept;

}  // namespace culvert::dp
