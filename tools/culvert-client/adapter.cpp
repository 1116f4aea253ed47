#include "tools/culvert-client/adapter.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
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

sockaddr socket_address(uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  sockaddr out{};
  std::memcpy(&out, &in, sizeof out);
  return out;
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
  return request;
}

void ask(int socket, unsigned long request, void* argument, const std::string& what) {
  if (ioctl(socket, request, argument) != 0) throw failure(what);
}

}  // namespace

Route Route::parse(const std::string& text) {
  const auto wrong = [&text] { return Failure("'" + text + "' is no IPv4 network"); };
  const size_t slash = text.find('/');
  in_addr network{}, mask{};
  if (slash == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, slash).c_str(), &network) != 1) {
    throw wrong();
  }
  const std::string rest = text.substr(slash + 1);
  if (inet_pton(AF_INET, rest.c_str(), &mask) == 1) {
    const uint32_t bits = ntohl(mask.s_addr);
    return {ntohl(network.s_addr) & bits, bits};
  }
  unsigned length = 33;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  if (error != std::errc{} || end != rest.data() + rest.size() || length > 32) throw wrong();
  const uint32_t bits = length == 0 ? 0 : ~uint32_t{0} << (32 - length);
  return {ntohl(network.s_addr) & bits, bits};
}

Adapter::Adapter(const std::string& name, const std::string& address, unsigned mtu,
                 std::span<const Route> routes)
    : device_(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)), mtu_(mtu) {
  if (!device_) throw failure("no tunnel device (/dev/net/tun)");
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  ask(device_.get(), TUNSETIFF, &request, "no tunnel device" + (name.empty() ? "" : " " + name));
  name_ = request.ifr_name;

  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw failure("no socket to set up a device");
  const auto set = [&](unsigned long what, auto fill, const std::string& words) {
    ifreq each = request_for(name_);
    fill(each);
    ask(socket.get(), what, &each, fmt::format("{} {} cannot be set", name_, words));
  };
  in_addr own{};
  if (inet_pton(AF_INET, address.c_str(), &own) != 1) {
    throw Failure("'" + address + "' is no IPv4 address");
  }
  set(
      SIOCSIFMTU, [&](ifreq& r) { r.ifr_mtu = static_cast<int>(mtu); }, "MTU");
  set(
      SIOCSIFADDR, [&](ifreq& r) { r.ifr_addr = socket_address(ntohl(own.s_addr)); }, "address");
  set(
      SIOCSIFNETMASK, [](ifreq& r) { r.ifr_netmask = socket_address(~uint32_t{0}); }, "mask");
  set(
      SIOCSIFFLAGS, [](ifreq& r) { r.ifr_flags = IFF_UP | IFF_RUNNING; }, "state");
  for (const Route& route : routes) {
    rtentry entry{};
    entry.rt_dst = socket_address(route.network);
    entry.rt_genmask = socket_address(route.mask);
    entry.rt_flags = RTF_UP;
    entry.rt_dev = name_.data();
    if (ioctl(socket.get(), SIOCADDRT, &entry) != 0 && errno != EEXIST) {
      throw failure("no route into " + name_);
    }
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
