#include "tools/culvert-client/gateway.hpp"

#include <gtest/gtest.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

TEST(ClientGateway, HostPortAndGroup) {
  const Gateway plain = Gateway::parse("https://vpn.example.com");
  EXPECT_EQ(plain.host, "vpn.example.com");
  EXPECT_EQ(plain.port, 443);
  EXPECT_EQ(plain.path, "/");
  EXPECT_EQ(plain.authority(), "vpn.example.com");
  const Gateway group = Gateway::parse("198.51.100.1:4443/staff");
  EXPECT_EQ(group.host, "198.51.100.1");
  EXPECT_EQ(group.port, 4443);
  EXPECT_EQ(group.path, "/staff");
  EXPECT_EQ(group.authority(), "198.51.100.1:4443");
  const Gateway six = Gateway::parse("https://[2001:db8::1]:444/");
  EXPECT_EQ(six.host, "2001:db8::1");
  EXPECT_EQ(six.authority(), "[2001:db8::1]:444");
  EXPECT_EQ(Gateway::parse("[2001:db8::1]").authority(), "[2001:db8::1]");
}

TEST(ClientGateway, NothingElseIsTaken) {
  for (const char* url :
       {"", "https://", "https://:443", "https://a:0", "https://a:65536", "https://a:4x",
        "https://a:", "[2001:db8::1", "[::1]x", "a b", "a/\r\nHost: b"}) {
    EXPECT_THROW((void)Gateway::parse(url), Failure) << url;
  }
}

}  // namespace
}  // namespace culvert::client
