// What goes through a tunnel, how it is numbered, and what counts as intact.
#include <gtest/gtest.h>

#include "tests/tools/replay/frames.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"
#include "tools/replay/tunnel/likeness.hpp"
#include "tools/replay/tunnel/numbering.hpp"

namespace culvert::replay {
namespace {

using namespace test;

constexpr Address4 kSession4{10, 10, 10, 7}, kFar4{10, 48, 66, 200};
constexpr Address6 kSession6{0xfd, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
constexpr Address6 kFar6{0xfd, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

dp::IpAddress address(const Address4& a) {
  return dp::IpAddress::v4(load_be<uint32_t>(a.data()));
}
Ends ends4() {
  return {address(kSession4), address(kFar4)};
}
Bytes tcp_packet(const Bytes& payload) {
  return ipv4(kA4, kB4, 6, checksummed(kA4, kB4, 6, tcp(payload), 16));
}
// A SYN with options: padding, so that the segment size is at an odd place if asked for.
Bytes syn(uint16_t mss, bool odd) {
  Bytes options = join({be16(0x0204), be16(mss)});
  options = odd ? join({{1}, options, {1, 1, 1}}) : join({options, {1, 1, 1, 1}});
  Bytes segment = tcp(options);
  segment[12] = 0x70;
  segment[13] = 0x02;
  return ipv4(kA4, kB4, 6, checksummed(kA4, kB4, 6, segment, 16));
}
Bytes hop_less(Bytes packet) {
  packet[8] -= 1;
  auto& ip = *reinterpret_cast<dp::Ipv4Header*>(packet.data());
  dp::fill_ipv4_checksum(ip);
  return packet;
}

TEST(InnerPacket, EthernetAndPaddingStayBehind) {
  const Bytes ip = ipv4(kA4, kB4, 17, udp({1}));
  const Bytes frame = join({ethernet(0x8100, tag(5, 0x800, ip)), Bytes(20, 0xee)});
  const InnerPacket packet = inner_packet_of(frame);
  ASSERT_EQ(packet.fitness, Fitness::fit);
  EXPECT_EQ(Bytes(packet.bytes.begin(), packet.bytes.end()), ip);
  EXPECT_EQ(packet.ends.source, address(kA4));
  EXPECT_EQ(packet.ends.destination, address(kB4));
}

TEST(InnerPacket, PaddingBehindIpv6WithoutPayload) {
  const Bytes ip = ipv6(kA6, kB6, 59, {});
  const InnerPacket packet = inner_packet_of(join({ethernet(0x86dd, ip), Bytes(6, 0)}));
  ASSERT_EQ(packet.fitness, Fitness::fit);
  EXPECT_EQ(packet.bytes.size(), 40u);
}

TEST(InnerPacket, WhatDoesNotFit) {
  EXPECT_EQ(inner_packet_of(ethernet(0x806, Bytes(28, 0))).fitness, Fitness::not_ip);
  Bytes cut = ethernet(0x800, tcp_packet(Bytes(50, 1)));
  cut.resize(cut.size() - 1);
  EXPECT_EQ(inner_packet_of(cut).fitness, Fitness::not_whole);
  Bytes lengthless = ethernet(0x800, tcp_packet({}));
  lengthless[16] = lengthless[17] = 0;
  EXPECT_EQ(inner_packet_of(lengthless).fitness, Fitness::not_whole);
  EXPECT_EQ(inner_packet_of(ethernet(0x800, ipv4(kA4, kA4, 17, udp({})))).fitness,
            Fitness::one_address);
}

TEST(Readdress, ChecksumsStayRight) {
  Bytes packet = tcp_packet({1, 2, 3});
  readdress(packet, ends4());
  EXPECT_EQ(ends_of(packet).source, address(kSession4));
  EXPECT_EQ(sum(std::span(packet).first(20)), 0xffff);
  EXPECT_EQ(transport_sum(kSession4, kFar4, 6, std::span(packet).subspan(20)), 0xffff);

  Bytes six = ipv6(kA6, kB6, 17, checksummed(kA6, kB6, 17, udp({5, 6, 7}), 6));
  readdress(six, {dp::IpAddress::v6(kSession6), dp::IpAddress::v6(kFar6)});
  EXPECT_EQ(transport_sum(kSession6, kFar6, 17, std::span(six).subspan(40)), 0xffff);
}

TEST(Readdress, WhatErrorsQuoteToo) {
  const Bytes quoted = ipv4(kB4, kA4, 17, udp({}));  // what came down to kA4, and did not fit there
  Bytes message = join({{3, 3, 0, 0, 0, 0, 0, 0}, quoted});
  const auto checksum = static_cast<uint16_t>(~sum(message));
  message[2] = static_cast<uint8_t>(checksum >> 8);
  message[3] = static_cast<uint8_t>(checksum);
  Bytes packet = ipv4(kA4, kB4, 1, message);
  readdress(packet, ends4());
  EXPECT_EQ(ends_of(std::span(packet).subspan(28)).destination, address(kSession4));
  EXPECT_EQ(sum(std::span(packet).subspan(20)), 0xffff);
}

TEST(Numbering, KeepsTheChecksumAndTheRest) {
  Bytes packet = tcp_packet({1});
  for (const uint16_t number : std::initializer_list<uint16_t>{0, 1, 0x7fff, 0xffff}) {
    write_number(packet, number);
    EXPECT_EQ(read_number(packet), number);
    EXPECT_EQ(sum(std::span(packet).first(20)), 0xffff);
  }
  EXPECT_EQ(compare(tcp_packet({1}), packet), Likeness::intact);

  Bytes six = ipv6(kA6, kB6, 17, udp({}));
  six[1] = 0x2a;  // the rest of the class, and the upper bits of the flow label
  Bytes numbered = six;
  write_number(numbered, 0xbeef);
  EXPECT_EQ(read_number(numbered), 0xbeef);
  EXPECT_EQ(compare(six, numbered), Likeness::intact);
}

TEST(Likeness, HopsMayBeLessAndNothingElse) {
  const Bytes sent = tcp_packet({1, 2, 3});
  EXPECT_EQ(compare(sent, hop_less(sent)), Likeness::intact);
  EXPECT_EQ(compare(hop_less(sent), sent), Likeness::changed);  // not more
  for (size_t at = 0; at < sent.size(); ++at) {
    if (at == 4 || at == 5) continue;  // the number; the checksum is wrong then
    Bytes other = sent;
    other[at] ^= 1;
    EXPECT_EQ(compare(sent, other), Likeness::changed) << at;
  }
  EXPECT_EQ(compare(sent, Bytes(sent.begin(), sent.end() - 1)), Likeness::changed);
}

TEST(Likeness, SegmentSizeMayBeLowered) {
  for (const bool odd : {false, true}) {
    EXPECT_EQ(compare(syn(1460, odd), syn(1300, odd)), Likeness::clamped) << odd;
    EXPECT_EQ(compare(syn(1300, odd), syn(1460, odd)), Likeness::changed) << odd;
    Bytes other = syn(1300, odd);
    other[other.size() - 1] ^= 1;
    EXPECT_EQ(compare(syn(1460, odd), other), Likeness::changed) << odd;
    Bytes wrong = syn(1300, odd);
    wrong[36] ^= 1;  // the checksum
    EXPECT_EQ(compare(syn(1460, odd), wrong), Likeness::changed) << odd;
  }
}

}  // namespace
}  // namespace culvert::replay
