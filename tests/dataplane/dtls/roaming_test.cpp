#include "dataplane/dtls/roaming.hpp"

#include <gtest/gtest.h>

#include "dataplane/worker/steering.hpp"
#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;
using dp::test::kFarIp;

// A port that `worker` owns among so many.
dp::Flow flow_owned_by(unsigned worker, unsigned workers, uint16_t from = 50'000) {
  for (uint16_t port = from;; ++port) {
    const dp::Flow flow = flow_from(kFarIp, port);
    if (dp::owner_of(flow, workers) == worker) return flow;
  }
}

TEST(DtlsRoaming, ATunnelMovesBothWaysWithItsFirstRecord) {
  Rig rig;
  auto c = rig.client(0);
  rig.install(*c);
  rig.land(*c, Rig::packet(*c, PacketType::data, "1"));
  (void)rig.expect(MessageKind::dtls_up);
  const dp::Flow before = c->flow;
  c->flow.remote_port = 55'555;
  rig.land(*c, Rig::packet(*c, PacketType::data, "2"));
  EXPECT_EQ(rig.up, (std::vector<std::string>{"1", "2"}));  // not even that one is lost
  const Told t = rig.expect(MessageKind::dtls_moved);
  EXPECT_EQ(t.conn, c->rx);
  EXPECT_EQ(t.flow, c->flow);
  EXPECT_EQ(t.landed, 0);
  rig.down(*c, {"down"});
  const auto heard = rig.hear(*c);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].flow, c->flow);
  // The old flow is nobody's now, unless the client goes back to it.
  const std::string one = Rig::packet(*c, PacketType::data, "3");
  const std::string two = Rig::packet(*c, PacketType::data, "4");
  rig.land(*c, two);
  rig.land(0, before, one);
  EXPECT_EQ(rig.up.back(), "4");
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 1u);
  rig.land(0, before, Rig::packet(*c, PacketType::data, "5"));
  EXPECT_EQ(rig.up.back(), "5");
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved).flow, before);
}

TEST(DtlsRoaming, AWholeBurstMovesWithoutLoss) {
  Rig rig;
  auto c = rig.client(0);
  rig.install(*c);
  c->flow.remote_port = 55'555;
  std::vector<std::string> datagrams, expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back(std::to_string(i));
    datagrams.push_back(Rig::packet(*c, PacketType::data, expected.back()));
  }
  rig.land_burst(0, c->flow, datagrams);
  EXPECT_EQ(rig.up, expected);
  EXPECT_EQ(rig.w[0]->context.counters.trials.load(), 1u);
}

TEST(DtlsRoaming, OnlyTheNewestRecordOfTheRightClientMovesIt) {
  Rig rig;
  auto c = rig.client(0);
  auto neighbour = rig.client(1);
  rig.install(*c);
  rig.install(*neighbour);
  const std::string delayed = Rig::packet(*c, PacketType::data, "delayed");
  const std::string seen = Rig::packet(*c, PacketType::data, "seen");
  rig.land(*c, seen);
  (void)rig.expect(MessageKind::dtls_up);
  const dp::Flow elsewhere = flow_from(kFarIp, 55'555);
  rig.land(0, elsewhere, delayed);
  rig.land(0, elsewhere, seen);
  std::string forged = Rig::packet(*c, PacketType::data, "forged");
  forged.back() = static_cast<char>(forged.back() ^ 1);
  rig.land(0, elsewhere, forged);
  // From another address nothing moves: that client comes back over TLS.
  rig.land(0, flow_from(kFarIp + 1, 55'555), Rig::packet(*c, PacketType::data, "far"));
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 4u);
  EXPECT_EQ(rig.up.size(), 1u);
  EXPECT_FALSE(rig.told());
  // Two clients behind one address: each record finds its own.
  rig.land(0, elsewhere, Rig::packet(*neighbour, PacketType::data, "from the neighbour"));
  EXPECT_EQ(rig.up_from.back().v4, neighbour->inner);
  (void)rig.expect(MessageKind::dtls_up);
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved).conn, neighbour->rx);
  rig.land(*c, Rig::packet(*c, PacketType::data, "still there"));
  EXPECT_EQ(rig.up_from.back().v4, c->inner);
  // An alert does not move anything either.
  rig.land(0, flow_from(kFarIp, 55'556),
           Rig::record(*c, ContentType::alert, std::string("\x01\x00", 2)));
  EXPECT_FALSE(rig.told());
}

TEST(DtlsRoaming, TrialsAreLimited) {
  Rig rig(1, 64, 256);
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < 64; ++i) {
    clients.push_back(rig.client(i));
    rig.install(*clients.back());
  }
  auto stranger = rig.client(0);
  stranger->sealing.iv[0] ^= 1;
  std::vector<std::string> noise;
  for (int i = 0; i < 60; ++i)
    noise.push_back(Rig::packet(*stranger, PacketType::data, "noise"));
  rig.land_burst(0, flow_from(kFarIp, 60'000), noise);
  EXPECT_EQ(rig.w[0]->context.counters.trials.load(), 256u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 60u);
  // Known flows do not suffer, and a moment later clients can move again.
  rig.land(*clients[5], Rig::packet(*clients[5], PacketType::data, "x"));
  EXPECT_EQ(rig.up.size(), 1u);
  rig.now += dp::kSecond;
  clients[63]->flow.remote_port = 60'001;
  rig.land(*clients[63], Rig::packet(*clients[63], PacketType::data, "y"));
  EXPECT_EQ(rig.up.size(), 2u);
}

TEST(DtlsRoaming, WorkersPassADatagramRoundUntilOneKnowsIt) {
  constexpr unsigned kWorkers = 3;
  Rig rig(kWorkers);
  auto c = rig.client(0, 2, 1);
  c->flow = flow_owned_by(2, kWorkers);
  rig.install(*c);
  // Steered to its owner from wherever it comes in.
  rig.land(0, c->flow, Rig::packet(*c, PacketType::data, "1"), Steering::by_owner);
  EXPECT_EQ(rig.up.size(), 1u);
  (void)rig.expect(MessageKind::dtls_up, 2);
  // It moves to a flow that lands on worker 0.
  c->flow = flow_owned_by(0, kWorkers);
  rig.land(1, c->flow, Rig::packet(*c, PacketType::data, "2"), Steering::by_owner);
  EXPECT_EQ(rig.up.size(), 2u);
  const Told t = rig.expect(MessageKind::dtls_moved, 2);
  EXPECT_EQ(t.flow, c->flow);
  EXPECT_EQ(t.landed, 0);
  rig.down(*c, {"down"});
  auto heard = rig.hear(*c);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].flow, c->flow);
  // Until control has answered, the others pass its datagrams round; nobody tries keys again.
  const uint64_t trials = rig.w[2]->context.counters.trials;
  rig.land(0, c->flow, Rig::packet(*c, PacketType::data, "3"));
  EXPECT_EQ(rig.up.size(), 3u);
  EXPECT_EQ(rig.w[2]->context.counters.trials, trials);
  // Then they go straight.
  rig.tell(0, MessageKind::route_dtls, [&](dp::Message& m) {
    m.flow = c->flow;
    m.conn = c->rx;
  });
  const uint64_t before = rig.handed_over;
  rig.land(0, c->flow, Rig::packet(*c, PacketType::data, "4"));
  EXPECT_EQ(rig.up.size(), 4u);
  EXPECT_EQ(rig.handed_over, before + 1);
  // DPD is answered by home.
  rig.land(0, c->flow, Rig::packet(*c, PacketType::dpd_request, "probe"));
  heard = rig.hear(*c);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].plaintext, "\x04probe");
  EXPECT_EQ(heard[0].flow, c->flow);
  // What nobody knows dies after one round.
  auto stranger = rig.client(1);
  rig.land(1, flow_from(kFarIp, 1), Rig::packet(*stranger, PacketType::data, "x"));
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 1u);
}

TEST(DtlsRoaming, TunnelsOutliveTheirPort) {
  constexpr unsigned kWorkers = 2;
  Rig rig(kWorkers);
  auto c = rig.client(0, 1, 0);
  c->flow = flow_owned_by(1, kWorkers);
  rig.install(*c);
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    rig.tell(worker, MessageKind::unlisten_dtls, [](dp::Message& m) {
      m.flow.local = dp::IpAddress::v4(dp::test::kOwnIp);
      m.flow.local_port = kPort;
    });
  }
  // By way of the worker that has the only queue.
  rig.land(0, c->flow, Rig::packet(*c, PacketType::data, "1"), Steering::by_owner);
  EXPECT_EQ(rig.up, std::vector<std::string>{"1"});
  (void)rig.expect(MessageKind::dtls_up, 1);
  // It moves, and its datagrams land elsewhere.
  c->flow = flow_owned_by(0, kWorkers);
  rig.land(0, c->flow, Rig::packet(*c, PacketType::data, "2"), Steering::by_owner);
  EXPECT_EQ(rig.up, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved, 1).flow, c->flow);
  // It may have lost the server's last flight, but nobody begins there.
  const std::string finished(
      "\x16\xfe\xfd\0\1\0\0\0\0\0\0\0\x03"
      "fin",
      16);
  rig.land(0, c->flow, finished, Steering::by_owner);
  EXPECT_EQ(rig.expect(MessageKind::datagram, 0).data, finished);
  const std::string change(
      "\x14\xfe\xfd\0\0\0\0\0\0\0\0\0\x01"
      "\x01",
      14);
  const std::string hello(
      "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x03"
      "\x01lo",
      16);
  rig.land(0, c->flow, hello, Steering::by_owner);
  rig.land(0, c->flow, change + hello, Steering::by_owner);
  EXPECT_FALSE(rig.told(0));
  EXPECT_FALSE(rig.told(1));
  EXPECT_EQ(rig.dropped(DropReason::ip_protocol), 2u);
}

TEST(DtlsRoaming, AnOldRouteDoesNoHarm) {
  Rig rig(2);
  auto c = rig.client(0, 1, 1);
  rig.install(*c);
  const dp::Flow flow = flow_from(kFarIp, 60'000);
  const auto route = [&](unsigned worker, const ConnId& side) {
    rig.tell(worker, MessageKind::route_dtls, [&](dp::Message& m) {
      m.flow = flow;
      m.conn = side;
    });
  };
  route(0, {1, 7, 99});
  route(1, {0, 7, 99});
  auto stranger = rig.client(3);
  rig.land(0, flow, Rig::packet(*stranger, PacketType::data, "x"));
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 1u);
  // A routed client that has moved is found there, and the router is named.
  rig.land(0, flow, Rig::packet(*c, PacketType::data, "y"));
  EXPECT_EQ(rig.up.size(), 1u);
  (void)rig.expect(MessageKind::dtls_up, 1);
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved, 1).landed, 0);
  route(0, {});
  rig.land(0, flow, Rig::packet(*c, PacketType::data, "z"));
  EXPECT_EQ(rig.up.size(), 2u);  // the slow way
}

TEST(DtlsRoaming, RoutesAreBounded) {
  Rig rig(2, 4);
  for (uint16_t i = 0; i < 100; ++i) {
    rig.tell(0, MessageKind::route_dtls, [&](dp::Message& m) {
      m.flow = flow_from(kFarIp, i);
      m.conn = {1, 0, 1};
    });
  }
  auto& table = rig.w[0]->receive;
  unsigned known = 0;
  for (uint16_t i = 0; i < 100; ++i) {
    const dp::Flow flow = flow_from(kFarIp, i);
    known += table.find_flow(table.hash(flow), flow).route != nullptr;
  }
  EXPECT_EQ(known, 4u);
}

TEST(DtlsRoaming, TheTransmitSideIsToldAgain) {
  Rig rig(2);
  auto c = rig.client(0, 0, 1);
  rig.install(*c);
  c->flow.remote_port = 55'555;
  rig.lose_handoffs = true;
  rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
  rig.lose_handoffs = false;
  rig.down(*c, {"lost"});
  EXPECT_NE(rig.hear(*c).at(0).flow, c->flow);
  rig.pass(2 * dp::kSecond);
  rig.down(*c, {"found"});
  EXPECT_EQ(rig.hear(*c).at(0).flow, c->flow);
  const uint64_t before = rig.handed_over;
  rig.pass(10 * dp::kSecond);
  rig.pass(10 * dp::kSecond);
  EXPECT_LT(rig.handed_over, before + 100);
}

}  // namespace
}  // namespace culvert::dtls
