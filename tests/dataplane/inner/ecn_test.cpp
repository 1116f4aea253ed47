#include "dataplane/inner/ecn.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

Bytes after_mark(const Bytes& packet, bool expected) {
  Pool pool;
  rte_mbuf* m = pool.packet(packet);
  EXPECT_EQ(mark_congestion(m), expected);
  Bytes out = bytes_of(m);
  rte_pktmbuf_free(m);
  return out;
}

Bytes with_tos(uint8_t tos, Bytes options = {}) {
  Bytes b = ipv4({.options = std::move(options)}, {1, 2, 3, 4});
  auto& ip = *reinterpret_cast<Ipv4Header*>(b.data());
  ip.tos = tos;
  ip.checksum = uint16_t{0};
  fill_ipv4_checksum(ip);
  return b;
}

Bytes with_class(uint8_t traffic_class) {
  Bytes b = ipv6({}, {1, 2, 3, 4});
  reinterpret_cast<Ipv6Header*>(b.data())->version_class_flow =
      6u << 28 | uint32_t{traffic_class} << 20 | 0xabcde;
  return b;
}

// Every code point of DiffServ stays what it was, and the checksum is what a sender would have made.
TEST(Ecn, MarksIpv4AndMendsItsChecksum) {
  for (unsigned tos = 0; tos < 256; ++tos) {
    for (const Bytes& options : {Bytes{}, Bytes(8, 1)}) {
      const bool capable = (tos & 3) != 0;
      EXPECT_EQ(after_mark(with_tos(static_cast<uint8_t>(tos), options), capable),
                with_tos(static_cast<uint8_t>(capable ? tos | 3 : tos), options))
          << tos;
    }
  }
}

TEST(Ecn, MarksIpv6) {
  for (unsigned c = 0; c < 256; ++c) {
    const bool capable = (c & 3) != 0;
    EXPECT_EQ(after_mark(with_class(static_cast<uint8_t>(c)), capable),
              with_class(static_cast<uint8_t>(capable ? c | 3 : c)))
        << c;
  }
}

TEST(Ecn, WhatIsNoIpPacketStaysAsItIs) {
  Bytes cut = with_class(2);
  cut.resize(39);
  Bytes other = with_tos(2);
  other[0] = 0x55;
  for (const Bytes& b : {Bytes{}, Bytes{0x45, 2}, Bytes(19, 0x45), cut, other})
    EXPECT_EQ(after_mark(b, false), b);
}

}  // namespace
}  // namespace culvert::dp
