// The pool of packet buffers: their size, and where devices find them.
#include "dataplane/packet/pool.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

namespace culvert::dp {
namespace {

TEST(PacketPool, EveryBufferHasTheAddressByWhichACardFindsIt) {
  ASSERT_EQ(rte_eal_iova_mode(), RTE_IOVA_VA) << "see eal_main.cpp";
  const PacketPool pool =
      make_packet_pool("pool_addresses", 1023, 1500, BufferLayout::side_by_side);
  std::vector<rte_mbuf*> all(1023);
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), all.data(), 1023), 0);
  for (const rte_mbuf* m : all) {
    ASSERT_EQ(rte_mbuf_data_iova(m), reinterpret_cast<rte_iova_t>(rte_pktmbuf_mtod(m, char*)));
  }
  rte_pktmbuf_free_bulk(all.data(), 1023);
}

TEST(PacketPool, LiesSideBySide) {
  const PacketPool pool = make_packet_pool("pool_layout", 1023, 1500, BufferLayout::side_by_side);
  std::vector<rte_mbuf*> all(1023);
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), all.data(), 1023), 0);
  std::ranges::sort(all);
  const uint32_t step = pool->header_size + pool->elt_size + pool->trailer_size;
  for (size_t i = 1; i < all.size(); ++i)
    ASSERT_EQ(reinterpret_cast<char*>(all[i]) - reinterpret_cast<char*>(all[i - 1]), step);
  rte_pktmbuf_free_bulk(all.data(), 1023);
}

TEST(PacketPool, HoldsTheLargestMtuWithHeaderAndTag) {
  const PacketPool usual = make_packet_pool("pool_usual", 1023, 1500, BufferLayout::side_by_side);
  EXPECT_EQ(rte_pktmbuf_data_room_size(usual.get()), 2048 + RTE_PKTMBUF_HEADROOM);
  const PacketPool large = make_packet_pool("pool_large", 1023, 9000, BufferLayout::side_by_side);
  EXPECT_GE(rte_pktmbuf_data_room_size(large.get()), 9000 + 64 + RTE_PKTMBUF_HEADROOM);
}

}  // namespace
}  // namespace culvert::dp
