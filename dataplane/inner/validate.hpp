// Inner packets on their way up: nothing leaves the box that is not a sound IP packet from the
// session's own addresses.
#pragma once

#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/drop.hpp"

namespace culvert::dp {

// In: packets of channel inputs (IP header first, meta.inner_source set). Out: the same batch
// without what was dropped; meta.family and meta.l3_size set, padding trimmed. Drops:
// inner_malformed, ip_version, svc_spoofed, inner_multicast, ip_bad_address, ip6_bad_address.
void validate_inner(Batch& packets, DropCounters& drops) noexcept;

}  // namespace culvert::dp
