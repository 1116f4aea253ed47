// When a packet arrived, written on its buffer: DPDK's own field for that.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

namespace culvert::replay {

namespace detail {
inline int arrival_time_offset = -1;
}

// Once, after DPDK has started. False if buffers have no room for it.
[[nodiscard]] inline bool register_arrival_time() noexcept {
  return rte_mbuf_dyn_rx_timestamp_register(&detail::arrival_time_offset, nullptr) == 0;
}
inline void set_arrival_time(rte_mbuf* m, uint64_t tick) noexcept {
  *RTE_MBUF_DYNFIELD(m, detail::arrival_time_offset, rte_mbuf_timestamp_t*) = tick;
}
[[nodiscard]] inline uint64_t arrival_time(rte_mbuf* m) noexcept {
  return *RTE_MBUF_DYNFIELD(m, detail::arrival_time_offset, rte_mbuf_timestamp_t*);
}

}  // namespace culvert::replay
