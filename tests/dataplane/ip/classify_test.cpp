// Frames to edges: each edge, each drop, every truncation.
#include "dataplane/ip/classify.hpp"

#include <gtest/gtest.h>

#include "dataplane/packet/checksum.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class Classify : public testing::Test {
 protected:
  Classify() {
    Interface outside;
    outside.ipv4 = kOwnIp;
    outside.prefix = 24;
    outside.mac = kOwnMac;
    outside.port = 0;
    outside.up = true;
    outside.nameif = "outside";
    interfaces_.add(outside);
    Interface inside = outside;
    inside.ipv4 = 0x0a300101;  // 10.48.1.1
    inside.port = 1;
    inside.nameif = "inside";
    interfaces_.add(inside);
  }

  void run(const Bytes& frame, size_t segment = 2048) {
    Batch in;
    in.push(pool_.packet(frame, segment));
    classify(in, 0, interfaces_, edges_, drops_);
    EXPECT_TRUE(in.empty());
  }
  // The one packet must have died of this, and nothing else.
  void expect_drop(const Bytes& frame, DropReason reason) {
    const uint64_t before = drops_.get(reason);
    run(frame);
    EXPECT_EQ(drops_.get(reason), before + 1) << text(reason).keyword;
    EXPECT_EQ(pool_.used(), 0U);
  }
  // The one packet is on this edge; frees it.
  void expect_edge(const Bytes& frame, Batch& edge, const Bytes& packet, size_t segment = 2048) {
    run(frame, segment);
    ASSERT_EQ(edge.size(), 1U);
    EXPECT_EQ(bytes_of(edge[0]), packet);
    rte_pktmbuf_free(edge[0]);
    edge.clear();
    EXPECT_EQ(pool_.used(), 0U);
  }

  Pool pool_;
  InterfaceTable interfaces_;
  ClassifyEdges edges_;
  DropCounters drops_;
};

TEST_F(Classify, Edges) {
  const Bytes payload(30, 7);
  for (const auto& [protocol, edge] : {std::pair{6, &edges_.local_tcp},
                                       {1, &edges_.local_icmp},
                                       {17, &edges_.local_udp},
                                       {50, &edges_.local_other}}) {
    const Bytes p = ipv4({.protocol = static_cast<uint8_t>(protocol)}, payload);
    expect_edge(ethernet(p), *edge, p);
  }
  const Bytes fragment = ipv4({.protocol = 6, .fragment = 0x2000}, payload);
  expect_edge(ethernet(fragment), edges_.local_fragment, fragment);
  const Bytes last = ipv4({.protocol = 6, .fragment = 0x0010}, payload);
  expect_edge(ethernet(last), edges_.local_fragment, last);
  const Bytes through = ipv4({.dst = kFarIp}, payload);
  expect_edge(ethernet(through), edges_.transit, through);
  const Bytes arp = ethernet(Bytes(28, 1), 0x0806, kBroadcastMac);
  expect_edge(arp, edges_.arp, arp);
}

TEST_F(Classify, PassesOnWithTheChecksumThatTheSenderLeftOut) {
  const auto passed_on = [&](const Bytes& packet, uint16_t type, unsigned l3_size) {
    Batch in;
    in.push(pool_.packet(ethernet(packet, type), 64));
    in[0]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
    classify(in, 0, interfaces_, edges_, drops_);
    ASSERT_EQ(edges_.transit.size(), 1U);
    rte_mbuf* m = edges_.transit[0];
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, 0U);
    EXPECT_TRUE(transport_checksum_ok(m, l3_size));
    rte_pktmbuf_free(m);
    edges_.clear();
  };
  for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
    passed_on(ipv4({.dst = kFarIp, .protocol = protocol}, Bytes(90, 7)), 0x0800, 20);
  }
  // For the box itself nothing is made: the port's word is enough.
  Batch in;
  in.push(pool_.packet(ethernet(ipv4({.protocol = 6}, Bytes(90, 7)))));
  in[0]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
  classify(in, 0, interfaces_, edges_, drops_);
  ASSERT_EQ(edges_.local_tcp.size(), 1U);
  EXPECT_TRUE(transport_checksum_missing(edges_.local_tcp[0]));
  rte_pktmbuf_free(edges_.local_tcp[0]);
}

TEST_F(Classify, SetsMetaAndCutsPadding) {
  const Bytes p = ipv4({.protocol = 6, .options = {1, 1, 1, 0}}, {1, 2, 3});
  Bytes frame = ethernet(p);
  frame.resize(60);
  run(frame);
  ASSERT_EQ(edges_.local_tcp.size(), 1U);
  rte_mbuf* m = edges_.local_tcp[0];
  EXPECT_EQ(bytes_of(m), p);
  EXPECT_EQ(meta(m).family, 4);
  EXPECT_EQ(meta(m).l3_size, 24);
  EXPECT_EQ(meta(m).port, 0);
  rte_pktmbuf_free(m);
}

TEST_F(Classify, EverySegmentationOfAPaddedFrame) {
  const Bytes p = ipv4({.protocol = 6, .options = Bytes(40, 1)}, Bytes(40, 9));
  Bytes frame = ethernet(p);
  frame.resize(frame.size() + 17);
  for (size_t segment = 1; segment <= frame.size(); ++segment) {
    expect_edge(frame, edges_.local_tcp, p, segment);
  }
}

TEST_F(Classify, EveryTruncation) {
  const Bytes frame = ethernet(ipv4({.protocol = 6, .options = {1, 1, 1, 0}}, Bytes(40, 9)));
  for (size_t n = 0; n < frame.size(); ++n) {
    Bytes cut(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(n));
    const DropReason expected = n < 14        ? DropReason::l2_malformed
                                : n < 14 + 24 ? DropReason::ip_bad_header
                                              : DropReason::ip_bad_length;
    expect_drop(cut, expected);
  }
}

TEST_F(Classify, FrameDrops) {
  const Bytes p = ipv4({}, {1});
  expect_drop(ethernet(p, 0x0800, {2, 9, 9, 9, 9, 9}), DropReason::l2_not_ours);
  expect_drop(ethernet(p, 0x8100), DropReason::l2_vlan);
  expect_drop(ethernet(p, 0x86dd), DropReason::ip_version);
  expect_drop(ethernet(p, 0x88cc), DropReason::l2_malformed);
  expect_drop(ethernet(p, 0x0040), DropReason::l2_malformed);
}

TEST_F(Classify, HeaderDrops) {
  const auto changed = [](size_t at, uint8_t value) {
    Bytes b = ipv4({}, Bytes(20, 3));
    b[at] = value;
    b[10] = b[11] = 0;
    const uint16_t sum =
        reference_checksum(std::span(b).first(std::min<size_t>(b.size(), (b[0] & 15u) * 4u)));
    b[10] = static_cast<uint8_t>(sum >> 8);
    b[11] = static_cast<uint8_t>(sum);
    return ethernet(b);
  };
  expect_drop(changed(0, 0x65), DropReason::ip_version);
  expect_drop(changed(0, 0x44), DropReason::ip_bad_header);
  expect_drop(changed(0, 0x4f), DropReason::ip_bad_header);
  expect_drop(changed(3, 19), DropReason::ip_bad_length);
  expect_drop(changed(3, 41), DropReason::ip_bad_length);
  expect_drop(changed(2, 0xff), DropReason::ip_bad_length);
  Bytes wrong_sum = ethernet(ipv4({}, Bytes(20, 3)));
  wrong_sum[14 + 10] ^= 1;
  expect_drop(wrong_sum, DropReason::ip_bad_header);
}

TEST_F(Classify, AddressDrops) {
  for (const uint32_t src : {0U, 0x00010203U, 0x7f000001U, 0xe0000001U, 0xf0000001U, 0xffffffffU,
                             kOwnIp, 0x0a300101U, 0xc00002ffU}) {
    expect_drop(ethernet(ipv4({.src = src}, {1})), DropReason::ip_bad_address);
  }
  for (const uint32_t dst : {0U, 0x7f000001U, 0xf0000001U}) {
    expect_drop(ethernet(ipv4({.dst = dst}, {1})), DropReason::ip_bad_address);
  }
  for (const uint32_t dst : {0xffffffffU, 0xe00000fbU, 0xc00002ffU}) {
    expect_drop(ethernet(ipv4({.dst = dst}, {1}), 0x0800, kBroadcastMac), DropReason::ip_protocol);
  }
  expect_drop(ethernet(ipv4({}, {1}), 0x0800, kBroadcastMac), DropReason::ip_bad_address);
  expect_drop(ethernet(ipv4({.dst = kFarIp}, {1}), 0x0800, kBroadcastMac),
              DropReason::ip_bad_address);
  expect_drop(ethernet(ipv4({.dst = 0x0a300101}, {1})), DropReason::ip_not_forwarded);
}

TEST_F(Classify, UnknownOrShutInterface) {
  Batch in;
  in.push(pool_.packet(ethernet(ipv4({}, {1}))));
  classify(in, 7, interfaces_, edges_, drops_);
  EXPECT_EQ(drops_.get(DropReason::interface_down), 1U);
}

TEST_F(Classify, AFullBurstOfEverything) {
  Batch in;
  for (uint32_t i = 0; i < kBurst; ++i) {
    in.push(pool_.packet(i % 2 == 0 ? ethernet(ipv4({.protocol = 6}, Bytes(20, 1)))
                                    : ethernet(ipv4({}, {1}), 0x8100)));
  }
  classify(in, 0, interfaces_, edges_, drops_);
  EXPECT_EQ(edges_.local_tcp.size(), kBurst / 2);
  EXPECT_EQ(drops_.get(DropReason::l2_vlan), kBurst / 2);
  rte_pktmbuf_free_bulk(edges_.local_tcp.data(), edges_.local_tcp.size());
}

}  // namespace
}  // namespace culvert::dp
