// Clients that leave, or go on talking, while their password is verified.
#include "control/radius/packet.hpp"
#include "tests/control/radius/fake_server.hpp"
#include "tests/control/radius/server_side.hpp"
#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

// A client whose password a RADIUS server ponders.
struct Pondered {
  Pondered() : client((configure(), world)) {
    client.client.write(post("/", login_body("vpn", "secret")));
    pass();
    world.setup->on_radius();
    question = server.receive();
    EXPECT_FALSE(question.empty());
    EXPECT_EQ(world.setup->pending(), 1u);
    EXPECT_EQ(world.setup->half_set_up(), 1u);
  }
  void configure() {
    AaaServerConfig group;
    group.name = "R";
    AaaHostConfig host;
    host.address = IpAddress::v4(0x7f000001);
    host.authentication_port = server.port;
    host.key = radius::kSecret;
    host.timeout_s = 300;
    host.retry_interval_s = 300;
    group.hosts.push_back(host);
    world.config.aaa_servers["R"] = group;
    world.config.tunnel_groups["DefaultWEBVPNGroup"].authentication_server_group = "R";
    world.setup->config_changed();
  }
  // What the client has said since, record by record.
  void pass() {
    const auto out = client.client.output();
    FakeConnection& c = client.connection;
    c.from_client.insert(c.from_client.end(), out.begin(), out.end());
    while (world.pass_record(c)) {
    }
  }
  // The server says yes, if it is still listened to.
  void accept() {
    server.send(
        radius::answer_to(question, radius::Code::access_accept, radius::kSecret, {}, true));
    world.setup->on_radius();
  }
  // Nobody is asked any more, no place is held, and what the server says now has no effect.
  void expect_cancelled() {
    world.advance(1);
    EXPECT_EQ(world.setup->pending(), 0u);
    EXPECT_EQ(world.setup->half_set_up(), 0u);
    accept();
    EXPECT_EQ(world.setup->sessions().size(), 0u);
    EXPECT_EQ(world.setup->stats().logins, 0u);
  }
  radius::FakeServer server;
  FakeWorld world;
  Login client;
  std::vector<uint8_t> question;
};

TEST(Leaving, WhoStaysIsLetIn) {
  Pondered p;
  EXPECT_TRUE(p.client.connection.wanted);
  p.accept();
  EXPECT_EQ(p.world.setup->sessions().size(), 1u);
  p.client.client.input(p.client.connection.to_client);
  p.client.connection.to_client.clear();
  const std::string reply = p.client.client.read();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 ")) << reply;
  // The record that was asked for while the server pondered is the next request's: one, and not two.
  EXPECT_EQ(header(p.client.connect(cookie_of(reply)), "X-CSTP-Version"), "1");
  EXPECT_EQ(p.world.tunnel().openssl_bytes_after_connect, 0u);
}

// The worker tells of a FIN whoever wants a record.
TEST(Leaving, AFinEndsTheQuestion) {
  Pondered p;
  EXPECT_TRUE(p.client.connection.wanted);
  p.world.ended(p.client.connection, dp::EndReason::peer_closed);
  p.expect_cancelled();
  EXPECT_EQ(p.world.setup->connections(), 0u);
  EXPECT_EQ(p.world.setup->stats().ended_early, 1u);
}

TEST(Leaving, ACloseNotifyEndsTheQuestion) {
  Pondered p;
  p.client.client.shutdown();
  p.pass();
  EXPECT_TRUE(p.client.connection.closed.has_value());
  EXPECT_FALSE(p.client.connection.aborted);
  EXPECT_EQ(p.world.setup->flow_drops().get(dp::DropReason::ssl_close_alert), 1u);
  p.expect_cancelled();
  p.world.ended(p.client.connection, dp::EndReason::closed_here);
  EXPECT_EQ(p.world.setup->connections(), 0u);
}

// Its FIN came before control had read the close_notify.
TEST(Leaving, ACloseNotifyThatCrossesTheEndIsHarmless) {
  Pondered p;
  p.client.client.shutdown();
  p.world.ended(p.client.connection, dp::EndReason::peer_closed);
  p.pass();
  p.expect_cancelled();
  EXPECT_EQ(p.world.setup->connections(), 0u);
}

TEST(Leaving, GarbageEndsTheQuestion) {
  Pondered p;
  const std::string_view noise("\x17\x03\x03\0\x14twenty bytes of noise", 25);
  p.client.connection.from_client.insert(p.client.connection.from_client.end(), noise.begin(),
                                         noise.end());
  p.pass();
  EXPECT_TRUE(p.client.connection.closed.has_value());
  p.expect_cancelled();
}

TEST(Leaving, ARequestBehindThePasswordIsRefused) {
  Pondered p;
  p.client.client.write(post("/", init_body()));
  p.pass();
  p.client.client.input(p.client.connection.to_client);
  p.client.connection.to_client.clear();
  EXPECT_TRUE(p.client.client.read().starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(p.client.connection.closed.has_value());
  EXPECT_EQ(p.world.setup->stats().requests_refused, 1u);
  p.expect_cancelled();
}

// The same, of LOCAL: a thread may be at work on the password, so the place is kept until it is done.
TEST(Leaving, ALocalPasswordOfSomebodyWhoLeftLogsNobodyIn) {
  FakeWorld world;
  Login a(world);
  a.client.write(post("/", login_body("vpn", "secret")));
  a.client.shutdown();
  const auto out = a.client.output();
  a.connection.from_client.insert(a.connection.from_client.end(), out.begin(), out.end());
  EXPECT_TRUE(world.pass_record(a.connection));
  EXPECT_TRUE(world.pass_record(a.connection));
  EXPECT_TRUE(a.connection.closed.has_value());
  EXPECT_EQ(world.setup->half_set_up(), 1u);
  world.run();
  EXPECT_EQ(world.setup->half_set_up(), 0u);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  world.ended(a.connection, dp::EndReason::closed_here);
  EXPECT_EQ(world.setup->connections(), 0u);
  EXPECT_EQ(world.messages, 0);
}

}  // namespace
}  // namespace culvert::control::test
