// Tunnel groups in the dialogue, and clients that post forms instead of XML.
#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

TEST(Groups, ListAndSelection) {
  FakeWorld world;
  world.config.webvpn.tunnel_group_list = true;
  auto& group = world.config.tunnel_groups["TLSONLY"];
  group.name = "TLSONLY";
  group.aliases = {"Only TLS & \"more\""};
  group.address_pools = {"VPN"};
  Login a(world);
  const std::string form = a.ask(post("/", init_body()));
  EXPECT_NE(form.find("<option value=\"Only TLS &amp; &quot;more&quot;\" selected="), form.npos)
      << form;
  std::string body = login_body("vpn", "secret");
  body.insert(body.find("</config-auth>"), "<group-select>TLSONLY</group-select>");
  ASSERT_EQ(cookie_of(a.ask(post("/", body))).size(), kCookieSize);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->tunnel_group, "TLSONLY");
}

TEST(Groups, InitWithASelectionShowsItSelected) {
  FakeWorld world;
  world.config.webvpn.tunnel_group_list = true;
  for (const char* name : {"A", "B"}) {
    world.config.tunnel_groups[name].aliases = {std::string("Group ") + name};
  }
  Login a(world);
  std::string form = a.ask(post("/", init_body()));
  EXPECT_NE(form.find("<option value=\"Group A\" selected=\"true\">"), form.npos) << form;
  std::string body = init_body();
  body.insert(body.find("</config-auth>"), "<group-select>Group B</group-select>");
  form = a.ask(post("/", body));
  EXPECT_NE(form.find("<option value=\"Group A\">"), form.npos) << form;
  EXPECT_NE(form.find("<option value=\"Group B\" selected=\"true\">"), form.npos) << form;
}

TEST(Groups, UrlDecidesAndHidesTheList) {
  FakeWorld world;
  world.config.webvpn.tunnel_group_list = true;
  world.config.tunnel_groups["Other"].aliases = {"Other"};
  auto& group = world.config.tunnel_groups["Staff"];
  group.urls = {"https://198.51.100.1/staff"};
  group.address_pools = {"VPN"};
  Login a(world);
  const std::string form = a.ask(post("/staff", init_body()));
  EXPECT_EQ(form.find("<select"), form.npos) << form;
  EXPECT_NE(form.find("action=\"/staff\""), form.npos) << form;
  EXPECT_NE(form.find("<tunnel-group>Staff</tunnel-group>"), form.npos) << form;
  EXPECT_NE(cookie_of(a.ask(post("/staff", login_body("vpn", "secret")))), "");
  EXPECT_EQ(world.setup->sessions().all().begin()->second->tunnel_group, "Staff");
  // Cisco's client answers to "/" and repeats what <opaque> said.
  std::string body = login_body("vpn", "secret");
  body.replace(body.find("DefaultWEBVPNGroup"), 18, "Staff");
  EXPECT_NE(cookie_of(a.ask(post("/", body))), "");
  EXPECT_EQ(world.setup->sessions().all().rbegin()->second->tunnel_group, "Staff");
}

TEST(Forms, BothFieldsAtOnce) {
  FakeWorld world;
  Login a(world);
  const std::string form = a.ask("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(form.find("name=\"username\""), form.npos);
  const std::string complete =
      a.ask(post("/auth", "username=vpn&password=s%65cret&group_list=", kForm));
  EXPECT_EQ(cookie_of(complete).size(), kCookieSize);
}

TEST(Forms, UserThenPassword) {
  FakeWorld world;
  world.config.webvpn.tunnel_group_list = true;
  world.config.tunnel_groups["A"].aliases = {"Group A"};
  world.config.tunnel_groups["B"].aliases = {"Group \"B\""};
  world.config.tunnel_groups["B"].address_pools = {"VPN"};
  Login a(world);
  const std::string form = a.ask(post("/", "username=vpn&group_list=Group+%22B%22", kForm));
  EXPECT_NE(form.find("type=\"hidden\" name=\"username\" value=\"vpn\""), form.npos) << form;
  EXPECT_NE(form.find("name=\"group_list\" value=\"Group &quot;B&quot;\""), form.npos) << form;
  EXPECT_EQ(form.find("<select"), form.npos);
  // All that is known is in the form: any connection will do for the answer.
  Login b(world);
  const std::string body = "username=vpn&group_list=Group+%22B%22&password=";
  const std::string again = b.ask(post("/", body + "wrong", kForm));
  EXPECT_NE(again.find("Wrong user name or password."), again.npos);
  EXPECT_EQ(cookie_of(b.ask(post("/", body + "secret", kForm))).size(), kCookieSize);
  EXPECT_EQ(world.setup->sessions().all().begin()->second->tunnel_group, "B");
}

TEST(Forms, HaveTheSameLimits) {
  FakeWorld world;
  Login a(world);
  for (int i = 0; i < 2; i++)
    EXPECT_TRUE(a.ask(post("/", "username=vpn&password=x", kForm)).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(a.ask(post("/", "username=vpn&password=x", kForm)).starts_with("HTTP/1.1 401 "));
}

}  // namespace
}  // namespace culvert::control::test
