// Cookies, policies and the table of sessions.
#include <gtest/gtest.h>

#include "control/session/cookie.hpp"
#include "control/session/policy.hpp"
#include "control/session/registry.hpp"

namespace culvert::control {
namespace {

TEST(Cookie, UnguessableAndComparedByHash) {
  const std::string a = make_cookie();
  EXPECT_TRUE(looks_like_cookie(a));
  EXPECT_NE(a, make_cookie());
  EXPECT_TRUE(same_cookie(hash_cookie(a), hash_cookie(a)));
  EXPECT_FALSE(same_cookie(hash_cookie(a), hash_cookie(a + "0")));
  EXPECT_FALSE(looks_like_cookie(a.substr(1)));
  EXPECT_FALSE(looks_like_cookie("../" + a.substr(3)));
}

TEST(Registry, FindsByCookieIndexAndUser) {
  Registry registry;
  const std::string cookie = make_cookie();
  SessionRecord record;
  record.user = "u";
  record.cookie = hash_cookie(cookie);
  record.login_us = 5;
  const uint32_t index = registry.add(std::move(record)).index;
  SessionRecord older;
  older.user = "u";
  older.cookie = hash_cookie(make_cookie());
  older.login_us = 1;
  registry.add(std::move(older));
  EXPECT_NE(index, 0u);
  ASSERT_NE(registry.find_cookie(cookie), nullptr);
  EXPECT_EQ(registry.find_cookie(cookie)->index, index);
  EXPECT_EQ(registry.find_cookie(make_cookie()), nullptr);
  EXPECT_EQ(registry.find_cookie(""), nullptr);
  ASSERT_EQ(registry.of_user("u").size(), 2u);
  EXPECT_EQ(registry.of_user("u")[1]->index, index);
  registry.erase(index);
  registry.erase(index);
  EXPECT_EQ(registry.find_cookie(cookie), nullptr);
  EXPECT_EQ(registry.size(), 1u);
  EXPECT_EQ(registry.cumulative(), 2u);
  EXPECT_EQ(registry.peak(), 2u);
}

TEST(Policy, SplitTunnel) {
  Config config;
  auto& base = config.group_policies["DfltGrpPolicy"];
  config.group_policies["own"];
  base.split_tunnel_list = "nets";
  base.split_tunnel_policy = SplitTunnelPolicy::tunnelspecified;
  EXPECT_EQ(resolve_policy(config, "own").split_tunnel, SplitTunnelPolicy::tunnelall);  // no list
  config.access_lists["nets"] = {{0x0a000000, 8}};
  EXPECT_EQ(resolve_policy(config, "own").split_tunnel, SplitTunnelPolicy::tunnelspecified);
  EXPECT_EQ(resolve_policy(config, "own").split_networks, config.access_lists["nets"]);
  config.group_policies["own"].split_tunnel_policy = SplitTunnelPolicy::tunnelall;
  EXPECT_TRUE(resolve_policy(config, "own").split_networks.empty());
}

TEST(Policy, Inheritance) {
  Config config;
  config.group_policies["DfltGrpPolicy"].name = "DfltGrpPolicy";
  config.group_policies["DfltGrpPolicy"].idle_timeout_min = 10;
  config.group_policies["DfltGrpPolicy"].anyconnect_mtu = 1400;
  config.group_policies["own"].name = "own";
  config.group_policies["own"].idle_timeout_min = 0;
  config.tunnel_groups["TG"].default_group_policy = "own";
  config.tunnel_groups["TG"].address_pools = {"P"};
  config.tunnel_groups["TG"].aliases = {"Friendly"};
  config.users["u"].group_policy = "DfltGrpPolicy";
  const Policy own = resolve_policy(config, "TG", "nobody");
  EXPECT_EQ(own.name, "own");
  EXPECT_EQ(own.idle_timeout_s, 0u);
  EXPECT_EQ(own.disconnected_timeout_s, 1800u);
  EXPECT_EQ(own.anyconnect_mtu, 1400u);
  EXPECT_EQ(own.address_pools, std::vector<std::string>{"P"});
  EXPECT_EQ(own.dpd_gateway_s, 30u);
  // A user of that name whom a server or a certificate speaks for is another one.
  EXPECT_EQ(resolve_policy(config, "TG", "u").name, "own");
  AuthAttributes said;
  said.verified_by = VerifiedBy::server;
  EXPECT_EQ(resolve_policy(config, "TG", "u", said).name, "own");
  said.verified_by = VerifiedBy::local;
  const Policy users = resolve_policy(config, "TG", "u", said);
  EXPECT_EQ(users.name, "DfltGrpPolicy");
  EXPECT_EQ(users.disconnected_timeout_s, 600u);
  AuthAttributes attributes;
  attributes.group_policy = "own";
  attributes.idle_timeout_s = 90;
  attributes.session_timeout_s = 7;
  const Policy servers = resolve_policy(config, "TG", "u", attributes);
  EXPECT_EQ(servers.name, "own");
  EXPECT_EQ(servers.idle_timeout_s, 90u);
  EXPECT_EQ(servers.disconnected_timeout_s, 90u);
  EXPECT_EQ(servers.session_timeout_s, 7u);
  attributes.group_policy = "no such policy";
  EXPECT_EQ(resolve_policy(config, "TG", "u", attributes).name, "own");
  attributes.verified_by = VerifiedBy::local;
  EXPECT_EQ(resolve_policy(config, "TG", "u", attributes).name, "DfltGrpPolicy");
}

}  // namespace
}  // namespace culvert::control
