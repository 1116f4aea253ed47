// `debug webvpn anyconnect`: what is logged of a CONNECT, and that nothing is while it is off.
#include <gtest/gtest.h>

#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

TEST(MtuTrace, IsLoggedWhileDebugIsOn) {
  FakeWorld world;
  DebugLevels debug;
  world.env.debug = &debug;
  Login a(world);
  const std::string cookie = a.log_in();
  (void)a.connect(cookie);
  EXPECT_FALSE(world.logged("711001"));
  debug.webvpn_anyconnect = 1;
  Login b(world);
  (void)b.connect(cookie);
  const std::string who = "711001 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1> ";
  EXPECT_TRUE(world.logged(who + "Iphdr=20 base-mtu=1500 def-mtu=1500 conf-mtu=none"));
  EXPECT_TRUE(world.logged(
      who + "tls-mtu: 1380 - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash) = 1347"));
  EXPECT_TRUE(world.logged(who + "DTLS is not offered"));
  EXPECT_TRUE(world.logged(who + "computed tls-mtu=1347 conf-mtu=none"));
  for (const std::string& line : world.log)
    EXPECT_EQ(line.find(cookie), line.npos);
}

TEST(MtuTrace, HasBothMtusOfAClientWithDtls) {
  FakeWorld world;
  const DebugLevels debug{.webvpn_anyconnect = 1};
  world.env.debug = &debug;
  world.config.group_policies["DfltGrpPolicy"].anyconnect_mtu = 1300;
  Login a(world);
  std::string request = connect_request(a.log_in());
  request.insert(request.size() - 2, "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n");
  (void)a.ask(request);
  EXPECT_TRUE(world.logged("conf-mtu=1300"));
  EXPECT_TRUE(world.logged("mtu-accounting documented: DTLSv1.2 PSK-AES128-GCM-SHA256"));
  EXPECT_TRUE(world.logged("dtls-mtu: 1500 - 20 (IP) - 8 (UDP)"));
  EXPECT_TRUE(world.logged("; at most 1300 (anyconnect mtu)"));
  EXPECT_TRUE(world.logged("computed tls-mtu=1300 dtls-mtu=1300 conf-mtu=1300"));
}

}  // namespace
}  // namespace culvert::control::test
