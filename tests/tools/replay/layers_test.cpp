// Finding headers: odd ones, cut ones, and what two packets of a flow have in common.
#include "tools/replay/layers.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/tools/replay/frames.hpp"
#include "tools/replay/flow_hash.hpp"
#include "tools/replay/rewrite.hpp"

namespace culvert::replay {
namespace {

using namespace test;

TEST(Layers, PlainUdp) {
  const Layers l = find_layers(ethernet(0x800, ipv4(kA4, kB4, 17, udp({1}))));
  EXPECT_EQ(l.network, Network::ipv4);
  EXPECT_EQ(l.network_at, 14u);
  EXPECT_EQ(l.transport_at, 34u);
  EXPECT_EQ(l.end, 43u);
  EXPECT_FALSE(l.fragment || l.cut_off);
}

TEST(Layers, PaddingIsNotOfThePacket) {
  Bytes frame = ethernet(0x800, ipv4(kA4, kB4, 17, udp({1})));
  frame.resize(60);
  EXPECT_EQ(find_layers(frame).end, 43u);
}

TEST(Layers, ALengthThatSaysMoreThanThereIs) {
  Bytes frame = ethernet(0x800, ipv4(kA4, kB4, 17, udp({1, 2, 3, 4})));
  frame.resize(frame.size() - 2);
  const Layers l = find_layers(frame);
  EXPECT_TRUE(l.cut_off);
  EXPECT_EQ(l.end, frame.size());
}

TEST(Layers, ATypeThatIsNotWhatComes) {
  EXPECT_EQ(find_layers(ethernet(0x86dd, ipv4(kA4, kB4, 17, {}))).network, Network::other);
}

TEST(Layers, EveryPrefixOfAFrameIsSurvived) {
  const Bytes options{44, 0, 1, 4, 0, 0, 0, 0}, part{17, 0, 0, 1, 0, 0, 0, 7};
  const Bytes frame =
      ethernet(0x88a8, tag(1, 0x86dd, ipv6(kA6, kB6, 0, join({options, part, udp(Bytes(20, 1))}))));
  RewriteRules rules;
  rules.addresses.add(parse_prefix_rule("::/0=::/0", Side::both));
  rules.fix_checksums = true;
  for (size_t size = 14; size <= frame.size(); ++size) {
    Bytes cut(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(size));
    cut.shrink_to_fit();
    const Layers l = find_layers(cut);
    EXPECT_LE(l.end, cut.size());
    rewrite(rules, cut);
    (void)flow_hash(cut);
  }
}

TEST(FlowHash, BothDirectionsAreOneFlow) {
  const Bytes there = ethernet(0x800, ipv4(kA4, kB4, 6, tcp({1}, 5, 80)));
  const Bytes back = ethernet(0x800, ipv4(kB4, kA4, 6, tcp({2, 3}, 80, 5)));
  EXPECT_EQ(flow_hash(there), flow_hash(back));
  EXPECT_NE(flow_hash(there), flow_hash(ethernet(0x800, ipv4(kA4, kB4, 6, tcp({1}, 6, 80)))));
}

TEST(FlowHash, FragmentsOfAPacketStayTogether) {
  const Bytes first = ethernet(0x800, ipv4(kA4, kB4, 17, udp(Bytes(16, 1)), 0x2000));
  const Bytes second = ethernet(0x800, ipv4(kA4, kB4, 17, Bytes(16, 1), 3));
  EXPECT_EQ(flow_hash(first), flow_hash(second));
}

TEST(FlowHash, ManyFlowsSpreadOverQueues) {
  std::array<int, 4> hits{};
  for (unsigned port = 0; port < 4000; ++port)
    ++hits.at(flow_hash(ethernet(0x800, ipv4(kA4, kB4, 17, udp({1}, 1024 + port)))) % 4);
  for (const int n : hits)
    EXPECT_NEAR(n, 1000, 150);
}

}  // namespace
}  // namespace culvert::replay
