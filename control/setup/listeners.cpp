#include "control/setup/listeners.hpp"

#include <algorithm>

namespace culvert::control {
namespace {

using Socket = Listeners::Socket;

std::vector<Socket> wanted_by(const Config& config) {
  std::vector<Socket> wanted;
  const WebvpnConfig& webvpn = config.webvpn;
  if (!webvpn.anyconnect_enable) return wanted;
  for (const InterfaceConfig& interface : config.interfaces) {
    const auto on = std::find_if(webvpn.enabled_on.begin(), webvpn.enabled_on.end(),
                                 [&](const EnabledOn& e) { return e.nameif == interface.nameif; });
    if (on == webvpn.enabled_on.end()) continue;
    // The bug: the port of the time when the interface was enabled. What clients are told is
    // webvpn.dtls_port in any case.
    const uint16_t dtls_port = config.compatibility.cscuh61321 ? on->dtls_port : webvpn.dtls_port;
    const auto add = [&](const IpAddress& address) {
      wanted.push_back({.dtls = false, .address = address, .port = webvpn.port});
      wanted.push_back({.dtls = true, .address = address, .port = dtls_port});
    };
    if (!interface.address.is_unspecified()) add(interface.address);
    for (const Ipv6Prefix& own : interface.ipv6_addresses)
      add(own.address);
  }
  return wanted;
}

}  // namespace

void Listeners::follow(const Config& config) {
  std::vector<Socket> wanted = wanted_by(config);
  const auto find = [](std::vector<Socket>& in, const Socket& socket) {
    return std::find_if(in.begin(), in.end(), [&](const Socket& s) { return s.same_as(socket); });
  };
  for (const Socket& old : sockets_) {
    if (find(wanted, old) != wanted.end()) continue;
    tell_(old.dtls ? dp::MessageKind::unlisten_dtls : dp::MessageKind::unlisten, old.address,
          old.port);
  }
  for (Socket& socket : wanted) {
    if (const auto old = find(sockets_, socket); old != sockets_.end()) {
      socket.handle = old->handle;
      continue;
    }
    socket.handle = 0x00010008 + (bound_++ << 8);
    tell_(socket.dtls ? dp::MessageKind::listen_dtls : dp::MessageKind::listen, socket.address,
          socket.port);
  }
  sockets_ = std::move(wanted);
}

}  // namespace culvert::control
