// Routes: longest prefix, metric, connected networks, wrong configurations.
#include "dataplane/ip/route.hpp"

#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

InterfaceTable two_interfaces() {
  InterfaceTable table;
  Interface outside;
  outside.ipv4 = 0xc6336401;  // 198.51.100.1/24
  outside.prefix = 24;
  outside.port = 0;
  outside.nameif = "outside";
  table.add(outside);
  Interface inside;
  inside.ipv4 = 0x0a304201;  // 10.48.66.1/16
  inside.prefix = 16;
  inside.port = 1;
  inside.nameif = "inside";
  table.add(inside);
  return table;
}

TEST(Route, LongestPrefixWins) {
  const InterfaceTable interfaces = two_interfaces();
  const std::array<StaticRoute, 4> routes{{{0, 0, 0xc63364fe, 0, 1},
                                           {0x0a000000, 8, 0x0a304202, 1, 1},
                                           {0x0a010203, 32, 0x0a304203, 1, 1},
                                           {0xc0000280, 25, 0x0a304204, 1, 1}}};
  const RouteTable table("route1", interfaces, routes);
  const auto hop = [&](uint32_t ip) {
    const NextHop* h = table.lookup(ip);
    return h == nullptr ? std::pair{int{-1}, 0U} : std::pair{int{h->interface}, h->gateway};
  };
  EXPECT_EQ(hop(0x08080808), std::pair(0, 0xc63364feU));
  EXPECT_EQ(hop(0x0a999999), std::pair(1, 0x0a304202U));
  EXPECT_EQ(hop(0x0a010203), std::pair(1, 0x0a304203U));
  EXPECT_EQ(hop(0x0a010204), std::pair(1, 0x0a304202U));
  EXPECT_EQ(hop(0x0a300505), std::pair(1, 0U));
  EXPECT_EQ(hop(0xc6336463), std::pair(0, 0U));
  EXPECT_EQ(hop(0xc00002ff), std::pair(1, 0x0a304204U));
  EXPECT_EQ(hop(0xc000027f), std::pair(0, 0xc63364feU));
}

TEST(Route, NoDefaultNoRoute) {
  const InterfaceTable interfaces = two_interfaces();
  const RouteTable table("route2", interfaces, {});
  EXPECT_EQ(table.lookup(0x08080808), nullptr);
  EXPECT_NE(table.lookup(0x0a300001), nullptr);
}

TEST(Route, LowestMetricAndConnectedWin) {
  const InterfaceTable interfaces = two_interfaces();
  const std::array<StaticRoute, 3> routes{
      {{0, 0, 0xc63364fd, 0, 1}, {0, 0, 0xc63364fe, 0, 9}, {0x0a300000, 16, 0xc63364fe, 0, 1}}};
  const RouteTable table("route3", interfaces, routes);
  EXPECT_EQ(table.lookup(1)->gateway, 0xc63364fdU);
  EXPECT_EQ(table.lookup(0x0a300505)->gateway, 0U);
}

TEST(Route, AgreesWithLinearSearch) {
  const InterfaceTable interfaces = two_interfaces();
  std::mt19937 random(6);
  std::vector<StaticRoute> routes;
  for (uint32_t i = 0; i < 300; ++i) {
    const auto prefix = static_cast<uint8_t>(1 + random() % 26);
    const uint32_t network = static_cast<uint32_t>(random()) & (~uint32_t{0} << (32 - prefix));
    routes.push_back({network, prefix, 0x0a304302 + i % 100, 1, 1});
  }
  const RouteTable table("route4", interfaces, routes);
  for (int round = 0; round < 20000; ++round) {
    const auto ip = static_cast<uint32_t>(random());
    if ((ip >> 16) == 0x0a30 || (ip >> 8) == 0xc63364) continue;
    int best = -1;
    bool any = false;
    for (const auto& r : routes) {
      if (((ip ^ r.network) >> (32 - r.prefix)) == 0) {
        best = std::max(best, int{r.prefix});
        any = true;
      }
    }
    const NextHop* hop = table.lookup(ip);
    ASSERT_EQ(hop != nullptr, any);
    if (!any) continue;
    bool fits = false;
    for (const auto& r : routes) {
      fits = fits || (r.prefix == best && ((ip ^ r.network) >> (32 - r.prefix)) == 0 &&
                      r.gateway == hop->gateway);
    }
    ASSERT_TRUE(fits);
  }
}

TEST(Route, Refusals) {
  const InterfaceTable interfaces = two_interfaces();
  const auto refuse = [&](const StaticRoute& route) {
    EXPECT_THROW(RouteTable("refused", interfaces, {&route, 1}), std::runtime_error);
  };
  refuse({0x0a010203, 8, 0x0a304202, 1, 1});  // host bits
  refuse({0x0a000000, 8, 0x08080808, 1, 1});  // gateway elsewhere
  refuse({0x0b000000, 8, 0x0a304201, 1, 1});  // gateway is this box
  refuse({0x0b000000, 8, 0x0a304202, 7, 1});  // no such interface
  refuse({0x0b000000, 33, 0x0a304202, 1, 1});
}

}  // namespace
}  // namespace culvert::dp
