// What the show commands say of IPv6.
#include <gtest/gtest.h>

#include "control/show/output.hpp"
#include "tests/control/show/fake_state.hpp"

namespace culvert::control {
namespace {

IpAddress six(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(ShowIpv6, AssignedAddressHasALineOfItsOwn) {
  FakeState state;
  SessionView s;
  s.assigned = IpAddress::v4(0x0a0a0a01);
  state.the_sessions = {s};
  EXPECT_EQ(show_sessions(state).text.find("Assigned IPv6"), std::string::npos);
  state.the_sessions[0].assigned6 = six("2001:db8:1234:1::5678");
  EXPECT_NE(show_sessions(state).text.find("\nAssigned IPv6: 2001:db8:1234:1::5678\n"),
            std::string::npos);
  EXPECT_EQ(show_sessions(state).json["sessions"][0]["assigned_ipv6"], "2001:db8:1234:1::5678");
}

TEST(ShowIpv6, Neighbours) {
  FakeState state;
  state.the_neighbours6 = {
      {"outside", six("2001:db8::2"), {0x44, 0x4e, 0x6d, 0xf8, 0xb9, 0x7e}, 125, "REACH"},
      {"inside", six("fd00::9"), {}, 0, "INCMP"}};
  const Output out = show_ipv6_neighbours(state);
  EXPECT_EQ(out.text,
            "IPv6 Address                            Age Link-layer Addr State Interface\n"
            "2001:db8::2                               2 444e.6df8.b97e REACH outside\n"
            "fd00::9                                   0 -              INCMP inside\n");
  EXPECT_EQ(out.json["neighbours"][0]["age_s"], 125);
  EXPECT_TRUE(out.json["neighbours"][1]["mac"].is_null());
}

TEST(ShowIpv6, InterfacesAndRoutes) {
  FakeState state;
  InterfaceView i;
  i.nameif = "outside";
  i.link_local = six("fe80::1");
  i.ipv6 = {{six("2001:db8::1"), 64}};
  state.the_interfaces = {i};
  EXPECT_NE(show_interfaces(state, "").text.find("\tIPv6 link-local address fe80::1\n"
                                                 "\tIPv6 address 2001:db8::1/64\n"),
            std::string::npos);
  InterfaceConfig c;
  c.nameif = "outside";
  c.ipv6_addresses = i.ipv6;
  state.the_config.interfaces = {c};
  state.the_config.routes6 = {{"outside", {six("::"), 0}, six("2001:db8::2"), 1}};
  const std::string routes = show_ipv6_routes(state).text;
  EXPECT_NE(routes.find("C   2001:db8::/64 [0/0]\n     via ::, outside\n"), std::string::npos)
      << routes;
  EXPECT_NE(routes.find("S   ::/0 [1/0]\n     via 2001:db8::2, outside\n"), std::string::npos);
}

}  // namespace
}  // namespace culvert::control
