// DTLS through the whole of set-up, with workers that play along: a client logs in by TLS, gets its
// offer with CONNECT, and takes it up with a real OpenSSL.
#include <algorithm>

#include "tests/control/dtls/dtls_world.hpp"

namespace culvert::control::test {
namespace {

using Kind = dp::Channel::Kind;

class DtlsForms : public ::testing::TestWithParam<DtlsForm> {};

TEST_P(DtlsForms, TunnelFromHandshakeToGoodbye) {
  DtlsWorld world;
  DtlsUser user(world, GetParam(), 1);
  EXPECT_EQ(header(user.reply, "X-DTLS-Port"), "443");
  EXPECT_EQ(header(user.reply, "X-DTLS-DPD"), "30");
  EXPECT_EQ(header(user.reply, "X-DTLS-MTU"), "1418");
  EXPECT_EQ(world.channel().kind(), Kind::tls);

  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow(), 0);
  ASSERT_TRUE(client->done());
  const FakeSide* rx = world.newest(dp::DtlsSide::receive);
  const FakeSide* tx = world.newest(dp::DtlsSide::transmit);
  ASSERT_TRUE(rx != nullptr && tx != nullptr);
  EXPECT_EQ(rx->id.worker, 0);  // where the datagrams land
  EXPECT_EQ(tx->id.worker, 1);  // the session's home
  EXPECT_EQ(rx->install.transmit, tx->id);
  EXPECT_EQ(rx->install.dpd_interval_s, 30u);
  EXPECT_EQ(tx->install.keepalive_s, 20u);
  EXPECT_EQ(rx->install.inner.v4, world.published.begin()->first->inner.v4);
  // The transmit side first; with pre-shared keys the last flight waits for both.
  const auto installs = std::find(world.orders.begin(), world.orders.end(), "install tx");
  ASSERT_NE(installs, world.orders.end());
  EXPECT_EQ(installs[1], "install rx");
  if (GetParam() == DtlsForm::psk) {
    EXPECT_EQ(installs[2], "send");
  }

  RecordLayer worker(rx->install.keys, tx->install.keys);
  EXPECT_EQ(worker.open(client->seal("up")), "up");
  EXPECT_EQ(client->open(worker.seal("down")), "down");

  EXPECT_EQ(world.channel().kind(), Kind::tls);  // nothing was heard yet
  world.say(dp::MessageKind::dtls_up, *rx);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_EQ(world.channel().worker(), 1);
  EXPECT_EQ(world.channel().slot(), tx->id.slot);
  EXPECT_EQ(world.channel().mtu(), 1418);
  EXPECT_TRUE(world.logged("722033 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> First UDP SVC"));
  EXPECT_TRUE(world.logged("722022 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> UDP SVC"));
  world.advance(1);
  EXPECT_EQ(world.setup->dtls().handshakes(), 0u);  // OpenSSL's object went

  world.ended(*user.tcp, dp::EndReason::client_disconnect, 0xb0);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_FALSE(world.published.empty());  // the workers still have the address
  world.settle();
  EXPECT_TRUE(world.published.empty());
  EXPECT_TRUE(world.sides.empty());
  EXPECT_EQ(world.setup->dtls().tunnels().size(), 0u);
  EXPECT_EQ(world.setup->pools().in_use(), 0u);
  EXPECT_EQ(world.messages, 0);
}

TEST_P(DtlsForms, SilenceFallsBackAndTheNextRecordBringsItBack) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  const FakeSide* rx = world.newest(dp::DtlsSide::receive);
  ASSERT_NE(rx, nullptr);
  world.say(dp::MessageKind::dtls_up, *rx);
  world.say(dp::MessageKind::dtls_silent, *rx);
  EXPECT_EQ(world.channel().kind(), Kind::tls);
  EXPECT_EQ(world.channel().mtu(), 1347);
  EXPECT_EQ(world.sides.size(), 2u);
  world.say(dp::MessageKind::dtls_up, *rx);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_TRUE(world.logged("722034 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> New UDP SVC"));
  // The client closes it.
  world.say(dp::MessageKind::dtls_ended, *rx,
            [](dp::Message& m) { m.reason = dp::EndReason::tls_alert; });
  EXPECT_EQ(world.channel().kind(), Kind::tls);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  EXPECT_EQ(world.setup->sessions().all().begin()->second->past.tx_bytes, 2000u);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->state, SessionState::active);
}

// The TLS connection is closed, and the tunnel carries on until the client has come back.
TEST_P(DtlsForms, AWornKeyMakesTheClientComeBack) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  FakeConnection* const before = user.tcp;
  world.say(dp::MessageKind::dtls_ended, *world.newest(dp::DtlsSide::transmit),
            [](dp::Message& m) { m.reason = dp::EndReason::key_worn_out; });
  EXPECT_EQ(before->closed, 0);
  EXPECT_TRUE(world.logged("SVC closing connection: Key limit reached."));
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_EQ(world.sides.size(), 2u);

  user.connect();
  EXPECT_EQ(world.channel().kind(), Kind::tls);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  const auto again = user.dtls();
  world.handshake(*again, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_EQ(world.setup->sessions().size(), 1u);
}

TEST_P(DtlsForms, AWornKeyEndsATunnelWithoutTls) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  world.ended(*user.tcp, dp::EndReason::peer_reset);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  world.say(dp::MessageKind::dtls_ended, *world.newest(dp::DtlsSide::transmit),
            [](dp::Message& m) { m.reason = dp::EndReason::key_worn_out; });
  EXPECT_EQ(world.channel().kind(), Kind::none);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  EXPECT_EQ(world.setup->sessions().all().begin()->second->state, SessionState::waiting);
}

TEST_P(DtlsForms, ANewHandshakeReplacesTheOldTunnelOnlyOnceItIsHeard) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto first = user.dtls();
  world.handshake(*first, DtlsWorld::flow());
  const FakeSide* old_rx = world.newest(dp::DtlsSide::receive);
  ASSERT_NE(old_rx, nullptr);
  world.say(dp::MessageKind::dtls_up, *old_rx);
  const auto before = world.channel();

  const auto second = user.dtls();
  world.handshake(*second, DtlsWorld::flow(0xc0000201, 50001));
  EXPECT_EQ(world.sides.size(), 4u);
  EXPECT_EQ(world.channel().word(), before.word());
  const FakeSide* new_rx = world.newest(dp::DtlsSide::receive);
  world.say(dp::MessageKind::dtls_up, *new_rx);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_NE(world.channel().word(), before.word());
  EXPECT_TRUE(world.logged("722032 "));
  world.settle();
  EXPECT_EQ(world.sides.size(), 2u);
}

// From the same port: the worker knows one receive side a flow.
TEST_P(DtlsForms, AClientMayBeginAnewOnTheSameFlow) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto first = user.dtls();
  world.handshake(*first, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  world.advance(1);
  const auto second = user.dtls();
  world.handshake(*second, DtlsWorld::flow());
  ASSERT_TRUE(second->done());
  EXPECT_EQ(world.sides.size(), 2u);
  EXPECT_EQ(world.channel().kind(), Kind::tls);
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
}

TEST_P(DtlsForms, ANewConnectTakesTheOldTunnelDown) {
  DtlsWorld world;
  DtlsUser user(world, GetParam());
  const auto first = user.dtls();
  world.handshake(*first, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  const auto old_id = user.id;
  user.connect();
  EXPECT_NE(user.id, old_id);
  EXPECT_EQ(world.channel().kind(), Kind::tls);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  // The old id is worth nothing now.
  const uint64_t unknown = world.setup->dtls().stats().unknown_id;
  world.handshake(*first, DtlsWorld::flow(0xc0000201, 50002));
  auto again = DtlsClient(
      GetParam(), GetParam() == DtlsForm::psk ? "PSK-AES256-GCM-SHA384" : "AES256-GCM-SHA384",
      user.secret, old_id);
  world.handshake(again, DtlsWorld::flow(0xc0000201, 50003));
  EXPECT_EQ(world.setup->dtls().stats().unknown_id, unknown + 1);
  const auto fresh = user.dtls();
  world.handshake(*fresh, DtlsWorld::flow(0xc0000201, 50004));
  ASSERT_TRUE(fresh->done());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
}

INSTANTIATE_TEST_SUITE_P(Both, DtlsForms, ::testing::Values(DtlsForm::psk, DtlsForm::resumption),
                         [](const auto& form) {
                           return form.param == DtlsForm::psk ? "Psk" : "Resumption";
                         });

TEST(DtlsSession, OutlivesItsTlsConnectionWhenThePathIsToBlame) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  world.ended(*user.tcp, dp::EndReason::timed_out);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->state, SessionState::active);
  EXPECT_FALSE(world.logged("716058 "));
  // Nothing to fall back to: it has the whole time of DPD, and may come back in it.
  const FakeSide* rx = world.newest(dp::DtlsSide::receive);
  world.say(dp::MessageKind::dtls_silent, *rx);
  world.advance(20);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  world.say(dp::MessageKind::dtls_up, *rx);
  world.advance(20);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_FALSE(world.logged("716058 "));
  world.say(dp::MessageKind::dtls_silent, *rx);
  world.advance(31);
  EXPECT_EQ(world.channel().kind(), Kind::none);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->state, SessionState::waiting);
  EXPECT_TRUE(world.logged("716058 "));
}

TEST(DtlsSession, GoesWithATlsConnectionThatTheClientCloses) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  world.ended(*user.tcp, dp::EndReason::peer_closed);
  EXPECT_EQ(world.channel().kind(), Kind::none);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->state, SessionState::waiting);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
}

TEST(DtlsSession, MovesWithItsClient) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow(), 0);
  const FakeSide* rx = world.newest(dp::DtlsSide::receive);
  world.say(dp::MessageKind::dtls_up, *rx);
  world.say(dp::MessageKind::dtls_moved, *rx, [](dp::Message& m) {
    m.flow = DtlsWorld::flow(0xc0000263, 61000);
    m.landed = 1;
  });
  EXPECT_EQ(world.orders.back(), "route");
  const SessionRecord& session = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(session.public_address, IpAddress::v4(0xc0000263));
  EXPECT_EQ(session.dtls->flow.remote_port, 61000);
  EXPECT_TRUE(world.logged("716059 "));
  // Home again: the route is not needed any more.
  world.say(dp::MessageKind::dtls_moved, *rx, [](dp::Message& m) {
    m.flow = DtlsWorld::flow();
    m.landed = 0;
  });
  EXPECT_EQ(world.orders.back(), "unroute");
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
}

TEST(DtlsSession, FollowsThePath) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  const FakeSide* rx = world.newest(dp::DtlsSide::receive);
  world.say(dp::MessageKind::dtls_up, *rx);
  const auto path = [&](uint16_t path_mtu, uint16_t largest_probe) {
    world.say(dp::MessageKind::dtls_path, *rx, [&](dp::Message& m) {
      m.path_mtu = path_mtu;
      m.largest_probe = largest_probe;
    });
    return world.channel();
  };
  // A client that finds the announced size good changes nothing.
  EXPECT_EQ(path(0, 1418).mtu(), 1418);
  EXPECT_EQ(path(1400, 1418).mtu(), 1334);
  EXPECT_TRUE(world.logged("DTLS MTU lowered: packets of up to 1334 bytes fit the path"));
  EXPECT_EQ(path(1400, 1300).mtu(), 1300);
  EXPECT_EQ(path(0, 1300).mtu(), 1300);
  EXPECT_EQ(path(0, 1418).mtu(), 1418);
  EXPECT_TRUE(world.logged("DTLS MTU restored: packets of up to 1418 bytes fit the path"));
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  // Too narrow to be worth a datagram: a stream does better.
  EXPECT_EQ(path(552, 0).kind(), Kind::tls);
  EXPECT_EQ(world.channel().mtu(), 1347);
  EXPECT_TRUE(world.logged("too few, so that they go by TLS"));
  EXPECT_EQ(path(0, 0).kind(), Kind::dtls);
  // Without TLS there is no choice.
  EXPECT_EQ(path(552, 0).kind(), Kind::tls);
  world.ended(*user.tcp, dp::EndReason::timed_out);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_LT(world.channel().mtu(), 552);
}

TEST(DtlsSession, DataOnEitherChannelKeepsItAlive) {
  DtlsWorld world;
  world.config.group_policies["DfltGrpPolicy"].idle_timeout_min = 1;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  const FakeSide* tx = world.newest(dp::DtlsSide::transmit);
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  for (int i = 1; i <= 5; i++) {
    tx->counters->last_data_us = static_cast<uint64_t>(i);
    world.advance(30);
  }
  user.tcp->counters.last_data_us = 77;
  world.advance(30);
  world.advance(30);
  EXPECT_EQ(world.setup->sessions().size(), 1u);
  world.advance(31);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(world.logged("Reason: Idle Timeout"));
}

TEST(DtlsSession, NoneWhenThePolicySaysSo) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].dtls = false;
  FakeConnection& c = world.open();
  TlsClient client(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384");
  world.connect(client, c);
  const std::string cookie =
      cookie_of(world.ask(client, c, post("/", login_body("vpn", "secret"))));
  std::string request = connect_request(cookie);
  request.insert(request.size() - 2, "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n");
  const std::string reply = world.ask(client, c, request);
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(reply.find("X-DTLS-"), reply.npos);
}

}  // namespace
}  // namespace culvert::control::test
