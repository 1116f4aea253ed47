// Chains: every length, every segment size.
#include "dataplane/packet/contiguous.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

Bytes counting(size_t n) {
  Bytes b(n);
  std::iota(b.begin(), b.end(), uint8_t{0});
  return b;
}

TEST(Contiguous, PullsEveryLengthOutOfEverySegmentation) {
  const Pool pool;
  const Bytes whole = counting(64);
  for (size_t segment = 1; segment <= 64; ++segment) {
    for (uint32_t want = 0; want <= 64; ++want) {
      rte_mbuf* m = pool.packet(whole, segment);
      ASSERT_TRUE(make_contiguous(m, want));
      ASSERT_GE(m->data_len, want);
      ASSERT_EQ(bytes_of(m), whole);
      rte_mbuf_sanity_check(m, 1);
      rte_pktmbuf_free(m);
    }
  }
}

TEST(Contiguous, RefusesMoreThanThereIs) {
  const Pool pool;
  rte_mbuf* m = pool.packet(counting(10), 3);
  EXPECT_FALSE(make_contiguous(m, 11));
  EXPECT_EQ(bytes_of(m), counting(10));
  rte_pktmbuf_free(m);
}

TEST(Contiguous, CutsEveryLength) {
  const Pool pool;
  const Bytes whole = counting(40);
  for (size_t segment = 1; segment <= 40; ++segment) {
    for (uint32_t keep = 1; keep <= 40; ++keep) {
      rte_mbuf* m = pool.packet(whole, segment);
      cut_to(m, keep);
      ASSERT_EQ(bytes_of(m), counting(keep));
      ASSERT_EQ(m->pkt_len, keep);
      rte_mbuf_sanity_check(m, 1);
      rte_pktmbuf_free(m);
    }
  }
}

}  // namespace
}  // namespace culvert::dp
