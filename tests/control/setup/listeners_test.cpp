#include "control/setup/listeners.hpp"

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

using Kind = dp::MessageKind;

class ListenersTest : public testing::Test {
 protected:
  ListenersTest() {
    InterfaceConfig outside;
    outside.nameif = "outside";
    outside.address = IpAddress::v4(0xac100b01);
    config.interfaces.push_back(outside);
    config.webvpn.anyconnect_enable = true;
    config.webvpn.enabled_on = {{"outside", 443}};
  }
  // What the workers are told.
  std::vector<std::string> follow() {
    told.clear();
    listeners.follow(config);
    return told;
  }
  std::vector<std::string> bound() {
    std::vector<std::string> out;
    for (const auto& s : listeners.sockets())
      out.push_back((s.dtls ? "DTLS " : "SSL ") + std::to_string(s.port));
    return out;
  }
  using Lines = std::vector<std::string>;

  Config config;
  Lines told;
  Listeners listeners{[this](Kind kind, const IpAddress& address, uint16_t port) {
    const std::string what = kind == Kind::listen          ? "listen"
                             : kind == Kind::unlisten      ? "unlisten"
                             : kind == Kind::listen_dtls   ? "listen_dtls"
                             : kind == Kind::unlisten_dtls ? "unlisten_dtls"
                                                           : "?";
    told.push_back(what + " " + address.to_string() + " " + std::to_string(port));
  }};
};

TEST_F(ListenersTest, BindsWhatIsNewAndGivesUpTheRest) {
  EXPECT_EQ(follow(), (Lines{"listen 172.16.11.1 443", "listen_dtls 172.16.11.1 443"}));
  EXPECT_TRUE(follow().empty());
  const uint32_t ssl = listeners.sockets()[0].handle;
  const uint32_t dtls = listeners.sockets()[1].handle;
  config.webvpn.dtls_port = 444;
  EXPECT_EQ(follow(), (Lines{"unlisten_dtls 172.16.11.1 443", "listen_dtls 172.16.11.1 444"}));
  EXPECT_EQ(listeners.sockets()[0].handle, ssl);
  EXPECT_NE(listeners.sockets()[1].handle, dtls);
  config.webvpn.port = 8443;
  EXPECT_EQ(follow(), (Lines{"unlisten 172.16.11.1 443", "listen 172.16.11.1 8443"}));
  config.interfaces[0].ipv6_addresses.push_back({*IpAddress::parse("2001:db8::1"), 64});
  EXPECT_EQ(follow(), (Lines{"listen 2001:db8::1 8443", "listen_dtls 2001:db8::1 444"}));
  EXPECT_EQ(bound(), (Lines{"SSL 8443", "DTLS 444", "SSL 8443", "DTLS 444"}));
  config.webvpn.anyconnect_enable = false;
  EXPECT_EQ(follow().size(), 4u);
  EXPECT_TRUE(listeners.sockets().empty());
}

// The French edition of note 116881: `dtls port 444` behind `enable outside`.
TEST_F(ListenersTest, ReproducesTheBugOnlyWhenToldTo) {
  config.webvpn.dtls_port = 444;
  follow();
  EXPECT_EQ(bound(), (Lines{"SSL 443", "DTLS 444"}));
  config.compatibility.cscuh61321 = true;
  follow();
  EXPECT_EQ(bound(), (Lines{"SSL 443", "DTLS 443"}));
  // The note's workaround: disable, set the port, enable.
  config.webvpn.enabled_on = {{"outside", 444}};
  follow();
  EXPECT_EQ(bound(), (Lines{"SSL 443", "DTLS 444"}));
}

}  // namespace
}  // namespace culvert::control
