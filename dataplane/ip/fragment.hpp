// Cuts an IPv4 packet that is larger than what is in front of it takes: a tunnel, or a link.
#pragma once

#include <cstdint>
#include <span>

#include <rte_mempool.h>

struct rte_mbuf;

namespace culvert::dp {

// Payload bytes that every fragment of an IPv4 packet can carry, whatever its options: a multiple of
// 8. 0 for an MTU below the 68 that RFC 791 §3.2 asks of every link.
[[nodiscard]] constexpr unsigned fragment_payload(uint16_t mtu) noexcept {
  return mtu < 68 ? 0 : (mtu - 60u) / 8 * 8;
}

// Writes copies of the packet's parts, each at most `mtu` bytes (>= 68), into fresh buffers of
// `pool` with headroom for the tunnel's headers. Returns how many, or 0 if there were no buffers or
// `out` is too small; `packet` stays the caller's. RFC 791 §3.2: offsets in units of 8 bytes,
// options copied only where their copy bit says so.
[[nodiscard]] uint32_t fragment_ipv4(const rte_mbuf* packet, uint16_t mtu, rte_mempool* pool,
                                     std::span<rte_mbuf*> out) noexcept;

}  // namespace culvert::dp
