// The way out: next hops, resolving, drops, large packets.
#include "dataplane/ip/output.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/link_fixture.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr uint32_t kGateway = kPeerIp + 10;

class Output : public LinkTest {
 protected:
  Output() : LinkTest(true) {
    const StaticRoute route{
        .network = 0xcb007100, .prefix = 24, .gateway = kGateway, .interface = 0};
    routes_.emplace("output", interfaces_, std::span(&route, 1));
    const StaticRoute6 route6{
        .destination = {six("2001:db8:ffff::"), 48}, .gateway = six("fe80::99"), .interface = 0};
    routes6_.emplace("output6", interfaces_, std::span(&route6, 1));
  }
  void output(const Bytes& packet, size_t segment = 2048) {
    Batch batch;
    batch.push(pool_.packet(packet, segment));
    OutputContext context{.link = *link_, .routes = &*routes_, .routes6 = &*routes6_};
    ip_output(context, batch, now_);
  }
  void know(uint32_t ip, const MacAddress& mac) { know(IpAddress::v4(ip), mac); }
  void know(const IpAddress& ip, const MacAddress& mac) {
    Batch ready;
    cache_->learn(ip, 0, mac, NeighbourCache::Source::request, now_, ready);
  }

  std::optional<RouteTable> routes_;
  std::optional<RouteTable6> routes6_;
};

TEST_F(Output, KnownNeighbourAndGateway) {
  const MacAddress gateway_mac{2, 0, 0, 0, 0, 10};
  know(kPeerIp, kPeerMac);
  know(kGateway, gateway_mac);
  const Bytes near = ipv4({.src = kOwnIp, .dst = kPeerIp}, {1});
  const Bytes far = ipv4({.src = kOwnIp, .dst = kFarIp}, {2});
  output(near);
  output(far);
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0], ethernet(near, 0x0800, kPeerMac, kOwnMac));
  EXPECT_EQ(frames[1], ethernet(far, 0x0800, gateway_mac, kOwnMac));
}

TEST_F(Output, AsksOnceAndKeepsTheBurst) {
  Batch batch;
  for (uint8_t i = 0; i < 10; ++i)
    batch.push(pool_.packet(ipv4({.dst = kPeerIp}, {i})));
  OutputContext context{.link = *link_, .routes = &*routes_, .routes6 = &*routes6_};
  ip_output(context, batch, now_);
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0][13], 0x06) << "one ARP request";
  EXPECT_EQ(load_be<uint32_t>(&frames[0][14 + 24]), kPeerIp);
  EXPECT_EQ(cache_->waiting(), 10U);
  // Nobody answers: two more requests, then the packets are dropped.
  size_t asked = 0;
  for (int i = 0; i < 80; ++i) {
    now_ += 50 * kMillisecond;
    neighbour_poll(*link_, now_);
    asked += sent(0).size();
  }
  EXPECT_EQ(asked, 2U);
  EXPECT_EQ(drops_.get(DropReason::ip_no_adjacency), 10U);
}

TEST_F(Output, Drops) {
  output(ipv4({.dst = 0x08080808}, {1}));
  EXPECT_EQ(drops_.get(DropReason::ip_no_route), 1U);
  output(ipv4({.dst = kPeerIp, .fragment = Ipv4Header::kDontFragment}, Bytes(1481)), 1000);
  EXPECT_EQ(drops_.get(DropReason::exceeds_mtu), 1U);
  Bytes six = ipv4({.dst = kPeerIp}, {1});
  six[0] = 0x65;
  output(six);
  EXPECT_EQ(drops_.get(DropReason::ip_version), 1U);
  EXPECT_TRUE(sent(0).empty());
}

TEST_F(Output, MixedBurstKeepsOrderPerNeighbour) {
  know(kPeerIp, kPeerMac);
  Batch batch;
  for (uint8_t i = 0; i < kBurst; ++i) {
    batch.push(pool_.packet(ipv4({.dst = i % 3 == 0 ? 0x08080808 : kPeerIp}, {i})));
  }
  OutputContext context{.link = *link_, .routes = &*routes_, .routes6 = &*routes6_};
  ip_output(context, batch, now_);
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 42U);
  for (size_t i = 1; i < frames.size(); ++i)
    EXPECT_GT(frames[i].back(), frames[i - 1].back());
  EXPECT_EQ(drops_.get(DropReason::ip_no_route), 22U);
}

TEST_F(Output, BothFamiliesInOneBurst) {
  const MacAddress gateway_mac{2, 0, 0, 0, 0, 10};
  know(kPeerIp, kPeerMac);
  know(kPeer6, kPeerMac);
  know(six("fe80::99"), gateway_mac);
  const Bytes four = ipv4({.src = kOwnIp, .dst = kPeerIp}, {1});
  const Bytes near = ipv6({.src = kOwn6, .dst = kPeer6}, {2});
  const Bytes far = ipv6({.src = kOwn6, .dst = kFar6}, {3});
  Batch batch;
  for (const Bytes& b : {near, four, far})
    batch.push(pool_.packet(b));
  OutputContext context{.link = *link_, .routes = &*routes_, .routes6 = &*routes6_};
  ip_output(context, batch, now_);
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0], ethernet(near, 0x86dd, kPeerMac, kOwnMac));
  EXPECT_EQ(frames[1], ethernet(far, 0x86dd, gateway_mac, kOwnMac));
  EXPECT_EQ(frames[2], ethernet(four, 0x0800, kPeerMac, kOwnMac));
}

TEST_F(Output, Ipv6AsksItsGroupAndWaits) {
  output(ipv6({.src = kOwn6, .dst = kPeer6}, {1}));
  output(ipv6({.src = kOwn6, .dst = kPeer6}, {2}));
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 1U);
  // RFC 4861 §7.2.2: from the address of that network, with our MAC, to the solicited-node group.
  Bytes message{135, 0, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), kPeer6.bytes().begin(), kPeer6.bytes().end());
  message.insert(message.end(), {1, 1, 2, 0, 0, 0, 0, 1});
  EXPECT_EQ(frames[0],
            ethernet(icmp6({.src = kOwn6, .dst = six("ff02::1:ff00:2"), .hop_limit = 255}, message),
                     0x86dd, {0x33, 0x33, 0xff, 0, 0, 2}, kOwnMac));
  EXPECT_EQ(cache_->waiting(), 2U);
}

TEST_F(Output, Ipv6Drops) {
  output(ipv6({.src = kOwn6, .dst = six("2001:db8:2::1")}, {1}));
  EXPECT_EQ(drops_.get(DropReason::ip_no_route), 1U);
  // Link-local: on the link of whom it speaks for, or nowhere.
  output(ipv6({.src = six("2001:db8:7::7"), .dst = six("fe80::2")}, {1}));
  EXPECT_EQ(drops_.get(DropReason::ip_no_route), 2U);
  know(six("fe80::2"), kPeerMac);
  output(ipv6({.src = link_local_of(kOwnMac), .dst = six("fe80::2")}, {1}));
  EXPECT_EQ(sent(0).size(), 1U);
  // Never fragmented on the way.
  know(kPeer6, kPeerMac);
  output(ipv6({.src = kOwn6, .dst = kPeer6}, Bytes(1461, 1)));
  EXPECT_EQ(drops_.get(DropReason::exceeds_mtu), 1U);
  output(ipv6({.src = kOwn6, .dst = kPeer6}, Bytes(1460, 1)));
  EXPECT_EQ(sent(0).size(), 1U);
}

}  // namespace
}  // namespace culvert::dp
