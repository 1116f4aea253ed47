// Garbage, slowness, crowds and full rings.
#include "tests/control/setup/fake_worker.hpp"

namespace culvert::control::test {
namespace {

void push(FakeConnection& c, std::string_view bytes) {
  c.from_client.insert(c.from_client.end(), bytes.begin(), bytes.end());
}

TEST(Abuse, PlainHttpAndGarbageInsteadOfTls) {
  FakeWorld world;
  for (const std::string_view bytes :
       {std::string_view("GET\0\x05 / HT", 10), std::string_view("\x16\x09\x01\0\x05hello", 10),
        std::string_view("\xff\xff\xff\0\0", 5)}) {
    FakeConnection& c = world.open();
    push(c, bytes);
    world.run();
    EXPECT_TRUE(c.closed.has_value());
  }
  EXPECT_EQ(world.setup->stats().not_tls, 3u);
  // A worker that finds the garbage itself.
  FakeConnection& c = world.open();
  world.ended(c, dp::EndReason::bad_record);
  EXPECT_EQ(world.setup->stats().not_tls, 4u);
  EXPECT_TRUE(c.forgotten);
}

TEST(Abuse, BrokenHelloGetsAnAlert) {
  FakeWorld world;
  FakeConnection& c = world.open();
  push(c, std::string_view("\x16\x03\x01\0\x05\x01\0\0\x01\0", 10));
  world.run();
  ASSERT_GE(c.to_client.size(), 7u);
  EXPECT_EQ(c.to_client[0], 21);
  EXPECT_TRUE(c.closed.has_value());
  EXPECT_EQ(world.setup->stats().handshakes_failed, 1u);
  EXPECT_TRUE(world.logged("725006 Device failed SSL handshake"));
}

TEST(Abuse, OldVersionsAndForeignCiphersFail) {
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM");
  world.connect(client, c);
  EXPECT_TRUE(SSL_in_init(client.ssl()));
  EXPECT_TRUE(c.closed.has_value());
}

TEST(Abuse, HandshakeTimeout) {
  FakeWorld world;
  FakeConnection& c = world.open();
  world.advance(29);
  EXPECT_FALSE(c.aborted);
  world.advance(2);
  EXPECT_TRUE(c.aborted);
  EXPECT_EQ(world.setup->stats().handshake_timeouts, 1u);
  EXPECT_EQ(world.setup->half_set_up(), 0u);
  world.ended(c, dp::EndReason::closed_here);
  EXPECT_EQ(world.setup->connections(), 0u);
}

TEST(Abuse, SlowlorisAndIdleLogin) {
  FakeWorld world;
  FakeConnection& slow = world.open();
  TlsClient drip(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(drip, slow);
  FakeConnection& idle = world.open();
  TlsClient quiet(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(quiet, idle);
  drip.write("GET / HTTP/1.1\r\n");
  world.exchange(drip, slow);
  for (int i = 0; i < 31; i++) {
    drip.write("X");
    world.exchange(drip, slow);
    world.advance(1);
    if (slow.closed) break;
  }
  EXPECT_TRUE(slow.closed.has_value());
  EXPECT_FALSE(idle.closed.has_value());
  world.advance(300);
  EXPECT_TRUE(idle.closed.has_value());
  EXPECT_EQ(world.setup->stats().login_timeouts, 2u);
  // Whoever does not end after `close` is aborted.
  EXPECT_TRUE(slow.aborted);
}

TEST(Abuse, CloseNotifyAndKeyUpdateBeforeTheTunnel) {
  FakeWorld world;
  FakeConnection& a = world.open();
  TlsClient goodbye(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(goodbye, a);
  goodbye.shutdown();
  world.exchange(goodbye, a);
  EXPECT_TRUE(a.closed.has_value());
  FakeConnection& b = world.open();
  TlsClient rekey(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(rekey, b);
  rekey.key_update();
  rekey.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  world.exchange(rekey, b);
  EXPECT_TRUE(b.closed.has_value());
}

TEST(Abuse, ConnectionThatDiesDuringAJob) {
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(client, c);
  client.write(post("/", login_body("vpn", "secret")));
  const auto out = client.output();
  push(c, {reinterpret_cast<const char*>(out.data()), out.size()});
  // The record is passed on and the verification begins, but nobody collects its result yet.
  EXPECT_TRUE(world.pass_record(c));
  world.ended(c, dp::EndReason::peer_reset);
  world.run();
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_EQ(world.setup->connections(), 0u);
  EXPECT_EQ(world.messages, 0);
}

TEST(Abuse, ConnectionThatDiesBeforePromoted) {
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(client, c);
  const std::string cookie =
      cookie_of(world.ask(client, c, post("/", login_body("vpn", "secret"))));
  (void)world.ask(client, c, connect_request(cookie));
  world.ended(c, dp::EndReason::peer_reset);
  EXPECT_EQ(world.setup->sessions().size(), 1u);  // the cookie is still good
  EXPECT_EQ(world.published.begin()->first->current_channel().kind(), dp::Channel::Kind::none);
  world.advance(301);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(world.published.empty());
}

TEST(Abuse, LogoffWhileThePromotionIsUnderWay) {
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(client, c);
  const std::string cookie =
      cookie_of(world.ask(client, c, post("/", login_body("vpn", "secret"))));
  (void)world.ask(client, c, connect_request(cookie));
  EXPECT_EQ(world.setup->logoff_all(), 1u);
  EXPECT_EQ(world.published.size(), 1u);
  world.promoted(c);
  EXPECT_TRUE(c.aborted);
  world.ended(c, dp::EndReason::closed_here);
  EXPECT_TRUE(world.published.empty());
  EXPECT_EQ(world.setup->pools().in_use(), 0u);
}

TEST(Abuse, FullRingsDelayAndLoseNothing) {
  FakeWorld world;
  world.starved = true;
  FakeConnection& c = world.open();
  EXPECT_FALSE(c.wanted);
  EXPECT_EQ(world.setup->pending(), 1u);
  world.starved = false;
  world.advance(1);
  EXPECT_TRUE(c.wanted);
  TlsClient client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
  world.connect(client, c);
  EXPECT_FALSE(SSL_in_init(client.ssl()));
}

TEST(Abuse, TwentyClientsComeAndGo) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].simultaneous_logins = 100;
  for (int round = 0; round < 20; round++) {
    FakeConnection& c = world.open(static_cast<uint8_t>(round % 2));
    TlsClient client(round % 3 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
                     round % 3 == 0 ? "ECDHE-ECDSA-AES256-GCM-SHA384" : "TLS_AES_256_GCM_SHA384");
    world.connect(client, c);
    const std::string cookie =
        cookie_of(world.ask(client, c, post("/", login_body("vpn", "secret"))));
    (void)world.ask(client, c, connect_request(cookie));
    ASSERT_TRUE(c.promotion.has_value());
    world.promoted(c);
    world.ended(c, dp::EndReason::client_disconnect, 0xb0);
  }
  EXPECT_EQ(world.setup->connections(), 0u);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_EQ(world.setup->pools().in_use(), 0u);
  EXPECT_TRUE(world.published.empty());
  EXPECT_EQ(world.messages, 0);
  EXPECT_EQ(world.setup->pending(), 0u);
}

}  // namespace
}  // namespace culvert::control::test
