// Which tunnel group a request means.
#include "control/session/group_choice.hpp"

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

class GroupChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config.webvpn.tunnel_group_list = true;
    config.tunnel_groups["DefaultWEBVPNGroup"];
    config.tunnel_groups["S"].aliases = {"Staff", "Employees"};
    config.tunnel_groups["S"].urls = {"https://vpn.example/staff"};
    config.tunnel_groups["G"].aliases = {"Guests"};
    config.tunnel_groups["H"].urls = {"https://Second.Example:443", "https://192.0.2.1:8443/h"};
  }
  std::string chosen(const GroupWish& wish) {
    const auto choice = choose_group(config, wish);
    return choice ? choice->name : "none";
  }
  Config config;
};

TEST_F(GroupChoiceTest, ByUrl) {
  EXPECT_EQ(chosen({"vpn.example", "/staff", "", ""}), "S");
  EXPECT_EQ(chosen({"VPN.example:443", "/staff/", "Guests", ""}), "S");
  EXPECT_TRUE(choose_group(config, {"vpn.example", "/staff", "", ""})->by_url);
  EXPECT_EQ(chosen({"second.example", "/", "", ""}), "H");
  EXPECT_EQ(chosen({"192.0.2.1:8443", "/h", "", ""}), "H");
  EXPECT_EQ(chosen({"192.0.2.1", "/h", "", ""}), "S");  // another port: only the proposal is left
  EXPECT_FALSE(is_login_path(config, "192.0.2.1", "/h"));
  EXPECT_FALSE(is_login_path(config, "other.example", "/staff"));
  EXPECT_TRUE(is_login_path(config, "vpn.example", "/staff"));
}

TEST_F(GroupChoiceTest, FromTheList) {
  EXPECT_EQ(chosen({"x", "/", "Guests", ""}), "G");
  EXPECT_EQ(chosen({"x", "/", "S", ""}), "S");
  EXPECT_EQ(chosen({"x", "/", "nobody", ""}), "none");
  EXPECT_EQ(chosen({"x", "/Guests", "", ""}), "G");
  EXPECT_TRUE(is_login_path(config, "x", "/Guests"));
  EXPECT_EQ(chosen({"x", "/", "DefaultWEBVPNGroup", ""}), "DefaultWEBVPNGroup");
  const auto proposal = choose_group(config, {"x", "/", "", ""});
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->name, "S");
  EXPECT_EQ(proposal->alias, "Employees");
  EXPECT_FALSE(proposal->by_client);
}

TEST_F(GroupChoiceTest, WhatAFormSaidBeforeCountsOnlyForGroupsWithAnUrl) {
  EXPECT_EQ(chosen({"x", "/", "", "H"}), "H");
  EXPECT_EQ(chosen({"x", "/", "Guests", "H"}), "G");
  EXPECT_EQ(chosen({"x", "/", "", "G"}), "S");
}

TEST_F(GroupChoiceTest, WithoutAListThereIsNoChoice) {
  config.webvpn.tunnel_group_list = false;
  EXPECT_EQ(chosen({"x", "/", "Guests", ""}), "none");
  EXPECT_EQ(chosen({"x", "/", "", ""}), "DefaultWEBVPNGroup");
  EXPECT_EQ(chosen({"vpn.example", "/staff", "", ""}), "S");
  EXPECT_FALSE(is_login_path(config, "x", "/Guests"));
  EXPECT_TRUE(listed_groups(config).empty());
}

}  // namespace
}  // namespace culvert::control
