// Checksums against RFC 1071's definition, written out word by word.
#include "dataplane/packet/checksum.hpp"

#include <random>

#include <gtest/gtest.h>
#include <rte_byteorder.h>

#include "dataplane/packet/chain_sum.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

Bytes random_bytes(std::mt19937& random, size_t n) {
  Bytes b(n);
  for (auto& x : b)
    x = static_cast<uint8_t>(random());
  return b;
}

// The transport checksum by definition: pseudo header, then payload.
uint16_t reference_transport(const Bytes& ip, size_t l3_size) {
  const bool v4 = (ip[0] >> 4) == 4;
  Bytes pseudo(ip.begin() + (v4 ? 12 : 8), ip.begin() + (v4 ? 20 : 40));
  const auto length = static_cast<uint32_t>(ip.size() - l3_size);
  for (const int shift : {24, 16, 8, 0})
    pseudo.push_back(static_cast<uint8_t>(length >> shift));
  pseudo.insert(pseudo.end(), {0, 0, 0, v4 ? ip[9] : ip[6]});
  pseudo.insert(pseudo.end(), ip.begin() + static_cast<ptrdiff_t>(l3_size), ip.end());
  return reference_checksum(pseudo);
}

TEST(Checksum, KnownIpv4Header) {
  // The example that many texts have: 192.168.0.1 to 192.168.0.199, checksum b861.
  Bytes b{0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
          0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  auto* ip = reinterpret_cast<Ipv4Header*>(b.data());
  fill_ipv4_checksum(*ip);
  EXPECT_EQ(ip->checksum, 0xb861);
}

TEST(Checksum, Ipv4HeaderHonoursThePort) {
  const Pool pool;
  rte_mbuf* m = pool.packet(ipv4({}, {1, 2, 3}));
  auto* ip = rte_pktmbuf_mtod(m, Ipv4Header*);
  EXPECT_TRUE(ipv4_checksum_ok(m, *ip, 20));
  ip->ttl = 1;
  EXPECT_FALSE(ipv4_checksum_ok(m, *ip, 20));
  m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  EXPECT_TRUE(ipv4_checksum_ok(m, *ip, 20));
  m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
  ip->ttl = 64;
  EXPECT_FALSE(ipv4_checksum_ok(m, *ip, 20));
  rte_pktmbuf_free(m);
}

TEST(Checksum, SumOfAChainAgreesWithDefinitionWhereverBuffersEnd) {
  const Pool pool;
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    const Bytes all = random_bytes(random, 1 + random() % 300);
    const size_t offset = random() % all.size();
    rte_mbuf* m = pool.packet(all, 1 + random() % 40);
    const Bytes rest(all.begin() + static_cast<ptrdiff_t>(offset), all.end());
    const auto expected = static_cast<uint16_t>(~reference_checksum(rest));
    EXPECT_EQ(rte_be_to_cpu_16(chain_sum(m, static_cast<uint32_t>(offset))), expected) << round;
    rte_pktmbuf_free(m);
  }
}

TEST(Checksum, TransportAgreesWithDefinitionForRandomChains) {
  const Pool pool;
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const size_t n = 20 + random() % 1400;
    const uint8_t protocol = random() % 2 == 0 ? 6 : 17;
    Bytes payload = random_bytes(random, n);
    const size_t at = protocol == 6 ? 16 : 6;
    payload[at] = payload[at + 1] = 0;
    Bytes options(random() % 11 * 4);
    Bytes packet = ipv4({.protocol = protocol, .options = options}, payload);
    const size_t l3_size = 20 + options.size();
    uint16_t expected = reference_transport(packet, l3_size);
    if (expected == 0 && protocol == 17) expected = 0xffff;
    // Segments of odd sizes too: a sum must not care where a buffer ends.
    rte_mbuf* m = pool.packet(packet, l3_size + 20 + random() % 300);
    ASSERT_EQ(transport_checksum(m, static_cast<unsigned>(l3_size)), expected);
    auto* field = rte_pktmbuf_mtod_offset(m, be16*, l3_size + at);
    *field = expected;
    ASSERT_TRUE(transport_checksum_ok(m, static_cast<unsigned>(l3_size)));
    rte_pktmbuf_mtod(m, uint8_t*)[l3_size + random() % 16] ^= 0x10;
    ASSERT_FALSE(transport_checksum_ok(m, static_cast<unsigned>(l3_size)));
    m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    ASSERT_TRUE(transport_checksum_ok(m, static_cast<unsigned>(l3_size)));
    rte_pktmbuf_free(m);
  }
}

TEST(Checksum, ZeroIsAValueOfTcpAndNoneOfUdp) {
  const Pool pool;
  for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
    Bytes payload(24);
    Bytes packet = ipv4({.protocol = protocol}, payload);
    // The last word makes up for all the others.
    const uint16_t rest = reference_transport(packet, 20);
    payload[22] = static_cast<uint8_t>(rest >> 8);
    payload[23] = static_cast<uint8_t>(rest);
    packet = ipv4({.protocol = protocol}, payload);
    ASSERT_EQ(reference_transport(packet, 20), 0);
    rte_mbuf* m = pool.packet(packet);
    EXPECT_EQ(transport_checksum(m, 20), protocol == 6 ? 0 : 0xffff);
    EXPECT_TRUE(make_transport_checksum(m, 20));
    EXPECT_TRUE(transport_checksum_ok(m, 20));
    rte_pktmbuf_free(m);
  }
}

TEST(Checksum, Ipv6) {
  const Pool pool;
  std::mt19937 random(2);
  Bytes packet = random_bytes(random, 40 + 101);
  packet[0] = 0x60;
  packet[4] = 0;
  packet[5] = 101;
  packet[6] = 6;
  packet[40 + 16] = packet[40 + 17] = 0;
  rte_mbuf* m = pool.packet(packet, 77);
  EXPECT_EQ(transport_checksum(m, 40), reference_transport(packet, 40));
  rte_pktmbuf_free(m);
}

TEST(Checksum, UdpWithoutChecksumIsRight) {
  const Pool pool;
  rte_mbuf* m = pool.packet(ipv4({.protocol = 17}, {0, 53, 0, 53, 0, 9, 0, 0, 'x'}));
  EXPECT_TRUE(transport_checksum_ok(m, 20));
  rte_pktmbuf_free(m);
}

TEST(Checksum, IncrementalUpdateEqualsRecomputation) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    Bytes b = random_bytes(random, 20);
    // A header always has a non-zero word (its version).
    b[0] = 0x45;
    b[10] = b[11] = 0;
    const uint16_t old_sum = reference_checksum(b);
    const size_t at = 2 * (random() % 4);
    const auto before = static_cast<uint16_t>(b[at] << 8 | b[at + 1]);
    const auto after = round % 3 == 0 ? uint16_t{0} : static_cast<uint16_t>(random());
    b[at] = static_cast<uint8_t>(after >> 8);
    b[at + 1] = static_cast<uint8_t>(after);
    ASSERT_EQ(updated_checksum(old_sum, before, after), reference_checksum(b));
  }
  // RFC 1624 §4's own example: 0xDD2F, 0x5555 becomes 0x3285, result 0x0000.
  EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(Checksum, FinishFillsWhatWasLeftToThePort) {
  const Pool pool;
  Bytes tcp(20 + 33, 0xa5);
  tcp[12] = 0x50;
  Bytes packet = ipv4({.protocol = 6}, tcp);
  rte_mbuf* m = pool.packet(ethernet(packet), 60);
  m->l2_len = 14;
  m->l3_len = 20;
  m->l4_len = 20;
  m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
  finish_checksums(m, RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
  EXPECT_EQ(m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK), 0U);
  EXPECT_EQ(m->pkt_len, 14 + 20 + tcp.size());
  rte_pktmbuf_adj(m, 14);
  EXPECT_TRUE(ipv4_checksum_ok(m, *rte_pktmbuf_mtod(m, Ipv4Header*), 20));
  EXPECT_TRUE(transport_checksum_ok(m, 20));
  rte_pktmbuf_free(m);
}

TEST(Checksum, FinishLeavesThePortItsPart) {
  const Pool pool;
  Bytes tcp(20 + 33, 0xa5);
  tcp[12] = 0x50;
  Bytes packet = ipv4({.protocol = 6}, tcp);
  packet[10] = packet[11] = 0;
  rte_mbuf* m = pool.packet(ethernet(packet));
  m->l2_len = 14;
  m->l3_len = 20;
  m->l4_len = 20;
  m->ol_flags =
      RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
  finish_checksums(m, RTE_MBUF_F_TX_IP_CKSUM);
  EXPECT_EQ(m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
  rte_pktmbuf_adj(m, 14);
  EXPECT_TRUE(ipv4_checksum_ok(m, *rte_pktmbuf_mtod(m, Ipv4Header*), 20));
  const Bytes after = bytes_of(m);
  EXPECT_TRUE(std::equal(tcp.begin(), tcp.end(), after.begin() + 20)) << "TCP is the port's";
  rte_pktmbuf_free(m);
}

TEST(Checksum, MissingOnesAreMade) {
  const Pool pool;
  for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
    for (const size_t segment : {size_t{2048}, size_t{60}}) {
      Bytes transport(20 + 33, 0x5a);
      rte_mbuf* m = pool.packet(ipv4({.protocol = protocol}, transport), segment);
      m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
      EXPECT_TRUE(transport_checksum_missing(m));
      EXPECT_TRUE(make_transport_checksum(m, 20));
      EXPECT_FALSE(transport_checksum_missing(m));
      EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, 0U) << "the next look is an honest one";
      EXPECT_TRUE(transport_checksum_ok(m, 20));
      rte_pktmbuf_free(m);
    }
  }
}

TEST(Checksum, MissingOnesThatCannotBeMade) {
  const Pool pool;
  const auto refuse = [&](uint8_t protocol, size_t size, unsigned l3_size) {
    const Bytes packet = ipv4({.protocol = protocol}, Bytes(size, 0x5a));
    rte_mbuf* m = pool.packet(packet);
    m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
    EXPECT_FALSE(make_transport_checksum(m, l3_size));
    EXPECT_EQ(bytes_of(m), packet);
    rte_pktmbuf_free(m);
  };
  refuse(6, 19, 20);
  refuse(17, 7, 20);
  refuse(1, 40, 20);
  refuse(6, 40, 0);
}

TEST(Checksum, PseudoHeaderSumIsWhatPortsExpect) {
  const Pool pool;
  Bytes tcp(20 + 10, 0x11);
  tcp[16] = tcp[17] = 0;
  rte_mbuf* m = pool.packet(ipv4({.protocol = 6}, tcp));
  // A port adds the sum over TCP header and data to the field, and inverts.
  auto* field = rte_pktmbuf_mtod_offset(m, be16*, 20 + 16);
  *field = pseudo_header_sum(m);
  const Bytes b = bytes_of(m);
  const uint16_t by_port = reference_checksum(std::span(b).subspan(20));
  *field = uint16_t{0};
  EXPECT_EQ(by_port, transport_checksum(m, 20));
  rte_pktmbuf_free(m);
}

TEST(Checksum, Icmp) {
  const Pool pool;
  rte_mbuf* m = pool.packet(ipv4({.protocol = 1}, echo_request(101)), 50);
  EXPECT_TRUE(icmp_checksum_ok(m, 20));
  rte_pktmbuf_mtod(m, uint8_t*)[25] ^= 1;
  EXPECT_FALSE(icmp_checksum_ok(m, 20));
  EXPECT_FALSE(icmp_checksum_ok(m, 20 + 109));
  rte_pktmbuf_free(m);
}

}  // namespace
}  // namespace culvert::dp
