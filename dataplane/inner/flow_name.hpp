// Which packets of one client belong together.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

namespace culvert::dp {

// Of equal value for all packets of an inner flow, rarely equal for those of different ones: a hash of
// the far address, the protocol and the ports. IP header first. The client's address is left out, since
// it is the same for all that is compared. Fragments have no ports, not even the first of a datagram,
// so that all of one have the same name. Any bytes may be given.
[[nodiscard]] uint16_t flow_name(const rte_mbuf* m) noexcept;

}  // namespace culvert::dp
