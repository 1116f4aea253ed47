// What the log says when a client loses its tunnel, comes back, and replaces one: word for word, in the ASA's order.
#include <gtest/gtest.h>

#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

using Lines = std::vector<std::string>;

// Those about the session: TLS has messages of its own.
Lines about_session(const FakeWorld& world) {
  Lines out;
  for (const std::string& line : world.log) {
    if (!line.starts_with("725") && !line.starts_with("711")) out.push_back(line);
  }
  return out;
}

const std::string kWho = " Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> ";
const std::string kElsewhere = " Group <DfltGrpPolicy> User <vpn> IP <203.0.113.9> ";

TEST(Reconnect, AfterALossIsLoggedAsOnAnAsa) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  world.log.clear();
  world.ended(a.connection, dp::EndReason::dpd_failure);
  EXPECT_EQ(about_session(world),
            (Lines{"722037" + kWho + "SVC closing connection: DPD failure.",
                   "722023" + kWho + "TCP SVC connection terminated without compression",
                   "716058 Group <DefaultWEBVPNGroup> User <vpn> IP <192.0.2.1> AnyConnect session "
                   "lost connection. Waiting to resume."}));
  Login b(world, 1, 0xcb007109);
  world.log.clear();
  (void)b.connect(cookie);
  EXPECT_EQ(about_session(world),
            (Lines{"722034" + kElsewhere + "New TCP SVC connection, no existing connection.",
                   "722022" + kElsewhere + "TCP SVC connection established without compression",
                   "716059 Group <DefaultWEBVPNGroup> User <vpn> IP <192.0.2.1> AnyConnect session "
                   "resumed connection from IP <203.0.113.9>."}));
  EXPECT_EQ(world.env.flow_drops.get(dp::DropReason::svc_replaced), 0U);
}

TEST(Reconnect, InThePlaceOfALivingTunnelIsLoggedAndCounted) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  Login b(world, 1, 0xcb007109);
  world.log.clear();
  (void)b.connect(cookie);
  EXPECT_EQ(about_session(world).front(),
            "722032" + kElsewhere + "New TCP SVC connection replacing old connection.");
  EXPECT_EQ(world.env.flow_drops.get(dp::DropReason::svc_replaced), 1U);
  EXPECT_EQ(world.setup->flow_drops().get(dp::DropReason::svc_replaced), 1U);
  // The old one's end is no loss.
  world.log.clear();
  world.ended(a.connection, dp::EndReason::closed_here);
  EXPECT_TRUE(about_session(world).empty());
}

TEST(Reconnect, TheEndIsWordedAsIn716002And113019) {
  FakeWorld world;
  Login a(world);
  (void)a.connect(a.log_in());
  world.log.clear();
  EXPECT_EQ(world.setup->logoff_user("vpn"), 1U);
  EXPECT_TRUE(world.logged("716002" + kWho + "WebVPN session terminated: Administrator reset."));
  EXPECT_TRUE(world.logged("Reason: Administrator Reset"));
}

TEST(Reconnect, CloseAlertsAndFailedHandshakesAreCounted) {
  FakeWorld world;
  Login a(world);
  (void)a.connect(a.log_in());
  world.ended(a.connection, dp::EndReason::tls_alert, 0);
  EXPECT_EQ(world.env.flow_drops.get(dp::DropReason::ssl_close_alert), 1U);
  FakeConnection& c = world.open();
  const std::string garbage("\x16\x03\x01\x00\x05hello", 10);
  c.from_client.insert(c.from_client.end(), garbage.begin(), garbage.end());
  world.run();
  EXPECT_EQ(world.env.flow_drops.get(dp::DropReason::ssl_handshake_failed), 1U);
}

// Two CONNECTs with one cookie on two workers, which answer in whatever order.
TEST(Reconnect, AnOlderConnectDoesNotReplaceANewerOne) {
  FakeWorld world;
  Login a(world, 0);
  const std::string cookie = a.log_in();
  ASSERT_TRUE(a.ask(connect_request(cookie)).starts_with("HTTP/1.1 200 "));
  ASSERT_TRUE(a.connection.promotion.has_value());
  Login b(world, 1, 0xcb007109);
  (void)b.connect(cookie);
  const SessionRecord& session = *world.setup->sessions().all().begin()->second;
  const uint64_t serial = session.connect_serial;
  world.log.clear();
  world.promoted(a.connection);
  EXPECT_TRUE(a.connection.aborted);
  EXPECT_FALSE(b.connection.aborted);
  EXPECT_EQ(session.connect_serial, serial);
  EXPECT_EQ(session.tunnels, 1U);
  EXPECT_EQ(world.tunnel().conn, b.connection.id);
  EXPECT_EQ(session.public_address, IpAddress::v4(0xcb007109));
  EXPECT_EQ(session.inner->session->current_channel().worker(), 1);
  EXPECT_TRUE(about_session(world).empty());
  // What it carried meanwhile counts, and nothing else of its end does.
  world.ended(a.connection, dp::EndReason::closed_here, 0, {.rx_bytes = 7});
  EXPECT_EQ(session.totals().rx_bytes, 7U);
  EXPECT_EQ(session.state, SessionState::active);
  EXPECT_EQ(world.tunnel().conn, b.connection.id);
  EXPECT_TRUE(about_session(world).empty());
}

// The address is kept for as long as the connection whose promotion came too late.
TEST(Reconnect, AnOlderConnectLetsGoOfTheAddressWithItsEnd) {
  FakeWorld world;
  Login a(world, 0);
  const std::string cookie = a.log_in();
  (void)a.ask(connect_request(cookie));
  Login b(world, 1);
  (void)b.connect(cookie);
  world.promoted(a.connection);
  world.ended(b.connection, dp::EndReason::client_disconnect, 0xb0);
  EXPECT_EQ(world.setup->sessions().size(), 0U);
  EXPECT_EQ(world.setup->pools().in_use(), 1U);
  world.ended(a.connection, dp::EndReason::closed_here);
  EXPECT_EQ(world.setup->pools().in_use(), 0U);
  EXPECT_TRUE(world.published.empty());
}

// Reports are made between a tunnel's replacement and its end, and none may have less than the one before.
TEST(Reconnect, WhatAReplacedTunnelCarriedIsCountedAtOnceAndOnce) {
  FakeWorld world;
  Login a(world, 0);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  a.connection.counters.rx_bytes = 500;
  Login b(world, 1);
  (void)b.connect(cookie);
  const SessionRecord& session = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(session.totals().rx_bytes, 500U);
  b.connection.counters.rx_bytes = 20;
  world.ended(a.connection, dp::EndReason::closed_here, 0, {.rx_bytes = 503});
  EXPECT_EQ(session.totals().rx_bytes, 523U);
  EXPECT_TRUE(session.replaced.empty());
}

}  // namespace
}  // namespace culvert::control::test
