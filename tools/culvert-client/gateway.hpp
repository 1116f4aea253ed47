// Where the headend is, and sockets of the kernel to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "control/socket/descriptor.hpp"
#include "tools/culvert-client/patience.hpp"

namespace culvert::client {

// What a TCP connection went to, and by which device.
struct Way {
  sockaddr_storage peer{};
  std::string device{};  // empty if the connection is not kept on it
};

struct Gateway {
  std::string host{};  // a name or an address, without brackets
  uint16_t port = 443;
  std::string path = "/";
  // Whether the TCP connection stays on the device that it is made by, whatever routes lead into a
  // tunnel. Somebody with thousands of connections cannot have that: the kernel may give the port of
  // a connection that is bound to a device to another that is not yet.
  bool keeps_device = true;
  // That of a connection before, for one that is made while a tunnel may take everything: neither a
  // name server nor the headend is to be reached through a tunnel that has no connection.
  std::optional<Way> way{};

  // "https://HOST[:PORT][/PATH]", "HOST[:PORT][/PATH]"; an IPv6 address in brackets. Throws
  // Failure.
  [[nodiscard]] static Gateway parse(std::string_view url);
  // For a Host header: the port only where it is not 443.
  [[nodiscard]] std::string authority() const;
};

// A TCP connection by the way of `gateway` if it has one whose device is still there, else to the first
// of its addresses that answers; `way` becomes that of the connection. Throws Failure.
[[nodiscard]] control::Descriptor connect_tcp(const Gateway& gateway, Signals& signals,
                                              Clock::time_point deadline, Way& way);
// A UDP socket that is connected to `port` of the headend that `tcp` is connected to. It stays on the
// device that the TCP connection uses, whatever routes lead into a tunnel. Throws Failure.
[[nodiscard]] control::Descriptor connect_udp(int tcp, const sockaddr_storage& peer, uint16_t port);
// The path MTU that the kernel knows of the peer; 1500 if it says nothing.
[[nodiscard]] unsigned path_mtu(int tcp, const sockaddr_storage& peer) noexcept;
// "198.51.100.1"
[[nodiscard]] std::string address_text(const sockaddr_storage& address);

}  // namespace culvert::client
