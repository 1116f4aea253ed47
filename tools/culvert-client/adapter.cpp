#include "tools/culvert-client/adapter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

Failure failure(const std::string& what) {
  const int error = errno;
  const std::string words = std::generic_category().message(error);
  return Failure(what + ": " + words +
                 (error == EPERM || error == EACCES ? "; run it as root" : ""));
}

// The kernel's struct in6_ifreq (linux/ipv6.h), whose header does not go with the C library's.
struct Ipv6Request {
  in6_addr address;
  uint32_t prefix;
  int interface;
};

// Of an IPv4 address in network byte order.
sockaddr socket_address(const void* address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  std::memcpy(&in.sin_addr, address, sizeof in.sin_addr);
  sockaddr out{};
  std::memcpy(&out, &in, sizeof out);
  return out;
}

sockaddr socket_mask(unsigned length) {
  const uint32_t bits = length == 0 ? 0 : htonl(~uint32_t{0} << (32 - length));
  return socket_address(&bits);
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
  return request;
}

void ask(int socket, unsigned long request, void* argument, const std::string& what) {
  if (ioctl(socket, request, argument) != 0) throw failure(what);
}

control::Descriptor configuration_socket(int family) {
  control::Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw failure("no socket to set up a device");
  return socket;
}

}  // namespace

Adapter::Adapter(const std::string& name, const Addresses& addresses, unsigned mtu,
                 std::span<const Route> routes)
    : device_(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)), mtu_(mtu) {
  if (!device_) throw failure("no tunnel device (/dev/net/tun)");
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  ask(device_.get(), TUNSETIFF, &request, "no tunnel device" + (name.empty() ? "" : " " + name));
  name_ = request.ifr_name;
  set_up(addresses, routes);
}

void Adapter::set_up(const Addresses& addresses, std::span<const Route> routes) {
  const control::Descriptor socket = configuration_socket(AF_INET);
  ifreq size = request_for(name_);
  size.ifr_mtu = static_cast<int>(mtu_);
  ask(socket.get(), SIOCSIFMTU, &size, name_ + ": the MTU cannot be set");
  ifreq flags = request_for(name_);
  flags.ifr_flags = IFF_UP | IFF_RUNNING;
  ask(socket.get(), SIOCSIFFLAGS, &flags, name_ + " cannot be brought up");
  if (!addresses.v4.empty()) add_address(socket.get(), addresses.v4);
  control::Descriptor six;
  if (!addresses.v6.empty()) {
    six = configuration_socket(AF_INET6);
    add_address6(six.get(), addresses.v6);
  }
  for (const Route& route : routes) {
    if (route.six && !addresses.v6.empty()) add_route6(six.get(), route);
    if (!route.six && !addresses.v4.empty()) add_route(socket.get(), route);
  }
}

void Adapter::add_address(int socket, const std::string& address) {
  in_addr own{};
  if (inet_pton(AF_INET, address.c_str(), &own) != 1) {
    throw Failure("'" + address + "' is no IPv4 address");
  }
  ifreq request = request_for(name_);
  request.ifr_addr = socket_address(&own);
  ask(socket, SIOCSIFADDR, &request, name_ + ": the address cannot be set");
  request = request_for(name_);
  request.ifr_netmask = socket_mask(32);
  ask(socket, SIOCSIFNETMASK, &request, name_ + ": the mask cannot be set");
}

void Adapter::add_address6(int socket, const std::string& address) {
  Ipv6Request request{};
  if (inet_pton(AF_INET6, address.c_str(), &request.address) != 1) {
    throw Failure("'" + address + "' is no IPv6 address");
  }
  request.prefix = 128;
  request.interface = static_cast<int>(if_nametoindex(name_.c_str()));
  ask(socket, SIOCSIFADDR, &request, name_ + ": the IPv6 address cannot be set");
}

void Adapter::add_route(int socket, const Route& route) {
  rtentry entry{};
  entry.rt_dst = socket_address(route.network.data());
  entry.rt_genmask = socket_mask(route.length);
  entry.rt_flags = RTF_UP;
  entry.rt_dev = name_.data();
  if (ioctl(socket, SIOCADDRT, &entry) != 0 && errno != EEXIST) {
    throw failure("no route into " + name_);
  }
}

void Adapter::add_route6(int socket, const Route& route) {
  in6_rtmsg message{};
  std::memcpy(&message.rtmsg_dst, route.network.data(), sizeof message.rtmsg_dst);
  message.rtmsg_dst_len = static_cast<uint16_t>(route.length);
  message.rtmsg_flags = RTF_UP;
  message.rtmsg_metric = 1;
  message.rtmsg_ifindex = static_cast<int>(if_nametoindex(name_.c_str()));
  if (ioctl(socket, SIOCADDRT, &message) != 0 && errno != EEXIST) {
    throw failure("no IPv6 route into " + name_);
  }
}

size_t Adapter::read(std::span<uint8_t> room) {
  const ssize_t n = ::read(device_.get(), room.data(), room.size());
  return n > 0 ? static_cast<size_t>(n) : 0;
}

bool Adapter::write(std::span<const uint8_t> packet) {
  return ::write(device_.get(), packet.data(), packet.size()) ==
         static_cast<ssize_t>(packet.size());
}

}  // namespace culvert::client
