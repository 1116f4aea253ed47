// Packet buffers for every port and stage.
#pragma once

#include <memory>
#include <string>

#include <rte_mempool.h>

namespace culvert::dp {

struct FreePool {
  void operator()(rte_mempool* p) const noexcept { rte_mempool_free(p); }
};
using PacketPool = std::unique_ptr<rte_mempool, FreePool>;

enum class BufferLayout {
  side_by_side,  // without a gap, as the af_xdp driver wants them
  within_pages,  // none across the border of two huge pages, as emulated cards want them
};

// `count` buffers that each hold a packet of `mtu` bytes with the headers and the tag of its
// record. Without huge pages they are always side by side. Throws std::runtime_error if the memory
// is not there.
[[nodiscard]] PacketPool make_packet_pool(const std::string& name, unsigned count, unsigned mtu,
                                          BufferLayout layout);

// How many buffers nobody uses. Looks at the caches of the lcores that there are;
// rte_mempool_avail_count() looks at all that there could be, which misses the cache a hundred times.
[[nodiscard]] unsigned available_buffers(const rte_mempool& pool) noexcept;

}  // namespace culvert::dp
