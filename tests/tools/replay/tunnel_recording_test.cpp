// Captures dealt to sessions, with their addresses; the command line's tunnels; what the headend's counters gained.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/tools/replay/frames.hpp"
#include "tools/replay/tunnel/headend_drops.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"
#include "tools/replay/tunnel/inner_recording.hpp"
#include "tools/replay/tunnel/tunnel_options.hpp"

namespace culvert::replay {
namespace {

using namespace test;

dp::IpAddress address(const char* text) {
  return *dp::IpAddress::parse(text);
}

// Packets of one conversation each, unless they share a port.
InnerRecording recording_of(const std::vector<Bytes>& packets) {
  InnerRecording recording;
  Dealer dealer(Direction::both);
  for (const Bytes& packet : packets) {
    recording.packets.push_back(
        {recording.bytes.size(), static_cast<uint32_t>(packet.size()), dealer.deal(packet)});
    recording.recorded.push_back({.time_ns = 0, .size = static_cast<uint32_t>(packet.size())});
    recording.bytes.insert(recording.bytes.end(), packet.begin(), packet.end());
  }
  recording.conversations = dealer.conversations();
  recording.left_out.not_ip = 2;
  return recording;
}
Bytes asks(unsigned port, size_t payload = 4) {
  return ipv4(kA4, kB4, 17, checksummed(kA4, kB4, 17, udp(Bytes(payload, 7), port, 53), 6));
}
Bytes answers(unsigned port) {
  return ipv4(kB4, kA4, 17, checksummed(kB4, kA4, 17, udp(Bytes(4, 7), 53, port), 6));
}
std::vector<SessionEnds> sessions(uint32_t count, uint16_t mtu = 0) {
  std::vector<SessionEnds> ends;
  for (uint32_t i = 0; i < count; ++i)
    ends.push_back({.v4 = dp::IpAddress::v4(0x0a0a0a01 + i), .v6 = {}, .mtu = mtu});
  return ends;
}
AddressRules inside() {
  return {.inside4 = address("10.48.66.200"), .inside6 = address("fd00::200")};
}

TEST(AddressedPackets, BothDirectionsOfAConversationAreOneSessions) {
  const InnerRecording recording = recording_of({asks(1), answers(1), asks(2)});
  const AddressedPackets packets(recording, sessions(2), inside(), 1, 1 << 20);
  ASSERT_EQ(packets.a_round(), 3u);
  EXPECT_EQ(packets.rounds(), 1u);
  const Ends up = ends_of(packets.bytes(0)), down = ends_of(packets.bytes(1));
  EXPECT_EQ(up.source, address("10.10.10.1"));
  EXPECT_EQ(up.destination, address("10.48.66.200"));
  EXPECT_EQ(down.source, up.destination);
  EXPECT_EQ(down.destination, up.source);
  EXPECT_FALSE(packets[1].up);
  EXPECT_EQ(ends_of(packets.bytes(2)).source, address("10.10.10.2"));
  const Address4 source{10, 10, 10, 1}, destination{10, 48, 66, 200};
  EXPECT_EQ(transport_sum(source, destination, 17, packets.bytes(0).subspan(20)), 0xffff);
}

TEST(AddressedPackets, RoundsGiveEverySessionAPacket) {
  const InnerRecording recording = recording_of({asks(1), asks(2)});
  const AddressedPackets endless(recording, sessions(5), inside(), 0, 1 << 20);
  EXPECT_EQ(endless.rounds(), 3u);
  EXPECT_EQ(endless[4].session, 4u);
  EXPECT_EQ(endless[5].session, 0u);
  EXPECT_EQ(AddressedPackets(recording, sessions(5), inside(), 2, 1 << 20).rounds(), 2u);
  EXPECT_EQ(AddressedPackets(recording, sessions(5), inside(), 0, 1).rounds(),
            1u);  // no memory for more
}

TEST(AddressedPackets, WhatIsLeftOutIsCountedInEachRound) {
  const InnerRecording recording =
      recording_of({asks(1, 100), ipv6(kA6, kB6, 17, udp({1, 2})), asks(2)});
  const AddressedPackets packets(recording, sessions(1, 100), inside(), 1, 1 << 20);
  EXPECT_EQ(packets[0].size, 0u);
  EXPECT_EQ(packets[1].size, 0u);
  EXPECT_NE(packets[2].size, 0u);
  const NotTunnelled out = packets.left_out(9);
  EXPECT_EQ(out.too_large, 3u);
  EXPECT_EQ(out.no_family, 3u);
  EXPECT_EQ(out.not_ip, 6u);
  EXPECT_EQ(out.all(), 12u);
  const NotTunnelled partly = packets.left_out(4);  // a round, and the first packet of the next
  EXPECT_EQ(partly.too_large, 2u);
  EXPECT_EQ(partly.no_family, 1u);
  EXPECT_EQ(partly.not_ip, 4u);
}

TEST(AddressedPackets, EndsMayStayAsCaptured) {
  const InnerRecording recording = recording_of({asks(1), answers(1)});
  AddressRules rules = inside();
  rules.keep_far_end = true;
  EXPECT_EQ(ends_of(AddressedPackets(recording, sessions(1), rules, 1, 1 << 20).bytes(1)).source,
            address("192.0.2.77"));
  rules.keep_source = true;
  const AddressedPackets packets(recording, sessions(1), rules, 1, 1 << 20);
  EXPECT_EQ(ends_of(packets.bytes(0)).source, address("10.1.2.3"));
  EXPECT_EQ(packets[1].size, 0u);  // down, it would find no session
}

TunnelOptions written() {
  TunnelOptions o;
  o.headend = "192.0.2.1";
  o.user = "u";
  o.password = "p";
  o.source_addresses = {"192.0.2.10-192.0.2.12", "192.0.2.20"};
  o.inside_address = "10.0.0.9,fd00::9";
  return o;
}

TEST(TunnelOptions, AreUnderstood) {
  TunnelOptions o = written();
  check_tunnel(o, 1);
  EXPECT_EQ(o.port, 443);
  ASSERT_EQ(o.sources.size(), 4u);
  EXPECT_EQ(o.sources[2], address("192.0.2.12"));
  EXPECT_EQ(o.inside6, address("fd00::9"));
  for (const auto& [text, host, port] : {std::tuple("192.0.2.7:4433", "192.0.2.7", 4433),
                                         std::tuple("[2001:db8::1]:1", "2001:db8::1", 1),
                                         std::tuple("2001:db8::1", "2001:db8::1", 443),
                                         std::tuple("[2001:db8::1]", "2001:db8::1", 443)}) {
    TunnelOptions other = written();
    other.headend = text;
    if (!address(host).is_v4()) other.source_addresses = {"2001:db8::fffe-2001:db8::1:1"};
    check_tunnel(other, 1);
    EXPECT_EQ(other.address, address(host));
    EXPECT_EQ(other.port, port);
    if (!address(host).is_v4()) {
      EXPECT_EQ(other.sources.size(), 4u);
      EXPECT_EQ(other.sources[2], address("2001:db8::1:0"));
    }
  }
}

TEST(TunnelOptions, WhatIsWrongIsSaid) {
  const auto refused = [](auto change, size_t ports = 1) {
    TunnelOptions o = written();
    change(o);
    EXPECT_THROW(check_tunnel(o, ports), std::invalid_argument);
  };
  refused([](TunnelOptions&) {}, 2);
  refused([](TunnelOptions& o) { o.headend = "vpn.example.com"; });
  refused([](TunnelOptions& o) { o.headend = "192.0.2.1:0"; });
  refused([](TunnelOptions& o) { o.headend = "[2001:db8::1"; });
  refused([](TunnelOptions& o) { o.user.clear(); });
  refused([](TunnelOptions& o) { o.source_addresses.clear(); });
  refused([](TunnelOptions& o) { o.source_addresses = {"192.0.2.9-192.0.2.8"}; });
  refused([](TunnelOptions& o) { o.source_addresses = {"2001:db8::1"}; });
  refused([](TunnelOptions& o) { o.source_addresses = {"10.0.0.0-10.255.255.255"}; });
  refused([](TunnelOptions& o) { o.inside_address = "10.0.0.1,10.0.0.2"; });
  refused([](TunnelOptions& o) { o.inside_address.clear(); });
  refused([](TunnelOptions& o) { o.direction = Direction::down; });
  refused([](TunnelOptions& o) { o.password_file = "/nowhere/at/all"; });
  TunnelOptions none;
  check_tunnel(none, 0);  // nothing was asked for
}

TEST(CipherLists, NamesGoToTheirProtocols) {
  TunnelOptions o;
  EXPECT_TRUE(cipher_lists(o).allow_tls13);
  o.ciphers = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA"};
  CipherLists lists = cipher_lists(o);
  EXPECT_EQ(lists.tls12, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA");
  EXPECT_EQ(lists.dtls, lists.tls12);
  EXPECT_FALSE(lists.allow_tls13);
  o.ciphers = {"TLS_AES_128_GCM_SHA256"};
  lists = cipher_lists(o);
  EXPECT_EQ(lists.tls13, "TLS_AES_128_GCM_SHA256");
  EXPECT_TRUE(lists.allow_tls13 && lists.dtls.empty());
}

TEST(HeadendDrops, OnlyWhatWasAdded) {
  const DropCounts added = drops_since({{"a", 5}, {"b", 2}, {"cleared", 9}},
                                       {{"a", 5}, {"b", 3}, {"new", 4}, {"cleared", 1}});
  EXPECT_EQ(added, (DropCounts{{"b", 1}, {"new", 4}, {"cleared", 1}}));
}

}  // namespace
}  // namespace culvert::replay
