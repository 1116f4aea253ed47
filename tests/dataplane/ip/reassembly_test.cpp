// Fragments: in and out of order, missing, overlapping, too large, too many.
#include "dataplane/ip/reassembly.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "dataplane/ip/ipv6.hpp"
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
  // The same over IPv6.
  Bytes fragment6(size_t from, size_t to, bool more, uint8_t id = 1, uint8_t protocol = 6) {
    Bytes b{protocol,
            0,
            static_cast<uint8_t>(from >> 8),
            static_cast<uint8_t>((from & 0xf8) | (more ? 1 : 0)),
            0,
            0,
            0,
            id};
    b.insert(b.end(), payload_.begin() + static_cast<ptrdiff_t>(from),
             payload_.begin() + static_cast<ptrdiff_t>(to));
    return ipv6({.next_header = 44}, b);
  }
  void input6(const Bytes& packet) {
    rte_mbuf* m = pool_.packet(packet);
    ASSERT_EQ(check_ipv6(m), DropReason::count_);
    ASSERT_TRUE(walk_extensions(m).fragment);
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

TEST_F(ReassemblyTest, Ipv6InAnyOrder) {
  std::vector<std::array<size_t, 2>> parts{{0, 1448}, {1448, 2896}, {2896, 4000}};
  uint8_t id = 0;
  do {
    ++id;
    for (const auto& [from, to] : parts)
      input6(fragment6(from, to, to != 4000, id));
    ASSERT_EQ(edges_.local_tcp.size(), 1U);
    rte_mbuf* m = edges_.local_tcp[0];
    EXPECT_EQ(bytes_of(m), ipv6({.next_header = 6}, payload_));
    EXPECT_EQ(meta(m).l3_size, 40);
    EXPECT_EQ(meta(m).family, 6);
    rte_pktmbuf_free(m);
    edges_.clear();
  } while (std::next_permutation(parts.begin(), parts.end()));
  EXPECT_EQ(failed(), 0U);
  expect_nothing_left();
}

TEST_F(ReassemblyTest, Ipv6OverlapsAreNeverAccepted) {  // RFC 5722
  input6(fragment6(0, 1448, true));
  input6(fragment6(1440, 2888, true));
  input6(fragment6(2888, 4000, false));
  EXPECT_TRUE(edges_.local_tcp.empty());
  expect_nothing_left();
  EXPECT_EQ(failed(), 3U);
}

TEST_F(ReassemblyTest, Ipv6FragmentsThatNoSenderMeans) {
  input6(fragment6(0, 1447, true));         // not a multiple of 8
  input6(fragment6(1448, 1448, false));     // empty
  Bytes beyond = fragment6(0, 100, false);  // the whole would be longer than 64 KiB
  beyond[42] = 0xff;
  beyond[43] = 0xf8;
  input6(beyond);
  // Something between the fixed header and the fragment header.
  const Bytes whole = fragment6(0, 800, true);
  Bytes behind = ipv6({.next_header = 0}, {44, 0, 1, 4, 0, 0, 0, 0});
  behind.insert(behind.end(), whole.begin() + 40, whole.end());
  store_be<uint16_t>(&behind[4], static_cast<uint16_t>(behind.size() - 40));
  input6(behind);
  EXPECT_EQ(failed(), 4U);
  EXPECT_EQ(pool_.used(), 0U);
}

TEST_F(ReassemblyTest, Ipv6DiscoveryNeverComesInFragments) {  // RFC 6980
  payload_[0] = 135;
  input6(fragment6(0, 1448, true, 1, 58));
  input6(fragment6(1448, 4000, false, 1, 58));
  EXPECT_TRUE(edges_.local_icmp6.empty());
  EXPECT_EQ(failed(), 1U);
  payload_[0] = 128;
  input6(fragment6(0, 1448, true, 2, 58));
  input6(fragment6(1448, 4000, false, 2, 58));
  ASSERT_EQ(edges_.local_icmp6.size(), 1U);
  rte_pktmbuf_free(edges_.local_icmp6[0]);
  edges_.clear();
  // A fragment in what was whole.
  payload_[0] = 6;
  payload_[2] = 0;
  payload_[3] = 1;
  input6(fragment6(0, 1448, true, 3, 44));
  input6(fragment6(1448, 4000, false, 3, 44));
  EXPECT_EQ(failed(), 2U);
  expect_nothing_left();
}

}  // namespace
}  // namespace culvert::dp
