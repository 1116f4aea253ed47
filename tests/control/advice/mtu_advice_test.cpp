// Which configurations have the trouble of Cisco's note 116881, and whether what is advised cures them.
#include "control/advice/mtu_advice.hpp"

#include <gtest/gtest.h>

#include "control/config/parse.hpp"
#include "control/show/output.hpp"

namespace culvert::control {
namespace {

Config config_of(const std::string& extra, const std::string& policy = "",
                 const std::string& interface = "") {
  const std::string text =
      "interface net_null0\n nameif outside\n ip address 198.51.100.1 255.255.255.0\n" + interface +
      "webvpn\n enable outside\n anyconnect enable\n"
      "group-policy ac internal\ngroup-policy ac attributes\n webvpn\n" +
      policy + "tunnel-group DefaultWEBVPNGroup general-attributes\n default-group-policy ac\n" +
      extra;
  const ParseResult result =
      parse_config(text, "test.conf", [](std::string_view) { return std::string(); });
  EXPECT_TRUE(result.ok()) << (result.errors.empty() ? "" : result.errors[0].to_string());
  return result.config;
}

GroupMtuAdvice advice_for(const Config& config, const std::string& name = "ac") {
  for (GroupMtuAdvice& group : mtu_advice(config)) {
    if (group.group_policy == name) return std::move(group);
  }
  ADD_FAILURE() << "nothing is said of " << name;
  return {};
}

const MtuFix* find(const GroupMtuAdvice& group, MtuFix::Kind kind) {
  for (const MtuFix& fix : group.fixes) {
    if (fix.kind == kind) return &fix;
  }
  return nullptr;
}

TEST(MtuAdvice, FindsTheNotesConfiguration) {
  const GroupMtuAdvice group = advice_for(config_of(""));
  EXPECT_EQ(group.verdict, MtuVerdict::suffers);
  EXPECT_EQ(group.tunnel_groups, std::vector<std::string>{"DefaultWEBVPNGroup"});
  ASSERT_EQ(group.cases.size(), 1U);
  EXPECT_EQ(group.cases[0].mtus.tls, 1347);
  EXPECT_EQ(group.cases[0].mtus.dtls, 1418);
  EXPECT_EQ(group.fixes.size(), 5U);
  EXPECT_EQ(
      find(group, MtuFix::Kind::anyconnect_mtu)->commands,
      (std::vector<std::string>{"group-policy ac attributes", " webvpn", "  anyconnect mtu 1347"}));
  // The least with which TLS carries 1418: 1451 - 33.
  EXPECT_EQ(find(group, MtuFix::Kind::tcpmss)->commands,
            std::vector<std::string>{"sysopt connection tcpmss 1451"});
  EXPECT_TRUE(find(group, MtuFix::Kind::df_bit_ignore)->reconnects);
  EXPECT_FALSE(find(group, MtuFix::Kind::tls_only)->reconnects);
}

TEST(MtuAdvice, CountsTimestampsWhereTheAccountingDoes) {
  const std::string ciphers =
      "ssl cipher tlsv1.2 custom \"ECDHE-RSA-AES128-GCM-SHA256\"\n"
      "ssl cipher tlsv1.3 custom \"TLS_AES_128_GCM_SHA256\"\n";
  const std::string accounting = "  anyconnect mtu-accounting exact\n";
  const GroupMtuAdvice exact = advice_for(config_of(ciphers, accounting));
  EXPECT_TRUE(exact.worst().timestamps);
  EXPECT_EQ(exact.worst().mtus.tls, 1380 - 12 - 5 - 8 - 16 - 8);
  EXPECT_EQ(advice_for(config_of(ciphers, accounting + "  anyconnect mtu 1331\n")).verdict,
            MtuVerdict::unaffected);
  EXPECT_EQ(advice_for(config_of(ciphers, accounting + "  anyconnect mtu 1343\n")).verdict,
            MtuVerdict::suffers);
  EXPECT_FALSE(advice_for(config_of(ciphers)).worst().timestamps);
}

TEST(MtuAdvice, KnowsWhatTheNoteAppliesAsCured) {
  EXPECT_EQ(advice_for(config_of("", "  anyconnect mtu 1300\n")).verdict, MtuVerdict::unaffected);
  EXPECT_EQ(advice_for(config_of("sysopt connection tcpmss 1460\n")).verdict,
            MtuVerdict::unaffected);
  EXPECT_EQ(advice_for(config_of("", "  anyconnect ssl dtls none\n")).verdict,
            MtuVerdict::unaffected);
  const GroupMtuAdvice ignoring =
      advice_for(config_of("", "  anyconnect ssl df-bit-ignore enable\n"));
  EXPECT_EQ(ignoring.verdict, MtuVerdict::reconnects);
  EXPECT_EQ(find(ignoring, MtuFix::Kind::df_bit_ignore), nullptr);
  EXPECT_NE(find(ignoring, MtuFix::Kind::anyconnect_mtu), nullptr);
  const GroupMtuAdvice smart = advice_for(config_of("", "  anyconnect dtls-fallback smart\n"));
  EXPECT_EQ(smart.verdict, MtuVerdict::reconnects);
  EXPECT_EQ(find(smart, MtuFix::Kind::smart_fallback), nullptr);
}

// Whatever the accounting and the interface: what is advised against the reconnect ends it.
TEST(MtuAdvice, ItsRemediesWork) {
  for (const char* accounting : {"documented", "asa", "exact"}) {
    for (const char* mtu : {"1500", "1492", "9000", "1300"}) {
      const std::string policy = std::string("  anyconnect mtu-accounting ") + accounting + "\n";
      const std::string interface =
          " ipv6 address 2001:db8::1/64\nmtu outside " + std::string(mtu) + "\n";
      const GroupMtuAdvice before = advice_for(config_of("", policy, interface));
      EXPECT_EQ(before.cases.size(), 2U);
      for (const MtuFix& fix : before.fixes) {
        if (fix.reconnects) continue;
        std::string lines;
        for (const std::string& line : fix.commands)
          lines += line + "\n";
        EXPECT_EQ(advice_for(config_of(lines, policy, interface)).verdict, MtuVerdict::unaffected)
            << accounting << " " << mtu << "\n"
            << lines;
      }
      const bool suffers = before.worst().suffers();
      EXPECT_EQ(suffers, before.verdict == MtuVerdict::suffers);
      EXPECT_EQ(suffers, !before.fixes.empty());
    }
  }
}

TEST(MtuAdvice, LooksAtTheSuitesThatAreOffered) {
  const std::string exact = "  anyconnect mtu-accounting exact\n";
  const GroupMtuAdvice all = advice_for(config_of("", exact));
  const GroupMtuAdvice one =
      advice_for(config_of("ssl cipher tlsv1.2 custom \"AES256-SHA256\"\nssl cipher tlsv1.3 custom "
                           "\"TLS_CHACHA20_POLY1305_SHA256\"\n",
                           exact));
  EXPECT_EQ(one.worst().tls_suite, "AES256-SHA256");
  EXPECT_GE(all.worst().mtus.dtls - all.worst().mtus.tls,
            one.worst().mtus.dtls - one.worst().mtus.tls);
}

TEST(MtuAdvice, IsAboutEveryPolicyThatSomebodyGets) {
  const Config config = config_of(
      "group-policy other internal\ngroup-policy other attributes\n webvpn\n  anyconnect ssl dtls "
      "none\nusername u password p\nusername u attributes\n vpn-group-policy other\n"
      "tunnel-group T type remote-access\n");
  EXPECT_EQ(advice_for(config, "other").users, std::vector<std::string>{"u"});
  EXPECT_EQ(advice_for(config, "DfltGrpPolicy").tunnel_groups, std::vector<std::string>{"T"});
  EXPECT_EQ(mtu_advice(config).size(), 3U);
  // Nobody is served at all.
  EXPECT_EQ(mtu_advice(default_config()).front().verdict, MtuVerdict::unaffected);
}

TEST(ShowMtuAdvice, SaysWhyAndWhatHelps) {
  const Output out = show_mtu_advice(config_of(""));
  for (const char* part :
       {"Group policy ac loses packets for a minute where DTLS is blocked\n",
        "  For: tunnel group DefaultWEBVPNGroup\n", "TLS MTU 1347, DTLS MTU 1418",
        "1380 - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash) = 1347",
        "packets of 1348 to 1418 bytes with DF are dropped", "told by ICMP",
        "anyconnect mtu 1347\n", "sysopt connection tcpmss 1451\n", "df-bit-ignore enable\n"}) {
    EXPECT_NE(out.text.find(part), std::string::npos) << part << "\n" << out.text;
  }
  const auto& group = out.json["groups"][0];
  EXPECT_EQ(group["verdict"], "suffers");
  EXPECT_EQ(group["cases"][0]["tls_mtu"], 1347);
  EXPECT_EQ(group["cases"][0]["dtls_mtu"], 1418);
  EXPECT_EQ(group["fixes"].size(), 5U);
  EXPECT_NE(show_mtu_advice(config_of("icmp too-big withhold\n")).text.find("are not told"),
            std::string::npos);
  EXPECT_NE(show_mtu_advice(config_of("", "  anyconnect ssl dtls none\n")).text.find("no DTLS"),
            std::string::npos);
}

}  // namespace
}  // namespace culvert::control
