#include "dataplane/inner/down.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr uint32_t kClient = 0x0a0a0a05;
constexpr ConnId kConn{1, 77, 9};

class DownTest : public testing::Test {
 protected:
  DownTest() : context{1, table, pools, drops, limit, pool.get()} {
    session = table.publish({IpAddress::v4(kClient), {}}, 1, 1, false);
    session->channel.store(Channel(Channel::Kind::tls, kConn, 1300).word());
  }
  ~DownTest() override {
    for (Edge* e : {&seal, &handoff, &errors})
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
  void run(std::initializer_list<rte_mbuf*> packets, uint64_t now = 10'000'000) {
    Batch batch;
    for (rte_mbuf* m : packets)
      batch.push(m);
    inner_down(batch, context, reply_from, {seal.sink(), handoff.sink(), errors.sink()}, now);
    EXPECT_TRUE(batch.empty());
  }

  Pool pool{1023};
  SessionTable table{16, 2};
  std::vector<PoolRange> pools{{0x0a0a0a01, 0x0a0a0a0f}, {0x0a0b0000, 0x0a0b0000}};
  DropCounters drops;
  UnreachableLimit limit;
  std::vector<IpAddress> reply_from{IpAddress::v4(0xc6336401), IpAddress::v4(0x0a304201)};
  Edge seal, handoff, errors;
  DownContext context;
  Session* session;
};

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
  reply_from[1] = IpAddress{};
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
  inner_down(batch, context, reply_from, {seal.sink(), handoff.sink(), errors.sink()}, 1);
  EXPECT_EQ(seal.packets().size(), 3 * kBurst);
}

}  // namespace
}  // namespace culvert::dp
