// What a network card does with what an endpoint gives it: cuts super-segments, puts chains together, fills in
// checksums that were left to it.
#pragma once

#include <vector>

#include <rte_mbuf.h>

namespace culvert::tcp::test {

// Takes an IPv4 packet and appends what comes onto the wire, packets of one buffer; fewer if `pool` is empty.
void transmit_as_port(rte_mbuf* m, rte_mempool* pool, std::vector<rte_mbuf*>& out);

}  // namespace culvert::tcp::test
