#include "tools/culvert-client/gateway.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

std::string words(int error) {
  return std::generic_category().message(error);
}

socklen_t size_of(const sockaddr_storage& address) noexcept {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

const sockaddr* plain(const sockaddr_storage& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

sockaddr_storage local_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw Failure("the kernel does not tell a connection's own address: " + words(errno));
  }
  return address;
}

bool same_host(const sockaddr* a, const sockaddr_storage& b) noexcept {
  if (a == nullptr || a->sa_family != b.ss_family) return false;
  if (a->sa_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in*>(a)->sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(b).sin_addr.s_addr;
  }
  return a->sa_family == AF_INET6 &&
         std::memcmp(&reinterpret_cast<const sockaddr_in6*>(a)->sin6_addr,
                     &reinterpret_cast<const sockaddr_in6&>(b).sin6_addr, sizeof(in6_addr)) == 0;
}

// The device that has the address; empty if it is not to be found, or is the loopback.
std::string device_of(const sockaddr_storage& address) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, freeifaddrs);
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (same_host(each->ifa_addr, address)) {
      return std::string_view(each->ifa_name) == "lo" ? "" : each->ifa_name;
    }
  }
  return {};
}

// A tunnel that takes everything would take its own packets, too.
void stay_on(int socket, const std::string& device) noexcept {
  if (device.empty()) return;
  (void)setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                   static_cast<socklen_t>(device.size()));
}

// It goes out by the way's device from its first segment on.
control::Descriptor try_tcp(const Way& way, Signals& signals, Clock::time_point deadline,
                            std::string& problem) {
  control::Descriptor socket(
      ::socket(way.peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) {
    problem = words(errno);
    return {};
  }
  stay_on(socket.get(), way.device);
  int error = ::connect(socket.get(), plain(way.peer), size_of(way.peer)) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    wait_for(signals, socket.get(), POLLOUT, deadline, "an answer to the TCP connection");
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    problem = words(error);
    return {};
  }
  const int yes = 1;
  (void)setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

Failure no_connection(const Gateway& gateway, const std::string& problem) {
  return Failure(
      fmt::format("no TCP connection to {} port {}: {}", gateway.host, gateway.port, problem));
}

}  // namespace

Gateway Gateway::parse(std::string_view url) {
  const std::string whole(url);
  const auto refuse = [&whole]() -> Failure {
    return Failure(
        "'" + whole + "' is no address of a headend: it looks like https://HOST[:PORT][/GROUP]",
        ExitStatus::command_line);
  };
  constexpr std::string_view kScheme = "https://";
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  Gateway out;
  const size_t slash = std::min(url.find('/'), url.size());
  if (slash < url.size()) out.path = url.substr(slash);
  std::string_view authority = url.substr(0, slash);
  size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == authority.npos) throw refuse();
    out.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    colon = authority.empty() ? authority.npos : 0;
    if (!authority.empty() && authority.front() != ':') throw refuse();
  } else {
    out.host = authority.substr(0, std::min(colon, authority.size()));
  }
  if (colon != authority.npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) throw refuse();
  }
  const bool printable = std::string_view(whole).find_first_of(" \t\r\n") == std::string_view::npos;
  if (out.host.empty() || !printable) throw refuse();
  return out;
}

std::string Gateway::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == 443 ? name : fmt::format("{}:{}", name, port);
}

control::Descriptor connect_tcp(const Gateway& gateway, Signals& signals,
                                Clock::time_point deadline, Way& way) {
  std::string problem;
  if (gateway.way &&
      (gateway.way->device.empty() || if_nametoindex(gateway.way->device.c_str()) != 0)) {
    control::Descriptor socket = try_tcp(*gateway.way, signals, deadline, problem);
    if (!socket) throw no_connection(gateway, problem);
    way = *gateway.way;
    return socket;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(gateway.host.c_str(), std::to_string(gateway.port).c_str(), &hints, &found);
  if (error != 0) {
    throw Failure(fmt::format("there is no address of {}: {}", gateway.host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    way = {};
    std::memcpy(&way.peer, each->ai_addr, each->ai_addrlen);
    control::Descriptor socket = try_tcp(way, signals, deadline, problem);
    if (!socket) continue;
    if (gateway.keeps_device) {
      way.device = device_of(local_address(socket.get()));
      stay_on(socket.get(), way.device);
    }
    return socket;
  }
  throw no_connection(gateway, problem);
}

control::Descriptor connect_udp(int tcp, const sockaddr_storage& peer, uint16_t port) {
  control::Descriptor socket(
      ::socket(peer.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket) throw Failure("no UDP socket: " + words(errno));
  stay_on(socket.get(), device_of(local_address(tcp)));
  sockaddr_storage target = peer;
  if (target.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(target).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(target).sin_port = htons(port);
  }
  if (::connect(socket.get(), plain(target), size_of(target)) != 0) {
    throw Failure("no UDP socket to the headend: " + words(errno));
  }
  const int room = 1 << 20;  // bytes: a burst of a fast headend's
  (void)setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  return socket;
}

unsigned path_mtu(int tcp, const sockaddr_storage& peer) noexcept {
  int mtu = 0;
  socklen_t size = sizeof mtu;
  const bool six = peer.ss_family == AF_INET6;
  const int done = six ? getsockopt(tcp, IPPROTO_IPV6, IPV6_MTU, &mtu, &size)
                       : getsockopt(tcp, IPPROTO_IP, IP_MTU, &mtu, &size);
  return done == 0 && mtu >= 576 ? static_cast<unsigned>(mtu) : 1500;
}

std::string address_text(const sockaddr_storage& address) {
  char text[NI_MAXHOST] = "";
  (void)getnameinfo(plain(address), size_of(address), text, sizeof text, nullptr, 0,
                    NI_NUMERICHOST);
  return text;
}

}  // namespace culvert::client
