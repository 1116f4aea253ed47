// A policy that was changed since its users logged in: it holds from their next tunnel on.
#include <gtest/gtest.h>

#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

TEST(PolicyChange, HoldsFromTheNextTunnelOn) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  EXPECT_EQ(header(a.connect(cookie), "X-CSTP-MTU"), "1347");
  dp::Session* session = world.published.begin()->first;
  GroupPolicyConfig& policy = world.config.group_policies["DfltGrpPolicy"];
  policy.anyconnect_mtu = 1300;
  policy.df_bit_ignore = true;
  policy.smart_fallback = true;
  policy.idle_timeout_min = 7;
  EXPECT_EQ(session->current_channel().mtu(), 1347);
  EXPECT_FALSE(session->df_bit_ignore);
  EXPECT_EQ(session->adapter_mtu, 0);
  Login b(world);
  const std::string reply = b.connect(cookie);
  EXPECT_EQ(header(reply, "X-CSTP-MTU"), "1300");
  EXPECT_EQ(header(reply, "X-CSTP-Idle-Timeout"), "420");
  EXPECT_EQ(session->current_channel().mtu(), 1300);
  EXPECT_TRUE(session->df_bit_ignore);
  EXPECT_EQ(session->adapter_mtu, 1300);
}

// Two CONNECTs of one session are under way while the policy changes.
TEST(PolicyChange, EachTunnelHasThePolicyOfItsOwnConnect) {
  FakeWorld world;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.ask(connect_request(cookie));
  GroupPolicyConfig& policy = world.config.group_policies["DfltGrpPolicy"];
  policy.df_bit_ignore = true;
  policy.smart_fallback = true;
  Login b(world);
  (void)b.ask(connect_request(cookie));
  dp::Session* session = world.published.begin()->first;
  world.promoted(a.connection);
  EXPECT_FALSE(session->df_bit_ignore);
  EXPECT_EQ(session->adapter_mtu, 0);
  world.promoted(b.connection);
  EXPECT_TRUE(session->df_bit_ignore);
  EXPECT_EQ(session->adapter_mtu, 1347);
}

TEST(PolicyChange, TheAdapterHasTheLargerOfBothMtus) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].smart_fallback = true;
  Login a(world);
  const std::string cookie = a.log_in();
  std::string request = connect_request(cookie);
  request.insert(request.size() - 2, "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n");
  const std::string reply = a.ask(request);
  EXPECT_EQ(header(reply, "X-CSTP-MTU"), "1347");
  EXPECT_EQ(header(reply, "X-DTLS-MTU"), "1418");
  dp::Session* session = world.published.begin()->first;
  EXPECT_EQ(session->adapter_mtu, 0);  // the client has not got it yet
  world.promoted(a.connection);
  EXPECT_EQ(session->adapter_mtu, 1418);
  // A client that comes back without DTLS has made its adapter anew.
  Login b(world);
  (void)b.connect(cookie);
  EXPECT_EQ(session->adapter_mtu, 1347);
}

TEST(PolicyChange, AGroupThatGoesWhileAPasswordIsVerified) {
  FakeWorld world;
  world.config.webvpn.tunnel_group_list = true;
  world.config.tunnel_groups["B"].aliases = {"Group B"};
  world.config.tunnel_groups["B"].address_pools = {"VPN"};
  Login a(world);
  const auto log = world.env.log;
  world.env.log = [&](int level, unsigned number, const std::string& text) {
    if (number == 113012) world.config.tunnel_groups.erase("B");  // the password was right
    log(level, number, text);
  };
  std::string body = login_body("vpn", "secret");
  body.insert(body.find("</config-auth>"), "<group-select>Group B</group-select>");
  const std::string reply = a.ask(post("/", body));
  EXPECT_NE(reply.find("There is no such group any more."), reply.npos) << reply;
  EXPECT_EQ(cookie_of(reply), "");
  EXPECT_EQ(world.setup->sessions().size(), 0u);
}

// AnyConnect's reconnect of a minute after DTLS has come to nothing.
TEST(PolicyChange, AnAdapterThatWasMadeAnewWithoutDtlsHasTheMtuOfTls) {
  FakeWorld world;
  world.config.group_policies["DfltGrpPolicy"].smart_fallback = true;
  Login a(world);
  const std::string cookie = a.log_in();
  std::string request = connect_request(cookie);
  constexpr std::string_view kOpenconnect = "Open AnyConnect VPN Agent v9.01-3";
  request.replace(request.find(kOpenconnect), kOpenconnect.size(),
                  "Cisco AnyConnect VPN Agent for Windows 4.10.07073");
  request.insert(request.size() - 2, "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n");
  (void)a.ask(request);
  world.promoted(a.connection);
  dp::Session* session = world.published.begin()->first;
  EXPECT_EQ(session->adapter_mtu, 1418);
  Login b(world);
  EXPECT_EQ(header(b.ask(request), "X-DTLS-MTU"), "1418");
  world.promoted(b.connection);
  EXPECT_EQ(session->adapter_mtu, 1347);
}

TEST(PolicyChange, APolicyThatIsGoneGivesWayToTheDefault) {
  FakeWorld world;
  auto& group = world.config.tunnel_groups["DefaultWEBVPNGroup"];
  group.default_group_policy = "own";
  world.config.group_policies["own"].name = "own";
  world.config.group_policies["own"].anyconnect_mtu = 1000;
  Login a(world);
  const std::string cookie = a.log_in();
  EXPECT_EQ(header(a.connect(cookie), "X-CSTP-MTU"), "1000");
  world.config.group_policies.erase("own");
  Login b(world);
  EXPECT_EQ(header(b.connect(cookie), "X-CSTP-MTU"), "1347");
}

}  // namespace
}  // namespace culvert::control::test
