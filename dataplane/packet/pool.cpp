// Not rte_pktmbuf_pool_create(): where pages are small (--no-huge) that puts one buffer on each
// page, to keep each contiguous for devices that use physical addresses. With virtual addresses as
// IO addresses contiguity comes by itself, and the pool needs half the memory.
//
// The af_xdp driver reckons with buffers side by side, and takes what lies beyond its reckoning for
// invalid: its transmit ring then stands still. A mempool whose objects need not be contiguous is
// given no IO addresses, though, and a card could not find its buffers; so they are entered here.
//
// QEMU's vmxnet3 and e1000e drop, for ever, a frame with a buffer that goes on in another huge page,
// unless the two pages happen to be neighbours in the guest's physical memory too: they map a buffer
// as one piece. To TCP that is a byte which no retransmission brings across. So without af_xdp no
// buffer crosses the border of huge pages, which is what DPDK does by itself.
#include "dataplane/packet/pool.hpp"

#include <algorithm>
#include <stdexcept>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

namespace culvert::dp {

namespace {

constexpr unsigned kCache = 256;  // buffers that an lcore keeps for itself

void enter_io_address(rte_mempool*, void*, void* object, unsigned) {
  rte_mempool_get_header(object)->iova = reinterpret_cast<rte_iova_t>(object);
}

}  // namespace

PacketPool make_packet_pool(const std::string& name, unsigned count, unsigned mtu,
                            BufferLayout layout) {
  // 2 KiB is what NICs like; 64 bytes are Ethernet header and the record's tag.
  const unsigned room = std::max(2048u, (mtu + 64 + 63) / 64 * 64) + RTE_PKTMBUF_HEADROOM;
  const auto fail = [&]() -> std::runtime_error {
    return std::runtime_error("no memory for " + std::to_string(count) + " packet buffers of " +
                              std::to_string(room) +
                              " bytes: raise `memory` or lower `buffers` in the dataplane section");
  };
  const bool side_by_side = rte_eal_iova_mode() == RTE_IOVA_VA &&
                            (layout == BufferLayout::side_by_side || rte_eal_has_hugepages() == 0);
  const unsigned flags = side_by_side ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
  PacketPool pool(rte_mempool_create_empty(name.c_str(), count, sizeof(rte_mbuf) + room, kCache,
                                           sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags));
  if (pool == nullptr) throw fail();
  rte_pktmbuf_pool_private sizes{};
  sizes.mbuf_data_room_size = static_cast<uint16_t>(room);
  if (rte_mempool_set_ops_byname(pool.get(), rte_mbuf_best_mempool_ops(), nullptr) != 0)
    throw fail();
  rte_pktmbuf_pool_init(pool.get(), &sizes);
  if (rte_mempool_populate_default(pool.get()) < static_cast<int>(count)) throw fail();
  if (side_by_side) rte_mempool_obj_iter(pool.get(), enter_io_address, nullptr);
  rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
  return pool;
}

unsigned available_buffers(const rte_mempool& pool) noexcept {
  unsigned count = rte_mempool_get_ops(pool.ops_index)->get_count(&pool);
  if (pool.cache_size == 0) return count;
  unsigned lcore = 0;
  RTE_LCORE_FOREACH(lcore) count += pool.local_cache[lcore].len;
  return count;
}

}  // namespace culvert::dp
