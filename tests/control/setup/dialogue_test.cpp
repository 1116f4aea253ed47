// What clients do in set-up, rightly and wrongly, through Setup with a real TLS client.
#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

TEST(Dialogue, WrongPasswordIsAskedAgainThenRefused) {
  FakeWorld world;
  Login a(world);
  for (int i = 0; i < 2; i++) {
    const std::string again = a.ask(post("/", login_body("vpn", "guess")));
    EXPECT_TRUE(again.starts_with("HTTP/1.1 200 "));
    EXPECT_NE(again.find("<error "), again.npos);
    EXPECT_NE(again.find("<form "), again.npos);
  }
  EXPECT_TRUE(a.ask(post("/", login_body("nobody", "guess"))).starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(a.connection.closed.has_value());
  EXPECT_EQ(world.setup->stats().logins_failed, 3u);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(world.logged("113015 AAA user authentication Rejected : reason = Invalid password"));
  EXPECT_TRUE(world.logged("reason = User was not found"));
  EXPECT_FALSE(world.logged("guess"));
}

TEST(Dialogue, SecondTryWithTheRightPasswordSucceeds) {
  FakeWorld world;
  Login a(world);
  (void)a.ask(post("/", login_body("vpn", "guess")));
  EXPECT_EQ(a.log_in().size(), kCookieSize);
}

TEST(Dialogue, StaleCookieIs401) {
  FakeWorld world;
  for (const std::string& cookie :
       {std::string(64, 'a'), std::string(), std::string("x"), std::string(64, 'Z')}) {
    Login a(world);
    EXPECT_TRUE(a.connect(cookie).starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(a.connection.closed.has_value());
    EXPECT_FALSE(a.connection.promotion.has_value());
  }
  EXPECT_EQ(world.setup->stats().connects_refused, 4u);
}

TEST(Dialogue, CookieWorksOnAnotherConnection) {
  FakeWorld world;
  std::string cookie;
  {
    Login a(world);
    cookie = a.log_in();
    world.ended(a.connection, dp::EndReason::peer_closed);
  }
  Login b(world);
  EXPECT_TRUE(b.connect(cookie).starts_with("HTTP/1.1 200 CONNECTED"));
}

TEST(Dialogue, ReconnectKeepsTheAddressAndReplacesTheTunnel) {
  FakeWorld world;
  Login a(world, 0);
  const std::string cookie = a.log_in();
  const std::string address = header(a.connect(cookie), "X-CSTP-Address");
  dp::Session* session = world.published.begin()->first;
  Login b(world, 1, 0xcb007109);
  EXPECT_EQ(header(b.connect(cookie), "X-CSTP-Address"), address);
  EXPECT_TRUE(a.connection.aborted);
  EXPECT_EQ(session->current_channel().worker(), 1);
  world.ended(a.connection, dp::EndReason::closed_here, 0, {.rx_packets = 3, .rx_bytes = 300});
  EXPECT_EQ(session->current_channel().worker(), 1);  // the old one's end changes nothing
  ASSERT_EQ(world.setup->sessions().size(), 1u);
  const SessionRecord& record = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(record.state, SessionState::active);
  EXPECT_EQ(record.totals().rx_packets, 3u);
  EXPECT_EQ(record.public_address.to_string(), "203.0.113.9");
  EXPECT_TRUE(world.logged("722032 "));
}

TEST(Dialogue, LostTunnelWaitsAndResumes) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  const std::string address = header(a.connect(cookie), "X-CSTP-Address");
  world.ended(a.connection, dp::EndReason::dpd_failure);
  const SessionRecord& record = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(record.headend.to_string(), "198.51.100.1");  // also while there is no tunnel
  EXPECT_EQ(record.state, SessionState::waiting);
  EXPECT_EQ(world.published.begin()->first->current_channel().kind(), dp::Channel::Kind::none);
  EXPECT_TRUE(
      world.logged("722037 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> SVC closing "
                   "connection: DPD failure."));
  EXPECT_TRUE(world.logged("716058 "));
  Login b(world);
  EXPECT_EQ(header(b.connect(cookie), "X-CSTP-Address"), address);
  EXPECT_TRUE(world.logged("716059 "));
  // A client that says it comes back keeps its session, too.
  world.ended(b.connection, dp::EndReason::client_disconnect, 0x91);
  EXPECT_EQ(record.state, SessionState::waiting);
  world.advance(1799);
  EXPECT_EQ(world.setup->sessions().size(), 1u);
  world.advance(2);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_EQ(world.setup->pools().in_use(), 0u);
  Login c(world);
  EXPECT_TRUE(c.connect(cookie).starts_with("HTTP/1.1 401 "));
}

TEST(Dialogue, UnusedCookieExpires) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  world.advance(301);
  Login b(world);
  EXPECT_TRUE(b.connect(cookie).starts_with("HTTP/1.1 401 "));
}

TEST(Dialogue, SessionTimeoutEndsALiveTunnel) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].session_timeout_min = 1;
  Login a(world);
  const std::string reply = a.connect(a.log_in());
  EXPECT_EQ(header(reply, "X-CSTP-Session-Timeout"), "60");
  world.advance(61);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_EQ(a.connection.closed, 0x09);
  EXPECT_EQ(world.published.size(), 1u);  // the worker still holds it
  world.ended(a.connection, dp::EndReason::closed_here);
  EXPECT_TRUE(world.published.empty());
}

TEST(Dialogue, ReconnectingGainsNoTime) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].session_timeout_min = 1;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  world.advance(40);
  Login b(world);
  const std::string reply = b.connect(cookie);
  EXPECT_EQ(header(reply, "X-CSTP-Session-Timeout"), "60");
  EXPECT_EQ(header(reply, "X-CSTP-Session-Timeout-Remaining"), "20");
  world.ended(b.connection, dp::EndReason::peer_closed);
  world.advance(21);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  Login c(world);
  EXPECT_TRUE(c.connect(cookie).starts_with("HTTP/1.1 401 "));
}

TEST(Dialogue, LogoutEndsTheSession) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  Login b(world);
  const std::string reply =
      b.ask(post("/", R"(<config-auth client="vpn" type="logout"><session-token>)" + cookie +
                          "</session-token></config-auth>"));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(a.connection.closed.has_value());
  EXPECT_TRUE(
      world.logged("716002 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> WebVPN session "
                   "terminated: User Requested."));
  const std::string again =
      b.ask("GET /logout HTTP/1.1\r\nHost: x\r\nCookie: webvpn=" + cookie + "\r\n\r\n");
  EXPECT_TRUE(again.starts_with("HTTP/1.1 200 "));
}

TEST(Dialogue, AdministratorLogoff) {
  FakeWorld world;
  world.add_user("other", "secret");
  Login a(world);
  (void)a.connect(a.log_in());
  Login b(world);
  (void)b.connect(b.log_in("other"));
  EXPECT_EQ(world.setup->logoff_user("nobody"), 0u);
  EXPECT_EQ(world.setup->logoff_user("vpn"), 1u);
  EXPECT_TRUE(a.connection.closed.has_value());
  EXPECT_FALSE(b.connection.closed.has_value());
  EXPECT_EQ(world.setup->logoff_index(4711), 0u);
  EXPECT_EQ(world.setup->logoff_all(), 1u);
  EXPECT_TRUE(b.connection.closed.has_value());
}

TEST(Dialogue, WhomLocalVerifiedHasItsOwnPolicy) {
  FakeWorld world;
  world.config.group_policies["Own"].name = "Own";
  world.config.users["vpn"].group_policy = "Own";
  Login a(world);
  const std::string cookie = a.log_in();
  const SessionRecord& record = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(record.policy.name, "Own");
  (void)a.connect(cookie);
  EXPECT_EQ(record.policy.name, "Own");
}

TEST(Dialogue, TheEndOfTheHeadendIsCalledSo) {
  for (const bool said : {true, false}) {
    FakeWorld world;
    Login a(world);
    (void)a.connect(a.log_in());
    if (said) {
      EXPECT_EQ(world.setup->logoff_all(EndCause::shutdown), 1u);
    } else {
      world.setup.reset();
    }
    EXPECT_TRUE(world.logged("Reason: Administrator Shutdown")) << said;
    EXPECT_TRUE(world.logged("terminated: Administrator shutdown.")) << said;
    EXPECT_FALSE(world.logged("Administrator Reset")) << said;
  }
}

TEST(Dialogue, OldestSessionMakesRoomForANewLogin) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].simultaneous_logins = 2;
  Login a(world);
  (void)a.connect(a.log_in());
  world.now += 1000;
  Login b(world);
  (void)b.connect(b.log_in());
  world.now += 1000;
  Login c(world);
  EXPECT_TRUE(c.connect(c.log_in()).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(a.connection.closed.has_value());
  EXPECT_FALSE(b.connection.closed.has_value());
  EXPECT_EQ(world.setup->sessions().size(), 2u);
  EXPECT_TRUE(world.logged("terminated: Port preempted."));
  world.config.group_policies["DfltGrpPolicy"].simultaneous_logins = 0;
  Login d(world);
  EXPECT_EQ(d.log_in(), "");
}

TEST(Dialogue, SessionLimit) {
  FakeWorld world;
  world.config.dataplane.max_sessions = 1;
  world.add_user("other", "secret");
  Login a(world);
  (void)a.connect(a.log_in());
  Login b(world);
  const std::string refused = b.ask(post("/", login_body("other", "secret")));
  EXPECT_NE(refused.find("session limit"), refused.npos);
  // One that waits to resume makes room.
  world.ended(a.connection, dp::EndReason::peer_reset);
  EXPECT_EQ(b.log_in("other").size(), kCookieSize);
  EXPECT_TRUE(world.logged("716060 "));
}

TEST(Dialogue, PoolExhaustionIs503WithAReason) {
  FakeWorld world;
  world.config.pools["VPN"].last = world.config.pools["VPN"].first;
  world.setup = std::make_unique<control::Setup>(world.env, world.tls);
  Login a(world);
  (void)a.connect(a.log_in());
  Login b(world);
  const std::string refused = b.connect(b.log_in());
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(header(refused, "X-Reason"), "No address available");
  EXPECT_TRUE(world.logged("722020 "));
  world.ended(a.connection, dp::EndReason::client_disconnect, 0xb0);
  Login c(world);
  EXPECT_EQ(header(c.connect(c.log_in()), "X-CSTP-Address"), "10.10.10.1");
}

TEST(Dialogue, RefusalsByStatus) {
  const std::pair<const char*, const char*> cases[] = {
      {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"CONNECT /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /CSCOSSLC/tunnel HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"},
      {"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "501"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n<bad>", "400"},
  };
  FakeWorld world;
  for (const auto& [request, status] : cases) {
    Login a(world);
    const std::string reply = a.ask(request);
    EXPECT_EQ(reply.substr(9, 3), status) << request;
    EXPECT_EQ(header(reply, "Connection"), "close");
    EXPECT_TRUE(a.connection.closed.has_value());
  }
  EXPECT_EQ(world.setup->sessions().size(), 0u);
}

TEST(Dialogue, SixteenRequestsAConnection) {
  FakeWorld world;
  Login a(world);
  for (int i = 0; i < 15; i++)
    EXPECT_EQ(header(a.ask(post("/", init_body())), "Connection"), "Keep-Alive");
  EXPECT_EQ(header(a.ask(post("/", init_body())), "Connection"), "close");
  EXPECT_TRUE(a.connection.closed.has_value());
}

// RFC 9112 §9.6.
TEST(Dialogue, WhoSaysThatNothingFollowsIsAnsweredAndClosed) {
  FakeWorld world;
  const auto closing = [](std::string request) {
    return request.insert(request.find("Host:"), "Connection: close\r\n");
  };
  Login form(world);
  const std::string asked = form.ask(closing(post("/", init_body())));
  EXPECT_TRUE(asked.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(header(asked, "Connection"), "close");
  EXPECT_TRUE(form.connection.closed.has_value());
  EXPECT_FALSE(form.connection.wanted);
  // After a password, too, and the cookie is good on another connection.
  Login a(world);
  const std::string welcome = a.ask(closing(post("/", login_body("vpn", "secret"))));
  EXPECT_EQ(header(welcome, "Connection"), "close");
  EXPECT_TRUE(a.connection.closed.has_value());
  // What is asked for by CONNECT is no message any more, but a tunnel (RFC 9110 §9.3.6).
  Login b(world);
  EXPECT_EQ(header(b.ask(post("/", init_body())), "Connection"), "Keep-Alive");
  EXPECT_TRUE(b.ask(closing(connect_request(cookie_of(welcome)))).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(b.connection.promotion.has_value());
  EXPECT_FALSE(b.connection.closed.has_value());
}

}  // namespace
}  // namespace culvert::control::test
