// Copies of dropped packets: only what is wanted, whole chains, bounded.
#include "dataplane/packet/drop_tap.hpp"

#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

// A buffer that no pool owns.
struct Packet {
  explicit Packet(size_t size) : bytes(RTE_PKTMBUF_HEADROOM + size) {
    std::iota(bytes.begin() + RTE_PKTMBUF_HEADROOM, bytes.end(), uint8_t{0});
    m.buf_addr = bytes.data();
    m.data_off = RTE_PKTMBUF_HEADROOM;
    m.data_len = static_cast<uint16_t>(size);
    m.pkt_len = static_cast<uint32_t>(size);
    m.port = 3;
    m.nb_segs = 1;
  }
  std::vector<uint8_t> bytes;
  rte_mbuf m{};
};

TEST(DropTap, CopiesWhatIsWanted) {
  Time now = 17;
  DropTap tap(now);
  DropCounters drops;
  const Packet packet(100);
  drops.add_packet(DropReason::ip_no_route, &packet.m);  // nobody looks
  drops.tap(&tap);
  drops.add_packet(DropReason::ip_no_route, &packet.m);
  EXPECT_EQ(tap.front(), nullptr);
  tap.want(DropReason::ip_no_route, true);
  drops.add_packet(DropReason::ip_ttl, &packet.m);
  drops.add_packet(DropReason::ip_no_route, nullptr);
  now = 18;
  drops.add_packet(DropReason::ip_no_route, &packet.m);
  const DropCopy* copy = tap.front();
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->reason, DropReason::ip_no_route);
  EXPECT_EQ(copy->at, 18U);
  EXPECT_EQ(copy->size, 100U);
  EXPECT_EQ(copy->captured, 100U);
  EXPECT_EQ(copy->port, 3U);
  EXPECT_EQ(std::memcmp(copy->data.data(), packet.bytes.data() + RTE_PKTMBUF_HEADROOM, 100), 0);
  tap.pop();
  EXPECT_EQ(tap.front(), nullptr);
  EXPECT_EQ(drops.get(DropReason::ip_no_route), 4U);
  EXPECT_EQ(drops.get(DropReason::ip_ttl), 1U);
  drops.tap(nullptr);
  drops.add_packet(DropReason::ip_no_route, &packet.m);
  EXPECT_EQ(tap.front(), nullptr);
}

TEST(DropTap, FollowsChainsUpToItsLimit) {
  const Time now = 1;
  DropTap tap(now);
  tap.want(DropReason::no_buffer, true);
  Packet first(1000), second(1000);
  first.m.next = &second.m;
  first.m.pkt_len = 2000;
  tap.take(DropReason::no_buffer, first.m);
  const DropCopy* copy = tap.front();
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->size, 2000U);
  EXPECT_EQ(copy->captured, DropCopy::kMost);
  EXPECT_EQ(copy->data[1000], 0);
  EXPECT_EQ(copy->data[1599], static_cast<uint8_t>(599));
}

TEST(DropTap, CountsWhatFindsNoRoom) {
  const Time now = 1;
  DropTap tap(now);
  tap.want(DropReason::no_buffer, true);
  const Packet packet(10);
  for (uint32_t i = 0; i < DropTap::kSlots + 7; ++i)
    tap.take(DropReason::no_buffer, packet.m);
  EXPECT_EQ(tap.missed(DropReason::no_buffer), 7U);
  uint32_t copies = 0;
  for (; tap.front() != nullptr; tap.pop())
    ++copies;
  EXPECT_EQ(copies, DropTap::kSlots);
  tap.take(DropReason::no_buffer, packet.m);
  EXPECT_NE(tap.front(), nullptr);
}

}  // namespace
}  // namespace culvert::dp
