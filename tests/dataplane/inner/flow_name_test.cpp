#include "dataplane/inner/flow_name.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr uint8_t kTcp = 6, kUdp = 17;

uint16_t name(const Bytes& packet) {
  Pool pool;
  rte_mbuf* m = pool.packet(packet);
  const uint16_t n = flow_name(m);
  rte_pktmbuf_free(m);
  return n;
}

Bytes ports(uint16_t src, uint16_t dst, size_t size = 20) {
  Bytes b(size);
  store_be(&b[0], src);
  store_be(&b[2], dst);
  return b;
}

TEST(FlowName, IsTheSameForAFlow) {
  EXPECT_EQ(name(ipv4({.protocol = kTcp}, ports(80, 5))),
            name(ipv4({.protocol = kTcp, .id = 9, .ttl = 3}, ports(80, 5, 900))));
  EXPECT_EQ(name(ipv4({.protocol = kTcp}, ports(80, 5))),
            name(ipv4({.protocol = kTcp, .options = Bytes(8, 1)}, ports(80, 5))));
  EXPECT_EQ(name(ipv6({.next_header = kTcp}, ports(80, 5))),
            name(ipv6({.next_header = kTcp, .hop_limit = 2}, ports(80, 5, 900))));
}

// The first fragment has ports, the others have anything in their place.
TEST(FlowName, IsTheSameForAllFragments) {
  EXPECT_EQ(name(ipv4({.fragment = Ipv4Header::kMoreFragments}, ports(80, 5))),
            name(ipv4({.fragment = 100}, ports(1234, 4321))));
}

TEST(FlowName, DiffersByAddressProtocolAndPorts) {
  std::set<uint16_t> names;
  unsigned flows = 0;
  const auto add = [&](const Bytes& packet) {
    names.insert(name(packet));
    ++flows;
  };
  for (const uint8_t protocol : {kTcp, kUdp}) {
    for (uint16_t i = 0; i < 50; ++i) {
      add(ipv4({.protocol = protocol}, ports(443, static_cast<uint16_t>(50'000 + i))));
      add(ipv4({.protocol = protocol}, ports(static_cast<uint16_t>(1 + i), 40'000)));
      add(ipv4({.src = kPeerIp + 1 + i, .protocol = protocol}, ports(443, 50'000)));
      add(ipv6({.next_header = protocol}, ports(443, static_cast<uint16_t>(50'000 + i))));
    }
  }
  add(ipv4({.protocol = 1}, ports(0, 0)));
  // 401 names of 65536: one pair is expected to be equal, more than four hardly ever are.
  EXPECT_GE(names.size(), flows - 4);
}

TEST(FlowName, AnyBytesHaveOne) {
  Bytes cut4 = ipv4({.protocol = kTcp}, ports(80, 5));
  Bytes cut6 = ipv6({.next_header = kTcp}, ports(80, 5));
  for (size_t size = 0; size < 45; ++size) {
    (void)name(Bytes(cut4.begin(), cut4.begin() + static_cast<long>(std::min(size, cut4.size()))));
    (void)name(Bytes(cut6.begin(), cut6.begin() + static_cast<long>(std::min(size, cut6.size()))));
  }
  Bytes long_header = ipv4({.protocol = kTcp}, ports(80, 5));
  long_header[0] = 0x4f;  // a header longer than the packet
  EXPECT_EQ(name(long_header), name(long_header));
  EXPECT_EQ(name({}), 0u);
}

}  // namespace
}  // namespace culvert::dp
