#include "tools/culvert-client/gateway.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

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

// Of the kernel, on a port of its choice.
struct Listener {
  Listener() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(socket.get(), 4), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  }
  [[nodiscard]] uint16_t port() const noexcept {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }

  control::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_storage address{};
};

uint16_t port_of(const Way& way) noexcept {
  return ntohs(reinterpret_cast<const sockaddr_in&>(way.peer).sin_port);
}

std::string device_of_socket(int socket) {
  char name[64] = "";
  socklen_t size = sizeof name;
  EXPECT_EQ(getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name, &size), 0);
  return name;
}

TEST(ClientGateway, ComesBackByTheWayItHas) {
  Signals signals;
  const auto soon = Clock::now() + std::chrono::seconds(10);
  const Listener there, elsewhere;
  Gateway gateway = Gateway::parse("127.0.0.1:" + std::to_string(there.port()));
  Way first;
  EXPECT_TRUE(connect_tcp(gateway, signals, soon, first));
  EXPECT_EQ(port_of(first), there.port());
  EXPECT_EQ(first.device, "") << "nobody's tunnel takes what is for the loopback";

  // Nobody is asked for the name again, and the first segment leaves by the device already.
  gateway.host = "no-such-name.invalid";
  gateway.way = Way{first.peer, "lo"};
  Way again;
  const control::Descriptor socket = connect_tcp(gateway, signals, soon, again);
  EXPECT_EQ(port_of(again), there.port());
  EXPECT_EQ(device_of_socket(socket.get()), "lo");

  // Whoever pulled the cable has another way, if any.
  gateway.host = "127.0.0.1";
  gateway.way = Way{elsewhere.address, "gone0"};
  EXPECT_TRUE(connect_tcp(gateway, signals, soon, again));
  EXPECT_EQ(port_of(again), there.port());
  EXPECT_EQ(again.device, "");
}

TEST(ClientGateway, AWayThatIsRefusedIsNoReasonToAskForAnother) {
  Signals signals;
  Listener gone;
  const Listener there;
  Gateway gateway = Gateway::parse("127.0.0.1:" + std::to_string(there.port()));
  gateway.way = Way{gone.address, ""};
  gone.socket.reset();
  Way way;
  EXPECT_THROW((void)connect_tcp(gateway, signals, Clock::now() + std::chrono::seconds(10), way),
               Failure);
}

}  // namespace
}  // namespace culvert::client
