// Changes of a configuration in force: lines on top of it, and what they may not touch.
#include <gtest/gtest.h>

#include "control/config/restart.hpp"
#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kBase = R"(interface net_null0
 nameif outside
 ip address 198.51.100.1 255.255.255.0
interface net_null1
 nameif inside
 ip address 10.48.66.1 255.255.255.0
mtu inside 9000
route outside 0.0.0.0 0.0.0.0 198.51.100.254
ip local pool VPN 10.10.10.1-10.10.10.254 mask 255.255.255.0
webvpn
 enable outside
 anyconnect enable
group-policy LAB internal
group-policy LAB attributes
 address-pools value VPN
)";

ParseResult change(const Config& base, std::string_view lines) {
  return parse_change(
      lines_of(lines), "configure", [](std::string_view) { return std::string(kStoredPassword); },
      base);
}

TEST(Change, LinesOnTopOfWhatIsThere) {
  const Config base = parse(kBase).config;
  const auto r = change(base,
                        "sysopt connection tcpmss 1460 ; group-policy LAB attributes ; webvpn ; "
                        "anyconnect mtu 1300 ; username new password secret");
  ASSERT_TRUE(r.ok()) << r.errors.front().to_string();
  EXPECT_EQ(r.config.tcpmss, 1460u);
  EXPECT_EQ(r.config.group_policies.at("LAB").anyconnect_mtu, 1300u);
  EXPECT_EQ(r.config.group_policies.at("LAB").address_pools, std::vector<std::string>{"VPN"});
  EXPECT_TRUE(r.config.users.contains("new"));
  EXPECT_EQ(r.config.interfaces, base.interfaces);
  EXPECT_TRUE(needs_restart(base, r.config).empty());
  // And away again.
  const auto back = change(r.config,
                           "no sysopt connection tcpmss ; no username new ; group-policy LAB "
                           "attributes ; webvpn ; no anyconnect mtu");
  EXPECT_EQ(back.config, base);
  EXPECT_EQ(change(base, "").config, base);
}

TEST(Change, ChecksTheWholeResult) {
  const Config base = parse(kBase).config;
  // A single line that nothing is wrong with takes away what another one needs.
  const auto r = change(base, "no ip local pool VPN");
  ASSERT_EQ(r.errors.size(), 1u);
  EXPECT_EQ(r.errors[0].to_string(), "configure: There is no address pool VPN.");
  const auto second = change(base, "sysopt connection tcpmss 1400 ; sysopt bogus");
  ASSERT_EQ(second.errors.size(), 1u);
  EXPECT_EQ(second.errors[0].line, 2u);
  EXPECT_NE(second.errors[0].caret.find("sysopt bogus\n"), std::string::npos);
}

TEST(Change, OneLineForSeveral) {
  EXPECT_EQ(lines_of("a b"), "a b");
  EXPECT_EQ(lines_of("a ; b;c ;d ; "), "a\nb;c ;d\n");
  EXPECT_EQ(lines_of("banner value \"x ; y\" ;   z"), "banner value \"x ; y\"\nz");
  EXPECT_EQ(lines_of("hostname a ! note ; mtu inside 1400"), "hostname a ! note\nmtu inside 1400");
  EXPECT_EQ(lines_of(""), "");
}

TEST(Change, TellsWhichModesAreOpen) {
  const Config base = parse(kBase).config;
  const auto open = [&](std::string_view lines) {
    std::string out;
    for (const OpenMode& mode : change(base, lines).open_modes)
      out += mode.line + " (" + mode.prompt + "), ";
    return out;
  };
  EXPECT_EQ(open("hostname x"), "");
  EXPECT_EQ(open("group-policy LAB attributes ; webvpn ; anyconnect mtu 1300"),
            "group-policy LAB attributes (config-group-policy), webvpn (config-group-webvpn), ");
  EXPECT_EQ(open("group-policy LAB attributes ; webvpn ; exit"),
            "group-policy LAB attributes (config-group-policy), ");
  EXPECT_EQ(open("group-policy LAB attributes ; webvpn ; hostname x"), "");
}

// The shell sends each line as it is typed, behind those that entered its mode.
TEST(Change, AServersKeyComesAfterItsLine) {
  const Config base = parse(kBase).config;
  const auto group = change(base, "aaa-server R protocol radius");
  ASSERT_TRUE(group.ok());
  const auto host = change(group.config, "aaa-server R host 10.0.0.1");
  ASSERT_TRUE(host.ok()) << host.errors.front().to_string();
  ASSERT_EQ(host.warnings.size(), 1u);
  EXPECT_NE(host.warnings[0].message.find("has no key and is not asked"), std::string::npos);
  ASSERT_EQ(host.open_modes.size(), 1u);
  EXPECT_EQ(host.open_modes[0].line, "aaa-server R host 10.0.0.1");
  // What is saved in between can be read again.
  EXPECT_TRUE(parse(running_config(host.config)).ok());
  const auto good = change(host.config, host.open_modes[0].line + " ; key secret");
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good.warnings.empty());
  EXPECT_EQ(good.config.aaa_servers.at("R").hosts.at(0).key, "secret");
}

TEST(Change, WhatNeedsARestart) {
  const Config base = parse(kBase).config;
  const auto needs = [&](std::string_view lines) {
    const auto r = change(base, lines);
    EXPECT_TRUE(r.ok()) << r.errors.front().to_string();
    return needs_restart(base, r.config);
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(needs("mtu inside 1500"), Names{"interface net_null1"});
  EXPECT_EQ(needs("no mtu inside"), Names{"interface net_null1"});
  EXPECT_EQ(needs("interface net_null2"), Names{"interface net_null2"});
  EXPECT_EQ(needs("interface net_null0 ; shutdown"), Names{"interface net_null0"});
  EXPECT_EQ(needs("dataplane ; sessions 5"), Names{"dataplane"});
  EXPECT_EQ(needs("route inside 10.0.0.0 255.0.0.0 10.48.66.9"), Names{"route inside"});
  EXPECT_EQ(needs("ip local pool B 10.9.0.1-10.9.0.9"), Names{"ip local pool B"});
  EXPECT_EQ(needs("ip local pool VPN 10.10.10.1-10.10.10.9"), Names{"ip local pool VPN"});
  EXPECT_EQ(needs("ipv6 local pool S fd00::1/64 9"), Names{"ipv6 local pool S"});
  EXPECT_EQ(needs("management socket /x ; state-directory /y"),
            (Names{"management socket", "state-directory"}));
  EXPECT_TRUE(needs("hostname x ; webvpn ; port 444 ; dtls port 445 ; no enable outside").empty());
  EXPECT_TRUE(
      needs("icmp too-big withhold ; ssl server-version tlsv1.3 ; no logging enable").empty());
  Config turned = base;
  std::swap(turned.interfaces[0], turned.interfaces[1]);
  EXPECT_EQ(needs_restart(base, turned), Names{"the order of interfaces"});
}

// Bug CSCuh61321 depends on which line came first, so the running configuration keeps that.
TEST(Change, TheDtlsPortOfTheTimeOfEnable) {
  const auto webvpn = [](std::string_view lines) {
    return parse(
               "interface net_null0\n nameif outside\n ip address 198.51.100.1 "
               "255.255.255.0\nwebvpn\n" +
               std::string(lines))
        .config;
  };
  const Config before = webvpn(" dtls port 444\n enable outside\n");
  EXPECT_EQ(before.webvpn.enabled_on, (std::vector<EnabledOn>{{"outside", 444}}));
  EXPECT_NE(running_config(before).find(" dtls port 444\n enable outside\n"), std::string::npos);
  const Config after = webvpn(" enable outside\n dtls port 444\n enable outside\n");
  EXPECT_EQ(after.webvpn.enabled_on, (std::vector<EnabledOn>{{"outside", 443}}));
  EXPECT_NE(running_config(after).find(" enable outside\n dtls port 444\n"), std::string::npos);
  const Config again = change(after, "webvpn ; no enable outside ; enable outside").config;
  EXPECT_EQ(again.webvpn, before.webvpn);
  EXPECT_TRUE(change(after, "compatibility CSCuh61321").config.compatibility.cscuh61321);
  EXPECT_TRUE(change(after, "compat asa-8").config.compatibility.asa84);
}

}  // namespace
}  // namespace culvert::control
