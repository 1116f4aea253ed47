// What a session is told of its DTLS tunnel at the moments at which little else is left of it.
#include <gtest/gtest.h>

#include "tests/control/dtls/dtls_world.hpp"

namespace culvert::control::test {
namespace {

using Kind = dp::Channel::Kind;

const SessionRecord& only(const DtlsWorld& world) {
  return *world.setup->sessions().all().begin()->second;
}

// Both sides installed; the client has not been heard yet.
void install(DtlsWorld& world, const DtlsUser& user) {
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  ASSERT_NE(world.newest(dp::DtlsSide::receive), nullptr);
}

void hear(DtlsWorld& world) {
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
}

// The worker's counters are the only account of what DTLS carried: 113019 and accounting's Stop are
// made before the sides are removed.
TEST(DtlsGoodbye, CountsWhatTheTunnelCarried) {
  DtlsWorld world;
  DtlsUser user(world);
  install(world, user);
  hear(world);
  world.newest(dp::DtlsSide::receive)->counters->rx_bytes = 1000;
  world.newest(dp::DtlsSide::transmit)->counters->tx_bytes = 2000;
  user.tcp->counters.rx_bytes = 30;
  user.tcp->counters.tx_bytes = 40;
  world.say(dp::MessageKind::dtls_ended, *world.newest(dp::DtlsSide::receive), [](dp::Message& m) {
    m.reason = dp::EndReason::client_disconnect;
    m.code = 0xb0;
  });
  EXPECT_EQ(world.setup->sessions().size(), 0U);
  EXPECT_TRUE(world.logged("Bytes xmt: 2040, Bytes rcv: 1030, Reason: User Requested"));
  world.settle();
  EXPECT_TRUE(world.sides.empty());
}

// Over TLS the same, as it ever was.
TEST(DtlsGoodbye, OverTlsCountsBothTunnels) {
  DtlsWorld world;
  DtlsUser user(world);
  install(world, user);
  hear(world);
  world.newest(dp::DtlsSide::receive)->counters->rx_bytes = 1000;
  dp::Totals tls;
  tls.rx_bytes = 30;
  world.ended(*user.tcp, dp::EndReason::client_disconnect, 0xb0, tls);
  EXPECT_TRUE(world.logged("Bytes xmt: 0, Bytes rcv: 1030, Reason: User Requested"));
}

// A client that closes both: the worker of its TLS connection is not asked to wait for those of DTLS.
TEST(DtlsGoodbye, OverTlsRightAfterDtlsWasClosedCountsBoth) {
  DtlsWorld world;
  DtlsUser user(world);
  install(world, user);
  hear(world);
  world.newest(dp::DtlsSide::receive)->counters->rx_bytes = 1000;
  world.say(dp::MessageKind::dtls_ended, *world.newest(dp::DtlsSide::receive),
            [](dp::Message& m) { m.reason = dp::EndReason::tls_alert; });
  EXPECT_EQ(only(world).totals().rx_bytes, 1000U);
  world.ended(*user.tcp, dp::EndReason::client_disconnect, 0xb0);
  EXPECT_TRUE(world.logged("Bytes rcv: 1000, Reason: User Requested"));
}

// What the workers counted until they let go is added to what was known at the end, not to all of it.
TEST(DtlsGoodbye, NothingIsCountedTwice) {
  DtlsWorld world;
  DtlsUser user(world);
  install(world, user);
  hear(world);
  world.newest(dp::DtlsSide::receive)->counters->rx_bytes = 900;
  world.newest(dp::DtlsSide::transmit)->counters->tx_bytes = 1999;
  world.say(dp::MessageKind::dtls_ended, *world.newest(dp::DtlsSide::receive),
            [](dp::Message& m) { m.reason = dp::EndReason::tls_alert; });
  EXPECT_EQ(only(world).totals().rx_bytes, 900U);
  EXPECT_EQ(only(world).totals().tx_bytes, 1999U);
  world.settle();  // where they say 1000 and 2000
  EXPECT_TRUE(world.sides.empty());
  EXPECT_EQ(only(world).totals().rx_bytes, 1000U);
  EXPECT_EQ(only(world).totals().tx_bytes, 2000U);
}

class LostTls : public ::testing::TestWithParam<dp::EndReason> {};

// The new tunnel was installed and not yet heard when TLS went.
TEST_P(LostTls, BeforeDtlsIsHeardDoesNotLeaveTheSessionWaiting) {
  DtlsWorld world;
  world.config.group_policies["DfltGrpPolicy"].idle_timeout_min = 1;
  DtlsUser user(world);
  install(world, user);
  world.ended(*user.tcp, GetParam());
  EXPECT_EQ(only(world).state, SessionState::waiting);
  EXPECT_EQ(world.channel().kind(), Kind::none);
  world.advance(10);
  hear(world);
  EXPECT_EQ(world.channel().kind(), Kind::dtls);
  EXPECT_EQ(only(world).state, SessionState::active);
  EXPECT_TRUE(world.logged("716059 "));
  // It carries traffic beyond the time to come back in.
  for (uint64_t i = 1; i <= 5; i++) {
    world.newest(dp::DtlsSide::transmit)->counters->last_data_us = i;
    world.advance(30);
  }
  ASSERT_EQ(world.setup->sessions().size(), 1U);
  EXPECT_EQ(only(world).state, SessionState::active);
  // And without traffic it is idle, as any other.
  world.advance(31);
  EXPECT_EQ(world.setup->sessions().size(), 1U);
  world.advance(30);
  EXPECT_EQ(world.setup->sessions().size(), 0U);
  EXPECT_TRUE(world.logged("Reason: Idle Timeout"));
}

INSTANTIATE_TEST_SUITE_P(Path, LostTls,
                         ::testing::Values(dp::EndReason::peer_reset, dp::EndReason::timed_out,
                                           dp::EndReason::dpd_failure),
                         [](const auto& reason) {
                           return reason.param == dp::EndReason::peer_reset  ? "Reset"
                                  : reason.param == dp::EndReason::timed_out ? "TimeOut"
                                                                             : "Dpd";
                         });

// It is not the one without a tunnel that makes room for somebody else.
TEST(LostTlsConnection, LeavesNoVictimForOthersToTake) {
  DtlsWorld world;
  DtlsUser user(world);
  install(world, user);
  world.ended(*user.tcp, dp::EndReason::peer_reset);
  hear(world);
  world.config.dataplane.max_sessions = 1;
  world.add_user("ann", "other");
  FakeConnection& c = world.open();
  TlsClient client(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384");
  world.connect(client, c);
  const std::string reply = world.ask(client, c, post("/", login_body("ann", "other")));
  EXPECT_NE(reply.find("session limit is reached"), std::string::npos) << reply;
  ASSERT_EQ(world.setup->sessions().size(), 1U);
  EXPECT_EQ(only(world).user, "vpn");
}

}  // namespace
}  // namespace culvert::control::test
