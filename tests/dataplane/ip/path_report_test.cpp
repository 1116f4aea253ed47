// Routers' messages about packets that were too large, true and untrue ones.
#include "dataplane/ip/path_report.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr uint32_t kRouter = 0xcb007101;
const IpAddress kRouter6 = six("2001:db8:99::9");

void put16(Bytes& b, size_t at, uint16_t value) {
  b[at] = static_cast<uint8_t>(value >> 8);
  b[at + 1] = static_cast<uint8_t>(value);
}

// The first eight bytes behind an IP header: ports 443 and 40000, and the number 0x01020304 where TCP
// has it.
const Bytes kTransport{0x01, 0xbb, 0x9c, 0x40, 1, 2, 3, 4};

struct Quote {
  uint32_t src = kOwnIp, dst = kFarIp;
  uint8_t protocol = 6;
  uint16_t length = 1500;
  uint16_t fragment = Ipv4Header::kDontFragment;
  Bytes options{};
};

Bytes quote4(const Quote& q) {
  Bytes b = ipv4({.src = q.src,
                  .dst = q.dst,
                  .protocol = q.protocol,
                  .fragment = q.fragment,
                  .options = q.options},
                 kTransport);
  put16(b, 2, q.length);
  return b;
}

Bytes needed(uint16_t mtu, const Bytes& quote) {
  Bytes b{3, 4, 0, 0, 0, 0, 0, 0};
  put16(b, 6, mtu);
  b.insert(b.end(), quote.begin(), quote.end());
  return b;
}

struct Quote6 {
  IpAddress src = kOwn6, dst = kFar6;
  uint8_t next_header = 17;
  uint16_t payload = 1460;
};

Bytes too_big(uint32_t mtu, const Quote6& q) {
  Bytes quote = ipv6({.src = q.src, .dst = q.dst, .next_header = q.next_header}, kTransport);
  put16(quote, 4, q.payload);
  Bytes b{2, 0, 0, 0, 0, 0, 0, 0};
  put16(b, 4, static_cast<uint16_t>(mtu >> 16));
  put16(b, 6, static_cast<uint16_t>(mtu));
  b.insert(b.end(), quote.begin(), quote.end());
  return b;
}

class PathReports : public testing::Test {
 protected:
  DropReason read(const Bytes& packet, size_t segment = 2048) {
    rte_mbuf* m = pool_.packet(packet, segment);
    const bool v4 = (packet[0] >> 4) == 4;
    EXPECT_EQ(v4 ? check_ipv4(m) : check_ipv6(m), DropReason::count_);
    const DropReason reason = read_path_report(m, out_);
    rte_pktmbuf_free(m);
    return reason;
  }
  DropReason read4(uint16_t mtu, const Quote& q = {}) {
    return read(ipv4({.src = kRouter, .protocol = 1}, needed(mtu, quote4(q))));
  }
  DropReason read6(uint32_t mtu, const Quote6& q = {}) {
    return read(ipv6({.src = kRouter6, .next_header = 58}, too_big(mtu, q)));
  }

  Pool pool_;
  PathReport out_;
};

TEST_F(PathReports, Tcp) {
  ASSERT_EQ(read4(1400), DropReason::count_);
  EXPECT_EQ(out_.flow, (Flow{IpAddress::v4(kOwnIp), IpAddress::v4(kFarIp), 443, 40000}));
  EXPECT_EQ(out_.protocol, IpProtocol::tcp);
  EXPECT_EQ(out_.tcp_sequence, 0x01020304U);
  EXPECT_EQ(out_.mtu, 1400);
  EXPECT_FALSE(out_.below_floor);
}

TEST_F(PathReports, Udp) {
  ASSERT_EQ(read4(1492, {.protocol = 17}), DropReason::count_);
  EXPECT_EQ(out_.flow, (Flow{IpAddress::v4(kOwnIp), IpAddress::v4(kFarIp), 443, 40000}));
  EXPECT_EQ(out_.protocol, IpProtocol::udp);
  EXPECT_EQ(out_.mtu, 1492);
}

TEST_F(PathReports, Ipv6) {
  ASSERT_EQ(read6(1400), DropReason::count_);
  EXPECT_EQ(out_.flow, (Flow{kOwn6, kFar6, 443, 40000}));
  EXPECT_EQ(out_.protocol, IpProtocol::udp);
  EXPECT_EQ(out_.mtu, 1400);
  ASSERT_EQ(read6(1280, {.next_header = 6}), DropReason::count_);
  EXPECT_EQ(out_.protocol, IpProtocol::tcp);
  EXPECT_EQ(out_.tcp_sequence, 0x01020304U);
}

TEST_F(PathReports, ScatteredOverBuffers) {
  const Bytes packet = ipv4({.src = kRouter, .protocol = 1}, needed(1400, quote4({})));
  for (size_t segment = 1; segment < packet.size(); ++segment) {
    ASSERT_EQ(read(packet, segment), DropReason::count_) << segment;
    EXPECT_EQ(out_.mtu, 1400);
  }
}

TEST_F(PathReports, CutShort) {
  const Bytes four = needed(1400, quote4({}));
  for (size_t n = 8; n < four.size(); ++n) {
    const Bytes cut(four.begin(), four.begin() + static_cast<ptrdiff_t>(n));
    EXPECT_EQ(read(ipv4({.protocol = 1}, cut)), DropReason::icmp_malformed) << n;
  }
  const Bytes six = too_big(1400, {});
  for (size_t n = 8; n < six.size(); ++n) {
    const Bytes cut(six.begin(), six.begin() + static_cast<ptrdiff_t>(n));
    EXPECT_EQ(read(ipv6({.next_header = 58}, cut)), DropReason::icmp_malformed) << n;
  }
}

// RFC 1191 §5 and §7.
TEST_F(PathReports, RoutersThatNameNoMtu) {
  const auto guess = [this](uint16_t length) {
    EXPECT_EQ(read4(0, {.length = length}), DropReason::count_);
    return out_.mtu;
  };
  EXPECT_EQ(guess(9000), 8166);
  EXPECT_EQ(guess(1500), 1492);
  EXPECT_EQ(guess(1492), 1006);
  EXPECT_EQ(guess(1006), 552);
  EXPECT_EQ(guess(600), 552);
  EXPECT_EQ(read4(0, {.length = 552}), DropReason::icmp_other_packet);
}

TEST_F(PathReports, BelowTheFloor) {
  ASSERT_EQ(read4(551), DropReason::count_);
  EXPECT_EQ(out_.mtu, kLeastPathMtu4);
  EXPECT_TRUE(out_.below_floor);
  ASSERT_EQ(read4(68), DropReason::count_);
  EXPECT_TRUE(out_.below_floor);
  ASSERT_EQ(read4(552), DropReason::count_);
  EXPECT_FALSE(out_.below_floor);
  EXPECT_EQ(read4(67), DropReason::icmp_malformed);
  EXPECT_EQ(read6(1279), DropReason::icmp_mtu_ignored);
  EXPECT_EQ(read6(0), DropReason::icmp_mtu_ignored);
}

TEST_F(PathReports, WhatIsQuotedWouldHaveFitted) {
  EXPECT_EQ(read4(1500), DropReason::icmp_other_packet);
  EXPECT_EQ(read4(1400, {.length = 1400}), DropReason::icmp_other_packet);
  EXPECT_EQ(read4(65535, {.length = 65535}), DropReason::icmp_other_packet);
  EXPECT_EQ(read6(1500), DropReason::icmp_other_packet);
  EXPECT_EQ(read6(0xffffffff), DropReason::icmp_other_packet);
  EXPECT_EQ(read6(65536, {.payload = 65535}), DropReason::count_);
  EXPECT_EQ(out_.mtu, 65535);
}

TEST_F(PathReports, NotOfThisBox) {
  EXPECT_EQ(read4(1400, {.src = kPeerIp}), DropReason::icmp_no_flow);
  EXPECT_EQ(read4(1400, {.src = kFarIp, .dst = kOwnIp}), DropReason::icmp_no_flow);
  EXPECT_EQ(read4(1400, {.protocol = 1}), DropReason::icmp_no_flow);
  EXPECT_EQ(read4(1400, {.fragment = 100}), DropReason::icmp_no_flow);
  EXPECT_EQ(read4(1400, {.options = Bytes(8, 1)}), DropReason::icmp_no_flow);
  EXPECT_EQ(read6(1400, {.src = kPeer6}), DropReason::icmp_no_flow);
  EXPECT_EQ(read6(1400, {.next_header = 0}), DropReason::icmp_no_flow);
  EXPECT_EQ(read6(1400, {.next_header = 44}), DropReason::icmp_no_flow);
}

TEST_F(PathReports, QuotesOfTheOtherFamily) {
  Bytes b = needed(1400, quote4({}));
  b[8] = 0x65;
  EXPECT_EQ(read(ipv4({.protocol = 1}, b)), DropReason::icmp_malformed);
  Bytes c = too_big(1400, {});
  c[8] = 0x45;
  EXPECT_EQ(read(ipv6({.next_header = 58}, c)), DropReason::icmp_malformed);
}

}  // namespace
}  // namespace culvert::dp
