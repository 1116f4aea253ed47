#include "dataplane/dtls/output.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;

TEST(DtlsOutput, EachPacketIsARecordInADatagram) {
  Rig rig;
  std::vector<const crypto::Suite*> suites;
  for (const auto rows : {crypto::dtls_suites(), crypto::dtls09_suites()}) {
    for (const crypto::Suite& suite : rows)
      suites.push_back(&suite);
  }
  for (const crypto::Suite* suite : suites) {
    auto c = rig.client(0, 0, 0, suite);
    rig.install(*c);
    rig.down(*c, {"first", std::string(1400, 'x'), ""});
    const auto heard = rig.hear(*c);
    ASSERT_EQ(heard.size(), 3u);
    EXPECT_EQ(heard[0].plaintext, std::string("\0first", 6));
    EXPECT_EQ(heard[1].plaintext, std::string(1, '\0') + std::string(1400, 'x'));
    EXPECT_EQ(heard[2].plaintext, std::string(1, '\0'));
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(heard[i].sequence, kFirst + i);
      EXPECT_EQ(heard[i].flow, c->flow);
    }
    rig.remove(*c);
    const auto goodbye = rig.hear(*c);
    ASSERT_EQ(goodbye.size(), 1u);
    EXPECT_EQ(goodbye[0].type, ContentType::alert);
    EXPECT_EQ(goodbye[0].plaintext, std::string("\x01\x00", 2));
  }
}

TEST(DtlsOutput, MixedTunnelsInOneBurstKeepTheirOrder) {
  Rig rig;
  auto a = rig.client(0);
  auto b = rig.client(1);
  rig.install(*a);
  rig.install(*b);
  dp::Batch batch;
  for (uint8_t i = 0; i < 64; ++i) {
    rte_mbuf* m = rte_pktmbuf_alloc(rig.pool.get());
    *reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, 1)) = i;
    dp::meta(m) = {};
    dp::meta(m).conn = i % 3 == 0 ? a->tx : b->tx;
    batch.push(m);
  }
  output(rig.w[0]->context, batch.span(), Framing::inner_packet, rig.now);
  rig.pump();
  const auto for_a = rig.hear(*a);
  const auto for_b = rig.hear(*b);
  EXPECT_EQ(for_a.size(), 22u);
  EXPECT_EQ(for_b.size(), 42u);
  for (size_t i = 0; i < for_a.size(); ++i) {
    EXPECT_EQ(for_a[i].plaintext[1], static_cast<char>(3 * i));
    EXPECT_EQ(for_a[i].sequence, kFirst + i);
  }
}

TEST(DtlsOutput, NamesWhatItDrops) {
  Rig rig;
  auto c = rig.client(0);
  rig.down(*c, {"nobody there"});
  EXPECT_EQ(rig.dropped(DropReason::svc_no_channel), 1u);
  rig.install(*c);
  const ConnId good = c->tx;
  c->tx.generation += 1;
  rig.down(*c, {"another generation"});
  c->tx = {0, 7777, good.generation};
  rig.down(*c, {"no such slot"});
  c->tx = good;
  EXPECT_EQ(rig.dropped(DropReason::svc_no_channel), 3u);
  // No room for the headers.
  dp::Batch batch;
  rte_mbuf* m = rte_pktmbuf_alloc(rig.pool.get());
  (void)rte_pktmbuf_prepend(m, 100);
  dp::meta(m) = {};
  dp::meta(m).conn = c->tx;
  batch.push(m);
  output(rig.w[0]->context, batch.span(), Framing::inner_packet, rig.now);
  EXPECT_EQ(rig.dropped(DropReason::svc_no_prepend), 1u);
  rig.remove(*c);
  (void)rig.hear(*c);
}

TEST(DtlsOutput, UsedUpNumbersEndTheSide) {
  Rig rig;
  auto c = rig.client(0);
  c->down.sequence = 0x0001'ffff'ffff'fffd;
  rig.install(*c);
  rig.down(*c, {"1", "2", "3", "4"});
  EXPECT_EQ(rig.hear(*c).size(), 2u);
  const Told t = rig.expect(MessageKind::dtls_ended);
  EXPECT_EQ(t.side, DtlsSide::transmit);
  EXPECT_EQ(t.conn, c->tx);
  EXPECT_EQ(t.reason, EndReason::timed_out);
  rig.down(*c, {"5"});
  EXPECT_FALSE(rig.told());
  EXPECT_EQ(rig.dropped(DropReason::svc_no_channel), 3u);
  rig.remove(*c);
}

// Said once; not a packet is lost before control takes the side down, and then the client hears it.
TEST(DtlsOutput, AWornKeyIsReportedAndTheSideWorksUntilItIsRemoved) {
  Rig rig;
  auto c = rig.client(0);
  rig.install(*c);
  rig.w[0]->context.sealing_limit = 200;
  const std::string packet(1000,
                           'x');  // 65 blocks with its type byte, and more with header and tag
  rig.down(*c, {packet, packet});
  EXPECT_FALSE(rig.told());
  rig.down(*c, {packet, packet, packet});
  const Told t = rig.expect(MessageKind::dtls_ended);
  EXPECT_EQ(t.side, DtlsSide::transmit);
  EXPECT_EQ(t.conn, c->tx);
  EXPECT_EQ(t.reason, EndReason::key_worn_out);
  rig.down(*c, {packet});
  EXPECT_FALSE(rig.told());
  EXPECT_EQ(rig.hear(*c).size(), 6u);
  rig.remove(*c);
  const auto goodbye = rig.hear(*c);
  ASSERT_EQ(goodbye.size(), 1u);
  EXPECT_EQ(goodbye[0].type, ContentType::alert);

  // The next tunnel in the slot counts from the beginning.
  auto next = rig.client(0);
  rig.install(*next);
  rig.down(*next, {packet, packet});
  EXPECT_FALSE(rig.told());
  rig.remove(*next);
  (void)rig.hear(*next);
}

TEST(DtlsOutput, ControlsDatagramsLeaveAsTheyAre) {
  Rig rig;
  const dp::Flow flow = flow_from(dp::test::kFarIp, 1234);
  rig.tell(0, MessageKind::send_datagram, [&](dp::Message& m) {
    m.flow = flow;
    m.size = 5;
    std::memcpy(m.data, "hello", 5);
  });
  ASSERT_EQ(rig.w[0]->sent.size(), 1u);
  const auto bytes = dp::test::bytes_of(rig.w[0]->sent[0]);
  EXPECT_EQ(std::string(bytes.begin() + 28, bytes.end()), "hello");
  // One that no buffer holds is dropped.
  rig.tell(0, MessageKind::send_datagram, [&](dp::Message& m) {
    m.flow = flow;
    m.size = 10'000;
  });
  EXPECT_EQ(rig.dropped(DropReason::no_buffer), 1u);
}

TEST(DtlsOutput, PathsOfBothFamilies) {
  Rig rig;
  const auto six = *dp::IpAddress::parse("2001:db8::1");
  const auto far = *dp::IpAddress::parse("2001:db8::2");
  UdpPath path;
  path.set({six, far, 443, 5000});
  EXPECT_EQ(path.header_size(), 48u);
  rte_mbuf* m = rte_pktmbuf_alloc(rig.pool.get());
  std::memcpy(rte_pktmbuf_append(m, 3), "abc", 3);
  path.prepend(m, 1);
  EXPECT_EQ(dp::meta(m).family, 6);
  EXPECT_EQ(dp::meta(m).l3_size, 40);
  dp::finish_checksums(m, m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK));
  EXPECT_TRUE(dp::transport_checksum_ok(m, 40));
  const auto* udp = rte_pktmbuf_mtod_offset(m, const dp::UdpHeader*, 40);
  EXPECT_EQ(udp->src_port, 443);
  EXPECT_EQ(udp->dst_port, 5000);
  EXPECT_EQ(udp->length, 11);
  rte_pktmbuf_free(m);
}

}  // namespace
}  // namespace culvert::dtls
