// Whole configurations: what they mean, modes, comments, `no`, and what survives an error.
#include <gtest/gtest.h>

#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kLab = R"(hostname lab-headend
dataplane
 workers 1-8                          ! lcores; the control thread keeps the first core
 simd 512                             ! EAL --force-max-simd-bitwidth
interface 0000:18:00.0                ! any DPDK device
 nameif outside
 ip address 198.51.100.1 255.255.255.0
interface 0000:18:00.1
 nameif inside
 ip address 10.48.66.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 198.51.100.254
ip local pool VPN 10.10.10.1-10.10.10.254 mask 255.255.255.0
sysopt connection tcpmss 1380
ssl trust-point lab.pem
ssl cipher tlsv1.2 custom "AES256-SHA256:AES128-SHA256:DHE-RSA-AES256-SHA256"
webvpn
 port 443
 dtls port 443
 enable outside
 anyconnect enable
 tunnel-group-list enable
group-policy ac_users_group internal
group-policy ac_users_group attributes
 webvpn
  anyconnect mtu 1300
  anyconnect ssl df-bit-ignore enable
  anyconnect ssl dtls none
tunnel-group TLSONLY type remote-access
tunnel-group TLSONLY general-attributes
 default-group-policy tls_only
username vpn password secret
)";

TEST(Parse, ReadsTheWholeLab) {
  const auto r = parse(kLab);
  ASSERT_TRUE(r.ok()) << errors_of(kLab);
  const Config& c = r.config;
  EXPECT_EQ(c.hostname, "lab-headend");
  EXPECT_EQ(c.dataplane.workers, (std::vector<unsigned>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(c.dataplane.simd, 512U);
  ASSERT_EQ(c.interfaces.size(), 2U);
  EXPECT_EQ(c.interfaces[0].device, "0000:18:00.0");
  EXPECT_EQ(c.interfaces[0].security_level, 0U);
  EXPECT_EQ(c.interfaces[1].security_level, 100U);
  EXPECT_EQ(c.interfaces[1].address, IpAddress::v4(0x0a304201));
  EXPECT_EQ(c.interfaces[1].prefix, 24U);
  ASSERT_EQ(c.routes.size(), 1U);
  EXPECT_EQ(c.routes[0].gateway, IpAddress::v4(0xc63364fe));
  EXPECT_EQ(c.pools.at("VPN").last, 0x0a0a0afeU);
  EXPECT_EQ(c.ssl.tls12.custom, "AES256-SHA256:AES128-SHA256:DHE-RSA-AES256-SHA256");
  EXPECT_EQ(c.webvpn.enabled_on, (std::vector<EnabledOn>{{"outside", 443}}));
  EXPECT_TRUE(c.webvpn.anyconnect_enable);
  const auto& policy = c.group_policies.at("ac_users_group");
  EXPECT_EQ(policy.anyconnect_mtu, 1300U);
  EXPECT_EQ(policy.df_bit_ignore, true);
  EXPECT_EQ(policy.dtls, false);
  EXPECT_EQ(c.users.at("vpn").password_hash, kStoredPassword);
  // The policy does not exist: no reason to refuse the rest.
  ASSERT_EQ(r.warnings.size(), 1U);
  EXPECT_EQ(r.warnings[0].line, 30U);
}

TEST(Parse, IsIndifferentToLineEndsAndTabs) {
  std::string dos(kLab);
  for (size_t at = 0; (at = dos.find('\n', at)) != std::string::npos; at += 2)
    dos.replace(at, 1, "\r\n");
  EXPECT_EQ(parse(dos).config, parse(kLab).config);
  std::string tabs(kLab);
  for (size_t at = 0; (at = tabs.find(' ', at)) != std::string::npos; ++at)
    tabs[at] = '\t';
  EXPECT_EQ(parse(tabs).config, parse(kLab).config);
}

TEST(Parse, AbbreviatesToWhatIsUnique) {
  EXPECT_EQ(parse("sysopt conn tcpmss 1460\n").config.tcpmss, 1460U);
  EXPECT_EQ(parse("SYSopt Connection TCPMSS MIN 100\n").config.tcpmss_minimum, 100U);
  EXPECT_EQ(parse("dat\n id sp\n").config.dataplane.idle, IdlePolicy::spin);
  EXPECT_EQ(parse("log buffered deb\nlog cons 3").config.logging.buffered_level, 7U);
}

TEST(Parse, TakesCiphersQuotedOrNot) {
  EXPECT_EQ(parse("ssl cipher tlsv1.2 custom A B C\n").config.ssl.tls12.custom, "A:B:C");
  EXPECT_EQ(parse("ssl cipher tlsv1.3 custom \"A:B\"\n").config.ssl.tls13.custom, "A:B");
  EXPECT_EQ(parse("ssl cipher tlsv1.3 custom A\nssl cipher tlsv1.3 medium").config.ssl.tls13.custom,
            "");
  EXPECT_FALSE(parse("ssl server-version tlsv1.3\n").config.ssl.allow_tls12);
}

TEST(Parse, TakesTheLevelsOfAnAsa) {
  const auto level = [](const std::string& word) {
    const auto ssl = parse("ssl cipher tlsv1.2 custom A\nssl cipher tlsv1.2 " + word).config.ssl;
    EXPECT_EQ(ssl.tls12.custom, "");
    EXPECT_EQ(ssl.tls13, CipherChoice{});
    return ssl.tls12.level;
  };
  EXPECT_EQ(level("all"), CipherLevel::all);
  EXPECT_EQ(level("low"), CipherLevel::low);
  EXPECT_EQ(level("medium"), CipherLevel::medium);
  EXPECT_EQ(level("fips"), CipherLevel::fips);
  EXPECT_EQ(level("high"), CipherLevel::high);
  EXPECT_EQ(parse("ssl cipher tlsv1.3 high\n").config.ssl.tls13.level, CipherLevel::high);
  EXPECT_EQ(parse("ssl cipher tlsv1.2 high\nno ssl cipher tlsv1.2\n").config.ssl.tls12,
            CipherChoice{});
}

TEST(Parse, TakesTheAlgorithmsOfAnOldAsa) {
  EXPECT_EQ(parse("ssl encryption aes256-sha1 aes128-sha1\n").config.ssl.tls12.custom,
            "AES256-SHA:AES128-SHA");
  EXPECT_EQ(parse("ssl encryption dhe-aes128-sha1 rc4-sha1 3des-sha1 dhe-aes256-sha1\n")
                .config.ssl.tls12.custom,
            "DHE-RSA-AES128-SHA:RC4-SHA:DES-CBC3-SHA:DHE-RSA-AES256-SHA");
  EXPECT_EQ(parse("ssl encryption aes256-sha1\nno ssl encryption\n").config.ssl.tls12,
            CipherChoice{});
}

TEST(Parse, EndsABlockWhereItsIndentationDoes) {
  const auto indented = parse(
      "group-policy A internal\ngroup-policy A attributes\n webvpn\n  anyconnect mtu 1300\n"
      "webvpn\n port 444\n");
  ASSERT_TRUE(indented.ok());
  EXPECT_EQ(indented.config.webvpn.port, 444);
  // As on the ASA: without indentation, `webvpn` is looked for in the modes around the line first.
  EXPECT_FALSE(parse("group-policy A internal\ngroup-policy A attributes\nwebvpn\nanyconnect mtu "
                     "1300\nwebvpn\nport 444\n")
                   .ok());
  const auto left = parse(
      "group-policy A internal\ngroup-policy A attributes\nwebvpn\nanyconnect mtu "
      "1300\nexit\nexit\n"
      "webvpn\nport 444\nend\nhostname x\n");
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(left.config.webvpn.port, 444);
}

TEST(Parse, TakesCommandsOfAnOuterModeInAnInnerOne) {
  const auto r = parse(
      "dataplane\nworkers 2\nhostname x\nwebvpn\nport 444\ntunnel-group T type remote-access\n");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.config.webvpn.port, 444);
  EXPECT_TRUE(r.config.tunnel_groups.contains("T"));
}

TEST(Parse, KeepsExclamationMarksInBannersAndQuotes) {
  const auto r = parse(
      "group-policy DfltGrpPolicy attributes\n banner value Welcome ! \"you\"  \n banner value 2\n"
      "username \"!x y\" password \"a \\\"b\\\\\"\n! a comment\n");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.config.group_policies.at("DfltGrpPolicy").banner,
            (std::vector<std::string>{"Welcome ! \"you\"", "2"}));
  EXPECT_TRUE(r.config.users.contains("!x y"));
}

TEST(Parse, HashesThePasswordThatWasWritten) {
  std::string seen;
  const auto r =
      parse_config("username u password \"a \\\"b\\\\c\" ! no\n", "f", [&](std::string_view p) {
        seen = p;
        return std::string(kStoredPassword);
      });
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(seen, "a \"b\\c");
}

TEST(Parse, UndoesWithNo) {
  const std::string lines = R"(no hostname
no interface net_null0
no ip local pool P
no username u
no group-policy A
no tunnel-group T
no ssl trust-point
no sysopt connection tcpmss
no dataplane
no webvpn
)";
  const auto r = parse(
      "hostname x\ninterface net_null0\n nameif a\nip local pool P 10.0.0.1-10.0.0.2\nusername u "
      "password p\n"
      "group-policy A internal\ntunnel-group T type remote-access\nssl trust-point a b\nsysopt "
      "connection tcpmss 0\n"
      "dataplane\n workers 3\n buffers 1024\nwebvpn\n port 1\n" +
      lines);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.config, default_config());
}

TEST(Parse, UndoesInsideModes) {
  const auto r = parse(
      "group-policy DfltGrpPolicy attributes\n vpn-idle-timeout none\n no vpn-idle-timeout\n "
      "banner none\n no banner\n"
      " webvpn\n  anyconnect mtu 600\n  no anyconnect mtu\n  anyconnect dpd-interval client none\n"
      "  no anyconnect dpd-interval client\ninterface net_null0\n shutdown\n no shutdown\n "
      "security-level 3\n"
      " no security-level\nno interface net_null0\nno logging enable\nlogging enable\n");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.config, default_config());
}

TEST(Parse, UndoesAWholeBlockOfATunnelGroup) {
  const std::string_view group =
      "ip local pool P 10.10.10.1-10.10.10.9 mask 255.255.255.0\n"
      "ipv6 local pool P6 2001:db8::1/64 10\naaa-server R protocol radius\n"
      "group-policy G internal\ntunnel-group T type remote-access\n"
      "tunnel-group T general-attributes\n address-pool P\n ipv6-address-pool P6\n "
      "default-group-policy G\n authentication-server-group R LOCAL\n accounting-server-group R\n "
      "username-from-certificate UID\n";
  const auto full = parse(group);
  ASSERT_TRUE(full.ok()) << full.errors.front().to_string();
  const auto r = parse(std::string(group) + "no tunnel-group T general-attributes\n");
  ASSERT_TRUE(r.ok());
  const TunnelGroupConfig& made = full.config.tunnel_groups.at("T");
  const TunnelGroupConfig plain{.name = "T"};
  EXPECT_NE(made.ipv6_address_pools, plain.ipv6_address_pools);
  EXPECT_NE(made.certificate_user, plain.certificate_user);
  EXPECT_EQ(r.config.tunnel_groups.at("T"), plain);
}

TEST(Parse, WarnsOfASharedCore) {
  const auto r = parse("dataplane\n workers 0-1\n");
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.warnings.size(), 1U);
  EXPECT_EQ(r.warnings[0].line, 2U);
  EXPECT_EQ(r.warnings[0].column, 10U);
}

TEST(Parse, AppliesNothingOfABadFile) {
  const auto r = parse("hostname other\nnonsense\n");
  ASSERT_EQ(r.errors.size(), 1U);
  EXPECT_EQ(r.config, default_config());
}

TEST(Parse, StopsAtTwentyErrors) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "nonsense\n";
  EXPECT_EQ(parse(text).errors.size(), kMaxConfigErrors);
}

TEST(Parse, AppliesMtuBeforeAndAfterTheName) {
  const auto r = parse("mtu a 9198\ninterface x\n nameif a\ninterface y\n nameif b\nmtu b 64\n");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.config.interfaces[0].mtu, 9198U);
  EXPECT_EQ(r.config.interfaces[1].mtu, 64U);
}

TEST(Parse, IgnoresWhatStandsAroundASavedConfiguration) {
  EXPECT_TRUE(parse(": Saved\n:\nhostname x\n: end\n").ok());
  EXPECT_TRUE(parse("\xef\xbb\xbfhostname x\n").ok());
  EXPECT_TRUE(parse("").ok());
  EXPECT_EQ(parse("").config, default_config());
}

}  // namespace
}  // namespace culvert::control
