// A UDP socket on the loopback that plays a server: the tests decide what it says.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/radius/packet.hpp"

namespace culvert::control::radius {

inline constexpr std::string_view kSecret = "between us";
inline constexpr uint64_t kSecond = 1'000'000;  // us

class FakeServer {
 public:
  FakeServer() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~FakeServer() { ::close(fd_); }

  std::vector<uint8_t> receive() {
    std::vector<uint8_t> packet(kMaxPacket);
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) != 1) return {};
    socklen_t size = sizeof peer_;
    const ssize_t got = ::recvfrom(fd_, packet.data(), packet.size(), 0,
                                   reinterpret_cast<sockaddr*>(&peer_), &size);
    packet.resize(static_cast<size_t>(got));
    return packet;
  }
  void send(const std::vector<uint8_t>& packet) {
    ASSERT_EQ(::sendto(fd_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&peer_),
                       sizeof peer_),
              static_cast<ssize_t>(packet.size()));
  }
  uint16_t port = 0;

 private:
  int fd_;
  sockaddr_in peer_{};
};

}  // namespace culvert::control::radius
