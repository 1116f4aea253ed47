#include "dataplane/inner/down.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr ConnId kConn{1, 77, 9};
const IpAddress kInside6 = six("fd00:1::1");

class DownTest : public testing::Test {
 protected:
  DownTest() : context{1, table, pools, drops, limit, limit6, pool.get(), oversized} {
    session = table.publish({IpAddress::v4(kClient), kClient6}, 1, 1, false);
    session->channel.store(Channel(Channel::Kind::tls, kConn, 1300).word());
  }
  ~DownTest() override {
    for (Edge* e : {&seal, &seal_dtls, &handoff, &errors})
      e->clear();
  }

  struct Edge {
    Batch batch;
    std::vector<rte_mbuf*> all;
    static void flush(void* self, Batch& b) {
      auto& edge = *static_cast<Edge*>(self);
      edge.all.insert(edge.all.end(), b.begin(), b.end());
      b.clear();
    }
    BatchSink sink() { return {flush, this, &batch}; }
    const std::vector<rte_mbuf*>& packets() {
      flush(this, batch);
      return all;
    }
    void clear() {
      for (rte_mbuf* m : packets())
        rte_pktmbuf_free(m);
      all.clear();
    }
  };

  rte_mbuf* to_client(size_t size, uint16_t fragment = 0, uint32_t dst = kClient) {
    rte_mbuf* m =
        pool.packet(ipv4({.src = kFarIp, .dst = dst, .fragment = fragment}, Bytes(size - 20, 5)));
    meta(m).port = 1;
    meta(m).family = 4;
    meta(m).l3_size = 20;
    return m;
  }
  rte_mbuf* to_client6(size_t size, const IpAddress& dst = kClient6, uint8_t protocol = 17,
                       Bytes payload = {}) {
    payload.resize(size - 40, 5);
    rte_mbuf* m = pool.packet(ipv6({.src = kFar6, .dst = dst, .next_header = protocol}, payload));
    meta(m).port = 1;
    meta(m).family = 6;
    meta(m).l3_size = 40;
    return m;
  }
  void run(std::initializer_list<rte_mbuf*> packets, uint64_t now = 10'000'000) {
    Batch batch;
    for (rte_mbuf* m : packets)
      batch.push(m);
    inner_down(batch, context, reply_from,
               {seal.sink(), seal_dtls.sink(), handoff.sink(), errors.sink()}, now);
    EXPECT_TRUE(batch.empty());
  }

  Pool pool{1023};
  SessionTable table{16, 2};
  PoolRanges pools{{{0x0a0a0a01, 0x0a0a0a0f}, {0x0a0b0000, 0x0a0b0000}},
                   {{six("fd00:10::"), six("fd00:10::ff")}}};
  DropCounters drops;
  UnreachableLimit limit;
  UnreachableLimit limit6{10, 10};
  Doorbell control_bell, worker_bell;
  Mailbox mailbox{1, 64, control_bell, worker_bell};
  OversizedReports oversized{table, mailbox, 0};
  std::vector<ReplySource> reply_from{{IpAddress::v4(0xc6336401), {}},
                                      {IpAddress::v4(0x0a304201), kInside6}};
  Edge seal, seal_dtls, handoff, errors;
  DownContext context;
  Session* session;
};

TEST_F(DownTest, SaysNothingToTheSenderIfItIsToldTo) {
  context.answer_too_big = false;
  run({to_client(1301, Ipv4Header::kDontFragment), to_client6(1301)});
  EXPECT_TRUE(errors.packets().empty());
  EXPECT_EQ(limit.sent() + limit.suppressed() + limit6.sent() + limit6.suppressed(), 0u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 2u);
  Message* m = mailbox.from_worker();
  ASSERT_NE(m, nullptr);
  EXPECT_FALSE(m->oversized.answered);
  mailbox.free(m);
}

TEST_F(DownTest, SealsHereWhatFits) {
  run({to_client(1300), to_client(20), to_client(1300, Ipv4Header::kDontFragment)});
  ASSERT_EQ(seal.packets().size(), 3u);
  for (rte_mbuf* m : seal.packets()) {
    EXPECT_EQ(meta(m).conn, kConn);
    EXPECT_EQ(meta(m).handoff, Handoff::none);
  }
  EXPECT_TRUE(handoff.packets().empty());
}

TEST_F(DownTest, PassesOnToTheWorkerOfTheTunnel) {
  session->channel.store(Channel(Channel::Kind::tls, {3, 5, 0x12345}, 1300).word());
  run({to_client(1000)});
  ASSERT_EQ(handoff.packets().size(), 1u);
  const PacketMeta& m = meta(handoff.packets()[0]);
  EXPECT_EQ(m.handoff, Handoff::tunnel);
  EXPECT_EQ(m.conn, (ConnId{3, 5, 0x2345}));
}

TEST_F(DownTest, SealsForDtlsHereToo) {
  session->channel.store(Channel(Channel::Kind::dtls, {1, 5, 7}, 1300).word());
  run({to_client(1300), to_client(1301)});
  ASSERT_EQ(seal_dtls.packets().size(), 3u);
  for (rte_mbuf* m : seal_dtls.packets())
    EXPECT_EQ(meta(m).conn, (ConnId{1, 5, 7}));
  EXPECT_TRUE(seal.packets().empty());
  EXPECT_TRUE(handoff.packets().empty());
}

TEST_F(DownTest, PassesOnToTheHomeBeforeAnythingElse) {
  session->home = 2;
  session->channel.store(0);
  run({to_client(1500, Ipv4Header::kDontFragment)});
  ASSERT_EQ(handoff.packets().size(), 1u);
  const PacketMeta& m = meta(handoff.packets()[0]);
  EXPECT_EQ(m.handoff, Handoff::inner_down);
  EXPECT_EQ(m.conn.worker, 2);
  EXPECT_EQ(limit.sent(), 0u);
}

TEST_F(DownTest, NamesWhatHasNoSessionOrNoChannel) {
  run({to_client(100, 0, 0x0a0a0a01), to_client(100, 0, 0x0a0a0a0f),
       to_client(100, 0, 0x0a0b0000)});
  EXPECT_EQ(drops.get(DropReason::svc_no_session), 3u);
  run({to_client(100, 0, 0x0a0a0a00), to_client(100, 0, 0x0a0a0a10),
       to_client(100, 0, 0x0a0b0001)});
  EXPECT_EQ(drops.get(DropReason::ip_not_forwarded), 3u);
  session->channel.store(0);
  run({to_client(100)});
  EXPECT_EQ(drops.get(DropReason::svc_no_channel), 1u);
  EXPECT_EQ(pool.used(), 0u);
}

TEST_F(DownTest, CutsWhatMayBeCut) {
  run({to_client(1301)});
  ASSERT_EQ(seal.packets().size(), 2u);
  for (rte_mbuf* m : seal.packets()) {
    EXPECT_EQ(meta(m).conn, kConn);
    EXPECT_EQ(meta(m).family, 4);
    EXPECT_EQ(meta(m).l3_size, 20);
    EXPECT_EQ(meta(m).handoff, Handoff::none);
    EXPECT_LE(m->pkt_len, 1300u);
  }
  seal.clear();
  session->df_bit_ignore = true;
  session->channel.store(Channel(Channel::Kind::tls, {0, 1, 2}, 576).word());
  run({to_client(1500, Ipv4Header::kDontFragment)});
  ASSERT_EQ(handoff.packets().size(), 3u);
  for (rte_mbuf* m : handoff.packets()) {
    EXPECT_EQ(meta(m).handoff, Handoff::tunnel);
    EXPECT_FALSE(rte_pktmbuf_mtod(m, const Ipv4Header*)->dont_fragment());
  }
  EXPECT_EQ(limit.sent() + limit.suppressed(), 0u);
}

TEST_F(DownTest, TellsTheSenderOfWhatMayNotBeCut) {
  run({to_client(1301, Ipv4Header::kDontFragment), to_client(1400, Ipv4Header::kDontFragment)});
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 2u);
  ASSERT_EQ(errors.packets().size(), 1u);  // one a second
  EXPECT_EQ(limit.suppressed(), 1u);
  rte_mbuf* m = errors.packets()[0];
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  EXPECT_EQ(ip->src, 0x0a304201u);
  EXPECT_EQ(ip->dst, kFarIp);
  EXPECT_EQ(load_be<uint16_t>(rte_pktmbuf_mtod_offset(m, uint8_t*, 26)), 1300);
  EXPECT_EQ(meta(m).family, 4);
  EXPECT_EQ(meta(m).l3_size, 20);
  EXPECT_EQ(meta(m).conn, ConnId{});
  EXPECT_EQ(meta(m).inner_source, nullptr);
}

TEST_F(DownTest, WhatMayNotBeAnsweredDoesNotUseUpTheLimit) {
  run({to_client(1400, Ipv4Header::kDontFragment | 5)});
  EXPECT_TRUE(errors.packets().empty());
  EXPECT_EQ(limit.sent(), 0u);
  run({to_client(1400, Ipv4Header::kDontFragment)});
  EXPECT_EQ(errors.packets().size(), 1u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 2u);
}

TEST_F(DownTest, AnInterfaceWithoutAnAddressSendsNoError) {
  reply_from[1] = ReplySource{};
  run({to_client(1400, Ipv4Header::kDontFragment)});
  rte_mbuf* m = to_client(1400, Ipv4Header::kDontFragment);
  meta(m).port = 2;
  run({m});
  EXPECT_TRUE(errors.packets().empty());
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 2u);
}

TEST_F(DownTest, DropsAFragmentBeyondTheEndOfADatagram) {
  run({to_client(1400, 0x1fff)});
  EXPECT_EQ(drops.get(DropReason::ip_bad_length), 1u);
}

TEST_F(DownTest, DropsByNameWhatWouldTakeTooManyFragments) {
  for (const uint16_t mtu : std::array<uint16_t, 4>{0, 67, 68, 70}) {
    session->channel.store(Channel(Channel::Kind::tls, kConn, mtu).word());
    run({to_client(1400)});
  }
  EXPECT_EQ(drops.get(DropReason::svc_too_many_fragments), 4u);
  EXPECT_EQ(pool.used(), 0u);
}

TEST_F(DownTest, WithoutBuffersPacketsAreDroppedByName) {
  std::vector<rte_mbuf*> held(1022);
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), held.data(), 1021), 0);
  run({to_client(1400), to_client(1400, Ipv4Header::kDontFragment)});
  EXPECT_EQ(drops.get(DropReason::no_buffer), 1u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 1u);
  errors.clear();
  EXPECT_EQ(pool.used(), 1021u);
  rte_pktmbuf_free_bulk(held.data(), 1021);
}

TEST_F(DownTest, FullEdgesAreFlushed) {
  session->channel.store(Channel(Channel::Kind::tls, kConn, 576).word());
  Batch batch;
  for (uint32_t i = 0; i < kBurst; ++i)
    batch.push(to_client(1500));
  inner_down(batch, context, reply_from,
             {seal.sink(), seal_dtls.sink(), handoff.sink(), errors.sink()}, 1);
  EXPECT_EQ(seal.packets().size(), 3 * kBurst);
}

TEST_F(DownTest, Ipv6GoesTheSameWay) {
  run({to_client6(1300), to_client6(40), to_client(100)});
  ASSERT_EQ(seal.packets().size(), 3u);
  for (rte_mbuf* m : seal.packets())
    EXPECT_EQ(meta(m).conn, kConn);
  run({to_client6(100, six("fd00:10::6")), to_client6(100, six("fd00:10::100"))});
  EXPECT_EQ(drops.get(DropReason::svc_no_session), 1u);
  EXPECT_EQ(drops.get(DropReason::ip_not_forwarded), 1u);
}

TEST_F(DownTest, Ipv6TooBigIsToldAndNeverCut) {
  session->df_bit_ignore = true;  // there is no bit to ignore
  run({to_client6(1301)});
  EXPECT_TRUE(seal.packets().empty());
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 1u);
  ASSERT_EQ(errors.packets().size(), 1u);
  const Bytes error = bytes_of(errors.packets()[0]);
  ASSERT_EQ(error.size(), 1280u);
  EXPECT_EQ(meta(errors.packets()[0]).family, 6);
  const auto* ip = reinterpret_cast<const Ipv6Header*>(error.data());
  EXPECT_EQ(IpAddress::v6(ip->src), kInside6);
  EXPECT_EQ(IpAddress::v6(ip->dst), kFar6);
  EXPECT_EQ(ip->payload_length, 1240);
  EXPECT_EQ(error[40], 2);
  EXPECT_EQ(error[41], 0);
  EXPECT_EQ(load_be<uint32_t>(&error[44]), 1300u);
  EXPECT_TRUE(icmp6_checksum_ok(errors.packets()[0], 40));
  // It quotes the packet from its first byte.
  const Bytes original = ipv6({.src = kFar6, .dst = kClient6, .next_header = 17}, Bytes(1261, 5));
  EXPECT_TRUE(std::equal(error.begin() + 48, error.end(), original.begin()));
}

// Cisco's note: the client's adapter takes 1418 bytes, and DTLS, which would, is not there.
TEST_F(DownTest, SmartFallbackLosesNothing) {
  context.answer_too_big = false;
  session->adapter_mtu.store(1418);
  run({to_client(1418, Ipv4Header::kDontFragment), to_client(1418, Ipv4Header::kDontFragment)});
  ASSERT_EQ(seal.packets().size(), 4u);
  std::array<unsigned, 4> ids{};
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto* ip = rte_pktmbuf_mtod(seal.all[i], const Ipv4Header*);
    EXPECT_FALSE(ip->dont_fragment());
    ids[i] = ip->id;
  }
  // Both packets had the same identification, and the fragments of one are not those of the other.
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[2], ids[3]);
  EXPECT_NE(ids[0], ids[2]);
  seal.clear();
  // IPv6 may not be cut, and need not be.
  run({to_client6(1418), to_client6(1419)});
  EXPECT_EQ(seal.packets().size(), 1u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 1u);
  session->channel.store(Channel(Channel::Kind::dtls, {1, 5, 7}, 1300).word());
  run({to_client6(1301), to_client(1418, Ipv4Header::kDontFragment)});
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 2u);
  EXPECT_EQ(seal_dtls.packets().size(), 2u);
}

// AnyConnect a minute after DTLS died, and with `sysopt connection tcpmss 1460`.
TEST_F(DownTest, SmartFallbackMindsAnAdapterSmallerThanTheTunnel) {
  session->adapter_mtu.store(1280);
  run({to_client(1281, Ipv4Header::kDontFragment), to_client(1280, Ipv4Header::kDontFragment),
       to_client6(1281), to_client6(1280)});
  ASSERT_EQ(seal.packets().size(), 4u);
  EXPECT_LE(seal.all[0]->pkt_len, 1280u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 1u);
  ASSERT_EQ(errors.packets().size(), 2u);
  EXPECT_EQ(load_be<uint16_t>(rte_pktmbuf_mtod_offset(errors.all[0], uint8_t*, 26)), 1280);
  EXPECT_EQ(load_be<uint32_t>(rte_pktmbuf_mtod_offset(errors.all[1], uint8_t*, 44)), 1280u);
}

TEST_F(DownTest, SmartFallbackAsksForSmallerPacketsAllTheSame) {
  session->adapter_mtu.store(1418);
  run({to_client(1418, Ipv4Header::kDontFragment), to_client(1418), to_client6(1418)});
  EXPECT_EQ(seal.packets().size(), 5u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 0u);
  ASSERT_EQ(errors.packets().size(), 2u);
  EXPECT_EQ(load_be<uint16_t>(rte_pktmbuf_mtod_offset(errors.all[0], uint8_t*, 26)), 1300);
  EXPECT_EQ(load_be<uint32_t>(rte_pktmbuf_mtod_offset(errors.all[1], uint8_t*, 44)), 1300u);
  // As df-bit-ignore on an ASA does not.
  session->adapter_mtu.store(0);
  session->df_bit_ignore = true;
  run({to_client(1418, Ipv4Header::kDontFragment)}, 20'000'000);
  EXPECT_EQ(errors.packets().size(), 2u);
}

TEST_F(DownTest, EachSessionHasIdentificationsOfItsOwn) {
  Session* other = table.publish({IpAddress::v4(kClient + 1), {}}, 2, 1, true);
  other->channel.store(Channel(Channel::Kind::tls, {1, 78, 9}, 1300).word());
  session->df_bit_ignore = true;
  for (const uint32_t dst : {kClient, kClient + 1, kClient})
    run({to_client(1400, Ipv4Header::kDontFragment, dst)});
  std::vector<unsigned> ids;
  for (const rte_mbuf* m : seal.packets())
    ids.push_back(rte_pktmbuf_mtod(m, const Ipv4Header*)->id);
  EXPECT_EQ(ids, (std::vector<unsigned>{0, 0, 0, 0, 1, 1}));
}

TEST_F(DownTest, AFragmentThatIsCutAgainKeepsItsIdentification) {
  session->adapter_mtu.store(1418);
  run({to_client(1400, Ipv4Header::kDontFragment | Ipv4Header::kMoreFragments | 10)});
  ASSERT_EQ(seal.packets().size(), 2u);
  for (rte_mbuf* m : seal.packets())
    EXPECT_EQ(rte_pktmbuf_mtod(m, const Ipv4Header*)->id, 0x1234);
}

TEST_F(DownTest, ClampsTheMssOfSyns) {
  const auto syn = [&](uint8_t flags) {
    Bytes tcp{0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, flags, 0xff, 0xff, 0, 0, 0, 0};
    tcp.insert(tcp.end(), {2, 4, 1460 >> 8, 1460 & 0xff});
    rte_mbuf* m = pool.packet(ipv4({.src = kFarIp, .dst = kClient, .protocol = 6}, tcp));
    meta(m).port = 1;
    meta(m).family = 4;
    meta(m).l3_size = 20;
    return m;
  };
  const auto announced = [&] {
    std::vector<unsigned> values;
    for (rte_mbuf* m : seal.packets())
      values.push_back(load_be<uint16_t>(rte_pktmbuf_mtod_offset(m, const uint8_t*, 42)));
    seal.clear();
    return values;
  };
  run({syn(TcpHeader::kSyn)});
  EXPECT_EQ(announced(), std::vector<unsigned>{1460});  // no limit
  context.mss = {1380, 0};
  run({syn(TcpHeader::kSyn), syn(TcpHeader::kSyn | TcpHeader::kAck), syn(TcpHeader::kAck)});
  EXPECT_EQ(announced(), (std::vector<unsigned>{1380, 1380, 1460}));
  EXPECT_EQ(context.mss_clamped, 2u);
  session->adapter_mtu.store(1418);
  run({syn(TcpHeader::kSyn)});
  EXPECT_EQ(announced(), std::vector<unsigned>{1260});
}

TEST_F(DownTest, Ipv6ErrorsAreNotAnsweredAndLimited) {
  run({to_client6(1400, kClient6, 58, {1, 0}), to_client6(1400, kClient6, 58, {2, 0})});
  EXPECT_TRUE(errors.packets().empty());
  EXPECT_EQ(limit6.sent() + limit6.suppressed(), 0u);
  run({to_client6(1400, kClient6, 58, {128, 0})});
  EXPECT_EQ(errors.packets().size(), 1u);
  // A bucket of ten, whatever IPv4's has left.
  for (int i = 0; i < 20; ++i)
    run({to_client6(1400)});
  EXPECT_EQ(errors.packets().size(), 10u);
  EXPECT_EQ(limit.sent(), 0u);
  EXPECT_EQ(drops.get(DropReason::svc_no_fragment), 23u);
}

}  // namespace
}  // namespace culvert::dp
