// IPv6 frames to edges: extension headers, addresses, each drop, every truncation.
#include "dataplane/ip/ipv6.hpp"

#include <gtest/gtest.h>

#include "dataplane/ip/classify.hpp"
#include "dataplane/packet/checksum.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

const IpAddress kLinkLocal = link_local_of(kOwnMac);
constexpr MacAddress kOwnGroupMac{0x33, 0x33, 0xff, 0, 0, 1};

// Extension headers, each 8 bytes; the argument is what comes next.
Bytes hop_by_hop(uint8_t next) {
  return {next, 0, 1, 4, 0, 0, 0, 0};
}
Bytes router_alert(uint8_t next) {
  return {next, 0, 5, 2, 0, 0, 1, 0};
}
Bytes routing(uint8_t next, uint8_t type, uint8_t left) {
  return {next, 0, type, left, 0, 0, 0, 0};
}
Bytes fragment(uint8_t next, uint16_t offset, bool more) {
  return {next,
          0,
          static_cast<uint8_t>(offset >> 8),
          static_cast<uint8_t>((offset & 0xf8) | (more ? 1 : 0)),
          1,
          2,
          3,
          4};
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Classify6 : public testing::Test {
 protected:
  Classify6() {
    Interface outside;
    outside.mac = kOwnMac;
    outside.up = true;
    outside.nameif = "outside";
    outside.link_local = kLinkLocal;
    outside.ipv6[outside.ipv6_count++] = {kOwn6, 64};
    interfaces_.add(outside);
    Interface inside = outside;
    inside.port = 1;
    inside.nameif = "inside";
    inside.mac = {2, 0, 0, 0, 1, 1};
    inside.link_local = link_local_of(inside.mac);
    inside.ipv6[0] = {six("fd00:1::1"), 64};
    interfaces_.add(inside);
    Interface four = outside;
    four.ipv4 = kOwnIp;
    four.prefix = 24;
    four.port = 2;
    four.nameif = "four";
    four.link_local = {};
    four.ipv6_count = 0;
    interfaces_.add(four);
  }
  void run(const Bytes& frame, size_t segment = 2048, uint16_t port = 0) {
    Batch in;
    in.push(pool_.packet(frame, segment));
    classify(in, port, interfaces_, edges_, drops_);
  }
  void expect_drop(const Bytes& packet, DropReason reason, const MacAddress& to = kOwnMac) {
    const uint64_t before = drops_.get(reason);
    run(ethernet(packet, 0x86dd, to));
    EXPECT_EQ(drops_.get(reason), before + 1) << text(reason).keyword;
    EXPECT_EQ(pool_.used(), 0U);
  }
  // On this edge, with so many bytes of IP headers.
  void expect_edge(const Bytes& packet, Batch& edge, unsigned l3_size,
                   const MacAddress& to = kOwnMac) {
    for (const size_t segment : {size_t{2048}, size_t{60}, size_t{9}}) {
      run(ethernet(packet, 0x86dd, to), segment);
      ASSERT_EQ(edge.size(), 1U) << segment;
      EXPECT_EQ(bytes_of(edge[0]), packet);
      EXPECT_EQ(meta(edge[0]).family, 6);
      EXPECT_EQ(meta(edge[0]).l3_size, l3_size);
      rte_pktmbuf_free(edge[0]);
      edge.clear();
      EXPECT_EQ(pool_.used(), 0U);
    }
  }

  Pool pool_;
  InterfaceTable interfaces_;
  ClassifyEdges edges_;
  DropCounters drops_;
  const Bytes payload_ = Bytes(30, 7);
};

TEST_F(Classify6, Edges) {
  for (const auto& [protocol, edge] : {std::pair{6, &edges_.local_tcp},
                                       {17, &edges_.local_udp},
                                       {58, &edges_.local_icmp6},
                                       {1, &edges_.local_other},
                                       {50, &edges_.local_other},
                                       {59, &edges_.local_other}}) {
    expect_edge(ipv6({.next_header = static_cast<uint8_t>(protocol)}, payload_), *edge, 40);
    expect_edge(ipv6({.dst = kLinkLocal, .next_header = static_cast<uint8_t>(protocol)}, payload_),
                *edge, 40);
  }
  expect_edge(ipv6({.dst = kFar6, .next_header = 0}, payload_), edges_.transit, 40);
  Bytes padded = ethernet(ipv6({.next_header = 6}, {1, 2, 3}), 0x86dd);
  padded.resize(64, 0xee);
  run(padded);
  ASSERT_EQ(edges_.local_tcp.size(), 1U);
  EXPECT_EQ(bytes_of(edges_.local_tcp[0]).size(), 43U);
  rte_pktmbuf_free(edges_.local_tcp[0]);
}

TEST_F(Classify6, PassesOnWithTheChecksumThatTheSenderLeftOut) {
  const auto passed_on = [&](const Bytes& packet, unsigned headers, bool made) {
    Batch in;
    in.push(pool_.packet(ethernet(packet, 0x86dd)));
    in[0]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
    classify(in, 0, interfaces_, edges_, drops_);
    ASSERT_EQ(edges_.transit.size(), 1U);
    rte_mbuf* m = edges_.transit[0];
    EXPECT_EQ(meta(m).l3_size, 40);
    EXPECT_EQ(bytes_of(m) != packet, made);
    m->ol_flags = 0;
    EXPECT_EQ(transport_checksum_ok(m, headers), made);
    rte_pktmbuf_free(m);
    edges_.clear();
  };
  passed_on(ipv6({.dst = kFar6, .next_header = 6}, payload_), 40, true);
  passed_on(ipv6({.dst = kFar6, .next_header = 0}, hop_by_hop(17) + payload_), 48, true);
  // Nobody leaves those out; they pass as they are.
  passed_on(ipv6({.dst = kFar6, .next_header = 44}, fragment(50, 8, true) + payload_), 48, false);
  passed_on(ipv6({.dst = kFar6, .next_header = 50}, payload_), 40, false);
}

TEST_F(Classify6, WalksExtensionHeaders) {
  expect_edge(ipv6({.next_header = 0}, hop_by_hop(6) + payload_), edges_.local_tcp, 48);
  expect_edge(
      ipv6({.next_header = 60}, hop_by_hop(43) + routing(60, 4, 0) + hop_by_hop(6) + payload_),
      edges_.local_tcp, 64);
  // RFC 6946: an atomic fragment is whole.
  expect_edge(ipv6({.next_header = 44}, fragment(6, 0, false) + payload_), edges_.local_tcp, 48);
  expect_edge(ipv6({.next_header = 44}, fragment(6, 0, true) + payload_), edges_.local_fragment,
              48);
  expect_edge(ipv6({.next_header = 44}, fragment(6, 8, false) + payload_), edges_.local_fragment,
              48);
  // What is nobody's to look into ends the walk.
  expect_edge(ipv6({.next_header = 0}, hop_by_hop(51) + payload_), edges_.local_other, 48);
}

TEST_F(Classify6, NamesBadExtensionHeaders) {
  using R = DropReason;
  const auto bad = [&](uint8_t next, const Bytes& chain, R reason) {
    expect_drop(ipv6({.next_header = next}, chain), reason);
  };
  bad(0, Bytes(7, 0), R::ip6_bad_extension);               // cut short
  bad(0, {6, 1, 1, 4, 0, 0, 0, 0}, R::ip6_bad_extension);  // longer than the packet
  bad(0, {6, 0, 1, 5, 0, 0, 0, 0}, R::ip6_bad_extension);  // an option likewise
  bad(0, {6, 0, 0, 0, 0, 0, 0, 1}, R::ip6_bad_extension);  // one without a length
  bad(60, Bytes{6, 0, 0x80, 0, 1, 2, 0, 0} + payload_, R::ip6_bad_extension);  // "discard"
  bad(60, Bytes{6, 0, 0xc2, 4, 0, 1, 0, 0} + payload_, R::ip6_bad_extension);  // jumbo
  bad(43, routing(6, 0, 0) + payload_, R::ip6_bad_extension);                  // RFC 5095
  bad(43, routing(6, 0, 1) + payload_, R::ip6_bad_extension);
  bad(43, routing(6, 4, 1) + payload_, R::ip6_bad_extension);
  bad(44, Bytes(7, 0), R::ip6_bad_extension);
  bad(60, hop_by_hop(0) + hop_by_hop(6) + payload_, R::ip6_extension_order);
  bad(0, hop_by_hop(0) + hop_by_hop(6) + payload_, R::ip6_extension_order);
  bad(43, routing(43, 4, 0) + routing(6, 4, 0) + payload_, R::ip6_extension_order);
  bad(44, fragment(44, 0, false) + fragment(6, 0, false) + payload_, R::ip6_extension_order);
  bad(60, hop_by_hop(60) + hop_by_hop(60) + hop_by_hop(6) + payload_, R::ip6_extension_order);
  Bytes huge{6, 63};
  huge.resize(512);
  bad(60, hop_by_hop(60) + huge + payload_, R::ip6_bad_extension);
}

TEST_F(Classify6, NamesBadHeaders) {
  using R = DropReason;
  const Bytes good = ipv6({.next_header = 6}, payload_);
  for (size_t size = 0; size < 40; ++size) {
    expect_drop(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size)), R::ip_bad_header);
  }
  for (size_t size = 40; size < good.size(); ++size) {
    expect_drop(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size)), R::ip_bad_length);
  }
  Bytes wrong = good;
  wrong[0] = 0x45;
  expect_drop(wrong, R::ip_version);
  run(ethernet(good, 0x86dd), 2048, 2);
  EXPECT_EQ(drops_.get(R::ip_version), 2U) << "an interface without IPv6";
}

TEST_F(Classify6, NamesBadAddresses) {
  using R = DropReason;
  for (const char* src : {"::", "::1", "ff02::1", "::ffff:192.0.2.1", "2001:db8:1::1", "fd00:1::1"})
    expect_drop(ipv6({.src = six(src)}, payload_), R::ip6_bad_address);
  expect_drop(ipv6({.src = kLinkLocal}, payload_), R::ip6_bad_address);
  for (const char* dst : {"::", "::1", "::ffff:192.0.2.1", "fe80::77"})
    expect_drop(ipv6({.dst = six(dst)}, payload_), R::ip6_bad_address);
  expect_drop(ipv6({.src = six("fe80::77"), .dst = kFar6}, payload_), R::ip6_bad_address);
  expect_drop(ipv6({.dst = six("fd00:1::1")}, payload_), R::ip_not_forwarded);
  // One host's address in a frame to many, and many hosts' in a frame to one.
  expect_drop(ipv6({}, payload_), R::ip6_bad_address, kOwnGroupMac);
  expect_drop(ipv6({.dst = kFar6}, payload_), R::ip6_bad_address, kOwnGroupMac);
  expect_drop(ipv6({.dst = kAllNodes, .next_header = 58}, payload_), R::ip6_bad_address);
}

TEST_F(Classify6, ListensToItsGroupsForIcmpOnly) {
  const IpAddress group = solicited_node(kOwn6);
  EXPECT_EQ(group, six("ff02::1:ff00:1"));
  expect_edge(ipv6({.dst = group, .next_header = 58}, payload_), edges_.local_icmp6, 40,
              kOwnGroupMac);
  expect_edge(ipv6({.src = {}, .dst = group, .next_header = 58}, payload_), edges_.local_icmp6, 40,
              kOwnGroupMac);
  expect_edge(ipv6({.dst = kAllNodes, .next_header = 0}, router_alert(58) + payload_),
              edges_.local_icmp6, 48, kOwnGroupMac);
  using R = DropReason;
  expect_drop(ipv6({.dst = kAllNodes, .next_header = 17}, payload_), R::ip_protocol, kOwnGroupMac);
  expect_drop(ipv6({.dst = six("ff02::1:ff00:7"), .next_header = 58}, payload_), R::ip_protocol,
              kOwnGroupMac);
  expect_drop(ipv6({.dst = kAllNodes, .next_header = 44}, fragment(58, 0, true) + payload_),
              R::ip_protocol, kOwnGroupMac);
}

}  // namespace
}  // namespace culvert::dp
