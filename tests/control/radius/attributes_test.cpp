// What is sent about a user, and what is taken from an Access-Accept.
#include "control/radius/attributes.hpp"

#include <gtest/gtest.h>

namespace culvert::control::radius {
namespace {

TEST(RadiusAttributes, ClassNamesAGroupPolicyInTheAsasForms) {
  EXPECT_EQ(policy_of_class("OU=Sales;"), "Sales");
  EXPECT_EQ(policy_of_class("ou=Sales"), "Sales");
  EXPECT_EQ(policy_of_class("OU=Sales;OU=Other;"), "Sales");
  EXPECT_EQ(policy_of_class("Sales"), "Sales");
  EXPECT_EQ(policy_of_class("OU="), "");
  EXPECT_EQ(policy_of_class(std::string_view("\x00\x01\x02", 3)), "");
}

TEST(RadiusAttributes, TakesWhatASessionNeeds) {
  Attributes a;
  a.integer(Type::framed_ip_address, 0x0a630007);
  a.integer(Type::framed_ip_netmask, 0xffffff00);
  a.address(Type::framed_ipv6_address, *IpAddress::parse("2001:db8::7"));
  a.text(Type::klass, "binary\x01");
  a.text(Type::klass, "OU=G;");
  a.integer(Type::session_timeout, 600);
  a.integer(Type::idle_timeout, 60);
  a.integer(Type::acct_interim_interval, 5);
  const AuthAttributes s = session_attributes(a);
  EXPECT_EQ(s.framed_address, IpAddress::v4(0x0a630007));
  EXPECT_EQ(s.framed_netmask, 0xffffff00);
  EXPECT_EQ(s.framed_address6, IpAddress::parse("2001:db8::7"));
  EXPECT_EQ(s.group_policy, "G");
  EXPECT_EQ(s.session_timeout_s, 600u);
  EXPECT_EQ(s.idle_timeout_s, 60u);
  EXPECT_EQ(s.interim_interval_s, 60u);  // no more often than once a minute
  EXPECT_EQ(s.classes, (std::vector<std::string>{"binary\x01", "OU=G;"}));
  EXPECT_EQ(s.verified_by, VerifiedBy::server);
}

TEST(RadiusAttributes, PassesOverWhatMeansNothing) {
  for (const uint32_t address : {0u, 0xffffffffu, 0xfffffffeu}) {
    Attributes a;
    a.integer(Type::framed_ip_address, address);
    EXPECT_FALSE(session_attributes(a).framed_address) << address;
  }
  Attributes a;
  a.add({Type::framed_ip_address, {10, 0, 0}});
  a.add({Type::framed_ipv6_address, {0x20, 1, 0x0d, 0xb8}});
  a.add({Type::session_timeout, {1}});
  for (int i = 0; i < 100; i++)
    a.text(Type::klass, "OU=;" + std::to_string(i));
  const AuthAttributes s = session_attributes(a);
  EXPECT_FALSE(s.framed_address);
  EXPECT_FALSE(s.framed_address6);
  EXPECT_FALSE(s.session_timeout_s);
  EXPECT_FALSE(s.group_policy);
  EXPECT_LE(s.classes.size(), 8u);  // so that a request always has room for them
}

TEST(RadiusAttributes, MessagesAreOneHarmlessLine) {
  Attributes a;
  a.text(Type::reply_message, "Enter the\r\ncode");
  a.text(Type::reply_message, "now");
  EXPECT_EQ(reply_message(a), "Enter the  code now");
  EXPECT_EQ(reply_message(Attributes()), "");
  Attributes long_one;
  for (int i = 0; i < 9; i++)
    long_one.text(Type::reply_message, std::string(253, 'x'));
  EXPECT_LE(reply_message(long_one).size(), 512u);
}

TEST(RadiusAttributes, SayWhoAsksAndForWhom) {
  Config config = config_defaults();
  config.hostname = "gate";
  const Attributes a =
      describe(config, {"ann", "T", IpAddress::v4(0xc6336402), IpAddress::v4(0xc6336401)});
  EXPECT_EQ(a.find(Type::user_name)->text(), "ann");
  EXPECT_EQ(a.find(Type::nas_identifier)->text(), "gate");
  EXPECT_EQ(a.find(Type::calling_station_id)->text(), "198.51.100.2");
  EXPECT_EQ(a.find(Type::called_station_id)->text(), "198.51.100.1");
  EXPECT_EQ(a.find(Type::vendor_specific)->text(),
            std::string_view("\x00\x00\x0c\x04\x92\x03T", 7));
}

}  // namespace
}  // namespace culvert::control::radius
