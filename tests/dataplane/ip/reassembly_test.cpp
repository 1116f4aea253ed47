// Fragments: in and out of order, missing, overlapping, too large, too many.
#include "dataplane/ip/reassembly.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class ReassemblyTest : public testing::Test {
 protected:
  void SetUp() override { reassembly_.emplace(ReassemblyConfig{}, drops_); }
  // Bytes [from, to) of the payload as a fragment.
  Bytes fragment(size_t from, size_t to, bool more, uint16_t id = 1, uint32_t src = kPeerIp) {
    const Bytes part(payload_.begin() + static_cast<ptrdiff_t>(from),
                     payload_.begin() + static_cast<ptrdiff_t>(to));
    return ipv4({.src = src,
                 .protocol = 6,
                 .fragment = static_cast<uint16_t>(from / 8 | (more ? 0x2000 : 0)),
                 .id = id},
                part);
  }
  void input(const Bytes& packet) {
    rte_mbuf* m = pool_.packet(packet);
    ASSERT_EQ(check_ipv4(m), DropReason::count_);
    Batch in;
    in.push(m);
    reassembly_->input(in, edges_, now_);
  }
  uint64_t failed() const { return drops_.get(DropReason::fragment_failed); }
  // All that is incomplete is given up after the timeout; then no buffer is left.
  void expect_nothing_left() {
    now_ += 10 * kSecond;
    reassembly_->poll(now_);
    EXPECT_EQ(pool_.used(), 0U);
  }

  Pool pool_;
  DropCounters drops_;
  std::optional<Reassembly> reassembly_;
  ClassifyEdges edges_;
  Time now_ = kSecond;
  Bytes payload_ = [] {
    Bytes b(4000);
    std::iota(b.begin(), b.end(), uint8_t{0});
    return b;
  }();
};

TEST_F(ReassemblyTest, AnyOrder) {
  std::vector<std::array<size_t, 2>> parts{{0, 1480}, {1480, 2960}, {2960, 4000}};
  std::sort(parts.begin(), parts.end());
  uint16_t id = 0;
  do {
    ++id;
    for (const auto& [from, to] : parts)
      input(fragment(from, to, to != 4000, id));
    ASSERT_EQ(edges_.local_tcp.size(), 1U);
    rte_mbuf* m = edges_.local_tcp[0];
    const Bytes whole = bytes_of(m);
    EXPECT_EQ(m->pkt_len, 4020U);
    EXPECT_EQ(Bytes(whole.begin() + 20, whole.end()), payload_);
    EXPECT_EQ(rte_pktmbuf_mtod(m, Ipv4Header*)->total_length, 4020);
    EXPECT_FALSE(rte_pktmbuf_mtod(m, Ipv4Header*)->is_fragment());
    EXPECT_EQ(meta(m).l3_size, 20);
    rte_pktmbuf_free(m);
    edges_.clear();
  } while (std::next_permutation(parts.begin(), parts.end()));
  EXPECT_EQ(failed(), 0U);
  expect_nothing_left();
}

TEST_F(ReassemblyTest, TinyFirstFragmentStillHasAContiguousHeader) {
  input(fragment(0, 8, true));
  input(fragment(8, 100, false));
  ASSERT_EQ(edges_.local_tcp.size(), 1U);
  EXPECT_GE(edges_.local_tcp[0]->data_len, 40);
  rte_pktmbuf_free(edges_.local_tcp[0]);
}

TEST_F(ReassemblyTest, IncompleteTimesOut) {
  input(fragment(0, 1480, true));
  input(fragment(2960, 4000, false));
  EXPECT_EQ(pool_.used(), 2U);
  expect_nothing_left();
  EXPECT_EQ(failed(), 2U);
}

TEST_F(ReassemblyTest, TeardropAndOtherOverlaps) {
  // Teardrop: the second lies inside the first.
  input(fragment(0, 64, true, 1));
  input(fragment(24, 40, false, 1));
  // Same total size as if there were no overlap.
  input(fragment(0, 64, true, 2));
  input(fragment(32, 64, true, 2));
  input(fragment(96, 128, false, 2));
  // Partial overlap.
  input(fragment(0, 64, true, 3));
  input(fragment(56, 128, false, 3));
  EXPECT_TRUE(edges_.local_tcp.empty());
  expect_nothing_left();
  EXPECT_EQ(failed(), 7U);
}

TEST_F(ReassemblyTest, PingOfDeathOddSizesAndEmptyFragments) {
  Bytes b = fragment(0, 1480, false);
  auto* ip = reinterpret_cast<Ipv4Header*>(b.data());
  ip->fragment = uint16_t{0x1fff};
  fill_ipv4_checksum(*ip);
  input(b);
  EXPECT_EQ(failed(), 1U);
  input(fragment(0, 13, true));
  input(fragment(0, 0, true));
  EXPECT_EQ(failed(), 3U);
  EXPECT_EQ(pool_.used(), 0U);
  // The largest packet that there can be is not refused for its size.
  Bytes last = fragment(0, 7, false, 5);
  ip = reinterpret_cast<Ipv4Header*>(last.data());
  ip->fragment = uint16_t{(65535 - 20 - 7) / 8};
  fill_ipv4_checksum(*ip);
  input(last);
  EXPECT_EQ(failed(), 3U);
  expect_nothing_left();
}

TEST_F(ReassemblyTest, MoreFragmentsThanServed) {
  for (size_t i = 0; i < 12; ++i)
    input(fragment(i * 8, i * 8 + 8, true));
  expect_nothing_left();
  EXPECT_EQ(failed(), 12U);
}

TEST_F(ReassemblyTest, FloodIsBoundedAndLeavesNothing) {
  std::mt19937 random(4);
  for (int i = 0; i < 20000; ++i) {
    const size_t from = random() % 100 * 8;
    input(fragment(from, from + 8 + random() % 64 * 8, random() % 4 != 0,
                   static_cast<uint16_t>(random() % 500), kPeerIp + random() % 8));
    for (rte_mbuf* m : edges_.local_tcp)
      rte_pktmbuf_free(m);
    edges_.clear();
    if (i % 1000 == 0) now_ += kSecond;
    reassembly_->poll(now_);
    ASSERT_LT(pool_.used(), 1000U);
  }
  EXPECT_GT(failed(), 0U);
  expect_nothing_left();
}

}  // namespace
}  // namespace culvert::dp
