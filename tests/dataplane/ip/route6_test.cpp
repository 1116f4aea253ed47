// The IPv6 routing table, small and large.
#include "dataplane/ip/route6.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class Route6 : public testing::Test {
 protected:
  Route6() {
    for (uint8_t i = 0; i < 2; ++i) {
      Interface one;
      one.port = i;
      one.mac = {2, 0, 0, 0, 0, i};
      one.nameif = i == 0 ? "outside" : "inside";
      one.link_local = link_local_of(one.mac);
      one.ipv6[one.ipv6_count++] = {i == 0 ? kOwn6 : six("fd00:1::1"), 64};
      interfaces_.add(one);
    }
  }
  void build(std::span<const StaticRoute6> routes) {
    table_.reset();
    table_ = std::make_unique<RouteTable6>("route6", interfaces_, routes);
  }
  void expect(const char* destination, uint8_t interface, const char* gateway = "::") {
    const NextHop6* hop = table_->lookup(six(destination));
    ASSERT_NE(hop, nullptr) << destination;
    EXPECT_EQ(hop->interface, interface) << destination;
    EXPECT_EQ(hop->gateway, six(gateway)) << destination;
  }

  InterfaceTable interfaces_;
  std::unique_ptr<RouteTable6> table_;
};

TEST_F(Route6, LongestPrefixWins) {
  const std::vector<StaticRoute6> routes{
      {{six("::"), 0}, six("2001:db8:1::fe"), 0},
      {{six("2001:db8:ffff::"), 48}, six("fe80::9"), 1},
      {{six("2001:db8:ffff::5"), 128}, six("2001:db8:1::fd"), 0},
      // Nearer than any route is what is connected; of two ways the one with the lower metric.
      {{six("fd00:1::"), 64}, six("2001:db8:1::fe"), 0},
      {{six("fd00:2::"), 32}, six("2001:db8:1::fe"), 0, 5},
      {{six("fd00:2::"), 32}, six("fd00:1::9"), 1, 2},
  };
  build(routes);
  expect("2001:db8:1::77", 0);
  expect("fd00:1::77", 1);
  expect("2001:db8:ffff::4", 1, "fe80::9");
  expect("2001:db8:ffff::5", 0, "2001:db8:1::fd");
  expect("2600::1", 0, "2001:db8:1::fe");
  expect("fd00:2::1", 1, "fd00:1::9");
  build({});
  EXPECT_EQ(table_->lookup(six("2600::1")), nullptr);
  expect("fd00:1::77", 1);
}

TEST_F(Route6, ManyRoutesToo) {
  std::vector<StaticRoute6> routes;
  for (unsigned i = 0; i < 2 * RouteTable6::kLargeTable; ++i) {
    std::array<uint8_t, 16> bytes{
        0x20, 1, 0x0d, 0xb8, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i), 0x80};
    routes.push_back({{IpAddress::v6(bytes), 56},
                      six(i % 2 == 0 ? "fe80::1" : "fe80::2"),
                      static_cast<uint8_t>(i % 2)});
  }
  build(routes);
  expect("2001:db8:4:8000::1", 0, "fe80::1");
  expect("2001:db8:5:80ff::1", 1, "fe80::2");
  EXPECT_EQ(table_->lookup(six("2001:db8:4:8100::1")), nullptr);
  expect("fd00:1::77", 1);
}

TEST_F(Route6, RefusesWhatCannotWork) {
  for (const StaticRoute6& route : std::vector<StaticRoute6>{
           {{six("2001:db8:ffff::1"), 48}, six("fe80::9"), 0},       // bits beyond the prefix
           {{six("2001:db8:ffff::"), 129}, six("fe80::9"), 0},       // no such prefix
           {{six("2001:db8:ffff::"), 48}, six("2001:db8:2::1"), 0},  // gateway elsewhere
           {{six("2001:db8:ffff::"), 48}, kOwn6, 0},                 // ourselves
           {{six("2001:db8:ffff::"), 48}, six("fe80::9"), 7},        // no such interface
       }) {
    EXPECT_THROW(build({&route, 1}), std::runtime_error) << route.destination.address.to_string();
  }
}

}  // namespace
}  // namespace culvert::dp
