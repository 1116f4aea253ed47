// IPv6 in the grammar: what is set, shown, and refused.
#include <gtest/gtest.h>

#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

const std::string kBoth =
    "interface a\n"
    " nameif outside\n"
    " ipv6 address 2001:DB8:1::1/64\n"
    " ipv6 address 2001:db8:2::1/112\n"
    "interface b\n"
    " nameif inside\n"
    " ipv6 enable\n";

TEST(ConfigIpv6, SetsWhatItSays) {
  const auto r = parse(kBoth +
                       "ipv6 local pool SIX fd00:10::ffff/64 300\n"
                       "ipv6 route outside ::/0 2001:db8:1::2\n"
                       "ipv6 route inside fd00:99::/32 fe80::1 5\n"
                       "group-policy G internal\n"
                       "group-policy G attributes\n"
                       " ipv6-address-pools value SIX\n"
                       " dns-server value fd00::53 10.0.0.1\n"
                       "tunnel-group T type remote-access\n"
                       "tunnel-group T general-attributes\n"
                       " ipv6-address-pool SIX\n");
  ASSERT_TRUE(r.ok()) << (r.errors.empty() ? "" : r.errors.front().message);
  const Config& c = r.config;
  ASSERT_EQ(c.interfaces.size(), 2u);
  ASSERT_EQ(c.interfaces[0].ipv6_addresses.size(), 2u);
  EXPECT_EQ(c.interfaces[0].ipv6_addresses[1].length, 112);
  EXPECT_TRUE(c.interfaces[1].has_ipv6());
  EXPECT_EQ(c.pools6.at("SIX").last().to_string(), "fd00:10::1:12a");
  ASSERT_EQ(c.routes6.size(), 2u);
  EXPECT_EQ(c.routes6[1].metric, 5u);
  EXPECT_EQ(c.group_policies.at("G").ipv6_address_pools, std::vector<std::string>{"SIX"});
  EXPECT_EQ(c.group_policies.at("G").dns_servers->at(0).to_string(), "fd00::53");
  EXPECT_EQ(c.tunnel_groups.at("T").ipv6_address_pools, std::vector<std::string>{"SIX"});
  const std::string shown = running_config(c);
  for (const char* line :
       {" ipv6 address 2001:db8:1::1/64\n", " ipv6 enable\n",
        "ipv6 local pool SIX fd00:10::ffff/64 300\n", "ipv6 route outside ::/0 2001:db8:1::2\n",
        "ipv6 route inside fd00:99::/32 fe80::1 5\n", " ipv6-address-pools value SIX\n",
        " dns-server value fd00::53 10.0.0.1\n", " ipv6-address-pool SIX\n"}) {
    EXPECT_NE(shown.find(line), std::string::npos) << line;
  }
}

TEST(ConfigIpv6, CanBeTakenBack) {
  const auto r = parse(kBoth +
                       "ipv6 local pool SIX fd00:10::/64 300\n"
                       "no ipv6 local pool SIX\n"
                       "ipv6 route outside ::/0 2001:db8:1::2\n"
                       "no ipv6 route outside ::/0 2001:db8:1::2\n"
                       "interface a\n"
                       " no ipv6 address 2001:db8:1::1/64\n"
                       "interface b\n"
                       " no ipv6 enable\n");
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r.config.pools6.empty());
  EXPECT_TRUE(r.config.routes6.empty());
  EXPECT_EQ(r.config.interfaces[0].ipv6_addresses.size(), 1u);
  EXPECT_FALSE(r.config.interfaces[1].has_ipv6());
}

struct BadIpv6 {
  std::string text;
  const char* sentence;
};

TEST(ConfigIpv6, ExplainsWhatCannotBe) {
  const std::string inside = "interface a\n nameif inside\n ";
  for (const BadIpv6& bad : std::vector<BadIpv6>{
           {inside + "ipv6 address fe80::1/64", "link-local"},
           {inside + "ipv6 address ff02::1/64", "cannot be given"},
           {inside + "ipv6 address ::/64", "cannot be given"},
           {inside + "ipv6 address ::ffff:10.0.0.1/96", "prefix such as"},
           {inside + "ipv6 address 2001:db8::1/129", "prefix such as"},
           {inside + "ipv6 address 2001:db8::1", "prefix such as"},
           {inside + "ipv6 address 2001:db8::1/0", "needs a prefix"},
           {inside + "ipv6 enable\nmtu inside 1279", "1280"},
           {kBoth + "interface b\n ipv6 address 2001:db8:1::2/48", "overlaps"},
           {"ipv6 local pool P ff02::1/64 9", "cannot be given"},
           {"ipv6 local pool P 2001:db8::fe/120 3", "not so many"},
           {"ipv6 local pool P 2001:db8::/64 16385", "from 1 to 16384"},
           {"ipv6 local pool P 2001:db8::/64 9\nipv6 local pool Q 2001:db8::8/64 9", "overlaps"},
           {kBoth + "ipv6 local pool P 2001:db8:1::/64 9", "holds the address"},
           {kBoth + "ipv6 route nowhere ::/0 fe80::1", "No interface"},
           {kBoth + "ipv6 route outside 2001:db8::1/48 fe80::1", "outside its prefix"},
           {kBoth + "ipv6 route outside ::/0 2001:db8:9::1", "not in a network"},
           {kBoth + "ipv6 route outside ::/0 2001:db8:1::1", "this box itself"},
           {kBoth + "ipv6 route outside ::/0 ff02::1", "cannot be a gateway"},
           {"interface a\n nameif x\nipv6 route x ::/0 fe80::1", "no IPv6 address"},
           {"group-policy G internal\ngroup-policy G attributes\n ipv6-address-pools value P",
            "no IPv6 address pool"},
       }) {
    const auto r = parse(bad.text);
    ASSERT_FALSE(r.errors.empty()) << bad.text;
    EXPECT_NE(r.errors.front().message.find(bad.sentence), std::string::npos)
        << bad.text << "\n"
        << r.errors.front().message;
  }
}

}  // namespace
}  // namespace culvert::control
