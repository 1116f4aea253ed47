// The Internet checksum's sum (RFC 1071) over a packet of several buffers.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

namespace culvert::dp {

// The folded sum from `offset` to the packet's end, in memory order, not inverted. Not rte_raw_cksum_mbuf: DPDK
// 22.11's loses a carry when a buffer of odd size comes before another.
[[nodiscard]] uint16_t chain_sum(const rte_mbuf* m, uint32_t offset) noexcept;

}  // namespace culvert::dp
