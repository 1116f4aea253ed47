// Changed addresses and tags, and checksums that stay right: over frames made byte by byte.
#include "tools/replay/rewrite.hpp"

#include <gtest/gtest.h>

#include "tests/tools/replay/frames.hpp"

namespace culvert::replay {
namespace {

using namespace test;

constexpr Address4 kNew4{172, 16, 2, 3};
constexpr Address6 kNew6{0xfd, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

RewriteRules to_new(Side side = Side::both) {
  RewriteRules rules;
  rules.addresses.add(parse_prefix_rule("10.1.0.0/16=172.16.0.0/16", side));
  rules.addresses.add(parse_prefix_rule("2001:db8:0::/48=fd00:7::/48", side));
  return rules;
}

void expect_rewritten(const RewriteRules& rules, Bytes frame, const Bytes& expected) {
  rewrite(rules, frame);
  EXPECT_EQ(frame, expected);
}

Bytes udp4(Address4 src, Address4 dst, const Bytes& payload = {1, 2, 3}) {
  return ethernet(0x800, ipv4(src, dst, 17, checksummed(src, dst, 17, udp(payload), 6)));
}
Bytes tcp6(const Address6& src, const Address6& dst) {
  return ethernet(0x86dd, ipv6(src, dst, 6, checksummed(src, dst, 6, tcp({9, 8, 7}), 16)));
}

TEST(Rewrite, AddressesOfUdpAndTcp) {
  expect_rewritten(to_new(), udp4(kA4, kB4), udp4(kNew4, kB4));
  expect_rewritten(to_new(), udp4(kB4, kA4), udp4(kB4, kNew4));
  expect_rewritten(to_new(), tcp6(kA6, kB6), tcp6(kNew6, kB6));
  expect_rewritten(to_new(), tcp6(kB6, kA6), tcp6(kB6, kNew6));
}

TEST(Rewrite, OneSideOnly) {
  expect_rewritten(to_new(Side::source), udp4(kB4, kA4), udp4(kB4, kA4));
  expect_rewritten(to_new(Side::destination), udp4(kB4, kA4), udp4(kB4, kNew4));
}

TEST(Rewrite, UdpWithoutAChecksumStaysWithout) {
  expect_rewritten(to_new(), ethernet(0x800, ipv4(kA4, kB4, 17, udp({1}))),
                   ethernet(0x800, ipv4(kNew4, kB4, 17, udp({1}))));
}

TEST(Rewrite, WrongChecksumsStayWrong) {
  Bytes frame = udp4(kA4, kB4);
  frame[14 + 20 + 6] ^= 0x55;
  rewrite(to_new(), frame);
  EXPECT_NE(transport_sum(kNew4, kB4, 17, std::span(frame).subspan(34)), 0xffff);
}

// The first fragment has the checksum, which is over all of them; the others have addresses only.
TEST(Rewrite, Fragments) {
  const Bytes whole = checksummed(kA4, kB4, 17, udp(Bytes(40, 7)), 6);
  const Bytes expected = checksummed(kNew4, kB4, 17, udp(Bytes(40, 7)), 6);
  const auto part = [](const Bytes& of, size_t from, size_t to) {
    return Bytes(of.begin() + static_cast<ptrdiff_t>(from),
                 of.begin() + static_cast<ptrdiff_t>(to));
  };
  constexpr unsigned kMore = 0x2000;
  expect_rewritten(to_new(), ethernet(0x800, ipv4(kA4, kB4, 17, part(whole, 0, 24), kMore)),
                   ethernet(0x800, ipv4(kNew4, kB4, 17, part(expected, 0, 24), kMore)));
  expect_rewritten(to_new(), ethernet(0x800, ipv4(kA4, kB4, 17, part(whole, 24, 48), 3)),
                   ethernet(0x800, ipv4(kNew4, kB4, 17, part(expected, 24, 48), 3)));
}

TEST(Rewrite, BehindExtensionHeaders) {
  const Bytes options{17, 0, 1, 4, 0, 0, 0, 0};
  const auto frame = [&](const Address6& src) {
    return ethernet(0x86dd,
                    ipv6(src, kB6, 0, join({options, checksummed(src, kB6, 17, udp({5}), 6)})));
  };
  expect_rewritten(to_new(), frame(kA6), frame(kNew6));
}

// RFC 8200 §8.1: with segments left the checksum is over the last destination, not the header's.
TEST(Rewrite, TheDestinationOfARoutedPacketIsNotInItsChecksum) {
  const Address6 last{0xfc, 1};
  const auto frame = [&](const Address6& dst) {
    Bytes routing{17, 2, 0, 1, 0, 0, 0, 0};
    routing.insert(routing.end(), last.begin(), last.end());
    return ethernet(0x86dd,
                    ipv6(kB6, dst, 43, join({routing, checksummed(kB6, last, 17, udp({5}), 6)})));
  };
  expect_rewritten(to_new(), frame(kA6), frame(kNew6));
}

TEST(Rewrite, Arp) {
  const auto arp = [](Address4 sender, Address4 target) {
    Bytes b{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1};
    b.insert(b.end(), sender.begin(), sender.end());
    b.insert(b.end(), 6, 0);
    b.insert(b.end(), target.begin(), target.end());
    return ethernet(0x806, b);
  };
  expect_rewritten(to_new(), arp(kA4, kB4), arp(kNew4, kB4));
  expect_rewritten(to_new(Side::destination), arp(kA4, kA4), arp(kA4, kNew4));
}

// "Fragmentation needed" about a packet of A's.
TEST(Rewrite, WhatIcmpQuotes) {
  const auto frame = [](Address4 a) {
    Bytes quoted = ipv4(a, kB4, 17, checksummed(a, kB4, 17, udp({1, 2, 3, 4}), 6));
    Bytes icmp = join({{3, 4, 0, 0, 0, 0, 5, 0x14}, quoted});
    const auto checksum = static_cast<uint16_t>(~sum(icmp));
    icmp[2] = static_cast<uint8_t>(checksum >> 8);
    icmp[3] = static_cast<uint8_t>(checksum);
    return ethernet(0x800, ipv4(kB4, a, 1, icmp));
  };
  expect_rewritten(to_new(), frame(kA4), frame(kNew4));
}

TEST(Rewrite, TargetsOfNeighbourDiscovery) {
  const auto frame = [](const Address6& target) {
    const Bytes body(target.begin(), target.end());
    const Bytes icmp = join({{135, 0, 0, 0, 0, 0, 0, 0}, body});
    return ethernet(0x86dd, ipv6(kB6, kB6, 58, checksummed(kB6, kB6, 58, icmp, 2)));
  };
  expect_rewritten(to_new(), frame(kA6), frame(kNew6));
}

TEST(Rewrite, UnderTagsAndLabels) {
  const Bytes inner = ipv4(kA4, kB4, 89, {1});
  const Bytes changed = ipv4(kNew4, kB4, 89, {1});
  expect_rewritten(to_new(), ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x800, inner))),
                   ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x800, changed))));
  const Bytes label{0, 1, 0x01, 64};
  expect_rewritten(to_new(), ethernet(0x8847, join({label, inner})),
                   ethernet(0x8847, join({label, changed})));
}

TEST(Rewrite, Tags) {
  const Bytes ip = ipv4(kA4, kB4, 89, {1});
  RewriteRules strip, set, add, exchange;
  strip.vlan_strip = true;
  set.vlan_set = 300;
  add.vlan_add = 7;
  exchange.vlan_strip = true;
  exchange.vlan_add = 9;
  const Bytes tagged = ethernet(0x88a8, tag(0x6000 | 5, 0x8100, tag(6, 0x800, ip)));
  expect_rewritten(strip, tagged, ethernet(0x800, ip));
  expect_rewritten(set, tagged, ethernet(0x88a8, tag(0x6000 | 300, 0x8100, tag(6, 0x800, ip))));
  expect_rewritten(set, ethernet(0x800, ip), ethernet(0x800, ip));
  expect_rewritten(add, ethernet(0x800, ip), ethernet(0x8100, tag(7, 0x800, ip)));
  expect_rewritten(exchange, tagged, ethernet(0x8100, tag(9, 0x800, ip)));
}

TEST(Rewrite, MacAddresses) {
  RewriteRules rules;
  rules.macs.push_back(parse_mac_rule("02:00:00:00:00:01=02:00:00:00:00:99"));
  rules.destination_mac = parse_mac("0a:00:00:00:00:0b");
  Bytes frame = ethernet(0x9999, {1});
  rewrite(rules, frame);
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 12),
            (Bytes{0x0a, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x99}));
}

TEST(Rewrite, ChecksumsAreMadeAnew) {
  RewriteRules rules;
  rules.fix_checksums = true;
  for (const Bytes& right : {udp4(kA4, kB4), tcp6(kA6, kB6)}) {
    Bytes wrong = right;
    const bool v4 = right[12] == 8;
    if (v4) wrong[14 + 10] ^= 1;
    wrong[v4 ? 34 + 6 : 54 + 16] ^= 1;
    expect_rewritten(rules, wrong, right);
  }
  const Bytes first = ethernet(0x800, ipv4(kA4, kB4, 17, udp(Bytes(16, 1)), 0x2000));
  expect_rewritten(rules, first, first);
}

TEST(AddressMap, RefusesWhatMakesNoSense) {
  for (const char* wrong : {"10.0.0.0/8", "10.0.0.0/8=11.0.0.0/9", "10.0.0.0/33=1.0.0.0/33", "a=b",
                            "10.0.0.1=2001:db8::1", "10.0.0.0/=11.0.0.0/8", ""}) {
    EXPECT_THROW((void)parse_prefix_rule(wrong, Side::both), std::invalid_argument) << wrong;
  }
  for (const char* wrong :
       {"", "02:00:00:00:00", "02-00-00-00-00-01", "02:00:00:00:00:0g", "+2:00:00:00:00:01"}) {
    EXPECT_THROW((void)parse_mac(wrong), std::invalid_argument) << wrong;
  }
}

TEST(AddressMap, TheFirstRuleThatFitsCounts) {
  AddressMap map;
  map.add(parse_prefix_rule("10.1.2.3=1.1.1.1", Side::both));
  map.add(parse_prefix_rule("0.0.0.0/0=0.0.0.0/0", Side::both));
  map.add(parse_prefix_rule("10.0.0.0/8=9.0.0.0/8", Side::both));
  Address4 a = kA4, b{10, 9, 9, 9};
  EXPECT_TRUE(map.apply(a, Side::source));
  EXPECT_EQ(a, (Address4{1, 1, 1, 1}));
  EXPECT_TRUE(map.apply(b, Side::source));
  EXPECT_EQ(b, (Address4{10, 9, 9, 9}));
}

}  // namespace
}  // namespace culvert::replay
