// Chained packet buffers: making headers contiguous and cutting packets to length.
#pragma once

#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace detail {
[[nodiscard]] bool pull(rte_mbuf* m, uint32_t bytes) noexcept;
void cut_chain(rte_mbuf* m, uint32_t bytes) noexcept;
}  // namespace detail

// Sees to it that the first `bytes` of the packet lie in its first segment. False if the packet is
// shorter, or if the first segment has no room for them; the packet is then unchanged.
[[nodiscard]] inline bool make_contiguous(rte_mbuf* m, uint32_t bytes) noexcept {
  if (m->data_len >= bytes) [[likely]]
    return true;
  return detail::pull(m, bytes);
}

// Cuts the packet's end so that `bytes` <= pkt_len remain. Segments that become empty are freed.
inline void cut_to(rte_mbuf* m, uint32_t bytes) noexcept {
  if (m->nb_segs == 1) [[likely]] {
    m->pkt_len = bytes;
    m->data_len = static_cast<uint16_t>(bytes);
    return;
  }
  detail::cut_chain(m, bytes);
}

// Takes out what stands between the packet's first `keep` bytes and byte `until` >= keep: options or
// extension headers. The first segment holds `until` bytes.
inline void close_gap(rte_mbuf* m, uint32_t keep, uint32_t until) noexcept {
  if (keep == until) [[likely]]
    return;
  auto* front = rte_pktmbuf_mtod(m, uint8_t*);
  std::memmove(front + (until - keep), front, keep);
  rte_pktmbuf_adj(m, static_cast<uint16_t>(until - keep));
}

// The header at `offset` of the first segment; the caller has made it contiguous.
template <typename Header>
[[nodiscard]] inline Header* header_at(rte_mbuf* m, uint32_t offset) noexcept {
  return rte_pktmbuf_mtod_offset(m, Header*, offset);
}

}  // namespace culvert::dp
