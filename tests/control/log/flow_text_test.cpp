// Which interface a flow is said to come by.
#include "control/log/flow_text.hpp"

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

TEST(FlowText, NamesTheInterfaceWhoseAddressTheClientReached) {
  Config config;
  config.interfaces.resize(2);
  config.interfaces[0].nameif = "internet";
  config.interfaces[0].address = IpAddress::v4(0xc6336401);
  config.interfaces[0].ipv6_addresses = {{*IpAddress::parse("2001:db8:1::1"), 64}};
  config.interfaces[1].nameif = "inside";
  config.interfaces[1].address = IpAddress::v4(0x0a304201);
  config.interfaces[1].ipv6_addresses = {{*IpAddress::parse("2001:db8:2::1"), 64},
                                         {*IpAddress::parse("2001:db8:3::1"), 64}};
  const auto text = [&](const char* local) {
    dp::Flow flow;
    flow.local = *IpAddress::parse(local);
    flow.local_port = 443;
    flow.remote = *IpAddress::parse("2001:db8::9");
    flow.remote_port = 40000;
    return flow_text(config, flow);
  };
  EXPECT_EQ(text("2001:db8:1::1"), "internet:2001:db8::9/40000 to 2001:db8:1::1/443");
  EXPECT_TRUE(text("2001:db8:3::1").starts_with("inside:"));
  EXPECT_TRUE(text("198.51.100.1").starts_with("internet:"));
  EXPECT_TRUE(text("10.48.66.1").starts_with("inside:"));
  EXPECT_TRUE(text("2001:db8:4::1").starts_with("outside:"));
}

}  // namespace
}  // namespace culvert::control
